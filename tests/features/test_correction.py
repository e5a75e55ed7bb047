"""What was reported wrongly at a door is put right within half an hour, in both directions.

Nothing in the log is changed: a compensating event says what is so, who said it and why. Custody
has to agree, what was planned on the wrong report is given up, and nobody is paid twice.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import (
    AccessDenied,
    ConsentMissing,
    CustodyMismatch,
    InvalidTransition,
    InvalidValue,
    NotFound,
    ProofMissing,
    TooLate,
    WrongCode,
)
from dispatch.core.model import (
    ActionKind,
    Custodian,
    CustodianKind,
    FailureCode,
    LegState,
    OptionKind,
    ParcelState,
    ProofKind,
    Purpose,
    TourState,
)
from tests.core.town import HOUR, PHOTO, SIGNED, Story, consent, names
from tests.features.street import a_shop, next_stop, nobody_home, open_hub, to_the_shop

ANN = Custodian(kind=CustodianKind.COURIER, id="ann")
DORA = "users/dora"


@pytest.fixture
def street(story: Story) -> Story:
    """Give the town a shop, and ann on the way to the door of p1 with a parcel for p2's."""
    open_hub(story, a_shop())
    story.parcel("p1", options=(consent(OptionKind.DOOR), consent(OptionKind.HUB)))
    story.parcel("p2")
    story.assign("ann", "p1", "p2", detour_s=120)
    story.pick_up("ann", "p1")
    story.pick_up("ann", "p2")
    return story


def correct(
    story: Story,
    failure: FailureCode | None = None,
    evidence: m.Evidence = SIGNED,
    leg: str = "m/p1/1",
    tour: str = "",
) -> m.CorrectStop:
    """Give ann's word for what became of p1 at its door; without a failure: it was given."""
    shown = m.Evidence() if failure else evidence
    return m.CorrectStop(
        courier="ann",
        tour=tour or story.tour("ann").id,
        leg=leg,
        reason="wrong button",
        actor="couriers/ann",
        failure=failure,
        evidence=shown,
    )


def corrected(events: tuple[m.Event, ...]) -> m.OutcomeCorrected:
    """Return the one correction among events."""
    (found,) = [event for event in events if isinstance(event, m.OutcomeCorrected)]
    return found


# --- it was not given ------------------------------------------------------------------


def test_it_was_not_given(street: Story) -> None:
    """Ann has it after all, as one more line of the ledger, and takes it to the next rung."""
    street.drop_off("ann", "p1")
    event = corrected(street.do(correct(street, FailureCode.ABSENT)))
    assert (event.was, event.now, event.actor, event.reason) == (
        "DELIVERED",
        "ABSENT",
        "couriers/ann",
        "wrong button",
    )
    parcel = street.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.ATTEMPT_FAILED, ANN)
    assert [line.custodian.kind.value for line in parcel.custody] == [
        "SENDER",
        "COURIER",
        "RECIPIENT",
        "COURIER",
    ]
    assert next_stop(street) == (Purpose.COLLECTION, "shop")
    assert street.state.leg("m/p1/1").state is LegState.FAILED


def test_it_goes_on_as_if_reported_rightly(street: Story) -> None:
    """To the shop, and from there to its recipient."""
    street.drop_off("ann", "p1")
    street.do(correct(street, FailureCode.ABSENT))
    street.drop_off("ann", "p2")
    street.drop_off("ann", "p1")
    street.receive("shop", "p1", "ann")
    assert street.parcel_state() is ParcelState.AWAITING_COLLECTION


def test_the_tour_that_had_ended_goes_on(street: Story) -> None:
    """It was her last parcel: ann is on her tour again, and paid for the way once."""
    street.drop_off("ann", "p2")
    tour = street.tour("ann").id
    street.drop_off("ann", "p1")
    assert street.state.tour(tour).state is TourState.COMPLETED
    paid = street.earned("ann")
    street.do(correct(street, FailureCode.ABSENT, tour=tour))
    assert street.state.tour(tour).state is TourState.ACTIVE
    assert street.state.live_tour["ann"] == tour
    street.drop_off("ann", "p1")
    street.receive("shop", "p1", "ann")
    assert street.state.tour(tour).state is TourState.COMPLETED
    assert street.earned("ann") == paid


def test_on_the_next_tour_already(street: Story) -> None:
    """Ann is out with other parcels by now: what she still has goes on that tour."""
    street.drop_off("ann", "p2")
    old = street.tour("ann").id
    street.drop_off("ann", "p1")
    street.parcel("p3")
    new = street.carry("ann", "p3").id
    street.do(correct(street, FailureCode.ABSENT, tour=old))
    assert street.state.live_tour["ann"] == new
    assert street.state.tour(old).state is TourState.COMPLETED
    assert street.tour("ann").stops[-1].place.hub == "shop"
    street.drop_off("ann", "p3")
    street.drop_off("ann", "p1")
    street.receive("shop", "p1", "ann")
    assert street.parcel_state() is ParcelState.AWAITING_COLLECTION
    assert "ann" not in street.state.live_tour


def test_with_a_parcel_in_hand_nobody_has_stayed_at_home(street: Story) -> None:
    """The next tour has not begun, but what ann still has is on it: it is not taken back."""
    street.drop_off("ann", "p2")
    old = street.tour("ann").id
    street.drop_off("ann", "p1")
    street.parcel("p3")
    new = street.assign("ann", "p3").id
    events = street.do(correct(street, FailureCode.ABSENT, tour=old))
    assert "TourStarted" in names(events)
    street.wait(HOUR)
    assert street.state.live_tour["ann"] == new
    assert street.state.parcel("m/p1").custodian == ANN


def test_an_offer_for_the_next_tour_is_taken_back(street: Story) -> None:
    """Ann is on her last tour again: she cannot be on two."""
    street.drop_off("ann", "p2")
    tour = street.tour("ann").id
    street.drop_off("ann", "p1")
    street.parcel("p3")
    street.offer("ann", "p3")
    events = street.do(correct(street, FailureCode.ABSENT, tour=tour))
    assert names(events)[:2] == ["OfferWithdrawn", "OutcomeCorrected"]
    assert street.leg_state("p3") is LegState.PLANNED
    assert dict(street.state.live_tour) == {"ann": tour}


def test_refused_after_all(street: Story) -> None:
    """The recipient gave it back at the door: it goes back to the sender."""
    street.drop_off("ann", "p1")
    street.do(correct(street, FailureCode.REFUSED))
    assert street.parcel_state() is ParcelState.RETURNING


def test_not_even_attempted(street: Story) -> None:
    """The wrong parcel was ticked off: that is no attempt."""
    street.drop_off("ann", "p1")
    street.do(correct(street, FailureCode.NOT_ATTEMPTED))
    (attempt,) = street.state.parcel("m/p1").attempts
    assert (attempt.failure, attempt.counts) == (FailureCode.NOT_ATTEMPTED, False)
    assert next_stop(street)[0] is Purpose.RETURN


# --- it was given ----------------------------------------------------------------------


def test_it_was_given(street: Story) -> None:
    """The slot is given up, the stop at the shop is off the tour, the attempt never was."""
    nobody_home(street)
    assert street.state.hub_use["shop"] == (1, 0, 0)
    events = street.do(correct(street))
    assert names(events) == ["SlotReleased", "OutcomeCorrected"]
    assert (corrected(events).was, corrected(events).now) == ("ABSENT", "DELIVERED")
    parcel = street.state.parcel("m/p1")
    assert (parcel.state, parcel.attempts, parcel.reason) == (ParcelState.DELIVERED, (), "")
    assert parcel.custodian.kind is CustodianKind.RECIPIENT
    assert parcel.custody[-1].proofs == SIGNED.proofs
    assert street.state.hub_use["shop"] == (0, 0, 0)
    assert "TourCompleted" in names(street.drop_off("ann", "p2"))


def test_with_nothing_else_to_do_the_tour_is_over(street: Story) -> None:
    """The way to the shop was all that was left."""
    street.drop_off("ann", "p2")
    nobody_home(street)
    assert "TourCompleted" in names(street.do(correct(street)))
    assert "ann" not in street.state.live_tour


def test_a_visit_is_paid_once(street: Story) -> None:
    """An attempt was paid for; what was none is paid for when it was given after all."""
    nobody_home(street)
    paid = street.earned("ann")
    street.do(correct(street))
    assert street.earned("ann") == paid
    nobody_home(street, parcel="p2", failure=FailureCode.NOT_ATTEMPTED)
    assert street.earned("ann") == paid
    street.do(correct(street, leg="m/p2/1"))
    assert street.earned("ann") == 2 * paid + 40, "and the tour's detour of two minutes"


def test_it_needs_the_proofs_of_any_delivery(street: Story) -> None:
    """A signature, a name, a code: nothing is nothing, and a photo needs consent."""
    nobody_home(street)
    street.refused(ProofMissing, correct(street, evidence=m.Evidence()), "a code, a signature")
    street.refused(ConsentMissing, correct(street, evidence=PHOTO), "a photo alone")
    guessed = m.Evidence(proofs=(ProofKind.PIN,), code_serial=1)
    street.refused(WrongCode, correct(street, evidence=guessed))
    wrong = m.Evidence(proofs=SIGNED.proofs, code_serial=-1)
    street.refused(WrongCode, correct(street, evidence=wrong))
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED


def test_the_right_door_code(story: Story) -> None:
    """Where the merchant asks for it, the code is told at the correction."""
    story.parcel("p1", proofs=(ProofKind.PIN,))
    story.carry("ann", "p1")
    nobody_home(story)
    story.refused(ProofMissing, correct(story), "asks for PIN too")
    story.do(correct(story, evidence=m.Evidence(proofs=(ProofKind.PIN,), code_serial=1)))
    assert story.parcel_state() is ParcelState.DELIVERED


# --- back and forth --------------------------------------------------------------------


def test_corrected_twice(street: Story) -> None:
    """Not given, given after all: each is told, and the ledger has every line."""
    street.drop_off("ann", "p1")
    paid = street.earned("ann")
    street.do(correct(street, FailureCode.NOT_ATTEMPTED))
    street.do(correct(street))
    assert street.parcel_state() is ParcelState.DELIVERED
    street.do(correct(street, FailureCode.ABSENT))
    assert street.state.parcel("m/p1").custodian == ANN
    assert street.earned("ann") == paid
    assert len(street.state.parcel("m/p1").custody) == 6


def test_the_same_correction_twice(street: Story) -> None:
    """It is so already."""
    street.drop_off("ann", "p1")
    street.do(correct(street, FailureCode.ABSENT))
    before = street.state
    street.refused(InvalidTransition, correct(street, FailureCode.ABSENT), "reported so already")
    assert street.state is before


def test_what_was_reported_so(street: Story) -> None:
    """There is nothing to correct."""
    street.drop_off("ann", "p1")
    street.refused(InvalidTransition, correct(street), "reported so already")


# --- how long --------------------------------------------------------------------------


@pytest.mark.parametrize("was_given", [True, False], ids=["given", "not given"])
def test_half_an_hour(street: Story, *, was_given: bool) -> None:
    """The last second counts, the next one does not."""
    if was_given:
        street.drop_off("ann", "p1")
    else:
        nobody_home(street)
    command = correct(street, FailureCode.ABSENT if was_given else None)
    street.now += 1801
    street.refused(TooLate, command, "more than 30 min ago")
    street.now -= 1
    assert corrected(street.do(command)).at == street.now


@pytest.mark.parametrize("was_given", [True, False], ids=["given", "not given"])
def test_counted_from_when_it_was_told(street: Story, *, was_given: bool) -> None:
    """After three hours without a network the phone tells; there is half an hour from then."""
    happened_at = street.now
    street.now += 3 * HOUR
    failure = None if was_given else FailureCode.ABSENT
    street.do(street.report_of("ann", "p1", ActionKind.DROPOFF, failure, at=happened_at))
    street.now += 1800
    street.do(correct(street, FailureCode.ABSENT if was_given else None))
    assert (street.parcel_state() is ParcelState.DELIVERED) is not was_given


@pytest.mark.parametrize("was_given", [True, False], ids=["given", "not given"])
def test_a_correction_does_not_begin_another_half_hour(street: Story, *, was_given: bool) -> None:
    """However often it is corrected, half an hour after the report it stands."""
    if was_given:
        street.drop_off("ann", "p1")
    else:
        nobody_home(street)
    now_given = was_given
    for _ in range(3):
        street.now += 600
        now_given = not now_given
        street.do(correct(street, None if now_given else FailureCode.ABSENT))
    street.now += 1
    late = correct(street, FailureCode.ABSENT if now_given else None)
    street.refused(TooLate, late, "more than 30 min ago")


# --- custody has to agree --------------------------------------------------------------


def test_what_is_in_the_shop_was_not_given_at_the_door(story: Story) -> None:
    """The shop has scanned it: no report about the door can change that."""
    to_the_shop(story, "p1")
    (tour,) = story.state.tours
    story.refused(CustodyMismatch, correct(story, tour=tour), "in other hands by now")
    assert story.parcel_state() is ParcelState.AWAITING_COLLECTION


def test_what_was_brought_back_was_not_given(story: Story) -> None:
    """The sender has it again."""
    story.parcel("p1")
    tour = story.carry("ann", "p1").id
    nobody_home(story)
    story.drop_off("ann", "p1")
    story.refused(CustodyMismatch, correct(story, tour=tour), "in other hands")


def test_only_the_last_attempt(street: Story) -> None:
    """Ann was at the door, then sent away at the shop with it: it was not given at the door."""
    nobody_home(street)
    nobody_home(street, failure=FailureCode.HUB_FULL)
    street.refused(InvalidTransition, correct(street), "not the last attempt")


def test_only_what_was_reported_at_a_door(story: Story) -> None:
    """Two scans are no slip of one thumb: a hand-over at a hub stands."""
    to_the_shop(story, "p1")
    (tour,) = story.state.tours
    command = correct(story, FailureCode.HUB_FULL, leg="m/p1/2", tour=tour)
    story.refused(InvalidTransition, command, "only what was reported at a door")
    story.parcel("p3")
    story.carry("ann", "p3")
    open_action = correct(story, FailureCode.ABSENT, leg="m/p3/1")
    story.refused(InvalidTransition, open_action, "only what was reported at a door")


def test_whose_it_is(street: Story) -> None:
    """Another courier's tour, a leg that is not on it, a courier who does not say why."""
    street.drop_off("ann", "p1")
    tour = street.tour("ann").id
    foreign = m.CorrectStop(
        courier="bob", tour=tour, leg="m/p1/1", reason="x", actor="couriers/bob"
    )
    street.refused(AccessDenied, foreign, "not the caller's")
    street.refused(NotFound, correct(street, FailureCode.ABSENT, leg="m/p9/1"), "has no leg")
    silent = m.CorrectStop(
        courier="ann",
        tour=tour,
        leg="m/p1/1",
        reason=" ",
        actor="couriers/ann",
        failure=FailureCode.ABSENT,
    )
    street.refused(InvalidValue, silent, "reason: is required")


def test_a_dispatcher_may_correct_too(street: Story) -> None:
    """Under the dispatcher's own name."""
    street.drop_off("ann", "p1")
    command = m.CorrectStop(
        courier="ann",
        tour=street.tour("ann").id,
        leg="m/p1/1",
        reason="the recipient called",
        actor=DORA,
        failure=FailureCode.ABSENT,
    )
    assert corrected(street.do(command)).actor == DORA
    assert street.state.parcel("m/p1").custody[-1].actor == DORA


def test_not_given_to_the_neighbour(street: Story) -> None:
    """Who went to a neighbour has been at the door before: still one visit, one attempt."""
    street.courier("nina", home=street.state.parcel("m/p2").dropoff)
    nina = consent(OptionKind.PERSON, "nina")
    street.do(m.GiveConsent(parcel="m/p1", option=nina, position=1))
    nobody_home(street)
    leg = street.state.parcel("m/p1").leg
    street.drop_off("ann", "p1")
    assert street.parcel_state() is ParcelState.DELIVERED
    street.do(correct(street, FailureCode.ABSENT, leg=leg))
    attempts = street.state.parcel("m/p1").attempts
    assert [attempt.counts for attempt in attempts] == [True, False]


def test_given_after_two_turns(street: Story) -> None:
    """Sent to the shop and away from it again, it was given at the door all the same."""
    nobody_home(street)
    street.do(m.PauseHub(hub="shop", actor="ops", reason="burst pipe"))
    street.do(correct(street))
    assert street.parcel_state() is ParcelState.DELIVERED


def test_a_word_alone_makes_no_attempt(street: Story) -> None:
    """Not given after all: without place, call and wait the visit does not count as an attempt."""
    street.drop_off("ann", "p1")
    street.do(correct(street, FailureCode.ABSENT))
    (attempt,) = street.state.parcel("m/p1").attempts
    assert (attempt.failure, attempt.counts) == (FailureCode.ABSENT, False)
    assert street.parcel_state() is ParcelState.ATTEMPT_FAILED
