import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dispatch.clock import VirtualClock
from dispatch.core.model import Mode, Place, straight_line_m
from dispatch.log import InMemoryLog
from dispatch.service.site import Mint, News, Site
from dispatch.service.status import Draining
from maps.network import MapError

ROAD = Place(lat=60.17, lon=24.94)
LIMIT_M = 500.0


class _OneSpot:
    """A map with a single spot of road, which counts its searches."""

    searches = 0

    def snap_distance_m(self, mode: str, points: Sequence[Place]) -> Any:
        """Return the distance from the spot, inf beyond the limit."""
        if mode == "car":
            raise MapError("the map has no road for car")
        self.searches += 1
        found = np.array([straight_line_m(ROAD, point) for point in points])
        return np.where(found <= LIMIT_M, found, np.inf)

    def knows(self, closure: object) -> bool:
        """Know no way by name."""
        return False


def _site(roads: _OneSpot) -> Site:
    return Site(
        networks={}, log=InMemoryLog(), clock=VirtualClock(), roads=roads, secret="s",
        courier_token_s=60,
    )  # fmt: skip


def test_remembered_cells_say_what_a_search_would_say() -> None:
    """On a fine raster around the road's end, the answer is that of an exact search."""
    site = _site(_OneSpot())
    for north in range(-60, 61, 3):
        for east in range(-120, 121, 5):
            place = Place(lat=ROAD.lat + north / 10_000, lon=ROAD.lon + east / 10_000)
            is_off = straight_line_m(ROAD, place) > LIMIT_M
            faults = site.off_road([("parcel.dropoff", place)])
            assert [fault.field for fault in faults] == ["parcel.dropoff.point"] * is_off


def test_a_known_neighbourhood_needs_no_search() -> None:
    """Doors in one cell are looked up once."""
    roads = _OneSpot()
    site = _site(roads)
    for step in range(20):
        near = Place(lat=ROAD.lat + step / 1_000_000, lon=ROAD.lon)
        assert not site.off_road([("dropoff", near)])
    assert roads.searches == 1


def test_a_mode_without_roads_is_nowhere_near() -> None:
    """A map without car roads refuses drivers and takes walkers."""
    site = _site(_OneSpot())
    assert site.is_near_road(Mode.FOOT, ROAD)
    assert not site.is_near_road(Mode.CAR, ROAD)


def test_minted_ids_differ_within_and_between_processes() -> None:
    """Ids never repeat, neither in one mint nor in two."""
    mints = [Mint(), Mint()]
    assert len({mint("p") for mint in mints for _ in range(100)}) == 200


async def test_news_are_never_missed_between_looking_and_waiting() -> None:
    """What happened after the version was read wakes at once; silence ends by time."""
    news = News()
    seen = news.version
    news.announce()
    assert await news.later_than(seen, 0.0)
    assert not await news.later_than(news.version, 0.01)
    waiting = asyncio.create_task(news.later_than(news.version, 10))
    await asyncio.sleep(0)
    news.announce()
    assert await waiting


async def test_waiting_ends_with_the_service() -> None:
    """Closing ends those who wait, and those who come later."""
    news = News()
    waiting = asyncio.create_task(news.later_than(news.version, 10))
    await asyncio.sleep(0)
    news.close()
    with pytest.raises(Draining):
        await waiting
    with pytest.raises(Draining):
        await news.later_than(news.version, 10)
