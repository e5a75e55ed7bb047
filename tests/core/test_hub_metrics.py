"""What hubs were used for: figures by hand, from events alone."""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.metrics import Metrics
from dispatch.core.model import (
    Custodian,
    CustodianKind,
    FailureCode,
    HubKind,
    Leg,
    LegKind,
    ParcelState,
    Purpose,
)
from tests.core.town import HOUR, NOON, a_hub, a_parcel, place

ANN = Custodian(kind=CustodianKind.COURIER, id="ann")


def a_leg(parcel: str, number: int = 1, kind: LegKind = LegKind.FORWARD) -> Leg:
    """Give a leg of a parcel."""
    return Leg(
        id=f"m/{parcel}/{number}",
        parcel=f"m/{parcel}",
        kind=kind,
        pickup=place(),
        dropoff=place(400),
        not_before=NOON,
    )


def created(*names: str) -> list[m.Event]:
    """Give the beginning of a day: a shop of two slots, a booth, and parcels."""
    shop = a_hub("shop", kind=HubKind.SHOP, slots=(1, 1, 0))
    return [
        m.HubCreated(at=NOON, hub=shop),
        m.HubCreated(at=NOON, hub=a_hub("booth", kind=HubKind.BOOTH, slots=(4, 0, 0))),
        *(m.ParcelCreated(at=NOON, parcel=a_parcel(name), leg=a_leg(name)) for name in names),
    ]


def received(parcel: str, at: int, purpose: Purpose, hub: str = "shop", **fields: Any) -> m.Event:
    """Give a hand-over to a hub, seconds after noon."""
    return m.ParcelReceivedAtHub(
        at=NOON + at,
        parcel=f"m/{parcel}",
        leg=f"m/{parcel}/1",
        hub=hub,
        giver=ANN,
        actor="keeper",
        purpose=purpose,
        shelf="S-1",
        keep_until=NOON + 24 * HOUR,
        happened_at=NOON + at,
        **fields,
    )


def scanned(kind: type[m.ScanEvent], parcel: str, at: int, **fields: Any) -> m.Event:
    """Give what a courier's report caused, seconds after noon."""
    return kind(
        at=NOON + at,
        parcel=f"m/{parcel}",
        leg=f"m/{parcel}/1",
        courier="ann",
        tour="t1",
        happened_at=NOON + at,
        **fields,
    )


def collected(parcel: str, at: int) -> m.Event:
    """Give a collection, seconds after noon."""
    return m.ParcelCollected(
        at=NOON + at,
        parcel=f"m/{parcel}",
        hub="shop",
        actor="keeper",
        proof="CODE",
        happened_at=NOON + at,
    )


def figures(*events: m.Event) -> dict[str, Any]:
    """Return the figures of events."""
    return Metrics().fold(events).kpis()


def test_a_hub_is_as_full_as_it_was_at_its_fullest() -> None:
    """Peaks count what stood there at once, dwell is from one scan to the other."""
    hubs = figures(
        *created("p1", "p2", "p3", "p4"),
        received("p1", 0, Purpose.COLLECTION),
        received("p2", 600, Purpose.HOLD),
        collected("p1", 1200),
        received("p3", 1800, Purpose.COLLECTION),
        received("p4", 1800, Purpose.RELAY, hub="booth", next_leg=a_leg("p4", 2)),
        scanned(m.ParcelPickedUp, "p2", 2400),
    )["hubs"]
    assert hubs["received"] == {"RELAY": 1, "HOLD": 1, "COLLECTION": 2}
    assert (hubs["peak_occupancy"], hubs["peak_occupancy_share"]) == (2, 1.0)
    assert {purpose: its["p95"] for purpose, its in hubs["dwell_s"].items()} == {
        "RELAY": None, "HOLD": 1800, "COLLECTION": 1200,
    }  # fmt: skip
    assert (hubs["collected"], hubs["left_inside"]) == (1, 2)
    assert hubs["by_hub"] == {
        "booth": {"kind": "booth", "slots": 4, "received": 1, "peak": 1},
        "shop": {"kind": "shop", "slots": 2, "received": 3, "peak": 2},
    }


def test_what_hubs_could_not_take() -> None:
    """Full and closed are told apart; what was too long inside, sent back or moved is counted."""
    back = a_leg("p3", 2, LegKind.RETURN)
    hubs = figures(
        *created("p1", "p2", "p3"),
        scanned(m.AttemptFailed, "p1", 60, failure=FailureCode.HUB_FULL, counts=False),
        scanned(m.PickupFailed, "p2", 60, failure=FailureCode.HUB_CLOSED),
        received("p3", 100, Purpose.COLLECTION),
        m.SlotOverdue(at=NOON + HOUR, hub="shop", parcel="m/p3", returns_at=NOON + 2 * HOUR),
        m.LegReleased(
            at=NOON + 2 * HOUR,
            parcel="m/p3",
            leg=back,
            reason="OVERDUE",
            state=ParcelState.RETURNING,
        ),
    )["hubs"]
    assert (hubs["refused_full"], hubs["refused_closed"]) == (1, 1)
    assert (hubs["overdue"], hubs["sent_back"], hubs["left_inside"]) == (1, 1, 1)


def test_a_promise_is_kept_when_the_parcel_stands_in_the_agreed_hub() -> None:
    """Fetched hours later, it is delivered then, and on time; a hold on the way keeps nothing."""
    told = figures(
        *created("p1", "p2"),
        received("p1", 600, Purpose.COLLECTION),
        received("p2", 600, Purpose.HOLD, next_leg=a_leg("p2", 2)),
        collected("p1", 20 * HOUR),
        scanned(m.ParcelPickedUp, "p2", 3 * HOUR),
        scanned(m.ParcelDelivered, "p2", 4 * HOUR),
    )
    assert (told["delivered"], told["on_time_share"]) == (2, 0.5)
    assert told["click_to_door_s"]["p50"] == 600


def test_success_at_the_first_attempt() -> None:
    """Straight into the agreed hub is a success; after a visit in vain it is none.

    A full hub is no visit: the recipient had no part in it.
    """
    told = figures(
        *created("p1", "p2", "p3", "p4"),
        received("p1", 600, Purpose.COLLECTION),
        collected("p1", 1200),
        scanned(m.AttemptFailed, "p2", 600, failure=FailureCode.ABSENT),
        received("p2", 900, Purpose.COLLECTION),
        collected("p2", 1200),
        scanned(m.AttemptFailed, "p3", 600, failure=FailureCode.HUB_FULL, counts=False),
        scanned(m.ParcelDelivered, "p3", 900),
    )
    assert (told["created"], told["delivered"]) == (4, 3)
    assert told["first_attempt_success"] == 0.5
    assert told["unserved_by_reason"] == {"OPEN": 1}


def test_a_correction_takes_a_delivery_back() -> None:
    """What was reported wrongly counts as what it was."""
    wrong = [*created("p1"), scanned(m.ParcelDelivered, "p1", 600)]
    told = figures(
        *wrong,
        m.OutcomeCorrected(
            at=NOON + 700,
            parcel="m/p1",
            leg="m/p1/1",
            courier="ann",
            tour="t1",
            was="DELIVERED",
            now="ABSENT",
            custodian=ANN,
            actor="ann",
            reason="wrong door",
        ),
    )
    assert (told["delivered"], told["unserved_by_reason"]) == (0, {"ABSENT": 1})


def test_what_was_written_off_ended_so() -> None:
    """Lost parcels say so, with the reason."""
    lost = m.ParcelWrittenOff(
        at=NOON, parcel="m/p1", to=ParcelState.LOST, actor="ops", reason="FIRE"
    )
    told = figures(*created("p1"), received("p1", 0, Purpose.HOLD), lost)
    assert (told["ended"], told["unserved_by_reason"]) == ({"LOST": 1}, {"FIRE": 1})
    assert told["hubs"]["left_inside"] == 0
