"""What hubs and hand-overs leave in the state: slots held, half scans, codes, closures.

Values like those of `dispatch.core.model`, in a file of their own because only hubs, custody and
levers need them. No I/O, no clock, no personal data; a pickup code is never here: see `Code`.
"""

from enum import StrEnum

from dispatch.core.model import (
    Check,
    Custodian,
    Instant,
    Purpose,
    SizeClass,
    Value,
)

SIZES = (SizeClass.S, SizeClass.M, SizeClass.L)
"""In the order of `Hub.slots`."""


class ReservationState(StrEnum):
    """Life of a reserved slot."""

    HELD = "HELD"
    OCCUPIED = "OCCUPIED"
    OVERDUE = "OVERDUE"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class Reservation(Value):
    """A slot of a hub that is kept for a parcel, or that it stands in.

    Attributes
    ----------
    until
        HELD: when it lapses. OCCUPIED: when the parcel is overdue. OVERDUE: when it goes back.
    since
        When it was reserved; once occupied, when the parcel came.
    shelf
        Where it stands, as the counter reads it.
    """

    hub: str
    parcel: str
    size_class: SizeClass
    purpose: Purpose
    since: Instant
    until: Instant
    state: ReservationState = ReservationState.HELD
    shelf: str = ""

    @property
    def id(self) -> str:
        """At most one for each hub and parcel."""
        return reservation_id(self.hub, self.parcel)


def reservation_id(hub: str, parcel: str) -> str:
    """Return the key of a parcel's reservation at a hub."""
    return f"{hub}~{parcel}"


class Side(StrEnum):
    """Which hand has scanned."""

    GIVER = "GIVER"
    TAKER = "TAKER"


class HalfScan(Value):
    """One side of a hand-over, waiting for the other; custody stays until both have scanned.

    Attributes
    ----------
    actor
        Who scanned.
    at
        When, by the device.
    shelf
        From a counter: where the parcel was put.
    """

    giver: Custodian
    taker: Custodian
    side: Side
    actor: str
    at: Instant
    shelf: str = ""


class Code(Value):
    """A recipient's pickup code at a hub, or a parcel's at its door.

    The code itself is nowhere: the service derives it from its secret, the zone, the key and
    ``serial``, sends it to the recipient alone, and tells the rules which serial a code at the
    counter belongs to. A new serial makes the old code worthless.
    """

    serial: int
    minted_at: Instant


def code_key(hub: str, recipient: str) -> str:
    """Return the key of a recipient's code at a hub; an empty hub for the door."""
    return f"{hub}~{recipient}"


class Proxy(Value):
    """Somebody whom a recipient lets collect a parcel. ``contact`` points to personal data."""

    id: str
    parcel: str
    expires_at: Instant
    contact: str = ""


class Session(Value):
    """Wrong codes at one counter in a row; locked until an instant after too many."""

    failures: int
    locked_until: Instant = 0


class Pause(Value):
    """A hub takes and gives nothing from one instant until another; 0 until it is resumed."""

    since: Instant
    until: Instant
    actor: str
    reason: str


class ClosureKind(StrEnum):
    """What is closed."""

    STREET = "STREET"
    AREA = "AREA"
    GATE = "GATE"


class Closure(Value):
    """A street, an area or a gate that nobody passes until an instant.

    Attributes
    ----------
    ref
        STREET: id of an OpenStreetMap way. GATE: a compound's id, or an id of a gate's node.
    ring
        AREA: its corners, (lat, lon) in degrees, at least three.
    """

    id: str
    kind: ClosureKind
    until: Instant
    actor: str
    reason: str
    ref: str = ""
    ring: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Check that it says what is closed, and why."""
        check = Check()
        check.identifier(self.id, "id")
        check.instant(self.until, "until")
        is_area = self.kind is ClosureKind.AREA
        check.that(is_area or bool(self.ref), "ref", f"a {self.kind} needs an id")
        check.that(not is_area or len(self.ring) >= 3, "ring", "needs three corners or more")  # noqa: PLR2004
        check.that(bool(self.reason), "reason", "is required: say why")
        for index, (lat, lon) in enumerate(self.ring):
            on_earth = abs(lat) <= 90 and abs(lon) <= 180  # noqa: PLR2004
            check.that(on_earth, f"ring[{index}]", f"({lat}, {lon}) is not on earth")
        check.done(self.id)


class ManifestRow(Value):
    """One scanned line of a carrier's manifest."""

    carrier: str
    waybill: str
    piece: str = ""

    @property
    def shipment(self) -> str:
        """As `Parcel.shipment`."""
        return f"{self.carrier}\x1f{self.waybill}\x1f{self.piece}"
