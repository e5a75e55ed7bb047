"""The things of a zone: parcels, legs, couriers, hubs, offers, tours.

Frozen values with integer measures. A value checks itself when it is made, so that
gRPC, command line and day folders share one set of checks and one wording. No I/O, no
clock, no personal data: a place points to its contact and carries a keyed hash of its
door, never a name, a phone or a room.

Units: instants are epoch seconds (UTC), durations seconds, lengths metres, money minor
units of the zone's currency, loads grams and millilitres. Latitude and longitude are
WGS84 degrees, the only floats.
"""

import math
import re
from enum import StrEnum
from typing import TypeAlias, dataclass_transform

import msgspec

from dispatch.core.errors import Fault, InvalidValue

Instant: TypeAlias = int
Seconds: TypeAlias = int
Meters: TypeAlias = int
Cents: TypeAlias = int

EARTH_RADIUS_M = 6_371_009
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,62}")
FLOORS = (-10, 200)
MOST_ATTEMPTS = 10
LARGEST = 1_000_000_000  # of loads, sums and durations: what a solver adds up stays inside 64 bits
LATEST: Instant = 4_102_444_800  # 2100-01-01; later instants are typing errors


class Mode(StrEnum):
    """How a courier moves."""

    FOOT = "foot"
    BICYCLE = "bicycle"
    EBIKE = "ebike"
    CAR = "car"


class CourierKind(StrEnum):
    """Who a courier is when not carrying parcels."""

    GUARD = "guard"
    SHOPKEEPER = "shopkeeper"
    NEIGHBOUR = "neighbour"
    STUDENT = "student"
    RIDER = "rider"


class HubKind(StrEnum):
    """What kind of place keeps parcels."""

    STATION = "station"
    BOOTH = "booth"
    SHOP = "shop"
    LOCKER = "locker"


class Duty(StrEnum):
    """What a roster's slot asks of its holder. Only IDLE and PATROL leave time for tours."""

    IDLE = "IDLE"
    POST = "POST"
    PATROL = "PATROL"
    BREAK = "BREAK"


class SizeClass(StrEnum):
    """Slot sizes of hubs."""

    S = "S"
    M = "M"
    L = "L"


class Confidence(StrEnum):
    """How well a place is known."""

    GEOCODED = "GEOCODED"
    PARSED = "PARSED"
    SURVEYED = "SURVEYED"


class OptionKind(StrEnum):
    """Where a parcel may end, in the order that the recipient agreed to."""

    DOOR = "DOOR"
    PERSON = "PERSON"
    HUB = "HUB"
    SAFE_PLACE = "SAFE_PLACE"
    REATTEMPT = "REATTEMPT"
    RETURN = "RETURN"


class Purpose(StrEnum):
    """What a drop-off is for.

    DOOR, GATE, PERSON, SAFE_PLACE and COLLECTION are deliveries; the last three need the
    recipient's consent on record. GATE is to the recipient in person, at a gate that keeps the
    courier out. RELAY and HOLD are custody on the way, by the hub operator's contract.
    """

    DOOR = "DOOR"
    GATE = "GATE"
    PERSON = "PERSON"
    SAFE_PLACE = "SAFE_PLACE"
    COLLECTION = "COLLECTION"
    RELAY = "RELAY"
    HOLD = "HOLD"
    RETURN = "RETURN"


class Contract(StrEnum):
    """What a hub's operator has agreed to do with parcels."""

    HOLD = "HOLD"
    RELAY = "RELAY"
    COLLECTION = "COLLECTION"


class ProofKind(StrEnum):
    """What stands for a hand-over."""

    SCAN = "SCAN"
    PHOTO = "PHOTO"
    SIGNATURE = "SIGNATURE"
    PIN = "PIN"
    IDENTITY = "IDENTITY"
    RECEIVER_NAME = "RECEIVER_NAME"


class UndeliverableAction(StrEnum):
    """What happens to a parcel after its last attempt."""

    RETURN = "RETURN"
    LEAVE = "LEAVE"
    DISPOSE = "DISPOSE"


class ParcelState(StrEnum):
    """Life of a parcel. The legal steps stand in `TRANSITIONS`."""

    PENDING = "PENDING"
    READY = "READY"
    ASSIGNED = "ASSIGNED"
    COLLECTED = "COLLECTED"
    AT_HUB = "AT_HUB"
    AWAITING_COLLECTION = "AWAITING_COLLECTION"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    RETURNING = "RETURNING"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    LOST = "LOST"
    DISPOSED = "DISPOSED"


TRANSITIONS: dict[ParcelState, frozenset[ParcelState]] = {
    ParcelState.PENDING: frozenset(
        {
            ParcelState.READY,
            ParcelState.CANCELLED,
            ParcelState.EXPIRED,
            ParcelState.LOST,
            ParcelState.DISPOSED,
        }
    ),
    ParcelState.READY: frozenset(
        {
            ParcelState.ASSIGNED,
            ParcelState.RETURNING,
            ParcelState.CANCELLED,
            ParcelState.EXPIRED,
            ParcelState.LOST,
            ParcelState.DISPOSED,
        }
    ),
    ParcelState.ASSIGNED: frozenset(
        {
            ParcelState.READY,
            ParcelState.COLLECTED,
            ParcelState.RETURNING,
            ParcelState.CANCELLED,
        }
    ),
    ParcelState.COLLECTED: frozenset(
        {
            ParcelState.READY,
            ParcelState.DELIVERED,
            ParcelState.AT_HUB,
            ParcelState.ATTEMPT_FAILED,
            ParcelState.RETURNING,
            ParcelState.LOST,
            ParcelState.DISPOSED,
        }
    ),
    ParcelState.AT_HUB: frozenset(
        {
            ParcelState.READY,
            ParcelState.AWAITING_COLLECTION,
            ParcelState.RETURNING,
            ParcelState.LOST,
            ParcelState.DISPOSED,
        }
    ),
    ParcelState.AWAITING_COLLECTION: frozenset(
        {ParcelState.DELIVERED, ParcelState.RETURNING, ParcelState.LOST, ParcelState.DISPOSED}
    ),
    ParcelState.ATTEMPT_FAILED: frozenset(
        {
            ParcelState.DELIVERED,
            ParcelState.READY,
            ParcelState.AT_HUB,
            ParcelState.RETURNING,
            ParcelState.LOST,
            ParcelState.DISPOSED,
        }
    ),
    ParcelState.RETURNING: frozenset(
        {ParcelState.RETURNED, ParcelState.LOST, ParcelState.DISPOSED}
    ),
}
TERMINAL = frozenset(state for state in ParcelState if state not in TRANSITIONS)


class LegKind(StrEnum):
    """FORWARD towards the recipient, RELAY between hubs, RETURN towards the sender."""

    FORWARD = "FORWARD"
    RELAY = "RELAY"
    RETURN = "RETURN"


class LegState(StrEnum):
    """Life of a leg: PLANNED, OFFERED, ASSIGNED, ACTIVE, then one of the last three."""

    PLANNED = "PLANNED"
    OFFERED = "OFFERED"
    ASSIGNED = "ASSIGNED"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class OfferState(StrEnum):
    """Life of an offer. INTERESTED and LOST belong to interest rounds."""

    OPEN = "OPEN"
    INTERESTED = "INTERESTED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    LOST = "LOST"
    HANDED_BACK = "HANDED_BACK"


class TourState(StrEnum):
    """Life of a tour."""

    COMMITTED = "COMMITTED"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"


class StopState(StrEnum):
    """Life of a stop."""

    PENDING = "PENDING"
    EN_ROUTE = "EN_ROUTE"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class ActionKind(StrEnum):
    """What is done with a leg at a stop."""

    PICKUP = "PICKUP"
    DROPOFF = "DROPOFF"


class DeclineReason(StrEnum):
    """Why a courier said no."""

    TOO_FAR = "TOO_FAR"
    PAY_LOW = "PAY_LOW"
    TOO_HEAVY = "TOO_HEAVY"
    BUSY = "BUSY"
    UNSAFE = "UNSAFE"
    ENDING_SOON = "ENDING_SOON"
    OTHER = "OTHER"


class FailureCode(StrEnum):
    """Why an action at a stop failed."""

    ABSENT = "ABSENT"
    UNREACHABLE_CONTACT = "UNREACHABLE_CONTACT"
    REFUSED = "REFUSED"
    BAD_ADDRESS = "BAD_ADDRESS"
    NO_ACCESS = "NO_ACCESS"
    NO_SAFE_PLACE = "NO_SAFE_PLACE"
    DAMAGED = "DAMAGED"
    ID_FAILED = "ID_FAILED"
    PIN_FAILED = "PIN_FAILED"
    COD_UNPAID = "COD_UNPAID"
    HUB_FULL = "HUB_FULL"
    HUB_CLOSED = "HUB_CLOSED"
    WEATHER = "WEATHER"
    COURIER_INCIDENT = "COURIER_INCIDENT"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"


class CustodianKind(StrEnum):
    """Who can hold a parcel."""

    SENDER = "SENDER"
    COURIER = "COURIER"
    HUB = "HUB"
    RECIPIENT = "RECIPIENT"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Base of all values here: frozen, by keyword, sparse when written."""


class Check:
    """Collects the faults of one value, then raises them together."""

    __slots__ = ("faults",)

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def that(self, holds: bool, field: str, problem: str) -> None:  # noqa: FBT001
        """Note a fault of ``field`` unless ``holds``."""
        if not holds:
            self.faults.append(Fault(field, problem))

    def identifier(self, value: str, field: str) -> None:
        """Note a fault unless ``value`` is a resource id."""
        if not ID.fullmatch(value):
            self.faults.append(
                Fault(
                    field,
                    f"{value[:80]!r} is not an id: 1 to 63 letters, digits and . _ ~ -, "
                    "the first a letter or digit",
                )
            )

    def count(self, value: int, field: str) -> None:
        """Note a fault where ``value`` is negative or larger than anything real."""
        self.that(value >= 0, field, f"{value} is negative")
        self.that(value <= LARGEST, field, f"{value} is more than {LARGEST}")

    def instant(self, value: Instant, field: str) -> None:
        """Note a fault unless ``value`` lies between 1970 and 2100."""
        if not 0 <= value <= LATEST:
            self.faults.append(Fault(field, f"{value} is not a time between 1970 and 2100"))

    def done(self, subject: str = "") -> None:
        """Raise `InvalidValue` with all faults, if there are any."""
        if self.faults:
            raise InvalidValue(self.faults, subject=subject)


class Place(Value):
    """A point that people go to: a door, a counter, a post.

    Attributes
    ----------
    lat, lon
        WGS84 degrees.
    compound, building, entrance, floor, has_lift
        Where the door lies, as far as known. Floor 0 is the ground.
    door_key
        Keyed hash of compound, building, entrance, floor and room: two places with the
        same key are the same door. Empty where the room is not known.
    contact
        Pointer to name, phone, room and note in the table of personal data.
    hub
        Id of the hub whose counter this is.
    is_door
        False for counters, posts and starts: nobody knocks there and no stairs count.
    """

    lat: float
    lon: float
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: int | None = None
    has_lift: bool | None = None
    door_key: str = ""
    contact: str = ""
    hub: str = ""
    is_door: bool = True
    osm_ref: str = ""
    confidence: Confidence = Confidence.GEOCODED

    def __post_init__(self) -> None:
        """Check ranges."""
        check = Check()
        for field, value, limit in (("lat", self.lat, 90), ("lon", self.lon, 180)):
            check.that(
                math.isfinite(value) and abs(value) <= limit,
                field,
                f"{value} is not between -{limit} and {limit} degrees",
            )
        lowest, highest = FLOORS
        check.that(
            self.floor is None or lowest <= self.floor <= highest,
            "floor",
            f"{self.floor} is not between {lowest} and {highest}",
        )
        check.done()


def straight_line_m(a: Place, b: Place) -> float:
    """Great-circle distance between two places in metres (haversine)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = (lat_b - lat_a) / 2
    half_lon = math.radians(b.lon - a.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


class TimeWindow(Value):
    """From ``opens_at`` to ``closes_at``; a service may still begin at ``closes_at``."""

    opens_at: Instant
    closes_at: Instant

    def __post_init__(self) -> None:
        """Check that it opens before it closes."""
        check = Check()
        check.instant(self.opens_at, "opens_at")
        check.instant(self.closes_at, "closes_at")
        check.that(self.opens_at < self.closes_at, "closes_at", "the window closes before it opens")
        check.done()


class DeliveryOption(Value):
    """One rung of the recipient's ladder.

    Attributes
    ----------
    target
        A courier's id for PERSON, a hub's id for HUB (empty: the nearest), else empty.
    consented_by
        Who said yes for the recipient; empty where there is no consent on record.
    consented_at, evidence
        When, and by what message.
    """

    kind: OptionKind
    target: str = ""
    consented_by: str = ""
    consented_at: Instant = 0
    evidence: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it may be used: a door always, all other deliveries with consent alone."""
        return self.kind not in CONSENTED or bool(self.consented_by)


CONSENTED = frozenset({OptionKind.PERSON, OptionKind.HUB, OptionKind.SAFE_PLACE})
"""Rungs that nobody may use without the recipient's consent on record."""


class Custodian(Value):
    """Who holds a parcel. ``id`` is a merchant's, courier's or hub's id."""

    kind: CustodianKind
    id: str = ""


class Holding(Value):
    """One line of a parcel's custody: who has held it since when, and what proves it.

    Attributes
    ----------
    since
        When it changed hands, by the scans.
    noted_at
        When the engine heard of it.
    actor, witness
        Who scanned for the new holder, and who for the one before; empty where nobody did.
    single_actor
        Whether one person stood on both sides: a guard and the guard's own booth.
    """

    custodian: Custodian
    since: Instant
    noted_at: Instant
    actor: str = ""
    witness: str = ""
    proofs: tuple[ProofKind, ...] = ()
    single_actor: bool = False
    leg: str = ""


class Attempt(Value):
    """One failed visit.

    ``counts`` is False where the recipient had no part in it; ``noted_at`` is when the engine
    heard of it, 0 in logs that did not say.
    """

    at: Instant
    courier: str
    failure: FailureCode
    counts: bool = True
    noted_at: Instant = 0


class Parcel(Value):
    """A parcel and how far it has come.

    Attributes
    ----------
    id
        ``{merchant}/{parcel}``, unique in its network.
    merchant
        Id of the merchant who handed it in.
    pickup, dropoff
        The origin's counter or address, and the recipient's door.
    origin_hub
        Id of the station or shop that it starts from; empty for an address.
    ready_at, due_at
        From when it can be picked up; until when it was promised (soft).
    window
        When the recipient can take it (hard), if agreed.
    grams, ml
        Load.
    announced
        Whether it has still to come to its origin hub, with a carrier's manifest.
    proofs
        What its merchant asks for at the door, all of it.
    custody
        Who has held it, in order; the last is the custodian.
    slots_at
        Hubs at which a slot is kept for it, or that it stands at in one.
    contacted_at
        When its recipient was last called or written to from the door.
    override
        Why its next failed attempt needs no evidence; empty for the usual rule.
    version
        Counts its events; the etag is made of it.
    """

    id: str
    merchant: str
    pickup: Place
    dropoff: Place
    created_at: Instant
    ready_at: Instant
    due_at: Instant
    origin_hub: str = ""
    window: TimeWindow | None = None
    grams: int = 0
    ml: int = 0
    size_class: SizeClass = SizeClass.S
    carrier: str = ""
    waybill: str = ""
    piece: str = ""
    household: str = ""
    return_to: str = ""
    handling: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    service_level: str = ""
    value_cents: Cents = 0
    cod_cents: Cents = 0
    options: tuple[DeliveryOption, ...] = (DeliveryOption(kind=OptionKind.DOOR),)
    undeliverable: UndeliverableAction = UndeliverableAction.RETURN
    max_attempts: int = 2
    state: ParcelState = ParcelState.PENDING
    custodian: Custodian = Custodian(kind=CustodianKind.SENDER)
    attempts: tuple[Attempt, ...] = ()
    leg: str = ""
    leg_count: int = 0
    reason: str = ""
    version: int = 1
    announced: bool = False
    proofs: tuple[ProofKind, ...] = ()
    custody: tuple[Holding, ...] = ()
    slots_at: tuple[str, ...] = ()
    contacted_at: Instant = 0
    override: str = ""

    def __post_init__(self) -> None:
        """Check what is new; a later version is an earlier one and what has happened to it."""
        if self.version <= 1:
            self.check()

    def check(self) -> None:
        """Raise `InvalidValue` unless ids, times, loads and the ladder can be; names each field."""
        check = Check()
        merchant, _, own = self.id.partition("/")
        check.identifier(own, "id")
        check.identifier(self.merchant, "merchant")
        check.that(merchant == self.merchant, "merchant", f"is not the one in {self.id[:140]!r}")
        for field in ("created_at", "ready_at", "due_at"):
            check.instant(getattr(self, field), field)
        for field in ("grams", "ml", "value_cents", "cod_cents"):
            check.count(getattr(self, field), field)
        check.that(
            self.ready_at < self.due_at, "due_at", "the promise ends before the parcel is ready"
        )
        check.that(
            self.window is None or self.window.closes_at > self.ready_at,
            "window.closes_at",
            "the window closes before the parcel is ready",
        )
        check.that(
            1 <= self.max_attempts <= MOST_ATTEMPTS,
            "max_attempts",
            f"is not between 1 and {MOST_ATTEMPTS}",
        )
        check.that(
            not self.announced or bool(self.origin_hub),
            "announced",
            "only a parcel with an origin hub can come with a manifest",
        )
        check.that(
            not self.announced or bool(self.waybill),
            "waybill",
            "is required of a parcel that comes with a manifest",
        )
        for index, option in enumerate(self.options):
            named = option.kind in {OptionKind.HUB, OptionKind.PERSON}
            field = f"options[{index}].target"
            check.that(named or not option.target, field, f"{option.kind} has no target")
            needed = option.kind is not OptionKind.PERSON or bool(option.target)
            check.that(needed, field, "PERSON names the courier who takes it")
        check.done(self.id)

    @property
    def recipient(self) -> str:
        """Whose it is, as far as known without names: household, door, else the parcel itself."""
        return self.household or self.dropoff.door_key or self.id

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state not in TERMINAL

    @property
    def shipment(self) -> str:
        """Carrier, waybill and piece as one key; empty where there is no waybill."""
        if not self.waybill:
            return ""
        return f"{self.carrier}\x1f{self.waybill}\x1f{self.piece}"


class Leg(Value):
    """One carriage of one parcel from a place to a place by one courier.

    Attributes
    ----------
    not_before
        Earliest pickup; a second attempt waits for it.
    declined_by
        Couriers who must not be offered it again today: they declined or handed it back.
    reason
        Why the last plan left it out, a code of `dispatch.solver.plan.Reason`; else empty.
    purpose
        What its drop-off is for, as last planned.
    pinned_to
        The only courier who may have it; empty for anybody.
    planned_to, planned_at
        To whom the last plan that looked at it gave it, and since when plans do; empty and 0 where
        it was left out. Only until it is offered.
    """

    id: str
    parcel: str
    kind: LegKind
    pickup: Place
    dropoff: Place
    not_before: Instant
    state: LegState = LegState.PLANNED
    courier: str = ""
    offer_count: int = 0
    declined_by: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    reason: str = ""
    purpose: Purpose = Purpose.DOOR
    pinned_to: str = ""
    planned_to: str = ""
    planned_at: Instant = 0


class Courier(Value):
    """Somebody who can carry parcels, and on what terms.

    Attributes
    ----------
    home
        Post or home: where idle time is spent and tours start.
    end
        Where the courier is going anyway (a student's or neighbour's own trip). Guards and
        shopkeepers return to ``home``; riders stay where the last drop-off was.
    max_parcels
        Most parcels on one tour; 0 for no limit but the load.
    allowance_s, leash_s
        Time away that costs nothing extra, and the hard limit; 0 for the policy's default.
    access
        Compounds whose gates let the courier in, by their id or by name. Where a property company
        runs the compound its permit counts instead.
    carriers
        Carriers whose parcels the courier may have; empty for all.
    party
        Who employs and insures the courier.
    pay_fixed_cents, pay_per_min_cents
        A parcel; a minute of detour.
    """

    id: str
    kind: CourierKind
    mode: Mode
    home: Place
    end: Place | None = None
    host_of: str = ""
    capacity_grams: int = 15_000
    capacity_ml: int = 60_000
    max_parcels: int = 0
    allowance_s: Seconds = 0
    leash_s: Seconds = 0
    access: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    party: str = ""
    pay_fixed_cents: Cents = 100
    pay_per_min_cents: Cents = 20
    contact: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        """Check ids and measures."""
        check = Check()
        check.identifier(self.id, "id")
        for field in (
            "capacity_grams",
            "capacity_ml",
            "max_parcels",
            "allowance_s",
            "leash_s",
            "pay_fixed_cents",
            "pay_per_min_cents",
        ):
            check.count(getattr(self, field), field)
        check.that(
            self.leash_s <= 0 or self.allowance_s <= self.leash_s,
            "leash_s",
            "the leash is shorter than the allowance",
        )
        check.done(self.id)

    @property
    def returns_home(self) -> bool:
        """Whether a tour has to end where it started."""
        return self.kind in {CourierKind.GUARD, CourierKind.SHOPKEEPER} or (
            self.kind is CourierKind.NEIGHBOUR and self.end is None
        )


class Availability(Value):
    """A slot of a courier's day. Only IDLE and PATROL slots leave time for tours."""

    opens_at: Instant
    closes_at: Instant
    post: str = ""
    duty: Duty = Duty.IDLE

    def __post_init__(self) -> None:
        """Check that it opens before it closes."""
        check = Check()
        check.instant(self.opens_at, "opens_at")
        check.instant(self.closes_at, "closes_at")
        check.that(self.opens_at < self.closes_at, "closes_at", "the slot closes before it opens")
        check.done()


class Hub(Value):
    """A place that keeps parcels: origin, relay, collection point, or all of them.

    Attributes
    ----------
    operator
        Who answers for what it keeps.
    hours
        When it gives and takes parcels, in order; empty means always.
    slots
        Places by size class S, M, L for parcels that come in on their way. What starts here
        stands on the floor and takes none.
    host
        The courier who keeps it, if one does.
    contracts
        What its operator has agreed to; without any it is an origin alone.
    attended
        Whether somebody scans on its side of a hand-over. Where nobody does, as at a locker or a
        station's shelves, the courier's scan stands alone.
    """

    id: str
    kind: HubKind
    place: Place
    operator: str = ""
    host: str = ""
    hours: tuple[TimeWindow, ...] = ()
    slots: tuple[int, int, int] = (0, 0, 0)
    version: int = 1
    contracts: tuple[Contract, ...] = ()
    attended: bool = False

    def __post_init__(self) -> None:
        """Check id, slots and that opening hours follow each other."""
        check = Check()
        check.identifier(self.id, "id")
        for size, slots in zip("sml", self.slots, strict=True):
            check.count(slots, f"slots_{size}")
        ordered = all(
            a.closes_at <= b.opens_at for a, b in zip(self.hours, self.hours[1:], strict=False)
        )
        check.that(ordered, "hours", "opening hours overlap or are not in order")
        check.done(self.id)


class PayLine(Value):
    """One visible line of pay."""

    label: str
    cents: Cents


class StopAction(Value):
    """One thing to do at a stop with one leg.

    Attributes
    ----------
    purpose
        Of a drop-off.
    place
        The door, where the stop is an entrance with several; None for the stop's own place.
    travel_s
        From the door before at the same stop: stairs or lift, and the knock.
    """

    leg: str
    kind: ActionKind
    state: StopState = StopState.PENDING
    done_at: Instant = 0
    purpose: Purpose = Purpose.DOOR
    place: Place | None = None
    travel_s: Seconds = 0


class Stop(Value):
    """A place on a tour and what to do there; all doors of one entrance are one stop.

    Attributes
    ----------
    arrives_at, leaves_at
        As planned.
    travel_s, distance_m
        From the stop before, or from the tour's start; the time at the gate included.
    arrived_at
        As reported; 0 until then.
    """

    place: Place
    actions: tuple[StopAction, ...]
    arrives_at: Instant
    leaves_at: Instant
    travel_s: Seconds
    distance_m: Meters
    arrived_at: Instant = 0

    def place_of(self, leg: str) -> Place:
        """Return where a leg's action is: a door of the entrance, or the stop's own place."""
        for action in self.actions:
            if action.leg == leg and action.place is not None:
                return action.place
        return self.place

    @property
    def state(self) -> StopState:
        """Derived from its actions and the arrival."""
        states = {action.state for action in self.actions}
        if StopState.PENDING in states:
            return StopState.ARRIVED if self.arrived_at else StopState.PENDING
        if StopState.COMPLETED in states:
            return StopState.COMPLETED
        return StopState.FAILED if StopState.FAILED in states else StopState.SKIPPED


class Itinerary(Value):
    """What a plan asks of one courier: the content of an offer and, accepted, of a tour.

    Attributes
    ----------
    start, end
        Where it begins; where it ends, None at the last stop.
    departs_at, ends_at
        As planned, the way to ``end`` included.
    return_s, return_m
        The way from the last stop to ``end``.
    detour_s
        Time away less what the courier's own trip would have taken.
    """

    courier: str
    legs: tuple[str, ...]
    stops: tuple[Stop, ...]
    start: Place
    end: Place | None
    departs_at: Instant
    ends_at: Instant
    return_s: Seconds
    return_m: Meters
    detour_s: Seconds

    @property
    def summary(self) -> str:
        """The whole in one line, such as ``6 parcels, 2 entrances, 14 min``."""
        drops = {
            (place.compound, place.building, place.entrance)
            if place.entrance or place.building
            else (place.lat, place.lon)
            for stop in self.stops
            for action in stop.actions
            if action.kind is ActionKind.DROPOFF
            for place in (action.place or stop.place,)
        }
        named = any(
            stop.place.is_door and (stop.place.entrance or stop.place.building)
            for stop in self.stops
        )
        noun = ("entrance", "entrances") if named else ("stop", "stops")
        minutes = -(-(self.ends_at - self.departs_at) // 60)
        parts = [
            f"{count} {words[count != 1]}"
            for count, words in (
                (len(self.legs), ("parcel", "parcels")),
                (len(drops), noun),
            )
        ]
        return ", ".join([*parts, f"{minutes} min"])

    @property
    def distance_m(self) -> Meters:
        """Length of the whole way."""
        return sum(stop.distance_m for stop in self.stops) + self.return_m


class Offer(Value):
    """An itinerary put to one courier, with its pay and its time limit."""

    id: str
    courier: str
    itinerary: Itinerary
    pay: tuple[PayLine, ...]
    made_at: Instant
    expires_at: Instant
    epoch: int
    round: int = 1
    state: OfferState = OfferState.OPEN
    decline_reason: str = ""
    tour: str = ""
    version: int = 1

    @property
    def pay_cents(self) -> Cents:
        """Whole pay, if all goes well."""
        return sum(line.cents for line in self.pay)


class Tour(Value):
    """An accepted itinerary and how far it has come. ``version`` grows with every change.

    ``late`` are the legs of which lateness to come was told, ``paid`` the parcels whose fixed pay
    was earned on it; ``is_reopened`` says that it had ended
    and been paid for before a correction.
    """

    id: str
    courier: str
    offer: str
    itinerary: Itinerary
    accepted_at: Instant
    state: TourState = TourState.COMMITTED
    started_at: Instant = 0
    ended_at: Instant = 0
    version: int = 1
    late: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    is_reopened: bool = False

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Stops in order."""
        return self.itinerary.stops
