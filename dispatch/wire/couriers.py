"""Couriers with their windows, and hubs: what dispatchers set up."""

from google.protobuf import duration_pb2

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import (
    Availability,
    Check,
    Contract,
    Courier,
    CourierKind,
    Duty,
    Hub,
    HubKind,
    Mode,
    Place,
    TimeWindow,
)
from dispatch.core.state import State, replace
from dispatch.log import PersonalRow
from dispatch.v1 import couriers_pb2 as pb
from dispatch.v1 import hubs_pb2, types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.places import (
    Owner,
    Personal,
    Terms,
    check_contact,
    place_in,
    place_out,
    renamed,
    window_in,
    window_out,
)

_LONGEST_TEXT = 200
_ATTENDED = frozenset({HubKind.BOOTH, HubKind.SHOP})
"""Where somebody scans for the hub unless it says otherwise."""
_COURIER_FIELDS = {
    "capacity_grams": "capacity.grams",
    "capacity_ml": "capacity.milliliters",
    "allowance_s": "allowance_duration",
    "leash_s": "max_detour_duration",
    "pay_fixed_cents": "pay_rule.parcel_amount",
    "pay_per_min_cents": "pay_rule.minute_amount",
}
_HUB_FIELDS = {
    "slots_s": "slot_counts.small_count",
    "slots_m": "slot_counts.medium_count",
    "slots_l": "slot_counts.large_count",
    "hours": "opening_windows",
}


def courier_in(
    message: pb.Courier, courier: str, zone: str, terms: Terms
) -> tuple[Courier, tuple[PersonalRow, ...]]:
    """Read a new courier.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``courier``.
    """
    check = Check()
    owner = Owner(zone, f"couriers/{courier}")
    home, home_row = place_in(
        message.home_anchor, "courier.home_anchor", owner, "home", terms, check
    )
    end, end_row = None, None
    if message.HasField("end_anchor"):
        end, end_row = place_in(
            message.end_anchor, "courier.end_anchor", owner, "end", terms, check
        )
        end = replace(end, is_door=False)
    contact = owner.row(
        "self",
        Personal(
            name=message.contact.display_name,
            phone=message.contact.phone_number,
            note=message.contact.note,
        ),
    )
    kind = scalars.member_of(CourierKind, pb.Courier.Kind, message.kind, "courier.kind", check)
    check.that(message.kind != 0, "courier.kind", "is required")
    mode = Mode.FOOT
    if message.modes:
        found = scalars.member_of(
            Mode, types_pb2.TravelMode, message.modes[0], "courier.modes[0]", check
        )
        mode = found or mode
    _refuse_courier(message, check)
    try:
        plain = Courier(
            id=courier,
            kind=kind or CourierKind.RIDER,
            mode=mode,
            home=replace(home, is_door=False),
            end=end,
            host_of=_own_id(message.hosted_hub, names.HUB, "courier.hosted_hub", terms, check),
            max_parcels=message.max_parcels,
            allowance_s=message.allowance_duration.seconds,
            leash_s=message.max_detour_duration.seconds,
            access=tuple(message.access_compounds),
            skills=tuple(message.skills),
            carriers=tuple(message.carriers),
            party=message.party,
            contact=contact.id if contact is not None else "",
        )
        read = replace(plain, **_measures(message, terms, check))
    except InvalidValue as error:
        check.faults += renamed(error, _COURIER_FIELDS, "courier")
        check.done(owner.subject)
        raise
    check.done(owner.subject)
    return read, tuple(row for row in (home_row, end_row, contact) if row is not None)


def _measures(message: pb.Courier, terms: Terms, check: Check) -> dict[str, int]:
    """Return load and pay where the message gives them; the core has its own defaults."""
    given: dict[str, int] = {}
    if message.capacity.grams:
        given["capacity_grams"] = message.capacity.grams
    if message.capacity.milliliters:
        given["capacity_ml"] = message.capacity.milliliters
    rule = message.pay_rule
    for name, field in (
        ("pay_fixed_cents", "parcel_amount"),
        ("pay_per_min_cents", "minute_amount"),
    ):
        if rule.HasField(field):
            given[name] = scalars.cents(
                getattr(rule, field), terms.currency, f"courier.pay_rule.{field}", check
            )
    return given


def _own_id(name: str, shape: names.Shape, field: str, terms: Terms, check: Check) -> str:
    """Return the id of a resource of this network, empty where none is named."""
    if not name:
        return ""
    ids = names.split(name, shape)
    if ids is None or ids[0] != terms.network:
        check.faults.append(Fault(field, f"{name[:200]!r} is no name of this network"))
        return ""
    return ids[-1]


def _refuse_courier(message: pb.Courier, check: Check) -> None:
    """Note a fault for everything that no rule honours yet, and for texts that are none."""
    check_contact(message.contact, "courier.contact", check)
    scalars.plain_text(message.party, _LONGEST_TEXT, "courier.party", check)
    for field in ("skills", "access_compounds", "carriers"):
        for index, text in enumerate(getattr(message, field)):
            scalars.plain_text(text, _LONGEST_TEXT, f"courier.{field}[{index}]", check)
    for field in ("areas", "tier", "hours_policy"):
        if getattr(message, field):
            check.faults.append(Fault(f"courier.{field}", "is not honoured yet: leave it empty"))
    if message.HasField("cash_limit"):
        check.faults.append(Fault("courier.cash_limit", "is not honoured yet: leave it empty"))
    if len(message.modes) > 1:
        check.faults.append(Fault("courier.modes", "more than one mode comes later"))


def courier_out(state: State, courier: Courier, network: str, currency: str) -> pb.Courier:
    """Write a courier; personal data as pointers."""
    message = pb.Courier(
        name=names.joined(names.COURIER, network, courier.id),
        kind=courier.kind.name,
        modes=[courier.mode.name],
        capacity=types_pb2.Load(grams=courier.capacity_grams, milliliters=courier.capacity_ml),
        max_parcels=courier.max_parcels,
        skills=courier.skills,
        access_compounds=courier.access,
        carriers=courier.carriers,
        home_anchor=place_out(courier.home, network),
        party=courier.party,
        presence=(
            pb.Courier.Presence.ONLINE
            if courier.id in state.online
            else pb.Courier.Presence.OFFLINE
        ),
        state=pb.Courier.State.ACTIVE,
        pay_rule=pb.PayRule(
            parcel_amount=scalars.money(courier.pay_fixed_cents, currency),
            minute_amount=scalars.money(courier.pay_per_min_cents, currency),
        ),
        etag=scalars.etag(courier.version),
    )
    if courier.contact:
        message.contact.note = courier.contact
    if courier.end is not None:
        message.end_anchor.CopyFrom(place_out(courier.end, network))
    if courier.leash_s:
        message.max_detour_duration.CopyFrom(duration_pb2.Duration(seconds=courier.leash_s))
    if courier.allowance_s:
        message.allowance_duration.CopyFrom(duration_pb2.Duration(seconds=courier.allowance_s))
    away = state.away.get(courier.id)
    if away is not None:
        message.away_time.CopyFrom(scalars.timestamp(away.since))
    if courier.host_of:
        message.hosted_hub = names.joined(names.HUB, network, courier.host_of)
    return message


# --- windows ----------------------------------------------------------------------------


def availability_in(message: pb.AvailabilityWindow, given_id: str) -> Availability:
    """Read a window.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``availability_window``.
    """
    check = Check()
    path = "availability_window"
    if given_id:
        problem = "the service chooses it for now: leave it empty"
        check.faults.append(Fault("availability_window_id", problem))
    window: TimeWindow | None = None
    if message.recurrence_rule:
        check.faults.append(Fault(f"{path}.recurrence_rule", "comes later: give an interval"))
    else:
        window = window_in(message.interval, f"{path}.interval", check)
    for field in ("start_place", "end_place"):
        if message.HasField(field):
            check.faults.append(Fault(f"{path}.{field}", "is not honoured yet: leave it empty"))
    if message.max_parcels:
        check.faults.append(Fault(f"{path}.max_parcels", "is not honoured yet: leave it empty"))
    scalars.plain_text(message.post, _LONGEST_TEXT, f"{path}.post", check)
    duty = scalars.member_of(Duty, pb.AvailabilityWindow.Duty, message.duty, f"{path}.duty", check)
    check.done()
    if window is None:
        raise AssertionError("a missing window is a fault")
    return Availability(
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        post=message.post,
        duty=duty or Duty.IDLE,
    )


def availability_id(slot: Availability) -> str:
    """Return the last part of a window's name: slots of a courier never overlap."""
    return f"w{slot.opens_at}"


def availability_out(slot: Availability, courier: str, network: str) -> pb.AvailabilityWindow:
    """Write a window."""
    return pb.AvailabilityWindow(
        name=names.joined(names.WINDOW, network, courier, availability_id(slot)),
        interval=window_out(slot.opens_at, slot.closes_at),
        post=slot.post,
        duty=slot.duty.name,
    )


# --- hubs -------------------------------------------------------------------------------


def hub_in(
    message: hubs_pb2.Hub, hub: str, zone: str, terms: Terms
) -> tuple[Hub, tuple[PersonalRow, ...]]:
    """Read a new hub.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``hub``.
    """
    check = Check()
    place, row = place_in(
        message.place,
        "hub.place",
        Owner(zone, f"hubs/{hub}"),
        "place",
        terms,
        check,
        label=message.display_name,
    )
    for field in ("display_name", "operator"):
        scalars.plain_text(getattr(message, field), _LONGEST_TEXT, f"hub.{field}", check)
    check.that(message.kind != 0, "hub.kind", "is required")
    kind = scalars.member_of(HubKind, hubs_pb2.Hub.Kind, message.kind, "hub.kind", check)
    hours = [
        window_in(window, f"hub.opening_windows[{index}]", check)
        for index, window in enumerate(message.opening_windows)
    ]
    contracts = [
        scalars.member_of(Contract, hubs_pb2.Hub.Contract, number, f"hub.contracts[{index}]", check)
        for index, number in enumerate(message.contracts)
    ]
    attended = message.attended if message.HasField("attended") else kind in _ATTENDED
    counts = message.slot_counts
    takes_in = counts.small_count or counts.medium_count or counts.large_count
    problem = "is required with contracts: without slots nothing comes in"
    check.that(bool(takes_in) or not contracts, "hub.slot_counts", problem)
    try:
        read = Hub(
            id=hub,
            kind=kind or HubKind.STATION,
            place=replace(place, hub=hub, is_door=False),
            operator=message.operator,
            host=_own_id(message.host, names.COURIER, "hub.host", terms, check),
            hours=tuple(window for window in hours if window is not None),
            slots=(counts.small_count, counts.medium_count, counts.large_count),
            contracts=tuple(sorted({one for one in contracts if one is not None})),
            attended=attended,
        )
    except InvalidValue as error:
        check.faults += renamed(error, _HUB_FIELDS, "hub")
        check.done(f"hubs/{hub}")
        raise
    check.done(f"hubs/{hub}")
    return read, () if row is None else (row,)


def hub_out(state: State, hub: Hub, network: str) -> hubs_pb2.Hub:
    """Write a hub; its display name comes with `dispatch.wire.places.reveal`."""
    message = hubs_pb2.Hub(
        name=names.joined(names.HUB, network, hub.id),
        kind=hub.kind.name,
        operator=hub.operator,
        place=place_out(hub.place, network),
        opening_windows=[window_out(window.opens_at, window.closes_at) for window in hub.hours],
        etag=scalars.etag(hub.version),
        contracts=[contract.name for contract in hub.contracts],
        attended=hub.attended,
    )
    if any(hub.slots):
        message.slot_counts.CopyFrom(_counts_out(hub.slots))
        message.used_slot_counts.CopyFrom(_counts_out(state.hub_use.get(hub.id, (0, 0, 0))))
    pause = state.paused_hubs.get(hub.id)
    if pause is not None:
        message.pause.reason = pause.reason
        if pause.until:
            message.pause.end_time.CopyFrom(scalars.timestamp(pause.until))
    if hub.host:
        message.host = names.joined(names.COURIER, network, hub.host)
    return message


def _counts_out(slots: tuple[int, int, int]) -> hubs_pb2.SlotCounts:
    small, medium, large = slots
    return hubs_pb2.SlotCounts(small_count=small, medium_count=medium, large_count=large)


def spot(*, lat: float, lon: float) -> Place:
    """Return where a courier says to be.

    Raises
    ------
    InvalidValue
        By the fields of ``point``.
    """
    try:
        return Place(lat=lat, lon=lon, is_door=False)
    except InvalidValue as error:
        fields = {"lat": "latitude", "lon": "longitude"}
        raise InvalidValue(renamed(error, fields, "point")) from error
