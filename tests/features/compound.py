"""A compound for the features: a post with its booth at a gate, and the guards of a roster."""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.compounds import Compound, Post
from dispatch.core.model import Availability, CourierKind, Duty, Mode, Place, Tour
from tests.core.town import HOUR, Fenced, Story, a_relay_hub, place, slot

COMPOUND, POST, BOOTH, COMPANY = "lake", "gate-post", "booth", "blue"
OWNER = f"companies/{COMPANY}"


def at_post(opens: int = 0, closes: int = 8 * HOUR, **fields: Any) -> Availability:
    """Give a slot at the post, by seconds after noon."""
    return slot(opens, closes, post=POST, duty=Duty.POST, **fields)


def on_patrol(opens: int = 0, closes: int = 8 * HOUR, **fields: Any) -> Availability:
    """Give a patrol from the post, by seconds after noon."""
    return slot(opens, closes, post=POST, duty=Duty.PATROL, **fields)


def a_compound(
    minimum: int = 1, times: Fenced | None = None, *, company: str = COMPANY, **booth: Any
) -> Story:
    """Open a station at the square and, 350 m east, a booth that the guards of a post keep."""
    story = Story(times=times or Fenced(lake=None))
    story.hub()
    at = place(350, 0, hub=BOOTH, is_door=False, compound=COMPOUND)
    story.do(m.CreateHub(hub=a_relay_hub(BOOTH, place=at, **booth)))
    story.do(m.CreateCompound(compound=Compound(id=COMPOUND, company=company)))
    post = Post(id=POST, compound=COMPOUND, hub=BOOTH, minimum=minimum)
    story.do(m.CreatePost(post=post))
    return story


def guard(story: Story, name: str, *slots: Availability, permit: bool = True) -> None:
    """Take in a guard of the compound, who is there, with the company's permit."""
    story.courier(
        name,
        slots=slots or (at_post(),),
        kind=CourierKind.GUARD,
        mode=Mode.FOOT,
        home=place(350, 0, compound=COMPOUND, is_door=False),
        party=COMPANY,
    )
    if permit:
        story.do(m.PermitCourier(compound=COMPOUND, courier=name, actor=OWNER))


def a_parcel_at_the_booth(story: Story, name: str = "p1", **fields: Any) -> None:
    """Hand in a parcel that starts at the booth, for a door behind the gate."""
    given = {"dropoff": door(450, name), **fields}
    story.parcel(name, origin_hub=BOOTH, **given)


def door(east_m: int, name: str, **fields: Any) -> Place:
    """Give a door of the compound."""
    return place(east_m, 0, compound=COMPOUND, door_key=name, **fields)


def set_out(story: Story, guard_: str, *parcels: str, **fields: Any) -> Tour:
    """Have a guard accept parcels and go."""
    tour = story.assign(guard_, *parcels, **fields)
    story.do(m.StartTour(courier=guard_, tour=tour.id))
    return tour


def walk(story: Story, guard_: str, *parcels: str) -> None:
    """Have a guard go out with parcels and hand them over; he is not back then."""
    set_out(story, guard_, *parcels)
    for parcel in parcels:
        story.pick_up(guard_, parcel)
    for parcel in parcels:
        story.drop_off(guard_, parcel)
