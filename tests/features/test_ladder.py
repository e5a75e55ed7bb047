"""The recipient's ladder: where a parcel goes when its door stays shut, in the recipient's order.

The next rung is planned at once, on the same parcel and the same tour. A hub, a neighbour and a
safe place need consent on record; another attempt and the way back stand at the end of every
ladder.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.model import (
    ActionKind,
    Contract,
    CourierKind,
    DeliveryOption,
    FailureCode,
    Mode,
    OptionKind,
    ParcelState,
    ProofKind,
    Purpose,
)
from dispatch.core.state import replace
from tests.core.town import (
    HOUR,
    NOON,
    PHOTO,
    Story,
    a_relay_hub,
    consent,
    names,
    place,
    slot,
    window,
)
from tests.features.street import (
    DOOR_M,
    a_shop,
    next_stop,
    nobody_home,
    open_hub,
    to_the_shop,
    tried,
)

DOOR = DeliveryOption(kind=OptionKind.DOOR)
HUB = consent(OptionKind.HUB)
NINA = consent(OptionKind.PERSON, "nina")
MAT = consent(OptionKind.SAFE_PLACE)
AGAIN = DeliveryOption(kind=OptionKind.REATTEMPT)
BACK = DeliveryOption(kind=OptionKind.RETURN)


@pytest.fixture
def street(story: Story) -> Story:
    """Give the town a station, a shop that collects, and nina, who lives next to the door."""
    story.hub()
    open_hub(story, a_shop())
    story.courier(
        "nina",
        kind=CourierKind.NEIGHBOUR,
        mode=Mode.FOOT,
        home=place(DOOR_M + 20, 0, door_key="door-of-nina"),
    )
    return story


# --- in the recipient's own order ------------------------------------------------------


def test_first_the_shop(street: Story) -> None:
    """Door, shop, neighbour: it goes to the shop, where a slot is held before ann sets out."""
    street.parcel("p1", origin_hub="station", options=(DOOR, HUB, NINA))
    street.carry("ann", "p1")
    events = nobody_home(street)
    assert names(events)[1:4] == ["AttemptFailed", "SlotReserved", "ParcelDiverted"]
    assert next_stop(street) == (Purpose.COLLECTION, "shop")


def test_first_the_neighbour(street: Story) -> None:
    """Door, neighbour, shop: nina takes it, and signs for it with her name."""
    assert tried(street, NINA, HUB) == (Purpose.PERSON, "")
    leg = street.state.leg("m/p1/2")
    assert leg.dropoff == street.state.courier("nina").home
    (delivered, *_) = [
        event for event in street.drop_off("ann", "p1") if isinstance(event, m.ParcelDelivered)
    ]
    assert delivered.purpose is Purpose.PERSON
    assert street.parcel_state() is ParcelState.DELIVERED


def test_first_the_door_mat(street: Story) -> None:
    """Door, safe place: at the same door at once, proved by a photo."""
    assert tried(street, MAT, HUB) == (Purpose.SAFE_PLACE, "")
    assert street.state.leg("m/p1/2").dropoff == street.state.parcel("m/p1").dropoff
    (delivered, *_) = [
        event for event in street.drop_off("ann", "p1") if isinstance(event, m.ParcelDelivered)
    ]
    assert (delivered.purpose, delivered.proofs) == (Purpose.SAFE_PLACE, PHOTO.proofs)


def test_first_another_attempt(street: Story) -> None:
    """Who wants to be at home rather than to walk: back to the station, and again in an hour."""
    assert tried(street, AGAIN, HUB) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED
    street.drop_off("ann", "p1")
    assert street.parcel_state() is ParcelState.READY
    assert street.state.leg("m/p1/3").not_before == NOON + HOUR


def test_first_the_way_back(street: Story) -> None:
    """Who wants it now or never gets it now or never."""
    assert tried(street, BACK, HUB) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.RETURNING


def test_one_rung_after_the_other(street: Story) -> None:
    """Nina is out too, the shop is full: each failure is the step to the next rung."""
    tried(street, NINA, HUB)
    nobody_home(street)
    assert next_stop(street) == (Purpose.COLLECTION, "shop")
    nobody_home(street, failure=FailureCode.HUB_FULL)
    assert next_stop(street) == (Purpose.RETURN, "station")
    failures = [attempt.failure for attempt in street.state.parcel("m/p1").attempts]
    assert failures == [FailureCode.ABSENT, FailureCode.ABSENT, FailureCode.HUB_FULL]


@pytest.mark.parametrize("failure", [FailureCode.HUB_FULL, FailureCode.HUB_CLOSED])
def test_a_shop_that_cannot_take_it_is_the_next_step_and_not_the_end(
    street: Story, failure: FailureCode
) -> None:
    """Full or closed on the way: on to the neighbour; the slot is given up, no attempt is used."""
    tried(street, HUB, NINA)
    events = nobody_home(street, failure=failure)
    assert "SlotReleased" in names(events)
    assert next_stop(street) == (Purpose.PERSON, "")
    assert [attempt.counts for attempt in street.state.parcel("m/p1").attempts] == [True, False]


def test_the_mat_after_the_shop_is_still_the_doors(street: Story) -> None:
    """Sent away at the shop, ann goes back to the door to leave it there."""
    tried(street, HUB, MAT)
    nobody_home(street, failure=FailureCode.HUB_FULL)
    assert next_stop(street)[0] is Purpose.SAFE_PLACE
    assert street.state.leg("m/p1/3").dropoff == street.state.parcel("m/p1").dropoff


def test_the_shop_first_and_then_the_door(street: Story) -> None:
    """Who would rather collect has the door as the second rung."""
    street.parcel("p1", origin_hub="station", options=(HUB, DOOR))
    street.assign("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    street.pick_up("ann", "p1")
    nobody_home(street, failure=FailureCode.HUB_FULL)
    assert next_stop(street)[0] is Purpose.DOOR
    street.drop_off("ann", "p1")
    assert street.parcel_state() is ParcelState.DELIVERED


def test_the_other_doors_wait_no_longer_than_needed(street: Story) -> None:
    """Nina and the mat are next on the tour, the shop and the way back are its last stops."""
    street.parcel("p2", dropoff=place(DOOR_M, 300, door_key="other"))
    street.parcel("p1", origin_hub="station", options=(DOOR, NINA, HUB))
    street.assign("ann", "p1", "p2")
    for parcel in ("p1", "p2"):
        street.pick_up("ann", parcel)
    nobody_home(street)
    order = [
        action.leg
        for stop in street.tour("ann").stops
        for action in stop.actions
        if action.kind is ActionKind.DROPOFF
    ]
    assert order == ["m/p1/1", "m/p1/2", "m/p2/1"]
    nobody_home(street)
    assert street.tour("ann").stops[-1].place.hub == "shop"


# --- without consent -------------------------------------------------------------------


@pytest.mark.parametrize("kind", [OptionKind.HUB, OptionKind.PERSON, OptionKind.SAFE_PLACE])
def test_a_wish_without_consent_is_no_rung(street: Story, kind: OptionKind) -> None:
    """Named and never agreed to: no collection, no neighbour, no safe place."""
    target = "nina" if kind is OptionKind.PERSON else ""
    unasked = DeliveryOption(kind=kind, target=target)
    assert tried(street, unasked) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED


def test_a_plain_ladder_is_tried_again(street: Story) -> None:
    """The door alone: nobody asks the recipient, nobody else gets it."""
    assert tried(street) == (Purpose.RETURN, "station")


# --- which hub -------------------------------------------------------------------------


def test_the_nearest_shop_to_the_door(street: Story) -> None:
    """Of two that collect the nearer one."""
    open_hub(street, a_shop("corner", place=place(DOOR_M, 40, hub="corner", is_door=False)))
    assert tried(street, HUB) == (Purpose.COLLECTION, "corner")


def test_a_full_shop_is_passed_over(street: Story) -> None:
    """The one slot of its size is held for another parcel: the next shop."""
    open_hub(
        street,
        a_shop("corner", slots=(1, 5, 5), place=place(DOOR_M, 40, hub="corner", is_door=False)),
    )
    street.parcel("p0", options=(DOOR, HUB))
    until = street.now + HOUR
    street.do(m.ReserveSlot(hub="corner", parcel="m/p0", purpose=Purpose.COLLECTION, until=until))
    assert tried(street, HUB) == (Purpose.COLLECTION, "shop")


def test_a_closed_or_paused_shop_is_passed_over(street: Story) -> None:
    """Only a counter that will be open on arrival is a place to go to."""
    early = a_shop(
        "early", hours=(window(0, 60),), place=place(DOOR_M, 40, hub="early", is_door=False)
    )
    open_hub(street, early)
    street.do(m.PauseHub(hub="shop", actor="users/dora", reason="flood"))
    assert tried(street, HUB) == (Purpose.RETURN, "station")


def test_a_booth_that_only_holds_is_no_shop(street: Story) -> None:
    """Nobody collects where the operator has not agreed to it, consent or not."""
    open_hub(street, a_relay_hub())
    street.do(m.PauseHub(hub="shop", actor="users/dora", reason="flood"))
    assert tried(street, HUB)[0] is not Purpose.COLLECTION


def test_the_shop_that_was_named(street: Story) -> None:
    """Consent to one shop is consent to that one, the nearer one or not."""
    open_hub(street, a_shop("corner", place=place(DOOR_M, 40, hub="corner", is_door=False)))
    assert tried(street, consent(OptionKind.HUB, "shop")) == (Purpose.COLLECTION, "shop")


def test_too_far_a_walk(street: Story) -> None:
    """A shop that nobody named and that is beyond the policy's radius is no rung."""
    far = place(DOOR_M, 1600, hub="far", is_door=False)
    open_hub(street, a_shop("far", place=far))
    street.do(m.PauseHub(hub="shop", actor="users/dora", reason="flood"))
    assert tried(street, HUB) == (Purpose.RETURN, "station")


# --- nobody else -----------------------------------------------------------------------


@pytest.mark.parametrize("failure", [FailureCode.REFUSED, FailureCode.DAMAGED])
def test_refused_and_damaged_go_back_at_once(street: Story, failure: FailureCode) -> None:
    """No neighbour, no shop, no second attempt."""
    assert tried(street, NINA, HUB, MAT, AGAIN, failure=failure) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.RETURNING


@pytest.mark.parametrize(
    "failure", [FailureCode.ID_FAILED, FailureCode.PIN_FAILED, FailureCode.COD_UNPAID]
)
def test_who_could_not_prove_to_be_the_recipient(street: Story, failure: FailureCode) -> None:
    """Nobody else gets it: it is tried again, or goes back."""
    assert tried(street, NINA, MAT, HUB, failure=failure) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED


def test_a_full_booth_does_not_make_a_shop_of_it(street: Story) -> None:
    """No code was right at the door, and the booth that should hold it is full: still not nina."""
    open_hub(street, a_relay_hub())
    assert tried(street, NINA, HUB, failure=FailureCode.PIN_FAILED) == (Purpose.HOLD, "booth")
    nobody_home(street, failure=FailureCode.HUB_FULL)
    assert next_stop(street) == (Purpose.RETURN, "station")


@pytest.mark.parametrize("failure", [FailureCode.NOT_ATTEMPTED, FailureCode.WEATHER])
def test_a_door_that_nobody_tried_is_not_passed_over(street: Story, failure: FailureCode) -> None:
    """The recipient's first rung was the door: it is tried another time, not skipped."""
    assert tried(street, HUB, NINA, MAT, failure=failure) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED


@pytest.mark.parametrize("proof", [ProofKind.SIGNATURE, ProofKind.PIN, ProofKind.IDENTITY])
def test_what_only_the_recipient_may_take(street: Story, proof: ProofKind) -> None:
    """Where the merchant asks for the recipient in person, neighbour and mat are passed over."""
    assert tried(street, NINA, MAT, HUB, proofs=(proof,)) == (Purpose.COLLECTION, "shop")


# --- the neighbour ---------------------------------------------------------------------


def test_a_neighbour_who_is_out_is_passed_over(street: Story) -> None:
    """Offline, or on a tour of her own: the next rung."""
    street.do(m.GoOffline(courier="nina"))
    assert tried(street, NINA, HUB) == (Purpose.COLLECTION, "shop")


def test_a_neighbour_on_a_tour_is_passed_over(street: Story) -> None:
    """Who carries parcels is not at home to take one."""
    street.parcel("p0")
    street.assign("nina", "p0")
    assert tried(street, NINA, HUB) == (Purpose.COLLECTION, "shop")


def test_a_courier_is_not_the_own_neighbour(street: Story) -> None:
    """Ann does not leave it with ann."""
    street.courier("eve", slots=[slot()], home=place(DOOR_M + 30, 0))
    street.parcel(
        "p1", origin_hub="station", options=(DOOR, consent(OptionKind.PERSON, "eve"), HUB)
    )
    street.carry("eve", "p1")
    nobody_home(street, "eve")
    assert next_stop(street) == (Purpose.COLLECTION, "shop")


# --- the end of the ladder -------------------------------------------------------------


def test_attempts_used_up(street: Story) -> None:
    """One attempt was agreed: after it the next is the way back, for good."""
    assert tried(street, max_attempts=1) == (Purpose.RETURN, "station")
    assert street.parcel_state() is ParcelState.RETURNING


def test_attempts_used_up_leave_the_other_rungs(street: Story) -> None:
    """No attempt is left, but the shop is no attempt."""
    assert tried(street, AGAIN, HUB, max_attempts=1) == (Purpose.COLLECTION, "shop")


def test_one_visit_is_one_attempt(street: Story) -> None:
    """At the door, at nina's and on the mat: ann was there once, and one attempt is left."""
    tried(street, NINA, MAT)
    nobody_home(street)
    nobody_home(street, failure=FailureCode.NO_SAFE_PLACE)
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED, "it is tried again"


def test_collected_in_the_end(street: Story) -> None:
    """From the empty door to the shop, and from there to the recipient."""
    to_the_shop(street, "p1")
    street.release("shop", "p1", code_serial=street.code("shop", "p1"))
    parcel = street.state.parcel("m/p1")
    assert (parcel.state, parcel.reason) == (ParcelState.DELIVERED, "")
    assert len(parcel.attempts) == 1


def test_what_the_plan_passed_over_comes_first(street: Story) -> None:
    """Who would rather collect, and was visited at the door all the same, gets the shop next."""
    street.parcel("p1", origin_hub="station", options=(HUB, DOOR))
    street.carry("ann", "p1")
    nobody_home(street)
    assert next_stop(street)[0] is Purpose.COLLECTION


def test_a_shop_that_the_plan_chose_falls_back_on_the_door(street: Story) -> None:
    """Taken straight to the shop, which is full: then the door, which nobody has tried."""
    street.parcel("p1", origin_hub="station", options=(DOOR, HUB))
    street.assign("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    street.pick_up("ann", "p1")
    nobody_home(street, failure=FailureCode.HUB_FULL)
    assert next_stop(street)[0] is Purpose.DOOR


def test_nobody_is_asked_twice(street: Story) -> None:
    """Two neighbours who are both out: after the second the parcel goes on, not back to her."""
    street.courier("olga", kind=CourierKind.NEIGHBOUR, home=place(DOOR_M + 40, 0))
    street.parcel("p1", options=(DOOR, NINA, consent(OptionKind.PERSON, "olga"), BACK))
    street.carry("ann", "p1")
    homes = []
    for _ in range(3):
        nobody_home(street)
        homes.append(street.state.leg(street.state.parcel("m/p1").leg).dropoff)
    nina, olga = (street.state.courier(name).home for name in ("nina", "olga"))
    assert homes == [nina, olga, street.state.parcel("m/p1").pickup]


def test_a_rung_between_does_not_confuse_the_phone(street: Story) -> None:
    """A phone that was off tells of the next door by the number that the stop had for it."""
    street.parcel("p1", options=(DOOR, MAT))
    street.parcel("p2", dropoff=place(DOOR_M + 400, 0))
    street.carry("ann", "p1", "p2")
    told = street.report_of("ann", "p2", ActionKind.DROPOFF)
    nobody_home(street)
    assert street.report_of("ann", "p2", ActionKind.DROPOFF).report.stop == told.report.stop + 1
    there = replace(told.report, id="a", leg="", action=None)
    (arrived, *_) = street.do(replace(told, report=there))
    assert isinstance(arrived, m.StopArrived)
    assert arrived.stop == told.report.stop + 1
    street.do(told)
    assert street.parcel_state("p2") is ParcelState.DELIVERED
    assert street.tour("ann").stops[told.report.stop].arrived_at == 0, "nobody was there yet"


def test_a_hub_that_sent_it_away_is_not_asked_again(street: Story) -> None:
    """The books of shop and booth say that there is room, their counters do not: it goes back."""
    open_hub(street, a_relay_hub(contracts=(Contract.HOLD,)))
    street.parcel("p1", origin_hub="station", options=(DOOR, HUB))
    street.carry("ann", "p1")
    nobody_home(street)
    seen = [next_stop(street)]
    for _ in range(2):
        nobody_home(street, failure=FailureCode.HUB_FULL)
        seen.append(next_stop(street))
    assert seen == [
        (Purpose.COLLECTION, "shop"),
        (Purpose.HOLD, "booth"),
        (Purpose.RETURN, "station"),
    ]
