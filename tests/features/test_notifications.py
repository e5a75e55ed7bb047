"""Who is told what while a parcel goes its ways: by the rules themselves, event by event."""

from datetime import UTC

import pytest

from dispatch.core import messages as m
from dispatch.core.keeping import code_key
from dispatch.core.model import (
    ActionKind,
    Contract,
    FailureCode,
    OptionKind,
    ParcelState,
    ProofKind,
    Purpose,
)
from dispatch.core.notices import Notice, is_overtaken, notices_of
from dispatch.core.state import State, evolve
from dispatch.notices.texts import text_of
from tests.core.town import HOUR, ZONE, Story, a_relay_hub, consent, place

ANY = (Contract.HOLD, Contract.RELAY, Contract.COLLECTION)


def told(story: Story) -> list[Notice]:
    """Return every notice that the story gave reason for; each must have words."""
    state, found = State(zone=ZONE), list[Notice]()
    for event in story.events:
        state = evolve(state, event)
        found += notices_of(state, event)
    for notice in found:
        assert text_of(notice, "en", UTC, code="012345")
    return found


def said(notices: list[Notice]) -> list[str]:
    """Return kind, variant and whom, one line for each."""
    return [
        " ".join(filter(None, (notice.kind, notice.variant, notice.audience))) for notice in notices
    ]


def absent(story: Story, *options: OptionKind, **fields: object) -> None:
    """Carry p1 to a door where nobody is."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub("shop", contracts=ANY)))
    ladder = tuple(consent(kind) for kind in (OptionKind.DOOR, *options))
    story.parcel("p1", origin_hub="station", options=ladder, **fields)
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)


def to_the_shop(story: Story, parcel: str = "p1") -> None:
    """Hand it in at the shop, where both scan."""
    story.drop_off("ann", parcel)
    story.receive("shop", parcel, "ann")


def test_moved_to_the_shop_by_consent_and_collected(story: Story) -> None:
    """Told that it moves, then the code, then that it is gone: three messages, in this order."""
    absent(story, OptionKind.HUB)
    to_the_shop(story)
    story.release("shop", "p1", code_serial=story.code("shop", "p1"))
    assert story.parcel_state() is ParcelState.DELIVERED
    notices = told(story)
    assert said(notices) == [
        "ATTEMPT_FAILED COLLECTION RECIPIENT",
        "COLLECTION_READY RECIPIENT",
        "DELIVERED_TO COLLECTED RECIPIENT",
    ]
    assert {notice.hub for notice in notices} == {"shop"}
    recipient = story.state.parcel("m/p1").recipient
    assert (notices[1].code_key, notices[1].code_serial) == (code_key("shop", recipient), 1)
    assert [is_overtaken(story.state, notice) for notice in notices] == [True, True, False]


def test_without_consent_held_tried_again_and_returned(story: Story) -> None:
    """The recipient hears when it is tried again, and both when it goes back."""
    absent(story)
    held = story.state.leg(story.state.parcel("m/p1").leg)
    story.drop_off("ann", "p1")
    if held.purpose is Purpose.HOLD:
        story.receive("shop", "p1", "ann")
    story.wait(HOUR)
    story.assign("bob", "p1")
    story.pick_up("bob", "p1")
    if held.purpose is Purpose.HOLD:
        story.release("shop", "p1", courier="bob")
    story.drop_off("bob", "p1", FailureCode.ABSENT)
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.RETURNED
    assert said(told(story)) == [
        "ATTEMPT_FAILED HOLD RECIPIENT",
        "ATTEMPT_FAILED RETURN RECIPIENT",
        "RETURNING MERCHANT",
        "RETURNED MERCHANT",
    ]


def test_a_code_for_the_door_and_a_knock(story: Story) -> None:
    """The code comes when a courier has the parcel, and not before."""
    story.parcel("p1", proofs=(ProofKind.PIN,))
    story.assign("ann", "p1")
    assert told(story) == []
    story.pick_up("ann", "p1")
    (code,) = told(story)
    assert (code.kind, code.code_key) == ("DOOR_CODE", code_key("", "m/p1"))
    leg = story.state.parcel("m/p1").leg
    tour = story.tour("ann").id
    door = place(400)
    arrival = m.StopReport(
        id="a1", at=story.now, stop=1, evidence=m.Evidence(lat=door.lat, lon=door.lon)
    )
    story.do(m.RecordStop(courier="ann", tour=tour, report=arrival))
    story.do(m.ContactRecipient(courier="ann", tour=tour, leg=leg))
    assert said(told(story))[1:] == ["COURIER_AT_DOOR RECIPIENT"]
    proof = m.Evidence(lat=door.lat, lon=door.lon, proofs=(ProofKind.PIN,), code_serial=1)
    story.drop_off("ann", "p1", evidence=proof)
    assert story.parcel_state() is ParcelState.DELIVERED
    assert len(told(story)) == 2, "who stood at the door knows"


def test_one_code_for_two_parcels_and_a_new_one_when_asked(story: Story) -> None:
    """The second parcel is told with the first one's code; a new code replaces it for both."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub("shop", contracts=ANY)))
    ladder = (consent(OptionKind.HUB),)
    for name in ("p1", "p2"):
        story.parcel(name, origin_hub="station", options=ladder, household="h1")
    story.assign("ann", "p1", "p2", hub="shop", purpose=Purpose.COLLECTION)
    for name in ("p1", "p2"):
        story.pick_up("ann", name)
    for name in ("p1", "p2"):
        to_the_shop(story, name)
    story.now += 60
    story.do(m.ReissueCode(hub="shop", parcel="m/p1"))
    notices = told(story)
    assert [(notice.kind, notice.parcel, notice.code_serial) for notice in notices] == [
        ("COLLECTION_READY", "m/p1", 1),
        ("COLLECTION_READY", "m/p2", 1),
        ("CODE_REISSUED", "m/p1", 2),
    ]
    assert [is_overtaken(story.state, notice) for notice in notices] == [True, True, False]


def test_who_does_not_come_is_reminded_before_it_goes_back(story: Story) -> None:
    """After a day, and after another one both ends hear of the return."""
    absent(story, OptionKind.HUB)
    to_the_shop(story)
    before = len(told(story))
    story.wait(story.state.policy.keep_s)
    story.wait(story.state.policy.overdue_s)
    assert said(told(story))[before:] == [
        "COLLECTION_REMINDER RECIPIENT",
        "RETURNING RECIPIENT",
        "RETURNING MERCHANT",
    ]


def test_a_proxy_is_told_a_code_of_its_own(story: Story) -> None:
    """And the recipient that the proxy has come."""
    absent(story, OptionKind.HUB)
    to_the_shop(story)
    before = len(told(story))
    grant = m.GrantProxy(parcel="m/p1", proxy="x1", until=story.now + HOUR, contact="z/p1#proxy")
    story.do(grant)
    story.release("shop", "p1", proxy="x1", code_serial=1)
    assert said(told(story))[before:] == [
        "PROXY_CODE PROXY",
        "DELIVERED_TO PROXY RECIPIENT",
    ]


def test_consent_taken_back_is_confirmed(story: Story) -> None:
    """On record with the message that took it back."""
    story.parcel("p1", options=(consent(OptionKind.DOOR), consent(OptionKind.SAFE_PLACE)))
    story.do(
        m.WithdrawConsent(
            parcel="m/p1", kind=OptionKind.SAFE_PLACE, actor="recipient", evidence="sms-2"
        )
    )
    assert said(told(story)) == ["CONSENT_WITHDRAWN SAFE_PLACE RECIPIENT"]


@pytest.mark.parametrize("kind", [OptionKind.SAFE_PLACE, OptionKind.PERSON])
def test_a_parcel_left_elsewhere_is_told(story: Story, kind: OptionKind) -> None:
    """Where it is planned, and when it is there."""
    story.courier("eva", home=place(420, 0, is_door=False))
    story.parcel(
        "p1",
        options=(
            consent(OptionKind.DOOR),
            consent(kind, "eva" if kind is OptionKind.PERSON else ""),
        ),
    )
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    leg = story.state.leg(story.state.parcel("m/p1").leg)
    assert leg.purpose.value == kind.value
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED
    assert said(told(story)) == [
        f"ATTEMPT_FAILED {kind} RECIPIENT",
        f"DELIVERED_TO {kind} RECIPIENT",
    ]


def test_a_delivery_at_the_door_tells_nobody(story: Story) -> None:
    """Nor does anything before it."""
    story.parcel("p1")
    story.carry("ann", "p1")
    assert story.report_of("ann", "p1", ActionKind.DROPOFF)
    story.drop_off("ann", "p1")
    assert told(story) == []
