"""A shop is origin, hub and courier at once: it sells, it keeps parcels, and its keeper carries."""

import pytest

from dispatch.core import messages as m
from dispatch.core.model import (
    Contract,
    CourierKind,
    CustodianKind,
    FailureCode,
    HubKind,
    Mode,
    OptionKind,
    ParcelState,
)
from tests.core.town import HOUR, NOON, Story, a_relay_hub, consent, names, place, slot, window


@pytest.fixture
def shop() -> Story:
    """Have a shop 200 m east with its keeper, and a rider."""
    story = Story()
    story.do(
        m.CreateHub(
            hub=a_relay_hub(
                "shop",
                kind=HubKind.SHOP,
                place=place(200, 0, hub="shop", is_door=False),
                host="sue",
                contracts=(Contract.HOLD, Contract.COLLECTION),
            )
        )
    )
    story.courier(
        "sue",
        kind=CourierKind.SHOPKEEPER,
        mode=Mode.FOOT,
        home=place(200, 0, is_door=False),
        host_of="shop",
    )
    story.courier("ann")
    return story


def test_it_is_an_origin(shop: Story) -> None:
    """What it sells stands on its floor, takes no slot, and its keeper carries it with one scan."""
    shop.parcel("p1", origin_hub="shop")
    assert not shop.state.reservations
    shop.assign("sue", "p1")
    shop.pick_up("sue", "p1")
    shop.drop_off("sue", "p1")
    parcel = shop.state.parcel("m/p1")
    assert parcel.state is ParcelState.DELIVERED
    assert [line.single_actor for line in parcel.custody] == [False, True, False]


def test_it_is_a_hub(shop: Story) -> None:
    """A rider brings what nobody was home for; its recipient collects it with a code."""
    shop.hub()
    shop.parcel(
        "p1",
        origin_hub="station",
        options=(consent(OptionKind.DOOR), consent(OptionKind.HUB)),
    )
    shop.carry("ann", "p1")
    shop.drop_off("ann", "p1", FailureCode.ABSENT)
    shop.drop_off("ann", "p1")
    shop.receive("shop", "p1", "ann")
    assert shop.parcel_state() is ParcelState.AWAITING_COLLECTION
    shop.release("shop", "p1", code_serial=shop.code("shop", "p1"))
    assert shop.parcel_state() is ParcelState.DELIVERED


def test_its_keeper_brings_the_own_failure_home(shop: Story) -> None:
    """Absent: sue takes it back to her own shop, to hold it, with one scan."""
    shop.hub()
    shop.parcel("p1", origin_hub="station")
    shop.carry("sue", "p1")
    shop.drop_off("sue", "p1", FailureCode.ABSENT)
    events = shop.drop_off("sue", "p1")
    assert "ParcelReceivedAtHub" in names(events)
    parcel = shop.state.parcel("m/p1")
    assert parcel.state is ParcelState.AT_HUB
    assert (parcel.custodian.kind, parcel.custodian.id) == (CustodianKind.HUB, "shop")
    assert parcel.custody[-1].single_actor
    shop.wait(shop.state.policy.reattempt_s)
    assert shop.parcel_state() is ParcelState.READY, "after a while it is tried again from here"


def test_a_way_back_waits_for_the_counter_to_open() -> None:
    """With the shop closed for hours a return is not worth a tour; when it opens it is planned."""
    story = Story()
    story.do(
        m.CreateHub(
            hub=a_relay_hub(
                "shop",
                kind=HubKind.SHOP,
                place=place(200, 0, hub="shop", is_door=False),
                hours=(window(0, HOUR), window(9 * HOUR, 12 * HOUR)),
            )
        )
    )
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.courier("ann", slots=(slot(0, 20 * HOUR),))
    story.parcel("p1", origin_hub="shop")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.release("shop", "p1", courier="ann")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    story.now += HOUR + 60
    story.do(m.CancelParcel(parcel="m/p1"))
    story.plan()
    assert not story.state.open_offer
    assert 0 < story.state.replan_at <= NOON + 9 * HOUR
    story.now = NOON + 9 * HOUR
    assert story.state.needs_plan(story.now)
    story.plan()
    assert list(story.state.open_offer) == ["ann"]
