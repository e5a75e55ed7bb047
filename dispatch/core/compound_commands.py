"""Commands about compounds, posts, rosters and gates. The others stand in `commands`."""

from dispatch.core.commands import Command
from dispatch.core.compounds import Compound, GateRuling, Post
from dispatch.core.model import Availability, Instant, Value

# --- the property company --------------------------------------------------------------


class CreateCompound(Command):
    """Take in a compound that somebody runs."""

    compound: Compound


class CreatePost(Command):
    """Take in a post of a compound."""

    post: Post


class SetMinimum(Command):
    """Let a post have another minimum from now on."""

    post: str
    minimum: int
    actor: str


class PermitCourier(Command):
    """Let a courier work in a compound, and pass its gates as one of its own."""

    compound: str
    courier: str
    actor: str


class ForbidCourier(Command):
    """Take the permit back. What the courier has not picked up goes to others."""

    compound: str
    courier: str
    actor: str
    reason: str = ""


class RuleGate(Command):
    """Give a gate another rule, from the next epoch on."""

    ruling: GateRuling
    actor: str


class StopCompound(Command):
    """Stop everything in a compound: its guards' offers and tours to come, and its hubs."""

    compound: str
    actor: str
    reason: str


class ResumeCompound(Command):
    """Let it go on."""

    compound: str
    actor: str
    reason: str = ""


# --- rosters ---------------------------------------------------------------------------


class RosterRow(Value):
    """One line of a roster: whose slot."""

    courier: str
    slot: Availability


class ImportRoster(Command):
    """Add the slots of many couriers: all of them, or none."""

    rows: tuple[RosterRow, ...]


class SwapSlots(Command):
    """Let a guard take another one's slot, and that one's in turn.

    Attributes
    ----------
    courier, opens_at
        Whose slot is given, and which.
    other, other_opens_at
        Who takes it, and the slot that is given for it; 0 for none.
    """

    courier: str
    opens_at: Instant
    other: str
    actor: str
    other_opens_at: Instant = 0


class DropSlots(Command):
    """Take slots out of a courier's days, by when they open: a guard who is sent home.

    A tour under way goes on, and nothing more is offered.
    """

    courier: str
    opens_at: tuple[Instant, ...]
    actor: str
    reason: str = ""


class ReturnToPost(Command):
    """A courier is back from a tour. ``at`` is the phone's time, 0 for now."""

    courier: str
    at: Instant = 0


# --- the shared device of a booth ------------------------------------------------------


class IssuePin(Command):
    """Make a guard's PIN worthless and give a new one."""

    courier: str
    actor: str


class SignIn(Command):
    """Somebody says who stands at a counter's device.

    ``pin_serial`` is the serial of the PIN that was told; -1 for a wrong one.
    """

    hub: str
    device: str
    courier: str
    pin_serial: int


class SignOut(Command):
    """Nobody stands there any more."""

    hub: str
    device: str


AnyCompoundCommand = (
    CreateCompound
    | CreatePost
    | SetMinimum
    | PermitCourier
    | ForbidCourier
    | RuleGate
    | StopCompound
    | ResumeCompound
    | ImportRoster
    | SwapSlots
    | DropSlots
    | ReturnToPost
    | IssuePin
    | SignIn
    | SignOut
)
