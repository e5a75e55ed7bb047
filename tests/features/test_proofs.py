"""What stands for a hand-over at the door: a code, a signature, an identity or a name.

A photo alone says that it was left somewhere: that is a safe place, and needs the recipient's
consent. What the merchant asks for is asked for on top, all of it.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import ConsentMissing, ProofMissing, WrongCode
from dispatch.core.keeping import code_key
from dispatch.core.model import ActionKind, FailureCode, OptionKind, ParcelState, ProofKind, Purpose
from tests.core.town import HOUR, PHOTO, SIGNED, Story, a_relay_hub, consent, names, place
from tests.features.street import DOOR_M, nobody_home, open_hub

DOOR_AND_MAT = (consent(OptionKind.DOOR), consent(OptionKind.SAFE_PLACE))


def given(*proofs: ProofKind, code_serial: int = 0) -> m.Evidence:
    """Give evidence of these proofs."""
    return m.Evidence(proofs=proofs, code_serial=code_serial)


def delivery(story: Story, evidence: m.Evidence, courier: str = "ann") -> m.RecordStop:
    """Give the report that p1 was handed over."""
    return story.report_of(courier, "p1", ActionKind.DROPOFF, evidence=evidence)


def delivered(events: tuple[m.Event, ...]) -> m.ParcelDelivered:
    """Return the one delivery among events."""
    (found,) = [event for event in events if isinstance(event, m.ParcelDelivered)]
    return found


def at_door(story: Story, **fields: object) -> Story:
    """Have ann carry p1 to its door."""
    story.parcel("p1", **fields)
    story.carry("ann", "p1")
    return story


# --- somebody took it ------------------------------------------------------------------


@pytest.mark.parametrize(
    "proof", [ProofKind.SIGNATURE, ProofKind.IDENTITY, ProofKind.RECEIVER_NAME]
)
def test_one_of_these_is_enough(story: Story, proof: ProofKind) -> None:
    """Each stands for somebody who was there; it is written into the ledger's last line."""
    at_door(story)
    event = delivered(story.do(delivery(story, given(proof))))
    assert (event.purpose, event.proofs) == (Purpose.DOOR, (proof,))
    assert story.state.parcel("m/p1").custody[-1].proofs == (proof,)


@pytest.mark.parametrize("proofs", [(), (ProofKind.SCAN,)])
def test_nothing_is_not_enough(story: Story, proofs: tuple[ProofKind, ...]) -> None:
    """A scan says that the parcel was there, not that anybody took it."""
    at_door(story)
    command = delivery(story, given(*proofs))
    story.refused(ProofMissing, command, "a code, a signature or the receiver's name")
    assert story.parcel_state() is ParcelState.COLLECTED


def test_a_photo_besides_does_no_harm(story: Story) -> None:
    """A signature and a photo are a hand-over at the door."""
    at_door(story)
    event = delivered(story.do(delivery(story, given(ProofKind.PHOTO, ProofKind.SIGNATURE))))
    assert event.purpose is Purpose.DOOR


# --- it was left -----------------------------------------------------------------------


def test_a_photo_alone_is_a_safe_place(story: Story) -> None:
    """With consent on record it counts, as what it was."""
    at_door(story, options=DOOR_AND_MAT)
    assert delivered(story.do(delivery(story, PHOTO))).purpose is Purpose.SAFE_PLACE
    assert story.parcel_state() is ParcelState.DELIVERED


def test_without_consent_nothing_is_left_anywhere(story: Story) -> None:
    """A photo of a door mat is no delivery where nobody has agreed to it."""
    at_door(story)
    story.refused(ConsentMissing, delivery(story, PHOTO), "a photo alone means a safe place")
    assert story.parcel_state() is ParcelState.COLLECTED
    assert story.earned("ann") == 0


def test_consent_taken_back_on_the_way(story: Story) -> None:
    """What was agreed to at noon and not any more at five past is not agreed to."""
    at_door(story, options=DOOR_AND_MAT)
    withdrawn = m.WithdrawConsent(parcel="m/p1", kind=OptionKind.SAFE_PLACE, actor="recipient")
    story.do(withdrawn)
    story.refused(ConsentMissing, delivery(story, PHOTO))


@pytest.mark.parametrize("proof", [ProofKind.SIGNATURE, ProofKind.PIN, ProofKind.IDENTITY])
def test_what_the_recipient_has_to_take_is_never_left(story: Story, proof: ProofKind) -> None:
    """Consent or not: the merchant asks for the recipient in person."""
    at_door(story, options=DOOR_AND_MAT, proofs=(proof,))
    story.refused(ProofMissing, delivery(story, PHOTO), "never left")


def test_the_safe_place_is_proved_by_a_photo(story: Story) -> None:
    """On the rung of the safe place a name is no proof of where it lies."""
    at_door(story, options=DOOR_AND_MAT)
    nobody_home(story)
    story.refused(ProofMissing, delivery(story, given(ProofKind.RECEIVER_NAME)), "a photo of where")
    assert delivered(story.do(delivery(story, PHOTO))).purpose is Purpose.SAFE_PLACE


# --- what the merchant asks for --------------------------------------------------------


def test_all_that_the_merchant_asks_for(story: Story) -> None:
    """Both or nothing; what is missing is named."""
    at_door(story, proofs=(ProofKind.SIGNATURE, ProofKind.PHOTO))
    story.refused(ProofMissing, delivery(story, SIGNED), "the merchant asks for PHOTO too")
    named = given(ProofKind.PHOTO, ProofKind.RECEIVER_NAME)
    story.refused(ProofMissing, delivery(story, named), "asks for SIGNATURE too")
    story.do(delivery(story, given(ProofKind.SIGNATURE, ProofKind.PHOTO)))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_of_the_neighbour_too(story: Story) -> None:
    """A neighbour's name and the photo that the merchant asks for."""
    story.courier("nina", home=place(DOOR_M + 20, 0))
    options = (consent(OptionKind.DOOR), consent(OptionKind.PERSON, "nina"))
    at_door(story, options=options, proofs=(ProofKind.PHOTO,))
    nobody_home(story)
    named = given(ProofKind.RECEIVER_NAME)
    story.refused(ProofMissing, delivery(story, named), "asks for PHOTO too")
    both = given(ProofKind.RECEIVER_NAME, ProofKind.PHOTO)
    assert delivered(story.do(delivery(story, both))).purpose is Purpose.PERSON


# --- the code at the door --------------------------------------------------------------


def test_a_door_code_is_minted_when_a_courier_has_the_parcel(story: Story) -> None:
    """Not before, and only where the merchant asks for one."""
    story.parcel("p1", proofs=(ProofKind.PIN,))
    story.parcel("p2")
    story.assign("ann", "p1", "p2")
    assert not story.state.codes
    assert "CodeMinted" in names(story.pick_up("ann", "p1"))
    assert "CodeMinted" not in names(story.pick_up("ann", "p2"))
    assert list(story.state.codes) == [code_key("", "m/p1")]


def test_the_right_code(story: Story) -> None:
    """It stands for the recipient, alone."""
    at_door(story, proofs=(ProofKind.PIN,))
    serial = story.state.codes[code_key("", "m/p1")].serial
    event = delivered(story.do(delivery(story, given(ProofKind.PIN, code_serial=serial))))
    assert event.proofs == (ProofKind.PIN,)


def test_a_wrong_code(story: Story) -> None:
    """Refused; the parcel stays with ann, and the right code works after it."""
    at_door(story, proofs=(ProofKind.PIN,))
    story.refused(WrongCode, delivery(story, given(ProofKind.PIN, code_serial=-1)))
    assert story.parcel_state() is ParcelState.COLLECTED
    story.do(delivery(story, given(ProofKind.PIN, code_serial=1)))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_to_say_that_there_was_a_code_is_none(story: Story) -> None:
    """A proof of kind PIN without the code, or where there never was one, is refused."""
    at_door(story, proofs=(ProofKind.PIN,))
    story.refused(WrongCode, delivery(story, given(ProofKind.PIN)))
    story.parcel("p2")
    story.assign("bob", "p2")
    story.pick_up("bob", "p2")
    command = story.report_of(
        "bob", "p2", ActionKind.DROPOFF, evidence=given(ProofKind.PIN, code_serial=1)
    )
    story.refused(WrongCode, command)


def test_a_signature_is_not_the_code(story: Story) -> None:
    """Where the merchant asks for the code nothing else will do."""
    at_door(story, proofs=(ProofKind.PIN,))
    story.refused(ProofMissing, delivery(story, SIGNED), "asks for PIN too")


def test_the_next_attempt_has_a_code_of_its_own(story: Story) -> None:
    """The one that was sent for the first visit is worth nothing at the second."""
    at_door(story, proofs=(ProofKind.PIN,))
    nobody_home(story)
    story.drop_off("ann", "p1")
    story.now += HOUR
    story.carry("bob", "p1")
    old = given(ProofKind.PIN, code_serial=1)
    story.refused(WrongCode, delivery(story, old, "bob"))
    story.do(delivery(story, given(ProofKind.PIN, code_serial=2), "bob"))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_turned_to_the_door_on_the_way(story: Story) -> None:
    """Bound for a booth, which is full: the door needs a code, and it is minted then."""
    story.hub()
    open_hub(story, a_relay_hub())
    story.parcel("p1", origin_hub="station", proofs=(ProofKind.PIN,))
    story.assign("ann", "p1", hub="booth")
    assert "CodeMinted" not in names(story.pick_up("ann", "p1")), "a booth asks for none"
    assert "CodeMinted" in names(nobody_home(story, failure=FailureCode.HUB_FULL))
    story.do(delivery(story, given(ProofKind.PIN, code_serial=1)))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_name_is_nobodys_who_is_not_there(story: Story) -> None:
    """Where the merchant asks who took it, it is left to nobody, and no rung says so."""
    at_door(story, proofs=(ProofKind.RECEIVER_NAME,), options=DOOR_AND_MAT)
    story.refused(ProofMissing, delivery(story, PHOTO), "never left")
    nobody_home(story)
    leg = story.state.leg(story.state.parcel("m/p1").leg)
    assert leg.purpose is not Purpose.SAFE_PLACE
