"""At the change of shift the shelves are counted and compared with the books; nothing moves by it.

Missing: in the books, not on the shelves. Surplus: on the shelves, in other hands by the books.
Unknown: no parcel of this zone.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidValue, NotFound
from dispatch.core.model import FailureCode, ParcelState
from tests.core.town import HOUR, Story
from tests.features.street import to_the_shop


@pytest.fixture
def shelves(story: Story) -> Story:
    """Give the town a shop with p1 and p2 on its shelves, and p3 in ann's bag."""
    to_the_shop(story, "p1", "p2")
    story.parcel("p3")
    story.carry("ann", "p3")
    return story


def count(*parcels: str, hub: str = "shop") -> m.ReconcileInventory:
    """Give the count of a hub's shelves."""
    return m.ReconcileInventory(hub=hub, parcels=parcels, actor=f"hubs/{hub}")


def counted(story: Story, *parcels: str) -> m.InventoryReconciled:
    """Count the shop's shelves; nothing moves by it."""
    before = story.state
    (event,) = story.do(count(*parcels))
    assert isinstance(event, m.InventoryReconciled)
    assert (story.state.parcels, story.state.stock, story.state.reservations) == (
        before.parcels,
        before.stock,
        before.reservations,
    )
    return event


def differences(event: m.InventoryReconciled) -> tuple[tuple[str, ...], ...]:
    """Return what is missing, what is too much, and what is unknown."""
    return event.missing, event.surplus, event.unknown


def test_all_is_there(shelves: Story) -> None:
    """Counted two, in any order; no difference, and who counted."""
    event = counted(shelves, "m/p2", "m/p1")
    assert (event.counted, event.actor) == (2, "hubs/shop")
    assert differences(event) == ((), (), ())


def test_one_is_missing(shelves: Story) -> None:
    """The shop still answers for it until it is found or written off."""
    assert differences(counted(shelves, "m/p1")) == (("m/p2",), (), ())
    assert shelves.state.parcel("m/p2").custodian.id == "shop"
    lost = m.WriteOffParcel(
        parcel="m/p2", to=ParcelState.LOST, actor="users/dora", reason="not on the shelves"
    )
    shelves.do(lost)
    assert differences(counted(shelves, "m/p1")) == ((), (), ())


def test_one_too_many(shelves: Story) -> None:
    """By the books ann has it: laid down without a scan, it is still hers."""
    assert differences(counted(shelves, "m/p1", "m/p2", "m/p3")) == ((), ("m/p3",), ())
    assert shelves.state.parcel("m/p3").custodian.id == "ann"


def test_what_was_collected_and_lies_there(shelves: Story) -> None:
    """Scanned out and left behind on the shelf: too much, by the books."""
    shelves.release("shop", "p1", code_serial=1)
    assert differences(counted(shelves, "m/p1", "m/p2")) == ((), ("m/p1",), ())


def test_what_nobody_knows(shelves: Story) -> None:
    """A parcel of another zone, or no parcel at all."""
    event = counted(shelves, "m/p1", "m/p2", "m/zebra", "?")
    assert differences(event) == ((), (), ("?", "m/zebra"))
    event = counted(shelves, "m/p1", "m/p2", "https://" + "x" * 5000)
    assert [len(text) for text in event.unknown] == [100], "a poster's code is cut"


def test_counted_twice_is_counted_once(shelves: Story) -> None:
    """A scanner that beeps twice has found one parcel."""
    event = counted(shelves, "m/p1", "m/p1", "m/p2")
    assert (event.counted, differences(event)) == (2, ((), (), ()))


def test_empty_shelves(shelves: Story) -> None:
    """Nothing was found: all of the books is missing."""
    assert differences(counted(shelves)) == (("m/p1", "m/p2"), (), ())


def test_before_the_second_scan_it_is_the_couriers(story: Story) -> None:
    """Ann has laid p1 down and scanned, the counter has not: too much on the shelves."""
    to_the_shop(story, "p0")
    story.parcel("p1", options=story.state.parcel("m/p0").options)
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", failure=FailureCode.ABSENT)
    story.drop_off("ann", "p1")
    assert differences(counted(story, "m/p0", "m/p1")) == ((), ("m/p1",), ())


def test_at_any_hour(shelves: Story) -> None:
    """A paused hub can be counted: that is when it is."""
    shelves.do(m.PauseHub(hub="shop", actor="users/dora", reason="stocktaking"))
    shelves.now += HOUR
    assert differences(counted(shelves, "m/p1", "m/p2")) == ((), (), ())


def test_nonsense(shelves: Story) -> None:
    """A hub that does not exist, and a count that no shelf holds."""
    shelves.refused(NotFound, count("m/p1", hub="nowhere"))
    shelves.refused(InvalidValue, count(*["m/p1"] * 5001), "holds at most 5000")
