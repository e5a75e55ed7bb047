from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from maps.snap import RoadIndex

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
