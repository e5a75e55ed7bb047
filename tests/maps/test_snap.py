from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from maps.compounds import Compound, Gate, GateRule
from maps.grounds import Grounds
from maps.land.gated_land import marked
from maps.profiles import MODES
from maps.snap import RoadIndex, Snapper
from tests.maps import land

Draw = Callable[..., Any]


def _nearest(index: RoadIndex, *spots: Any, limit_m: float = 500.0) -> Any:
    return index.nearest(
        np.array([spot.lat for spot in spots]),
        np.array([spot.lon for spot in spots]),
        limit_m=limit_m,
    )


@pytest.fixture
def cross(draw: Draw) -> tuple[Any, RoadIndex]:
    drawing = draw(
        """
        A----B
             |
             C
        """
    )
    network = drawing.network()
    return drawing, RoadIndex(network, np.arange(network.edge_count))


def test_a_point_gets_the_nearest_place_on_a_road(cross: tuple[Any, RoadIndex]) -> None:
    """Edge, fraction from the tail, metres beside it."""
    drawing, index = cross
    found = _nearest(index, drawing.along("A", "B", 0.3, north_m=20.0), drawing.at("C"))
    assert found.edge.tolist() == [0, 1]
    assert found.fraction == pytest.approx([0.3, 1.0], abs=1e-4)
    assert found.distance_m == pytest.approx([20.0, 0.0], abs=0.05)


def test_beyond_the_limit_there_is_no_road(cross: tuple[Any, RoadIndex]) -> None:
    """Just inside the limit counts, just outside does not."""
    drawing, index = cross
    spots = [drawing.along("A", "B", 0.5, north_m=metres) for metres in (99.0, 101.0)]
    found = _nearest(index, *spots, limit_m=100.0)
    assert found.edge.tolist() == [0, -1]
    assert found.distance_m[1] == np.inf


def test_of_equally_near_edges_the_first_is_taken(cross: tuple[Any, RoadIndex]) -> None:
    """At a junction the answer does not depend on the tree's order."""
    drawing, index = cross
    assert _nearest(index, drawing.at("B")).edge.tolist() == [0]


def test_only_the_given_edges_count(cross: tuple[Any, RoadIndex], draw: Draw) -> None:
    """An index over some edges answers with indices into them."""
    drawing, _ = cross
    index = RoadIndex(drawing.network(), np.array([1]))
    found = _nearest(index, drawing.along("A", "B", 0.5))
    assert found.edge.tolist() == [0]
    assert found.distance_m == pytest.approx([125.0], abs=0.1)


def test_no_points_and_no_numbers_are_answered(cross: tuple[Any, RoadIndex]) -> None:
    """An empty question has an empty answer; a coordinate that is none lies nowhere."""
    _, index = cross
    assert len(_nearest(index).edge) == 0
    found = index.nearest(np.array([np.nan]), np.array([0.0]), limit_m=500.0)
    assert found.edge.tolist() == [-1]


# --- through gates ------------------------------------------------------------------------------


def _snapper(draw: Draw, gates: tuple[str, ...]) -> tuple[Any, Snapper]:
    """Return a street AB, land without a road below it, and gates at the nodes named."""
    drawing = draw(
        """
        A----C----B

        D----E----F
        """,
        ways={"DE": {"highway": "footway"}, "EF": {"highway": "footway"}},
    )
    compound = Compound(
        id="w1",
        boundary=(land.box(-1, 0.5, 12, 4),),
        gates=tuple(
            Gate(
                id=name,
                lat=drawing.at(name).lat,
                lon=drawing.at(name).lon,
                modes=MODES,
                rule=GateRule.OPEN,
            )
            for name in gates
        ),
    )
    network = marked(drawing.network(), [compound])
    cars = np.flatnonzero(network.speeds("car")[0] > 0)
    return drawing, Snapper(network, cars, Grounds([compound]), "car")


def test_behind_a_wall_the_way_leads_through_the_nearest_gate(draw: Draw) -> None:
    """The walk is to the gate, x 1.3 inside, and not to the street that is nearer."""
    drawing, snapper = _snapper(draw, ("A", "B"))
    spots = [drawing.along("D", "E", 0.2), drawing.along("E", "F", 0.6), drawing.at("A")]
    lat, lon = (np.array([getattr(spot, name) for spot in spots]) for name in ("lat", "lon"))
    reached = snapper.reach(lat, lon, np.array([0, 0, -1]), limit_m=500.0)
    far = float(np.hypot(100, 100))
    assert reached.distance_m == pytest.approx(
        [1.3 * float(np.hypot(50, 100)), 1.3 * far, 0.0], abs=0.5
    )
    assert reached.fraction[:1] == pytest.approx([0.0], abs=1e-6)
    walk_dm = np.rint(reached.distance_m * 10).astype(int)
    assert (reached.access % 2**22).tolist() == walk_dm.tolist()
    assert (reached.access >> 22).tolist() == np.rint(360 * walk_dm / 5).astype(int).tolist()


def test_without_a_gate_a_place_is_reached_from_the_nearest_road(draw: Draw) -> None:
    """A compound of which no gate is known cannot be closed to everybody."""
    drawing, snapper = _snapper(draw, ())
    spot = drawing.at("E")
    reached = snapper.reach(
        np.array([spot.lat]), np.array([spot.lon]), np.array([0]), limit_m=500.0
    )
    assert reached.distance_m == pytest.approx([100], abs=0.1)
