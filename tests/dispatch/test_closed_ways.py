"""Closed streets, areas and gates on a real map, from the lever to the next plan."""

from pathlib import Path

import pytest

from dispatch.core import messages as m
from dispatch.core.epoch import problem_of
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.model import Mode, Place
from maps.osm import load_map
from maps.travel import TravelTimes
from tests.core.town import HOUR, NOON, Story, names


def at(row: float, column: float, *, is_door: bool = True) -> Place:
    """Give a place on the grid, by its streets."""
    return Place(lat=48 + 0.0011 * row, lon=15 + 0.0011 * 1.5 * column, is_door=is_door)


def street(way: int) -> Closure:
    """Close a street for an hour; ways 1 to 15 are the rows of the grid, from the south."""
    return a_closure(kind=ClosureKind.STREET, ref=f"way/{way}")


def a_closure(
    kind: ClosureKind, ref: str = "", ring: tuple[tuple[float, float], ...] = ()
) -> Closure:
    """Close something for an hour."""
    return Closure(
        id="c1", kind=kind, ref=ref, ring=ring, until=NOON + HOUR, actor="ops", reason="flooded"
    )


@pytest.fixture
def story(grid_map: Path, tmp_path: Path) -> Story:
    """Give a town of a grid of streets: a rider in the west, a parcel for row 3 in the east."""
    times = TravelTimes(load_map(grid_map, cache_dir=tmp_path))
    story = Story(times=times)
    story.courier("ann", home=at(3, 1, is_door=False), mode=Mode.BICYCLE)
    story.parcel("p1", pickup=at(3, 2, is_door=False), dropoff=at(3, 8.5))
    return story


def offered_s(story: Story) -> int:
    """Plan, and return how long the offered tour takes; 0 where nothing is offered."""
    story.plan()
    if not story.state.open_offer:
        return 0
    itinerary = story.state.offer(story.state.open_offer["ann"]).itinerary
    return itinerary.ends_at - itinerary.departs_at


def test_a_parcel_on_a_closed_street_waits_until_it_is_open(story: Story) -> None:
    """Nobody is sent there; the street opens by itself, and the parcel is offered."""
    story.do(m.CloseWay(closure=street(4)))
    assert offered_s(story) == 0
    opened = story.wait(HOUR)
    assert names(opened) == ["WayOpened"]
    assert offered_s(story) > 0


def test_a_closed_area_is_gone_around(story: Story) -> None:
    """The next courier's tour is longer by the way around one block, and no more."""
    before = offered_s(story)
    ring = tuple(
        (place.lat, place.lon) for place in (at(2.5, 4), at(3.5, 4), at(3.5, 5), at(2.5, 5))
    )
    story.decline("ann")
    story.courier("bob", home=at(3, 1, is_door=False), mode=Mode.BICYCLE)
    story.do(m.CloseWay(closure=a_closure(ClosureKind.AREA, ring=ring)))
    story.plan()
    itinerary = story.state.offer(story.state.open_offer["bob"]).itinerary
    after = itinerary.ends_at - itinerary.departs_at
    # Around one block of the grid: two streets of 120 m more.
    assert 40 < after - before < 120


def test_the_lever_opens_before_its_time(story: Story) -> None:
    """By hand, with a reason; the next plan takes the street again."""
    story.do(m.CloseWay(closure=street(4)))
    assert offered_s(story) == 0
    story.do(m.OpenWay(closure="c1", actor="ops", reason="dry"))
    assert offered_s(story) > 0


def test_a_street_elsewhere_changes_nothing(story: Story) -> None:
    """The matrix is the same to the second."""
    open_times = problem_of(story.state, story.times, story.now)
    story.do(m.CloseWay(closure=street(14)))
    closed_times = problem_of(story.state, story.times, story.now)
    assert open_times is not None
    assert closed_times is not None
    assert (open_times.problem.travel == closed_times.problem.travel).all()
