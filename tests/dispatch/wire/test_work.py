import pytest
from immutables import Map

from dispatch.core.errors import InvalidValue
from dispatch.core.messages import StopReport
from dispatch.core.model import (
    ActionKind,
    Itinerary,
    Leg,
    LegKind,
    Place,
    Purpose,
    Stop,
    StopAction,
    Tour,
    straight_line_m,
)
from dispatch.core.state import State, replace
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire.places import pointers, reveal
from dispatch.wire.work import hiding_area, stop_commands, tour_out
from tests.core.town import a_courier, a_parcel

HERE = Place(lat=60.1712, lon=24.9437)
TOUR = Tour(
    id="t1",
    courier="c1",
    offer="o1",
    accepted_at=0,
    itinerary=Itinerary(
        courier="c1",
        legs=("m/a/1", "m/b/1"),
        stops=(
            Stop(
                place=HERE,
                actions=(
                    StopAction(leg="m/a/1", kind=ActionKind.PICKUP),
                    StopAction(leg="m/b/1", kind=ActionKind.PICKUP),
                ),
                arrives_at=0,
                leaves_at=0,
                travel_s=0,
                distance_m=0,
            ),
        ),
        start=HERE,
        end=None,
        departs_at=0,
        ends_at=0,
        return_s=0,
        return_m=0,
        detour_s=0,
    ),
)
Action = pb.StopEvent.Action


def _drops(*places: Place, purpose: Purpose = Purpose.DOOR) -> Tour:
    """Return the tour with one stop, where a parcel is handed over at each place."""
    actions = tuple(
        StopAction(
            leg=f"m/{own}/1",
            kind=ActionKind.DROPOFF,
            purpose=purpose,
            place=None if place == places[0] else place,
        )
        for own, place in zip("abc", places, strict=False)
    )
    [stop] = TOUR.itinerary.stops
    stops = (replace(stop, place=places[0], actions=actions),)
    return replace(TOUR, itinerary=replace(TOUR.itinerary, stops=stops))


def _event(action: Action, **fields: object) -> pb.StopEvent:
    given = {"event_id": "e1", "stop": "0", "action": action, "event_time": {"seconds": 5}}
    return pb.StopEvent(**{**given, **fields})  # type: ignore[arg-type]


def test_one_report_about_a_stop_is_one_command() -> None:
    """A pick-up without legs means all of the stop, confirmed together or not at all."""
    [command] = stop_commands(_event(Action.PICK_UP), TOUR, "local")
    assert command.report.id == "e1/m/a/1"
    assert (command.report.leg, command.report.legs) == ("m/a/1", ("m/b/1",))
    named = _event(Action.PICK_UP, legs=["networks/local/merchants/m/parcels/b/legs/1"])
    [only] = stop_commands(named, TOUR, "local")
    assert only.report.leg == "m/b/1"


def test_a_repeated_report_is_about_the_same_legs() -> None:
    """Whatever else can be done at the stop by now: nothing is done by an old report."""
    again = stop_commands(_event(Action.PICK_UP), TOUR, "local", known={"e1/m/a/1"})
    assert [command.report.leg for command in again] == ["m/a/1"]


def test_a_failure_is_told_of_each_leg_by_itself() -> None:
    """Each leg's report has an id of its own: what follows on a failure is its parcel's alone."""
    failed = _event(
        Action.PICK_UP,
        outcome=pb.StopEvent.Outcome.FAILED,
        failure_code=types_pb2.FailureCode.DAMAGED,
    )
    assert [
        (command.report.id, command.report.leg, command.report.legs)
        for command in stop_commands(failed, TOUR, "local")
    ] == [("e1/m/a/1", "m/a/1", ()), ("e1/m/b/1", "m/b/1", ())]


@pytest.mark.parametrize(
    ("purpose", "proof"),
    [(Purpose.DOOR, types_pb2.ProofKind.PIN), (Purpose.GATE, types_pb2.ProofKind.SIGNATURE)],
)
def test_codes_and_recipients_at_a_gate_stand_for_one_parcel_each(
    purpose: Purpose, proof: types_pb2.ProofKind
) -> None:
    """One recipient's code, or signature at the gate, confirms nobody else's parcel."""
    event = _event(Action.DROP_OFF, proofs=[types_pb2.Proof(kind=proof, value="012345")])
    told = stop_commands(event, _drops(HERE, HERE, purpose=purpose), "local")
    assert [command.report.legs for command in told] == [(), ()]


def test_an_entrance_with_several_doors_is_confirmed_door_by_door() -> None:
    """Without legs nobody knows which door was meant; with them it is one confirmation."""
    up = replace(HERE, floor=4, door_key="k2")
    tour = _drops(replace(HERE, door_key="k1"), up, up)
    with pytest.raises(InvalidValue) as caught:
        stop_commands(_event(Action.DROP_OFF), tour, "local")
    assert [fault.field for fault in caught.value.faults] == ["legs"]
    named = [f"networks/local/merchants/m/parcels/{own}/legs/1" for own in "bc"]
    [command] = stop_commands(_event(Action.DROP_OFF, legs=named), tour, "local")
    assert (command.report.leg, command.report.legs) == ("m/b/1", ("m/c/1",))


def test_at_a_gate_each_recipient_can_be_called() -> None:
    """The gate is nobody's door; whom to call for which parcel stands with its action."""
    gate = replace(HERE, is_door=False)
    tour = _drops(gate, gate, purpose=Purpose.GATE)
    parcels = {
        f"m/{own}": a_parcel(own, dropoff=replace(HERE, contact=f"to-{own}")) for own in "ab"
    }
    legs = {
        f"{key}/1": Leg(
            id=f"{key}/1",
            parcel=key,
            kind=LegKind.FORWARD,
            pickup=HERE,
            dropoff=gate,
            not_before=0,
        )
        for key in parcels
    }
    couriers = Map({"c1": a_courier("c1")})
    state = State(zone="z", parcels=Map(parcels), legs=Map(legs), couriers=couriers)
    message = tour_out(state, tour, "local")
    assert pointers([message]) == {"to-a", "to-b"}
    reveal([message], {}, lambda _: False)
    assert [action.purpose for action in message.stops[0].actions] == [8, 8]
    assert not pointers([message])


def test_a_departure_is_a_report_without_legs() -> None:
    """It carries the phone's own time, and leaves open that the courier has arrived."""
    [command] = stop_commands(_event(Action.DEPART), TOUR, "local")
    assert command.report == StopReport(id="e1", at=5, stop=0, departs=True)
    [arrival] = stop_commands(_event(Action.ARRIVE), TOUR, "local")
    assert arrival.report == StopReport(id="e1", at=5, stop=0)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (_event(Action.PICK_UP, event_id=""), "event_id"),
        (_event(Action.PICK_UP, event_id="e" * 65), "event_id"),
        (_event(Action.PICK_UP, event_id="e\x00"), "event_id"),
        (_event(Action.PICK_UP, stop="3"), "stop"),
        (_event(Action.PICK_UP, stop="-1"), "stop"),
        (_event(Action.DROP_OFF), "action"),
        (_event(Action.SKIP), "action"),
        (_event(Action.ACTION_UNSPECIFIED), "action"),
        (_event(Action.PICK_UP, outcome=pb.StopEvent.Outcome.FAILED), "failure_code"),
        (_event(Action.PICK_UP, failure_code=types_pb2.FailureCode.ABSENT), "failure_code"),
        (_event(Action.PICK_UP, legs=["legs/1"]), "legs[0]"),
        (_event(Action.PICK_UP, proofs=[types_pb2.Proof(value="x")]), "proofs[0].kind"),
        (pb.StopEvent(event_id="e", stop="0", action=Action.ARRIVE), "event_time"),
    ],
)
def test_a_bad_report_names_its_field(event: pb.StopEvent, field: str) -> None:
    """A phone learns which field of which event was wrong."""
    with pytest.raises(InvalidValue) as caught:
        stop_commands(event, TOUR, "local")
    assert [fault.field for fault in caught.value.faults] == [field]


def test_an_offers_area_holds_its_places_and_tells_none_of_them() -> None:
    """The circle covers every place, and neighbouring doors share one circle."""
    doors = [HERE, Place(lat=60.1719, lon=24.9440)]
    area = hiding_area(doors)
    center = Place(lat=area.center.latitude, lon=area.center.longitude)
    assert all(straight_line_m(center, door) <= area.radius_meters for door in doors)
    assert hiding_area([doors[0]]) == hiding_area([doors[1]])
