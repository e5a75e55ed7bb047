"""What was read from an address line, and how sure that is."""

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How sure a reading is.

    CERTAIN: the line says it in a form that means nothing else, and nothing contradicts it.
    LIKELY: the best guess; somebody should look at it before a courier walks by it.
    UNREAD: no rule reads the line.
    """

    CERTAIN = "CERTAIN"
    LIKELY = "LIKELY"
    UNREAD = "UNREAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An address line, taken apart.

    Attributes
    ----------
    certainty : Certainty
    why : str
        What speaks against more certainty, in words without anything of the line; empty where
        nothing does.
    compound : str
        Id of a known compound, else its name as the line has it; empty where it names none.
    building, entrance : str
        As on the sign, without what kind of sign: ``3``, ``A``, ``甲``; empty where unknown.
    floor : int or None
        0 is the level of the entrance: room 501 is on floor 4, ``B1`` is -1.
    room : str
        As on the door; empty where unknown.
    is_learned : bool
        Whether a correction taught the form.
    """

    certainty: Certainty
    why: str = ""
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: int | None = None
    room: str = ""
    is_learned: bool = False


def unread(why: str, compound: str = "") -> Reading:
    """Return the answer to a line that cannot be read."""
    return Reading(certainty=Certainty.UNREAD, why=why, compound=compound)
