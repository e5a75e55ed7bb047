"""Rows of a day's tables to values of the engine.

The model checks itself; this module only says which column a fault belongs to, so that day
folders, command line and service share one set of checks. What the model cannot see from one
value alone (duplicates, references to other files, overlaps) is checked here.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from dispatch.core.errors import InvalidValue
from dispatch.core.model import (
    LATEST,
    Availability,
    Check,
    Contract,
    Courier,
    CourierKind,
    DeliveryOption,
    Duty,
    Hub,
    HubKind,
    Mode,
    OptionKind,
    Parcel,
    Place,
    TimeWindow,
)
from dispatch.doorkey import door_key
from dispatch.sim.lines import DayLines
from dispatch.sim.table import Row
from dispatch.wire.defaults import size_class
from maps.datum import Datum, point_to_wgs84
from maps.earth import SWAPPED, looks_swapped

MERCHANT = "default"
"""Who handed in a parcel that names no merchant."""

ATTENDED = frozenset({HubKind.BOOTH, HubKind.SHOP})
"""Kinds of hubs at whose counter somebody scans, where the day does not say."""
DUTIES = (Duty.POST, Duty.PATROL, Duty.BREAK)
TWO_PLACES = ": nobody is at two places at once"
_RUNGS = {kind.value.lower(): kind for kind in OptionKind}
_DOOR_ONLY = (DeliveryOption(kind=OptionKind.DOOR),)
_NOWHERE = Place(lat=0.0, lon=0.0)
_UNSAID = Courier(id="unsaid", kind=CourierKind.RIDER, mode=Mode.FOOT, home=_NOWHERE)
"""Shows the model's own defaults, which stand where a cell is empty."""


@dataclass(slots=True)
class Known:
    """What rows may refer to, and where the points of the day came from.

    Attributes
    ----------
    secret
        Key of the doors' hashes.
    hubs, couriers, posts
        Ids in the files, those of bad rows included: one mistake is told once. None where
        the file as a whole cannot be read, or where no posts are given: then nothing that refers
        to it is doubted.
    hub_places
        Places of the hubs whose rows were good.
    points
        (row, column, place) of every coordinate, for the map.
    datum
        The system that the files' coordinates are in; places are in WGS84.
    lines
        Reads address lines.
    """

    secret: str
    hubs: frozenset[str] | None
    couriers: frozenset[str] | None
    posts: frozenset[str] | None = None
    hub_places: dict[str, Place] = field(default_factory=dict)
    points: list[tuple[Row, str, Place]] = field(default_factory=list)
    datum: Datum = Datum.WGS84
    lines: DayLines = field(default_factory=DayLines)

    def check_hub(self, row: Row, column: str) -> str:
        """Return the hub that a cell names, noting one that does not exist."""
        found = row.text(column)
        if found:
            self.doubt_hub(row, column, found)
        return found

    def check_courier(self, row: Row, column: str) -> str:
        """Return the courier that a cell names, noting one that does not exist."""
        found = row.text(column)
        if found:
            self.doubt_courier(row, column, found)
        return found

    def doubt_hub(self, row: Row, column: str, hub: str) -> None:
        """Note a hub that does not exist."""
        if self.hubs is not None and hub not in self.hubs:
            row.note(column, f"there is no hub {hub[:80]!r}")

    def doubt_courier(self, row: Row, column: str, courier: str) -> None:
        """Note a courier who does not exist."""
        if self.couriers is not None and courier not in self.couriers:
            row.note(column, f"there is no courier {courier[:80]!r}")

    def check_post(self, row: Row) -> str:
        """Return the post that a slot names, noting one that does not exist."""
        found = row.text("post")
        if found and self.posts is not None and found not in self.posts:
            row.note("post", f"there is no post {found[:80]!r}")
        return found

    def place(self, row: Row, prefix: str = "", *, is_door: bool = False, hub: str = "") -> Place:
        """Return the place whose columns begin with ``prefix``."""
        lat, lon = row.degrees(f"{prefix}lat"), row.degrees(f"{prefix}lon")
        compound, building, entrance, room = (
            row.text(f"{prefix}{part}") for part in ("compound", "building", "entrance", "room")
        )
        floor = row.whole(f"{prefix}floor", 0) if row.has(f"{prefix}floor") else None
        if is_door and not prefix and not (building or entrance or room or floor is not None):
            read = self.lines.read(row.text("address"), compound)
            if read is not None:
                compound, building, entrance = read.compound, read.building, read.entrance
                floor, room = read.floor, read.room
        key = door_key(
            self.secret,
            compound=compound,
            building=building,
            entrance=entrance,
            floor=floor,
            room=room,
        )
        try:
            place = Place(
                lat=lat,
                lon=lon,
                compound=compound,
                building=building,
                entrance=entrance,
                floor=floor,
                has_lift=row.flag(f"{prefix}lift"),
                door_key=key,
                hub=hub,
                is_door=is_door,
            )
        except InvalidValue as error:
            if looks_swapped(lat=lat, lon=lon):
                row.note(f"{prefix}lat", f"{lat} is no latitude: {SWAPPED}")
            note_faults(row, error, {name: f"{prefix}{name}" for name in ("lat", "lon", "floor")})
            return _NOWHERE
        if self.datum is not Datum.WGS84:
            # After the check: what is told is what stands in the file.
            lat, lon = point_to_wgs84(self.datum, lat=lat, lon=lon)
            place = replace(place, lat=lat, lon=lon)
        if not (row.is_bad(f"{prefix}lat") or row.is_bad(f"{prefix}lon")):
            self.points.append((row, f"{prefix}lat", place))
        return place


def note_faults(row: Row, error: InvalidValue, columns: Mapping[str, str]) -> None:
    """Note the model's faults under the file's columns, unless the cell is known to be bad."""
    for fault in error.faults:
        column = columns.get(fault.field, fault.field)
        if not row.is_bad(column):
            row.note(column, fault.problem)


def once(row: Row, column: str, key: Hashable, name: str, seen: dict[Hashable, int]) -> None:
    """Note a key that an earlier line has."""
    if key in seen:
        row.note(column, f"{name} is already in line {seen[key]}")
    else:
        seen[key] = row.line


def own_id(row: Row, seen: dict[Hashable, int], column: str = "id") -> str:
    """Return a row's id, noting a missing and a repeated one."""
    found = row.needed(column)
    if found:
        once(row, column, found, repr(found), seen)
    return found


def window_of(row: Row, opens: str = "opens_at", closes: str = "closes_at") -> TimeWindow | None:
    """Return the window of two columns, None where it is bad."""
    opens_at, closes_at = row.instant(opens, 0), row.instant(closes, LATEST)
    try:
        window = TimeWindow(opens_at=opens_at, closes_at=closes_at)
    except InvalidValue as error:
        note_faults(row, error, {"opens_at": opens, "closes_at": closes})
        return None
    return None if row.is_bad(opens) or row.is_bad(closes) else window


def hours_of(rows: Iterable[Row], known: Known) -> dict[str, tuple[TimeWindow, ...]]:
    """Return opening hours by hub, in order."""
    by_hub: dict[str, list[tuple[TimeWindow, Row]]] = {}
    for row in rows:
        row.needed("hub")
        hub, window = known.check_hub(row, "hub"), window_of(row)
        if window is not None:
            by_hub.setdefault(hub, []).append((window, row))
    return {hub: tuple(window for window, _ in _in_order(slots)) for hub, slots in by_hub.items()}


def _in_order(slots: list[tuple[TimeWindow, Row]], why: str = "") -> list[tuple[TimeWindow, Row]]:
    """Sort slots by time; those that overlap an earlier one are noted, with why, and left out."""
    kept: list[tuple[TimeWindow, Row]] = []
    for window, row in sorted(slots, key=lambda slot: (slot[0].opens_at, slot[1].line)):
        if kept and kept[-1][0].closes_at > window.opens_at:
            row.note("opens_at", f"the slot overlaps the one in line {kept[-1][1].line}{why}")
        else:
            kept.append((window, row))
    return kept


def availability_of(rows: Iterable[Row], known: Known) -> list[tuple[str, Availability]]:
    """Return the couriers' slots by courier and time."""
    by_courier: dict[str, list[tuple[TimeWindow, Row]]] = {}
    duties: dict[int, Duty] = {}
    posts: dict[int, str] = {}
    for row in rows:
        row.needed("courier_id")
        courier, window = known.check_courier(row, "courier_id"), window_of(row)
        duties[row.line] = row.choice("duty", DUTIES, Duty.IDLE) if row.has("duty") else Duty.IDLE
        posts[row.line] = known.check_post(row)
        if window is not None:
            by_courier.setdefault(courier, []).append((window, row))
    return [
        (
            courier,
            Availability(
                opens_at=window.opens_at,
                closes_at=window.closes_at,
                post=posts[row.line],
                duty=duties[row.line],
            ),
        )
        for courier, slots in sorted(by_courier.items())
        for window, row in _in_order(slots, TWO_PLACES if known.posts else "")
    ]


def hub_of(
    row: Row, known: Known, seen: dict[Hashable, int], hours: tuple[TimeWindow, ...]
) -> Hub | None:
    """Return the hub of a row, None where it is bad."""
    hub = own_id(row, seen)
    kind = row.choice("kind", tuple(HubKind), HubKind.STATION)
    place = known.place(row, hub=hub)
    slots = (row.whole("slots_s"), row.whole("slots_m"), row.whole("slots_l"))
    host = known.check_courier(row, "host")
    attended = row.flag("attended")
    known.hub_places[hub] = place
    try:
        return Hub(
            id=hub,
            kind=kind,
            place=place,
            operator=row.text("operator"),
            host=host,
            hours=hours,
            slots=slots,
            contracts=_contracts(row),
            attended=kind in ATTENDED if attended is None else attended,
        )
    except InvalidValue as error:
        note_faults(row, error, {})
        return None


def _contracts(row: Row) -> tuple[Contract, ...]:
    """Read ``HOLD;RELAY``."""
    names = row.items("contracts")
    for name in names:
        if name not in Contract.__members__:
            row.note("contracts", f"{name[:80]!r} is none of {', '.join(Contract)}")
    return tuple(contract for contract in Contract if contract.value in names)


def courier_of(row: Row, known: Known, seen: dict[Hashable, int]) -> Courier | None:
    """Return the courier of a row, None where it is bad."""
    courier = own_id(row, seen)
    kind = row.choice("kind", tuple(CourierKind), CourierKind.RIDER)
    mode = row.choice("mode", tuple(Mode), Mode.FOOT)
    home = known.place(row)
    has_end = row.has("end_lat") or row.has("end_lon")
    end = known.place(row, "end_") if has_end else None
    try:
        return Courier(
            id=courier,
            kind=kind,
            mode=mode,
            home=home,
            end=end,
            host_of=known.check_hub(row, "host_of"),
            capacity_grams=row.whole("capacity_grams", _UNSAID.capacity_grams),
            capacity_ml=row.whole("capacity_ml", _UNSAID.capacity_ml),
            max_parcels=row.whole("max_parcels", _UNSAID.max_parcels),
            allowance_s=row.minutes_s("allowance_min"),
            leash_s=row.minutes_s("leash_min"),
            access=row.items("access"),
            skills=row.items("skills"),
            carriers=row.items("carriers"),
            party=row.text("party"),
            pay_fixed_cents=row.whole("pay_fixed_cents", _UNSAID.pay_fixed_cents),
            pay_per_min_cents=row.whole("pay_per_min_cents", _UNSAID.pay_per_min_cents),
        )
    except InvalidValue as error:
        note_faults(row, error, {"allowance_s": "allowance_min", "leash_s": "leash_min"})
        return None


def parcel_of(row: Row, known: Known, seen: dict[Hashable, int]) -> Parcel | None:
    """Return the parcel of a row, None where it is bad."""
    merchant, parcel = _merchant(row), row.needed("id")
    if parcel:
        once(row, "id", ("id", merchant, parcel), repr(parcel), seen)
    piece = (row.text("carrier"), row.text("waybill"), row.text("piece"))
    if row.has("waybill"):
        carrier, waybill, part = piece
        name = f"carrier {carrier!r}, waybill {waybill!r}, piece {part!r}"
        once(row, "waybill", ("waybill", *piece), name, seen)
    pickup, origin = _pickup(row, known)
    ml = row.whole("ml")
    try:
        return Parcel(
            id=f"{merchant}/{parcel}",
            merchant=merchant,
            pickup=pickup,
            origin_hub=origin,
            dropoff=known.place(row, is_door=True),
            created_at=row.instant("created_at", 0),
            ready_at=row.instant("ready_at", 0),
            due_at=row.instant("due_at", LATEST),
            window=_window(row),
            grams=row.whole("grams"),
            ml=ml,
            size_class=size_class(ml),
            carrier=piece[0],
            waybill=piece[1],
            piece=piece[2],
            household=row.text("household"),
            return_to=row.text("return_to"),
            value_cents=row.whole("value_cents", 0),
            cod_cents=row.whole("cod_cents", 0),
            options=_options(row, known),
        )
    except InvalidValue as error:
        rungs = {fault.field: "options" for fault in error.faults if "options" in fault.field}
        note_faults(row, error, {"window.closes_at": "window_closes_at", **rungs})
        return None


def _merchant(row: Row) -> str:
    merchant = row.text("merchant", MERCHANT)
    check = Check()
    check.identifier(merchant, "merchant")
    for fault in check.faults:
        row.note(fault.field, fault.problem)
    return MERCHANT if check.faults else merchant


def _pickup(row: Row, known: Known) -> tuple[Place, str]:
    """Return where a parcel starts, and the hub whose counter that is."""
    has_point = row.has("pickup_lat") or row.has("pickup_lon")
    if row.has("origin"):
        if has_point:
            row.note("origin", "give origin, or pickup_lat and pickup_lon, not both")
        hub = known.check_hub(row, "origin")
        return known.hub_places.get(hub, _NOWHERE), hub
    if has_point:
        return known.place(row, "pickup_", is_door=True), ""
    row.note("origin", "is missing: give a hub's id, or pickup_lat and pickup_lon")
    return _NOWHERE, ""


def _window(row: Row) -> TimeWindow | None:
    columns = ("window_opens_at", "window_closes_at")
    return window_of(row, *columns) if any(row.has(column) for column in columns) else None


def _options(row: Row, known: Known) -> tuple[DeliveryOption, ...]:
    """Read ``door>person:N7>hub:H3``; ``hub`` alone is the nearest. Consent is told elsewhere."""
    if not row.has("options"):
        return _DOOR_ONLY
    options = []
    for part in row.text("options").split(">"):
        name, _, target = part.strip().partition(":")
        kind = _RUNGS.get(name)
        if kind is None:
            row.note("options", f"{name[:80]!r} is none of {', '.join(_RUNGS)}")
            continue
        if kind is OptionKind.HUB and target:
            known.doubt_hub(row, "options", target)
        if kind is OptionKind.PERSON and target:
            known.doubt_courier(row, "options", target)
        options.append(DeliveryOption(kind=kind, target=target))
    return tuple(options)
