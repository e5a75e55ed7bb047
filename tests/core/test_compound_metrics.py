"""Visits, ways behind the gate, and paid minutes: figures by hand, from events alone."""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.compound_metrics import SORTING_S, WAYS_IN
from dispatch.core.metrics import Metrics
from dispatch.core.model import (
    ActionKind,
    CourierKind,
    Custodian,
    CustodianKind,
    FailureCode,
    Place,
    Purpose,
    Stop,
    StopAction,
    Tour,
)
from dispatch.core.policy import Policy
from tests.core.test_hub_metrics import a_leg
from tests.core.town import HOUR, NOON, a_courier, a_hub, a_parcel, an_itinerary, place

BOOTH = Custodian(kind=CustodianKind.HUB, id="booth")


def door(building: str, entrance: str = "1", east_m: float = 400, **fields: Any) -> Place:
    """Give a door in the garden."""
    return place(east_m, compound="garden", building=building, entrance=entrance, **fields)


def created(**doors: Place) -> list[m.Event]:
    """Give a day's beginning: a rider, a guard, a neighbour, and parcels from a station."""
    kinds = {"rex": CourierKind.RIDER, "gus": CourierKind.GUARD, "nan": CourierKind.NEIGHBOUR}
    return [
        m.PolicyAdopted(at=NOON, policy=Policy()),
        m.HubCreated(at=NOON, hub=a_hub("booth")),
        *(m.CourierCreated(at=NOON, courier=a_courier(c, kind=k)) for c, k in kinds.items()),
        *(
            m.ParcelCreated(
                at=NOON,
                parcel=a_parcel(name, dropoff=its, origin_hub="station"),
                leg=a_leg(name),
            )
            for name, its in doors.items()
        ),
    ]


def scan(parcel: str, courier: str, at: int, tour: str = "t1") -> dict[str, Any]:
    return {
        "at": NOON + at,
        "happened_at": NOON + at,
        "parcel": f"m/{parcel}",
        "leg": f"m/{parcel}/1",
        "courier": courier,
        "tour": tour,
    }


def given(parcel: str, courier: str, at: int, tour: str = "t1", **fields: Any) -> m.Event:
    return m.ParcelDelivered(**scan(parcel, courier, at, tour), **fields)


def failed(parcel: str, courier: str, at: int, tour: str = "t1") -> m.Event:
    return m.AttemptFailed(**scan(parcel, courier, at, tour), failure=FailureCode.ABSENT)


def received(parcel: str, at: int, purpose: Purpose, **fields: Any) -> m.Event:
    told = {
        "actor": "couriers/gus",
        "shelf": "S-1",
        "keep_until": NOON + HOUR,
        "giver": Custodian(kind=CustodianKind.COURIER, id="rex"),
        "hub": "booth",
        "purpose": purpose,
        **{k: v for k, v in scan(parcel, "", at).items() if k != "courier"},
        **fields,
    }
    return m.ParcelReceivedAtHub(**told)


def kpis(*events: m.Event) -> dict[str, Any]:
    return Metrics().fold(events).kpis()


def test_doors_of_one_entrance_that_follow_each_other_are_one_visit() -> None:
    """Three parcels of entrance 1, one of entrance 2, and one more of entrance 1 later."""
    a, b = door("3"), door("3", "2", 420)
    day = created(p1=a, p2=a, p3=door("3", floor=5), p4=b, p5=a)
    found = kpis(*day, *(given(f"p{n}", "gus", 60 * n) for n in range(1, 6)))
    assert (found["visits"], found["parcels_per_visit"]) == (3, round(5 / 3, 4))
    assert found["shared_visit_share"] == 0.6
    assert found["guard_deliveries"] == 5


def test_two_tours_to_one_entrance_are_two_visits() -> None:
    """What two couriers bring to one entrance at the same time shares nothing."""
    day = created(p1=door("3"), p2=door("3"))
    found = kpis(*day, given("p1", "gus", 60), given("p2", "rex", 61, "t2"))
    assert (found["visits"], found["shared_visit_share"]) == (2, 0.0)


def test_a_visit_in_vain_is_a_visit_and_gives_nothing() -> None:
    """One of two at the entrance is at home: a visit of one parcel, which is not shared."""
    found = kpis(
        *created(p1=door("3"), p2=door("3"), p3=door("5", east_m=460)),
        failed("p1", "gus", 60),
        given("p2", "gus", 90),
        failed("p3", "gus", 190),
    )
    assert (found["visits"], found["parcels_per_visit"], found["shared_visit_share"]) == (2, 0.5, 0)


def test_a_try_at_a_hub_is_no_visit_of_an_entrance() -> None:
    """A courier who found the booth closed has visited nobody's door."""
    day = created(p1=door("3"))
    booth = place(300, hub="booth", is_door=False)
    tour = a_tour(a_stop(booth, "p1", Purpose.RELAY))
    found = kpis(*day, tour, failed("p1", "gus", 60))
    assert found["visits"] == 0


def a_stop(where: Place, parcel: str, purpose: Purpose) -> Stop:
    """Give a planned drop-off."""
    action = StopAction(leg=f"m/{parcel}/1", kind=ActionKind.DROPOFF, purpose=purpose)
    times = {"arrives_at": NOON, "leaves_at": NOON, "travel_s": 60, "distance_m": 100}
    return Stop(place=where, actions=(action,), **times)


def a_tour(*stops: Stop) -> m.Event:
    """Give an accepted tour."""
    plan = an_itinerary(a_courier("gus"), [a_parcel("p1", leg="m/p1/1")], NOON)
    legs = tuple(action.leg for stop in stops for action in stop.actions)
    plan = type(plan)(
        **{
            **{name: getattr(plan, name) for name in plan.__struct_fields__},
            "stops": stops,
            "legs": legs,
        }
    )
    tour = Tour(id="t1", courier="gus", offer="o1", itinerary=plan, accepted_at=NOON)
    return m.OfferAccepted(at=NOON, courier="gus", offer="o1", tour=tour)


def test_at_the_gate_two_parcels_of_two_entrances_are_one_visit() -> None:
    """A courier who is not let in meets both recipients at the same place."""
    gate = place(350, is_door=False)
    day = created(p1=door("3"), p2=door("5"))
    stops = [a_stop(gate, parcel, Purpose.GATE) for parcel in ("p1", "p2")]
    found = kpis(
        *day,
        a_tour(*stops),
        given("p1", "rex", 60, purpose=Purpose.GATE),
        given("p2", "rex", 70, purpose=Purpose.GATE),
    )
    assert (found["visits"], found["shared_visit_share"], found["gate_handovers"]) == (1, 1.0, 2)
    assert found["compounds"]["garden"]["gate"] == 2


def test_every_parcel_got_in_by_one_way_or_not_at_all() -> None:
    """The ways of a compound add up to its parcels; parcels elsewhere are none of its."""
    names = ("guard", "rider", "other", "gate", "left", "fetched", "back", "open")
    day = created(**{name: door("3") for name in names}, street=place(50))
    found = kpis(
        *day,
        received("guard", 10, Purpose.RELAY),
        given("guard", "gus", 60),
        given("rider", "rex", 60, "t2"),
        given("other", "nan", 60, "t3"),
        given("gate", "rex", 70, "t2", purpose=Purpose.GATE),
        given("left", "nan", 70, "t3", purpose=Purpose.SAFE_PLACE),
        received("fetched", 80, Purpose.COLLECTION),
        m.ParcelCollected(
            at=NOON + 90,
            parcel="m/fetched",
            hub="booth",
            actor="couriers/gus",
            proof="CODE",
            happened_at=NOON + 90,
        ),
        m.ParcelBroughtBack(**scan("back", "gus", 99), custodian=BOOTH),
        given("street", "rex", 99, "t2"),
    )["compounds"]
    garden = found["garden"]
    assert found.keys() == {"garden"}
    assert [garden[way] for way in WAYS_IN] == [1] * 8
    assert (garden["parcels"], garden["relayed"]) == (8, 1)


def test_an_outcome_that_was_corrected_counts_as_it_is_now() -> None:
    """What was not given after all is not in; what was given after all is."""
    told: dict[str, Any] = {
        "actor": "boss",
        "reason": "r",
        "leg": "m/p1/1",
        "courier": "gus",
        "tour": "t1",
    }
    corrected = m.OutcomeCorrected(
        at=NOON + 99, parcel="m/p1", was="DELIVERED", now="ABSENT", custodian=BOOTH, **told
    )
    day = [*created(p1=door("3")), given("p1", "gus", 60), corrected]
    assert kpis(*day)["compounds"]["garden"]["not_in"] == 1
    again = m.OutcomeCorrected(
        at=NOON + 120, parcel="m/p1", was="ABSENT", now="DELIVERED", custodian=BOOTH, **told
    )
    assert kpis(*day, again)["compounds"]["garden"]["door_by_guard"] == 1


def test_all_paid_minutes_are_counted() -> None:
    """A guard's tour until back at the post, a rider's until free, scans, shelves and sorting."""
    ended: dict[str, Any] = {"place": place(), "distance_m": 100, "away_s": 0}
    day = [
        *created(p1=door("3"), p2=door("3")),
        m.TourStarted(at=NOON, courier="rex", tour="t1", happened_at=NOON),
        received("p1", 100, Purpose.RELAY),
        m.TourCompleted(
            at=NOON + 110,
            courier="rex",
            tour="t1",
            kind=CourierKind.RIDER,
            happened_at=NOON + 110,
            free_at=NOON + 200,
            **ended,
        ),
        m.TourStarted(at=NOON + 300, courier="gus", tour="t2", happened_at=NOON + 300),
        m.ParcelPickedUp(**scan("p1", "gus", 301, "t2"), giver=BOOTH, single_actor=True),
        given("p1", "gus", 400, "t2"),
        m.TourCompleted(
            at=NOON + 410,
            courier="gus",
            tour="t2",
            kind=CourierKind.GUARD,
            happened_at=NOON + 410,
            free_at=NOON + 450,
            **ended,
        ),
        m.CourierReturned(at=NOON + 480, courier="gus", happened_at=NOON + 480, away_s=180),
    ]
    found = kpis(*day)
    sorting_s = 2 * SORTING_S
    assert found["paid_s"] == {
        "tours": 200 + 180,
        "counters": 4 + 8,
        "sorting": sorting_s,
        "sorting_a_parcel_assumed": SORTING_S,
    }
    assert found["parcels_per_paid_minute"] == round(60 / (380 + 12 + sorting_s), 4)


def test_a_tour_that_was_given_up_is_paid_until_then() -> None:
    """A rescue ends the tour of whoever vanished; counters count each scan of a person."""
    day = [
        *created(p1=door("3")),
        m.TourStarted(at=NOON, courier="rex", tour="t1", happened_at=NOON),
        m.ParcelPickedUp(**scan("p1", "rex", 5), giver=BOOTH, witness="couriers/gus"),
        m.TourAborted(at=NOON + 90, courier="rex", tour="t1", reason="RESCUED"),
        m.ParcelBroughtBack(**scan("p1", "rex", 95), custodian=BOOTH, actor="couriers/gus"),
    ]
    paid_s = kpis(*day)["paid_s"]
    assert (paid_s["tours"], paid_s["counters"]) == (90, 24)


def test_a_day_of_nothing_has_no_ratios() -> None:
    """Ratios of nothing are None."""
    found = kpis()
    names = ("parcels_per_paid_minute", "parcels_per_visit", "shared_visit_share")
    assert [found[name] for name in names] == [None] * 3
    assert found["compounds"] == {}
