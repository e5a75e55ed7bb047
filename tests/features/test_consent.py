"""Consent: a recipient agrees to a shop, a neighbour or a safe place, and may take it back.

It stands on record with who agreed, when and by what message, in the recipient's own order. Taken
back, it holds from that moment on: an offer is withdrawn, an accepted leg waits for another plan, a
courier on the way goes to the next rung, and what waits at the shop goes back.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import (
    ConsentMissing,
    EtagMismatch,
    InvalidTransition,
    InvalidValue,
    NotFound,
)
from dispatch.core.model import (
    CustodianKind,
    DeliveryOption,
    LegState,
    OptionKind,
    Parcel,
    ParcelState,
    Purpose,
)
from tests.core.town import HOUR, NOON, Story, consent, names, place
from tests.features.street import DOOR_M, a_shop, next_stop, nobody_home, open_hub, to_the_shop

DOOR = DeliveryOption(kind=OptionKind.DOOR)
HUB = consent(OptionKind.HUB)
MAT = consent(OptionKind.SAFE_PLACE)


@pytest.fixture
def street(story: Story) -> Story:
    """Give the town a station, a shop, and nina and olga next to the door."""
    story.hub()
    open_hub(story, a_shop())
    story.courier("nina", home=place(DOOR_M + 20, 0, door_key="door-of-nina"))
    story.courier("olga", home=place(DOOR_M + 40, 0, door_key="door-of-olga"))
    return story


def give(option: DeliveryOption, **fields: int) -> m.GiveConsent:
    """Give the command of p1's recipient who agrees."""
    return m.GiveConsent(parcel="m/p1", option=option, **fields)


def withdraw(kind: OptionKind, target: str = "", **fields: int) -> m.WithdrawConsent:
    """Give the command of p1's recipient who does not agree any more."""
    return m.WithdrawConsent(
        parcel="m/p1", kind=kind, target=target, actor="recipient", evidence="sms-2", **fields
    )


def ladder(story: Story) -> list[tuple[OptionKind, str]]:
    """Return p1's rungs: kind and target, in order."""
    return [(option.kind, option.target) for option in story.state.parcel("m/p1").options]


# --- given -----------------------------------------------------------------------------


def test_who_when_and_by_what_message(street: Story) -> None:
    """All three stand in the event and with the parcel."""
    street.parcel("p1")
    street.now += 90
    option = DeliveryOption(kind=OptionKind.HUB, consented_by="mother", evidence="sms-7")
    (given,) = street.do(give(option))
    assert isinstance(given, m.ConsentGiven)
    assert (given.option.consented_by, given.option.consented_at, given.option.evidence) == (
        "mother",
        NOON + 90,
        "sms-7",
    )
    assert street.state.parcel("m/p1").options == (DOOR, given.option)


@pytest.mark.parametrize(
    "option",
    [
        DeliveryOption(kind=OptionKind.HUB),
        DeliveryOption(kind=OptionKind.HUB, consented_by="mother"),
        DeliveryOption(kind=OptionKind.HUB, evidence="sms-7"),
    ],
    ids=["neither", "no message", "nobody"],
)
def test_without_evidence_it_is_hearsay(street: Story, option: DeliveryOption) -> None:
    """Who agreed and by what message are both required."""
    street.parcel("p1")
    street.refused(InvalidValue, give(option), "consented_by.*evidence")
    assert ladder(street) == [(OptionKind.DOOR, "")]


def test_the_order_is_the_recipients(street: Story) -> None:
    """A position puts a rung where the recipient wants it; without one it is the last delivery."""
    ends = (DeliveryOption(kind=OptionKind.REATTEMPT), DeliveryOption(kind=OptionKind.RETURN))
    street.parcel("p1", options=(DOOR, *ends))
    street.do(give(HUB))
    street.do(give(MAT, position=1))
    street.do(give(consent(OptionKind.PERSON, "nina"), position=0))
    assert ladder(street) == [
        (OptionKind.PERSON, "nina"),
        (OptionKind.DOOR, ""),
        (OptionKind.SAFE_PLACE, ""),
        (OptionKind.HUB, ""),
        (OptionKind.REATTEMPT, ""),
        (OptionKind.RETURN, ""),
    ]


def test_agreed_to_twice_is_one_rung(street: Story) -> None:
    """The rung keeps its place and bears the later message; with a position it moves."""
    street.parcel("p1", options=(DOOR, HUB, MAT))
    later = DeliveryOption(kind=OptionKind.HUB, consented_by="recipient", evidence="sms-9")
    street.do(give(later))
    assert ladder(street)[1] == (OptionKind.HUB, "")
    assert street.state.parcel("m/p1").options[1].evidence == "sms-9"
    street.do(give(later, position=2))
    assert ladder(street)[1:] == [(OptionKind.SAFE_PLACE, ""), (OptionKind.HUB, "")]


def test_a_wish_of_the_merchant_becomes_a_rung(street: Story) -> None:
    """Named by the merchant, agreed to by the recipient on the way: then it is used."""
    street.parcel("p1", options=(DOOR, DeliveryOption(kind=OptionKind.HUB)))
    street.carry("ann", "p1")
    street.do(give(HUB))
    nobody_home(street)
    assert next_stop(street) == (Purpose.COLLECTION, "shop")


@pytest.mark.parametrize(
    "option",
    [consent(OptionKind.HUB, "nowhere"), consent(OptionKind.PERSON, "zoe")],
    ids=["no such hub", "no such neighbour"],
)
def test_nobody_agrees_to_what_does_not_exist(street: Story, option: DeliveryOption) -> None:
    """A typing error is told at once, not found when the parcel should go there."""
    street.parcel("p1", options=(DOOR, DeliveryOption(kind=OptionKind.HUB, target="gone")))
    street.refused(InvalidValue, give(option), "option.target: there is no")
    assert names(street.do(give(HUB))) == ["ConsentGiven"], "what stood there before is no matter"


def test_a_neighbour_has_a_name(street: Story) -> None:
    """Consent to whichever neighbour is none."""
    street.parcel("p1")
    street.refused(InvalidValue, give(consent(OptionKind.PERSON)), "PERSON names the courier")


def test_a_ladder_ends_somewhere(street: Story) -> None:
    """Ten rungs at most."""
    for number in range(9):
        open_hub(street, a_shop(f"shop{number}"))
    street.parcel("p1")
    for number in range(9):
        street.do(give(consent(OptionKind.HUB, f"shop{number}")))
    street.refused(InvalidValue, give(MAT), "1 to 10 rungs")


def test_too_late_to_agree(street: Story) -> None:
    """Delivered, or on its way back for good: nothing can be agreed to."""
    street.parcel("p1")
    street.carry("ann", "p1")
    street.do(m.CancelParcel(parcel="m/p1"))
    street.refused(InvalidTransition, give(HUB), "RETURNING: too late")
    street.refused(InvalidTransition, withdraw(OptionKind.HUB), "RETURNING: too late")
    street.refused(NotFound, m.GiveConsent(parcel="m/p9", option=HUB))


def test_on_what_was_read(street: Story) -> None:
    """An answer to an older state of the parcel is refused, and changes nothing."""
    version = street.parcel("p1").version
    street.do(give(HUB, version=version))
    street.refused(EtagMismatch, give(MAT, version=version), "has changed since")
    street.refused(EtagMismatch, withdraw(OptionKind.HUB, version=version), "has changed since")
    street.do(withdraw(OptionKind.HUB, version=street.state.parcel("m/p1").version))


# --- taken back ------------------------------------------------------------------------


def test_before_anybody_was_asked(street: Story) -> None:
    """The rung stays as a wish, without consent; the door is all that is left."""
    street.parcel("p1", options=(DOOR, HUB))
    (event,) = street.do(withdraw(OptionKind.HUB))
    assert isinstance(event, m.ConsentWithdrawn)
    assert (event.actor, event.evidence) == ("recipient", "sms-2")
    assert ladder(street) == [(OptionKind.DOOR, ""), (OptionKind.HUB, "")]
    assert not street.state.parcel("m/p1").options[1].is_open
    street.carry("ann", "p1")
    nobody_home(street)
    assert next_stop(street)[0] is Purpose.RETURN


def test_twice_is_once(street: Story) -> None:
    """The second time is told that there is none, and changes nothing."""
    street.parcel("p1", options=(DOOR, HUB))
    street.do(withdraw(OptionKind.HUB))
    before = street.state
    street.refused(ConsentMissing, withdraw(OptionKind.HUB), "no consent to HUB on record")
    street.refused(ConsentMissing, withdraw(OptionKind.SAFE_PLACE), "no consent to SAFE_PLACE")
    assert street.state is before


def test_while_it_is_offered(street: Story) -> None:
    """The offer is taken back, its slot is free, and the shop is no choice any more."""
    street.parcel("p1", options=(DOOR, HUB))
    street.offer("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    events = street.do(withdraw(OptionKind.HUB))
    assert names(events) == ["ConsentWithdrawn", "SlotReleased", "OfferWithdrawn"]
    assert not street.state.reservations
    assert street.leg_state() is LegState.PLANNED
    street.plan()
    (offer,) = street.state.open_offer.values()
    stops = street.state.offer(offer).itinerary.stops
    assert "shop" not in {stop.place.hub for stop in stops}


def assigned_to_the_shop(street: Story) -> Parcel:
    """Have ann accept a tour that brings p1 to the shop."""
    street.parcel("p1", options=(DOOR, HUB))
    street.assign("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    return street.state.parcel("m/p1")


def test_while_it_is_assigned(street: Story) -> None:
    """Before pickup the leg waits for another plan; ann's tour has nothing left to do."""
    assigned_to_the_shop(street)
    events = street.do(withdraw(OptionKind.HUB))
    assert names(events) == ["ConsentWithdrawn", "SlotReleased", "LegReassigned", "TourCompleted"]
    assert street.parcel_state() is ParcelState.READY
    assert street.earned("ann") == 0


def test_it_is_nobodys_fault(street: Story) -> None:
    """Who had it may have it again, to the door this time."""
    assigned_to_the_shop(street)
    street.do(withdraw(OptionKind.HUB))
    for other in ("bob", "nina", "olga"):
        street.do(m.GoOffline(courier=other))
    street.plan()
    assert list(street.state.open_offer) == ["ann"]


def test_on_the_way_from_the_station(street: Story) -> None:
    """With the parcel in the bag ann goes to the next rung, and the slot is free."""
    assigned_to_the_shop(street)
    street.pick_up("ann", "p1")
    events = street.do(withdraw(OptionKind.HUB))
    assert names(events)[:2] == ["ConsentWithdrawn", "SlotReleased"]
    assert not street.state.reservations
    assert next_stop(street)[0] is not Purpose.COLLECTION
    assert "ann" in street.state.live_tour


def test_on_the_way_back_too_late_to_go_again(street: Story) -> None:
    """Nobody has tried a door, but when it is back its time is over: it is returned."""
    street.parcel("p1", options=(HUB,))
    street.assign("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    street.pick_up("ann", "p1")
    street.do(withdraw(OptionKind.HUB))
    assert next_stop(street)[0] is Purpose.RETURN
    assert street.parcel_state() is ParcelState.COLLECTED
    street.wait(8 * HOUR)
    street.drop_off("ann", "p1")
    assert street.parcel_state() is ParcelState.RETURNED


def test_on_the_way_from_the_empty_door(street: Story) -> None:
    """From the shop to the neighbour, who stands next on the ladder."""
    street.parcel("p1", options=(DOOR, HUB, consent(OptionKind.PERSON, "nina")))
    street.carry("ann", "p1")
    nobody_home(street)
    assert next_stop(street) == (Purpose.COLLECTION, "shop")
    street.do(withdraw(OptionKind.HUB))
    assert next_stop(street) == (Purpose.PERSON, "")
    assert not street.state.reservations
    assert street.state.parcel("m/p1").custodian.id == "ann"
    assert len(street.state.parcel("m/p1").attempts) == 1, "it is no attempt"


def test_on_the_way_to_the_neighbour(street: Story) -> None:
    """Nina is not agreed to any more: olga is."""
    street.parcel(
        "p1",
        options=(DOOR, consent(OptionKind.PERSON, "nina"), consent(OptionKind.PERSON, "olga")),
    )
    street.carry("ann", "p1")
    nobody_home(street)
    street.do(withdraw(OptionKind.PERSON, "nina"))
    leg = street.state.leg(street.state.parcel("m/p1").leg)
    assert leg.dropoff == street.state.courier("olga").home


def test_another_consent_taken_back_changes_nothing_on_the_way(street: Story) -> None:
    """On the way to nina, who still is agreed to: no turn because of the shop."""
    street.parcel("p1", options=(DOOR, consent(OptionKind.PERSON, "nina"), HUB))
    street.carry("ann", "p1")
    nobody_home(street)
    assert names(street.do(withdraw(OptionKind.HUB))) == ["ConsentWithdrawn"]
    assert next_stop(street) == (Purpose.PERSON, "")
    street.drop_off("ann", "p1")
    assert street.parcel_state() is ParcelState.DELIVERED


def test_one_shop_taken_back_is_not_the_other(street: Story) -> None:
    """A target names the one consent that is meant."""
    open_hub(street, a_shop("corner"))
    both = (consent(OptionKind.HUB, "shop"), consent(OptionKind.HUB, "corner"))
    street.parcel("p1", options=(DOOR, *both))
    street.do(withdraw(OptionKind.HUB, "shop"))
    is_open = [option.is_open for option in street.state.parcel("m/p1").options]
    assert is_open == [True, False, True]
    street.do(withdraw(OptionKind.HUB))
    assert not street.state.parcel("m/p1").options[2].is_open, "without a target all are meant"


def test_before_the_counter_has_scanned(street: Story) -> None:
    """Ann stands at the counter when it is taken back: the shop does not keep it."""
    assigned_to_the_shop(street)
    street.pick_up("ann", "p1")
    street.drop_off("ann", "p1")
    street.do(withdraw(OptionKind.HUB))
    command = m.ReceiveParcel(hub="shop", parcel="m/p1", courier="ann", actor="hubs/shop")
    street.refused(InvalidTransition, command, "not bound for")
    assert street.state.parcel("m/p1").custodian.id == "ann"


def test_while_it_waits_at_the_shop(street: Story) -> None:
    """It goes back: the code opens nothing, the slot is taken until somebody fetches it."""
    to_the_shop(street, "p1")
    serial = street.code("shop", "p1")
    events = street.do(withdraw(OptionKind.HUB))
    assert names(events) == ["ConsentWithdrawn", "LegReleased"]
    parcel = street.state.parcel("m/p1")
    assert (parcel.state, parcel.reason) == (ParcelState.RETURNING, "CONSENT_WITHDRAWN")
    assert parcel.custodian.kind is CustodianKind.HUB
    command = m.ReleaseParcel(hub="shop", parcel="m/p1", actor="hubs/shop", code_serial=serial)
    street.refused(InvalidTransition, command, "RETURNING")
    assert street.state.hub_use["shop"] == (1, 0, 0)
    street.assign("bob", "p1")
    street.pick_up("bob", "p1")
    street.release("shop", "p1", courier="bob")
    assert street.state.hub_use["shop"] == (0, 0, 0)


def test_another_consent_taken_back_leaves_it_at_the_shop(street: Story) -> None:
    """The safe place is not agreed to any more; the shop still is."""
    to_the_shop(street, "p1", options=(DOOR, HUB, MAT))
    assert names(street.do(withdraw(OptionKind.SAFE_PLACE))) == ["ConsentWithdrawn"]
    assert street.parcel_state() is ParcelState.AWAITING_COLLECTION
