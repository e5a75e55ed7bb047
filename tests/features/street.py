"""What stories about doors, ladders and counters share: a shop, a neighbour, an empty door."""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.keeping import code_key
from dispatch.core.model import (
    ActionKind,
    Contract,
    DeliveryOption,
    FailureCode,
    Hub,
    HubKind,
    OptionKind,
    Parcel,
    ParcelState,
    Purpose,
)
from tests.core.town import Story, a_relay_hub, consent, place

DOOR_M = 400
"""How far east of the square the doors of the town's parcels are."""


def a_shop(name: str = "shop", **fields: Any) -> Hub:
    """Give an attended shop 100 m from the door, with two slots of each size for collection."""
    given: dict[str, Any] = {
        "kind": HubKind.SHOP,
        "place": place(DOOR_M, 100, hub=name, is_door=False),
        "contracts": (Contract.COLLECTION,),
        **fields,
    }
    return a_relay_hub(name, **given)


def open_hub(story: Story, hub: Hub) -> None:
    """Take a hub in."""
    story.do(m.CreateHub(hub=hub))


def nobody_home(
    story: Story,
    courier: str = "ann",
    parcel: str = "p1",
    failure: FailureCode = FailureCode.ABSENT,
) -> tuple[m.Event, ...]:
    """Report that a drop-off failed, with all the evidence that it needs."""
    return story.drop_off(courier, parcel, failure)


def next_stop(story: Story, parcel: str = "p1") -> tuple[Purpose, str]:
    """Return what a parcel's open leg is for, and the hub that it goes to."""
    leg = story.state.leg(story.state.parcel(f"m/{parcel}").leg)
    return leg.purpose, leg.dropoff.hub


def tried(
    story: Story,
    *options: DeliveryOption,
    failure: FailureCode = FailureCode.ABSENT,
    **fields: Any,
) -> tuple[Purpose, str]:
    """Have ann fail at the door of p1 with this ladder; return where she goes next."""
    door = DeliveryOption(kind=OptionKind.DOOR)
    story.parcel("p1", origin_hub="station", options=(door, *options), **fields)
    story.carry("ann", "p1")
    nobody_home(story, failure=failure)
    return next_stop(story)


def at_the_door(metres_off: float = 0, **fields: Any) -> m.Evidence:
    """Give the evidence of a phone so many metres north of the door."""
    point = place(DOOR_M, metres_off)
    return m.Evidence(lat=point.lat, lon=point.lon, **fields)


def arrival(
    story: Story,
    courier: str = "ann",
    parcel: str = "p1",
    evidence: m.Evidence = m.Evidence(),  # noqa: B008 - frozen
) -> m.RecordStop:
    """Give the report that a courier has reached the stop where a parcel is to be dropped off."""
    told = story.report_of(courier, parcel, ActionKind.DROPOFF)
    report = m.StopReport(
        id=f"a-{told.report.id}", at=story.now, stop=told.report.stop, evidence=evidence
    )
    return m.RecordStop(courier=courier, tour=told.tour, report=report)


def arrive(story: Story, courier: str = "ann", parcel: str = "p1") -> None:
    """Report it."""
    story.do(arrival(story, courier, parcel))


def to_the_shop(
    story: Story, *parcels: str, courier: str = "ann", shop: str = "shop", **fields: Any
) -> Parcel:
    """Have a courier bring parcels, consented to, from an empty door to the shop."""
    if shop not in story.state.hubs:
        open_hub(story, a_shop(shop))
    given: dict[str, Any] = {
        "options": (consent(OptionKind.DOOR), consent(OptionKind.HUB)),
        "household": "lin",
        **fields,
    }
    for parcel in parcels:
        story.parcel(parcel, **given)
    story.carry(courier, *parcels)
    for parcel in parcels:
        nobody_home(story, courier, parcel)
    for parcel in parcels:
        story.drop_off(courier, parcel)
        story.receive(shop, parcel, courier)
        assert story.parcel_state(parcel) is ParcelState.AWAITING_COLLECTION
    return story.state.parcel(f"m/{parcels[-1]}")


def serial_of(story: Story, hub: str, recipient: str) -> int:
    """Return the serial of a recipient's code at a hub."""
    return story.state.codes[code_key(hub, recipient)].serial
