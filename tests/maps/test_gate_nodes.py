from collections.abc import Callable
from typing import Any

import pytest

from maps.compounds import Compound, Gate, GateRule
from maps.land.gated_land import find, marked
from maps.network import RoadNetwork
from maps.profiles import MODES
from maps.travel import TravelTimes
from tests.maps import land

Draw = Callable[..., Any]

ROUND = """
    A----G----C
    |         |
    D----E----F
"""
"""G is on the short way from A to C, 500 m; the way round is 700 m."""

SHUT = {"barrier": "gate"}
SERVICE = {"highway": "service"}


def gate(drawing: Any, name: str, *modes: str, id_: str = "g") -> Gate:
    at = drawing.at(name)
    return Gate(id=id_, lat=at.lat, lon=at.lon, modes=modes or MODES, rule=GateRule.OPEN)


def stopped(network: RoadNetwork, drawing: Any, name: str) -> set[str]:
    """Return the modes that a drawn node stops."""
    node = network.node_id == sorted(drawing.cells).index(name) + 1
    return {
        mode for mode, its in zip(MODES, network.node_blocked[:, node], strict=True) if its.any()
    }


def test_a_gate_for_people_on_foot_stops_cars(draw: Draw) -> None:
    """Wheels go round, people on foot straight through; before, all went through."""
    drawing = draw(ROUND, nodes={"G": SHUT})
    network = drawing.network()
    given = [Compound(id="c", gates=(gate(drawing, "G", "foot"),))]
    ends = [drawing.at("A")], [drawing.at("C")]
    before, after = TravelTimes(network), TravelTimes(marked(network, given))
    for mode in MODES:
        assert before.matrix(mode, *ends)[1] == pytest.approx(500, abs=2)
        metres = 500 if mode == "foot" else 700
        assert after.matrix(mode, *ends)[1] == pytest.approx(metres, abs=2)


def test_gates_at_one_node_admit_what_any_of_them_does(draw: Draw) -> None:
    """A wicket beside a drive; a gate of the compound elsewhere does not count."""
    drawing = draw(ROUND, nodes={"G": SHUT})
    gates = (
        gate(drawing, "G", "foot", id_="a"),
        gate(drawing, "G", "bicycle", "ebike", id_="b"),
        gate(drawing, "E", "car", id_="c"),
    )
    result = marked(drawing.network(), [Compound(id="c", gates=gates)])
    assert stopped(result, drawing, "G") == {"car"}


def test_each_compound_has_a_say_about_its_own_gate(draw: Draw) -> None:
    """Where two compounds share a gate, both must let one through."""
    drawing = draw(ROUND, nodes={"G": SHUT})
    both = [
        Compound(id="a", gates=(gate(drawing, "G", "foot", "car"),)),
        Compound(id="b", gates=(gate(drawing, "G", "foot", "bicycle"),)),
    ]
    assert stopped(marked(drawing.network(), both), drawing, "G") == set(MODES) - {"foot"}


def test_a_gate_opens_nothing_that_is_shut(draw: Draw) -> None:
    """Neither what tags stop nor what an earlier correction stopped; twice is as once."""
    drawing = draw(ROUND, nodes={"G": {"barrier": "bollard"}})
    wide = [Compound(id="c", gates=(gate(drawing, "G"),))]
    narrow = [Compound(id="c", gates=(gate(drawing, "G", "foot", "car"),))]
    network = drawing.network()
    assert stopped(marked(network, wide), drawing, "G") == {"car"}
    once = marked(network, narrow)
    assert stopped(once, drawing, "G") == {"bicycle", "ebike", "car"}
    for again in (narrow, wide, []):
        assert (marked(once, again).node_blocked == once.node_blocked).all()


YARD = """
    A----B----C
         |
         G
         |
    D----E----F
"""
WAYS = {"BG": SERVICE, "GE": {"highway": "footway"}, "DEF": SERVICE}


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        (SHUT, {**WAYS, "GE": SERVICE}),
        ({**SHUT, "motor_vehicle": "no"}, {**WAYS, "GE": SERVICE}),
        ({**SHUT, "foot": "residents"}, WAYS),
        ({"barrier": "bollard"}, WAYS),
        ({}, WAYS),
    ],
)
def test_gates_that_were_found_leave_nodes_as_tags_have_them(
    draw: Draw, tags: dict[str, str], ways: dict[str, Any]
) -> None:
    """Their modes come from the same tags, and from roads that end for a mode there."""
    yard = draw(YARD, ways=ways, nodes={"G": tags})
    network = yard.network()
    barriers = [land.spot(yard, "G", **tags)] if tags else []
    area = land.area("w9", -0.5, 2, 10.5, 5, barrier="wall")
    compounds = find(network, land.sites([area], barriers=barriers))
    assert [bool(compound.gates) for compound in compounds] == [True]
    assert (marked(network, compounds).node_blocked == network.node_blocked).all()


@pytest.mark.parametrize(("name", "top", "expected"), [("B", 0.5, set()), ("E", 3.5, {"car"})])
def test_a_gate_at_a_junction_stops_only_who_comes_in_there(
    draw: Draw, name: str, top: float, expected: set[str]
) -> None:
    """The street past the drive stays open; where the drive forks inside, nobody passes by."""
    yard = draw(YARD, ways={"BGE": SERVICE, "DEF": SERVICE})
    given = Compound(
        id="c",
        boundary=(land.box(-0.5, top, 10.5, 5),),
        gates=(gate(yard, name, "foot", "bicycle", "ebike"),),
    )
    assert stopped(marked(yard.network(), [given]), yard, name) == expected


def test_a_gate_on_the_open_road_stops_nobody(draw: Draw) -> None:
    """There is no node to stop anybody at: 60 m from the next one."""
    drawing = draw(ROUND)
    at = drawing.along("A", "C", 0.12)
    only = Gate(id="g", lat=at.lat, lon=at.lon, modes=("foot",), rule=GateRule.OPEN)
    result = marked(drawing.network(), [Compound(id="c", gates=(only,))])
    assert not result.node_blocked.any()
