from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import (
    LATEST,
    TERMINAL,
    TRANSITIONS,
    ActionKind,
    Availability,
    CourierKind,
    Itinerary,
    ParcelState,
    PayLine,
    Place,
    Stop,
    StopAction,
    StopState,
    TimeWindow,
    straight_line_m,
)
from tests.core.town import (
    NOON,
    a_courier,
    a_hub,
    a_parcel,
    an_itinerary,
    place,
    window,
)

PAST_2100 = LATEST + 1
TOO_MUCH = 1_000_000_001


def faults_of(make: Callable[..., object], **fields: Any) -> list[str]:
    """Return the fields that a value is refused for."""
    with pytest.raises(InvalidValue) as caught:
        make(**fields)
    assert all(fault.problem for fault in caught.value.faults)
    return [fault.field for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lat", 90.001),
        ("lat", float("nan")),
        ("lon", -180.1),
        ("lon", float("inf")),
        ("floor", -11),
        ("floor", 201),
    ],
)
def test_a_place_lies_on_earth(field: str, value: float) -> None:
    """Coordinates that no point has and floors that no house has are refused by name."""
    assert faults_of(Place, **{"lat": 0.0, "lon": 0.0, field: value}) == [field]


@pytest.mark.parametrize("lat", [-90.0, 90.0])
@pytest.mark.parametrize("lon", [-180.0, 180.0])
def test_poles_and_date_line_are_places(lat: float, lon: float) -> None:
    """The bounds themselves are allowed."""
    assert (Place(lat=lat, lon=lon).lat, Place(lat=lat, lon=lon).lon) == (lat, lon)


@pytest.mark.parametrize("make", [TimeWindow, Availability])
def test_what_opens_also_closes(make: Callable[..., object]) -> None:
    """Windows and slots need two times of this era, the second later."""
    assert faults_of(make, opens_at=NOON, closes_at=NOON) == ["closes_at"]
    assert faults_of(make, opens_at=-1, closes_at=NOON) == ["opens_at"]
    assert faults_of(make, opens_at=NOON, closes_at=PAST_2100) == ["closes_at"]


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"created_at": -1}, ["created_at"]),
        ({"ready_at": -1}, ["ready_at"]),
        ({"due_at": PAST_2100}, ["due_at"]),
        ({"ready_at": NOON + 10, "due_at": NOON + 10}, ["due_at"]),
        ({"grams": -1}, ["grams"]),
        ({"ml": -1}, ["ml"]),
        ({"value_cents": -1}, ["value_cents"]),
        ({"cod_cents": -1}, ["cod_cents"]),
        ({"window": window(-20, -10)}, ["window.closes_at"]),
        ({"max_attempts": 0}, ["max_attempts"]),
        ({"max_attempts": 11}, ["max_attempts"]),
        ({"grams": -1, "ml": -1, "max_attempts": 0}, ["grams", "ml", "max_attempts"]),
    ],
)
def test_a_parcel_names_each_bad_field(fields: dict[str, Any], bad: list[str]) -> None:
    """Every check says which field it is about, and all of them speak at once."""
    assert faults_of(a_parcel, **fields) == bad


@pytest.mark.parametrize("name", ["", "-p", "a b", "p/q", "x" * 64, "p\n"])
def test_a_parcel_needs_an_id(name: str) -> None:
    """An id that could not stand in a resource name is refused."""
    assert faults_of(a_parcel, name=name) == ["id"]


def test_a_parcel_belongs_to_the_merchant_in_its_id() -> None:
    """Merchant and id must not disagree; the subject says which parcel it was."""
    parcel = a_parcel()
    fields = {name: getattr(parcel, name) for name in parcel.__struct_fields__}
    assert faults_of(type(parcel), **{**fields, "merchant": "other"}) == ["merchant"]
    with pytest.raises(InvalidValue) as caught:
        a_parcel(grams=-1)
    assert caught.value.subject == "m/p1"


@pytest.mark.parametrize(
    "field",
    [
        "capacity_grams",
        "capacity_ml",
        "max_parcels",
        "allowance_s",
        "leash_s",
        "pay_fixed_cents",
        "pay_per_min_cents",
    ],
)
def test_a_courier_names_each_bad_measure(field: str) -> None:
    """No measure of a courier may be negative."""
    assert faults_of(a_courier, **{field: -1}) == [field]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (a_parcel, "grams"),
        (a_parcel, "ml"),
        (a_parcel, "cod_cents"),
        (a_courier, "capacity_grams"),
        (a_courier, "pay_per_min_cents"),
        (a_courier, "leash_s"),
    ],
)
def test_counts_have_an_upper_bound(make: Callable[..., object], field: str) -> None:
    """A number that no solver could add up is refused where it comes in, not in an epoch."""
    assert faults_of(make, **{field: TOO_MUCH}) == [field]
    make(**{field: TOO_MUCH - 1})


def test_a_courier_needs_an_id_and_a_leash_longer_than_the_allowance() -> None:
    """Two faults of one courier are told together."""
    bad = faults_of(a_courier, name="?", allowance_s=900, leash_s=600)
    assert bad == ["id", "leash_s"]
    assert a_courier(allowance_s=900).leash_s == 0


@pytest.mark.parametrize(
    ("kind", "end", "returns"),
    [
        (CourierKind.GUARD, None, True),
        (CourierKind.SHOPKEEPER, place(10), True),
        (CourierKind.NEIGHBOUR, None, True),
        (CourierKind.NEIGHBOUR, place(10), False),
        (CourierKind.STUDENT, place(10), False),
        (CourierKind.RIDER, None, False),
    ],
)
def test_who_has_a_post_returns_to_it(
    kind: CourierKind, end: Place | None, *, returns: bool
) -> None:
    """Guards, shopkeepers and neighbours at home end where they began; others do not."""
    assert a_courier(kind=kind, end=end).returns_home is returns


def test_a_hub_names_each_bad_field() -> None:
    """Id, slots by size and the order of opening hours are checked together."""
    overlapping = (window(0, 20), window(10, 30))
    bad = faults_of(a_hub, name="-", slots=(0, -1, -1), hours=overlapping)
    assert bad == ["id", "slots_m", "slots_l", "hours"]
    assert a_hub(hours=(window(0, 20), window(20, 30))).hours[1] == window(20, 30)


def test_an_error_speaks_for_all_its_faults() -> None:
    """One line holds every fault, and a prefix tells where the value stood."""
    error = InvalidValue([Fault("lat", "is odd"), Fault("lon", "is even")], subject="m/p1")
    assert str(error) == "lat: is odd; lon: is even"
    assert str(error.under("dropoff")) == "dropoff.lat: is odd; dropoff.lon: is even"
    assert error.under("dropoff").subject == "m/p1"


def test_the_straight_line_is_measured_on_the_sphere() -> None:
    """A degree of latitude is 111.2 km anywhere, one of longitude shrinks with the cosine."""
    assert straight_line_m(Place(lat=0, lon=0), Place(lat=1, lon=0)) == pytest.approx(
        111_195, abs=1
    )
    east = straight_line_m(Place(lat=60, lon=0), Place(lat=60, lon=1))
    assert east == pytest.approx(55_597, rel=1e-3)
    assert straight_line_m(Place(lat=0, lon=0), Place(lat=0, lon=180)) == pytest.approx(
        20_015_115, abs=1
    )


def test_the_table_of_transitions_is_that_of_the_design() -> None:
    """Every legal step of a parcel, written once more by hand."""
    expected = {
        "PENDING": "READY CANCELLED EXPIRED LOST DISPOSED",
        "READY": "ASSIGNED RETURNING CANCELLED EXPIRED LOST DISPOSED",
        "ASSIGNED": "READY COLLECTED RETURNING CANCELLED",
        "COLLECTED": "READY DELIVERED AT_HUB ATTEMPT_FAILED RETURNING LOST DISPOSED",
        "AT_HUB": "READY AWAITING_COLLECTION RETURNING LOST DISPOSED",
        "AWAITING_COLLECTION": "DELIVERED RETURNING LOST DISPOSED",
        "ATTEMPT_FAILED": "DELIVERED READY AT_HUB RETURNING LOST DISPOSED",
        "RETURNING": "RETURNED LOST DISPOSED",
    }
    found = {
        (old.value, new.value)
        for old, new in product(ParcelState, ParcelState)
        if new in TRANSITIONS.get(old, ())
    }
    assert found == {(old, new) for old, steps in expected.items() for new in steps.split()}
    ends = {"DELIVERED", "RETURNED", "CANCELLED", "EXPIRED", "LOST", "DISPOSED"}
    assert {state.value for state in TERMINAL} == ends


@pytest.mark.parametrize(
    ("actions", "arrived_at", "expected"),
    [
        ("PENDING PENDING", 0, StopState.PENDING),
        ("PENDING COMPLETED", 5, StopState.ARRIVED),
        ("COMPLETED FAILED", 5, StopState.COMPLETED),
        ("FAILED SKIPPED", 5, StopState.FAILED),
        ("SKIPPED SKIPPED", 0, StopState.SKIPPED),
    ],
)
def test_a_stop_is_as_its_tasks_are(actions: str, arrived_at: int, expected: StopState) -> None:
    """The state of a stop follows from its actions and the arrival."""
    stop = Stop(
        place=place(),
        actions=tuple(
            StopAction(leg="m/p1/1", kind=ActionKind.PICKUP, state=StopState(state))
            for state in actions.split()
        ),
        arrives_at=0,
        leaves_at=0,
        travel_s=0,
        distance_m=0,
        arrived_at=arrived_at,
    )
    assert stop.state is expected


def test_an_itinerary_knows_its_length() -> None:
    """All stops and the way to the end count."""
    itinerary: Itinerary = an_itinerary(a_courier(), [a_parcel(), a_parcel("p2")], NOON, return_m=7)
    assert len(itinerary.stops) == 3
    assert itinerary.distance_m == 307


def test_values_are_frozen() -> None:
    """Nothing can be changed in place."""
    with pytest.raises(AttributeError):
        PayLine(label="x", cents=1).cents = 2  # type: ignore[misc]
