import pytest

from dispatch.core import absence
from dispatch.core import messages as m
from dispatch.core.model import (
    ActionKind,
    Attempt,
    Custodian,
    CustodianKind,
    FailureCode,
    LegKind,
    LegState,
    Mode,
)
from dispatch.core.policy import Policy
from tests.core.town import HOUR, NOON, Story, a_parcel, place, window

POLICY = Policy()
VISIT = Attempt(at=NOON, courier="ann", failure=FailureCode.ABSENT)


def test_the_last_moment_is_the_windows_end_or_the_promise_and_grace() -> None:
    """An agreed window is hard, a promise alone may be missed by hours."""
    assert absence.last_moment(a_parcel(), POLICY) == NOON + 2 * HOUR + POLICY.give_up_s
    narrow = a_parcel(window=window(0, 600))
    assert absence.last_moment(narrow, POLICY) == NOON + 600


@pytest.mark.parametrize(
    ("attempts", "most", "at", "again"),
    [
        (1, 2, NOON, True),
        (2, 2, NOON, False),
        (1, 1, NOON, False),
        (2, 3, NOON, True),
        (1, 2, NOON + 2 * HOUR + POLICY.give_up_s - POLICY.reattempt_s, True),
        (1, 2, NOON + 2 * HOUR + POLICY.give_up_s - POLICY.reattempt_s + 1, False),
    ],
)
def test_another_attempt_needs_a_number_and_time(
    attempts: int, most: int, at: int, *, again: bool
) -> None:
    """The count of attempts and the last moment both bound it, inclusive."""
    parcel = a_parcel(attempts=(VISIT,) * attempts, max_attempts=most)
    assert absence.may_try_again(parcel, POLICY, at) is again
    leg = absence.next_attempt(parcel, POLICY, at)
    assert (leg is not None) is again
    if leg is not None:
        assert leg.not_before == at + POLICY.reattempt_s
        assert (leg.kind, leg.state) == (LegKind.FORWARD, LegState.PLANNED)
        assert (leg.pickup, leg.dropoff) == (parcel.pickup, parcel.dropoff)


def test_origin_is_who_gave_it() -> None:
    """The hub where it lay, else the merchant."""
    hub = Custodian(kind=CustodianKind.HUB, id="station")
    assert absence.origin_of(a_parcel(origin_hub="station")) == hub
    merchant = Custodian(kind=CustodianKind.SENDER, id="m")
    assert absence.origin_of(a_parcel()) == merchant


def test_the_way_back_is_planned_from_the_last_stop() -> None:
    """A leg of its own kind and number, times by the policy's estimate, services added."""
    story = Story()
    story.courier(mode=Mode.FOOT)
    story.parcel("p1")
    story.parcel("p2", dropoff=place(0, 1000))
    story.carry("ann", "p1", "p2")
    events = story.drop_off("ann", "p1", FailureCode.ABSENT)
    (planned,) = [event for event in events if isinstance(event, m.ReturnPlanned)]
    assert (planned.leg.id, planned.leg.kind) == ("m/p1/2", LegKind.RETURN)
    assert (planned.leg.state, planned.leg.courier) == (LegState.ACTIVE, "ann")
    assert planned.stop.place == story.state.parcel("m/p1").pickup
    assert [action.kind for action in planned.stop.actions] == [ActionKind.DROPOFF]
    travel_s, distance_m = POLICY.estimate(Mode.FOOT, 1000)
    assert (planned.stop.travel_s, planned.stop.distance_m) == (travel_s, distance_m)
    last = story.tour("ann").stops[-2]
    assert planned.stop.arrives_at == last.leaves_at + travel_s
    assert planned.stop.leaves_at == planned.stop.arrives_at + POLICY.scan_s + POLICY.shelve_s
    assert (planned.final, planned.reason) == (False, "ABSENT")
