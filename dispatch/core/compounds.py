"""Compounds as their property companies run them: posts, gates, stoppages, personal PINs.

Values like those of `dispatch.core.model`. Where a compound lies and how its gates stand is the
map's; who may work there, how many have to be at a post and what a gate's rule is today is its
company's word, and stands here. No I/O, no clock, no personal data.
"""

from enum import StrEnum

from dispatch.core.model import Check, Instant, Mode, Place, Seconds, Value

MOST_AT_A_POST = 100


class GateRule(StrEnum):
    """Who passes a gate."""

    OPEN = "OPEN"
    SIGN_IN = "SIGN_IN"
    PERMIT = "PERMIT"


class Compound(Value):
    """A compound that somebody runs.

    Attributes
    ----------
    id
        As the map or the addresses call it.
    company
        Id of its property company; empty where nobody but a dispatcher speaks for it.
    """

    id: str
    name: str = ""
    company: str = ""

    def __post_init__(self) -> None:
        """Check that it can be named."""
        check = Check()
        check.identifier(self.id, "id")
        if self.company:
            check.identifier(self.company, "company")
        check.done(self.id)


class Post(Value):
    """Where guards have to stand.

    Attributes
    ----------
    hub
        The booth that its guards keep, which works only while one of them is there; empty for none.
    minimum
        So many of those whose roster says POST are there at any moment; no tour changes that.
    """

    id: str
    compound: str
    hub: str = ""
    minimum: int = 1

    def __post_init__(self) -> None:
        """Check ids and the minimum."""
        check = Check()
        check.identifier(self.id, "id")
        check.identifier(self.compound, "compound")
        check.that(
            0 <= self.minimum <= MOST_AT_A_POST,
            "minimum",
            f"{self.minimum} is not between 0 and {MOST_AT_A_POST}",
        )
        check.done(self.id)


class GateRuling(Value):
    """A gate's rule by the company's word, in the place of the map's.

    Attributes
    ----------
    gate
        Id of the gate; empty for all gates of the compound.
    modes
        For whom; empty for all.
    sign_in_s
        What signing in takes a stranger; None for the policy's figure.
    """

    compound: str
    rule: GateRule
    gate: str = ""
    modes: tuple[Mode, ...] = ()
    sign_in_s: Seconds | None = None

    def __post_init__(self) -> None:
        """Check ids and the time."""
        check = Check()
        check.identifier(self.compound, "compound")
        if self.sign_in_s is not None:
            check.count(self.sign_in_s, "sign_in_s")
        check.done(self.compound)

    @property
    def id(self) -> str:
        """At most one for each gate; the later one counts."""
        return f"{self.compound}~{self.gate}"


class Stoppage(Value):
    """A compound whose people carry nothing and whose hubs rest, until it is resumed.

    ``hubs`` are those that were paused by it, and work again with it.
    """

    since: Instant
    actor: str
    reason: str
    hubs: tuple[str, ...] = ()


class Absence(Value):
    """How long a guard was away from a post in one slot of the roster, and on how many tours.

    A slot of POST or PATROL; ``away_s`` counts tours until the guard was back.
    """

    post: str
    courier: str
    opens_at: Instant
    away_s: Seconds = 0
    tours: int = 0


class Away(Value):
    """A guard on a tour: since when, and from which post; empty for none.

    Attributes
    ----------
    opens_at
        Of the slot of the roster in which it began; 0 for none.
    done_at
        When the tour's last stop was done; 0 while it is under way. Nobody is back before that.
    """

    since: Instant
    post: str = ""
    opens_at: Instant = 0
    done_at: Instant = 0


def entrance_key(place: Place) -> str:
    """Return what names a door's entrance, and its tag; empty where it is not known.

    Two doors with the same key are one stop.
    """
    if not place.is_door or not (place.building or place.entrance):
        return ""
    return f"{place.compound}\x1f{place.building}\x1f{place.entrance}"


def pin_key(courier: str) -> str:
    """Return the key of a guard's PIN, of which codes are derived as of `keeping.code_key`."""
    return f"pin~{courier}"
