import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maps.compounds import Compound, Gate, GateRule
from maps.land.compound_files import compounds_geojson, read_corrections
from maps.land.gated_land import find, marked
from maps.osm import import_osm
from maps.profiles import MODES
from tests.maps import land

Draw = Callable[..., Any]

YARD = """
    A----B----C
         |
         G
         |
    D----E----F
"""
"""A street ABC; behind G, where the boundary of the land runs, a drive and a yard."""

SERVICE = {"highway": "service"}
INSIDE = {"BGE": SERVICE, "DEF": SERVICE}
GATE = {"barrier": "gate"}


def behind_g(id_: str = "w9", **tags: str) -> Any:
    return land.area(id_, -0.5, 2, 10.5, 5, **tags)


@pytest.fixture
def yard(draw: Draw) -> Any:
    return draw(YARD, ways=INSIDE)


def found(drawing: Any, areas: Any, **spots: Any) -> dict[str, Compound]:
    return {c.id: c for c in find(drawing.network(), land.sites(areas, **spots))}


def gates(compound: Compound) -> dict[str, tuple[tuple[str, ...], str]]:
    return {gate.id: (gate.modes, gate.rule.value) for gate in compound.gates}


def inside(network: Any) -> set[frozenset[int]]:
    """Return the ends of the edges that lie in a compound, as node ids."""
    return {
        frozenset((int(network.node_id[network.tail[e]]), int(network.node_id[network.head[e]])))
        for e in (network.compound >= 0).nonzero()[0].tolist()
    }


def node_ids(drawing: Any, names: str) -> list[int]:
    """Return the ids of drawn nodes."""
    return [sorted(drawing.cells).index(name) + 1 for name in names]


def test_a_gate_may_share_its_node_with_road_and_outline(draw: Draw) -> None:
    """The road is cut at the gate, so no piece of it crosses the outline; it is a gate still."""
    drawing = draw(YARD, ways=INSIDE, nodes={"G": GATE})
    gate = land.spot(drawing, "G", **GATE)
    compound = found(drawing, [behind_g()], barriers=[gate])["w9"]
    assert gates(compound) == {f"n{gate.id}": (MODES, "SIGN_IN")}


def test_land_behind_a_gate_is_a_compound(yard: Any) -> None:
    """The barrier on the way in is the gate, at its own place, and a guard opens it."""
    compound = found(yard, [behind_g(name="Garden")], barriers=[land.spot(yard, "G", **GATE)])["w9"]
    assert gates(compound) == {"n7": (MODES, "SIGN_IN")}
    at = yard.at("G")
    assert (compound.gates[0].lat, compound.gates[0].lon) == (at.lat, at.lon)
    assert compound.name == "Garden"
    assert compound.boundary == (land.box(-0.5, 2, 10.5, 5),)


def test_the_same_land_without_a_gate_is_none(yard: Any) -> None:
    """A drive into a housing estate is no reason to ask for a guard."""
    assert found(yard, [behind_g()]) == {}


@pytest.mark.parametrize(
    "tags", [{"barrier": "wall"}, {"residential": "gated"}, {"barrier": "fence"}]
)
def test_land_that_says_it_is_closed_has_open_gates_where_roads_cross(
    yard: Any, tags: dict[str, str]
) -> None:
    """The point where the drive crosses the wall is the gate, named after the way."""
    compound = found(yard, [behind_g(**tags)])["w9"]
    assert gates(compound) == {"w102": (MODES, "OPEN")}
    at = yard.at("G")
    assert (compound.gates[0].lat, compound.gates[0].lon) == pytest.approx(
        (at.lat, at.lon), abs=1e-6
    )


@pytest.mark.parametrize(("access", "rule"), [("private", "SIGN_IN"), ("permit", "PERMIT")])
def test_the_access_of_the_land_is_the_rule_of_a_gate_without_one(
    yard: Any, access: str, rule: str
) -> None:
    """Private land is no wall: a courier signs in. Only a permit keeps him out."""
    compound = found(yard, [behind_g(access=access)])["w9"]
    assert gates(compound) == {"w102": (MODES, rule)}


def test_a_private_drive_closes_the_land_and_is_signed_in_to(draw: Draw) -> None:
    """What a way says of itself needs no barrier."""
    private = {"highway": "service", "access": "private"}
    yard = draw(YARD, ways={"BGE": private, "DEF": private})
    assert gates(found(yard, [behind_g()])["w9"]) == {"w102": (MODES, "SIGN_IN")}


@pytest.mark.parametrize("highway", ["tertiary", "primary"])
def test_a_main_road_through_the_land_makes_it_a_district(draw: Draw, highway: str) -> None:
    """Not even a gate on it or a wall around helps."""
    yard = draw(YARD, ways={"BGE": SERVICE, "DEF": {"highway": highway}})
    wall = behind_g(barrier="wall")
    assert found(yard, [wall], barriers=[land.spot(yard, "G", **GATE)]) == {}


def test_a_street_straight_through_makes_it_a_district(draw: Draw) -> None:
    """Even where it has neither a junction nor an end inside; beside the land it does not."""
    town = draw(
        """
        A----B----C
             |    |
             G    |
             |    |
        D----E    |
                  |
             H----F
        """,
        ways={"BGE": SERVICE, "DE": SERVICE},
    )
    gate = [land.spot(town, "G", **GATE)]
    assert found(town, [land.area("w9", -0.5, 2, 12, 5)], barriers=gate) == {}
    assert set(found(town, [land.area("w9", -0.5, 2, 9, 5)], barriers=gate)) == {"w9"}


@pytest.mark.parametrize("highway", ["residential", "living_street", "unclassified"])
def test_a_street_leads_in_only_past_a_barrier(draw: Draw, highway: str) -> None:
    """A quarter with a street into it is open; with a barrier across it is a compound."""
    yard = draw(YARD, ways={"BGE": {"highway": highway}, "DEF": SERVICE})
    wall = behind_g(barrier="wall")
    assert found(yard, [wall]) == {}
    assert set(found(yard, [wall], barriers=[land.spot(yard, "G", barrier="lift_gate")])) == {"w9"}


def test_a_second_street_without_a_barrier_opens_the_land(draw: Draw) -> None:
    """One guarded street of two is no compound."""
    two = draw(
        """
        A----B----C----H
             |         |
             G         I
             |         |
        D----E----F----J
        """,
        ways={"CH": {"highway": "residential"}},
    )
    barriers = [land.spot(two, "G", **GATE)]
    area = land.area("w9", -0.5, 2, 15.5, 5, barrier="wall")
    assert found(two, [area], barriers=barriers) == {}
    both = [*barriers, land.spot(two, "I", **GATE)]
    assert set(gates(found(two, [area], barriers=both)["w9"])) == {"n7", "n9"}


def test_most_drives_must_be_closed(draw: Draw) -> None:
    """One gate among open drives is a gate to something smaller inside."""
    three = draw(
        """
        A----B----C----H
             |    |    |
             G    K    I
             |    |    |
        D----E----F----J
        """,
        ways={"BGE": SERVICE, "CKF": SERVICE, "HIJ": SERVICE, "DEFJ": SERVICE},
    )
    area = land.area("w9", -0.5, 2, 15.5, 5)
    one, two = land.spot(three, "G", **GATE), land.spot(three, "I", **GATE)
    assert found(three, [area], barriers=[one]) == {}
    compound = found(three, [area], barriers=[one, two])["w9"]
    assert gates(compound) == {
        "n7": (MODES, "SIGN_IN"),
        "n9": (MODES, "SIGN_IN"),
        "w104": (MODES, "OPEN"),
    }


def test_a_campus_needs_one_gate(draw: Draw) -> None:
    """A university with one guarded drive of three is closed all the same."""
    campus = draw(
        """
        A----B----C----H
             |    |    |
             G    K    I
             |    |    |
        D----E----F----J
        """,
        ways={"BGE": SERVICE, "CKF": SERVICE, "HIJ": {"highway": "footway"}, "DEFJ": SERVICE},
    )
    area = land.area("r9", -0.5, 2, 15.5, 5, amenity="university")
    assert found(campus, [area]) == {}
    private = land.spot(campus, "G", barrier="lift_gate", access="private")
    assert gates(found(campus, [area], barriers=[private])["r9"]) == {
        "n7": (MODES, "SIGN_IN"),
        "w104": (MODES, "OPEN"),
        "w106": (("foot", "bicycle", "ebike"), "OPEN"),
    }


def test_a_gate_that_stands_back_from_the_outline_is_the_gate(yard: Any) -> None:
    """Outlines follow the middle of streets; a gate 25 m behind one is on it, 50 m is not."""
    gate = [land.spot(yard, "G", **GATE)]
    near = land.area("w9", -0.5, 1.5, 10.5, 5, barrier="wall")
    assert set(gates(found(yard, [near], barriers=gate)["w9"])) == {"n7"}
    far = land.area("w9", -0.5, 1, 10.5, 5, barrier="wall")
    assert set(gates(found(yard, [far], barriers=gate)["w9"])) == {"w102"}


@pytest.mark.parametrize("top", [-0.1, 0.0, 0.2])
def test_a_street_along_the_outline_is_outside(draw: Draw, top: float) -> None:
    """An outline over, on or just behind the street in front closes none of it."""
    yard = draw(
        """
        A----B----C
             |
             G
             |
          D--E--F
        """,
        ways=INSIDE,
    )
    network = yard.network()
    glued = land.area("w9", 0.02, top, 9.98, 5, barrier="wall")
    (compound,) = find(network, land.sites([glued]))
    north = max(lat for ring in compound.boundary for lat, _ in ring)
    assert north == pytest.approx(land.degrees(0, max(top, 0.04))[0], abs=1e-6)
    assert gates(compound) == {"w102": (MODES, "OPEN")}
    assert inside(marked(network, [compound])) == {
        frozenset(node_ids(yard, pair)) for pair in ("BE", "DE", "EF")
    }


@pytest.mark.parametrize(("apart", "count"), [(0.2, 1), (0.4, 2)])
def test_a_drive_and_its_pavement_are_one_gate(draw: Draw, apart: float, count: int) -> None:
    """Crossings within 15 m where nothing stands are one, for whoever may use any of them."""
    pair = draw(
        """
        A----B----C
             |    |
             G    H
             |    |
        D----E----F
        """,
        ways={"BGE": {"highway": "service", "foot": "no"}, "CHF": {"highway": "footway"}},
    )
    moved = pair.path.read_text().replace(
        f'lon="{pair.at("C").lon!r}"', f'lon="{land.degrees(5 + apart, 0)[1]!r}"'
    )
    pair.path.write_text(moved)
    wall = land.area("w9", -0.5, 2, 10.5, 5, barrier="wall")
    found_gates = gates(found(pair, [wall])["w9"])
    assert len(found_gates) == count
    assert {mode for modes, _ in found_gates.values() for mode in modes} == set(MODES)


def test_buildings_and_districts_are_no_compounds(yard: Any) -> None:
    """A school mapped as a building is a house; 1.6 square kilometres are a district."""
    gate = [land.spot(yard, "G", **GATE)]
    assert found(yard, [behind_g(building="yes")], barriers=gate) == {}
    assert found(yard, [land.area("w9", -20, 2, 20, 18)], barriers=gate) == {}
    assert set(found(yard, [land.area("w9", -15, 2, 15, 18)], barriers=gate)) == {"w9"}


def test_a_damaged_outline_is_left_out(yard: Any) -> None:
    """A ring without land cannot hold anybody."""
    line = land.area("w9", 0, 2, 0, 5, barrier="wall")
    assert found(yard, [line]) == {}


def test_an_outline_that_crosses_itself_is_mended(yard: Any, tmp_path: Path) -> None:
    """Its two parts are the boundary, so that what was found is read back from a file."""
    corners = [(-0.5, 2), (10.5, 2), (10.5, 6), (11.5, 5), (-0.5, 5), (-0.5, 2)]
    crossed = replace(
        behind_g(barrier="wall"), rings=(np.array([land.degrees(*c) for c in corners]),)
    )
    compounds = find(yard.network(), land.sites([crossed]))
    assert [len(compound.boundary) for compound in compounds] == [2]
    file = tmp_path / "found.geojson"
    file.write_text(json.dumps(compounds_geojson(compounds)))
    assert read_corrections(file).compounds == compounds


NESTED = """
    A----B----C
         |
         G
         |
    D----E----F
         |
         H
         |
    I----J----K
"""


def nested(draw: Draw) -> tuple[Any, list[Any], list[Any]]:
    ways = {"BGEHJ": SERVICE, "DEF": SERVICE, "IJK": SERVICE}
    drawing = draw(NESTED, ways=ways)
    areas = [
        land.area("w1", -0.5, 2, 10.5, 12, amenity="university"),
        land.area("w2", -0.4, 6, 10.4, 9.5),
    ]
    return drawing, areas, [land.spot(drawing, "G", **GATE), land.spot(drawing, "H", **GATE)]


def test_of_nested_compounds_the_smallest_has_the_roads(draw: Draw) -> None:
    """Halls of residence inside a campus keep their gate; the rest is the campus's."""
    drawing, areas, barriers = nested(draw)
    network = drawing.network()
    both = find(network, land.sites(areas, barriers=barriers))
    assert {c.id: set(gates(c)) for c in both} == {"w1": {"n7"}, "w2": {"n8"}}
    result = marked(network, both)
    assert result.compounds == both
    ids = dict(enumerate(sorted(drawing.cells), start=1))
    owner: dict[str, str] = {}
    for edge, number in enumerate(result.compound.tolist()):
        ends = (result.node_id[result.tail[edge]], result.node_id[result.head[edge]])
        name = "".join(sorted(ids[int(end)] for end in ends))
        owner[name] = both[number].id if number >= 0 else ""
    assert owner.pop("DE") == owner.pop("EF") == "w1"
    assert owner.pop("IJ") == owner.pop("JK") == "w2"
    assert owner["AB"] == owner["BC"] == ""


def test_land_that_is_drawn_twice_is_one_compound(yard: Any) -> None:
    """Campus and land use on one outline: the smaller stays."""
    gate = [land.spot(yard, "G", **GATE)]
    twice = [land.area("w8", -0.5, 2, 10.5, 5.2, amenity="school"), behind_g()]
    assert set(found(yard, twice, barriers=gate)) == {"w9"}


def test_a_compound_without_a_boundary_has_no_roads(yard: Any) -> None:
    """Only gates are known of it; the network keeps it all the same."""
    gate = Gate(id="g", lat=0.0, lon=0.0, modes=MODES, rule=GateRule.OPEN)
    result = marked(yard.network(), [Compound(id="c", gates=(gate,))])
    assert [compound.id for compound in result.compounds] == ["c"]
    assert (result.compound == -1).all()


def test_main_roads_lie_in_no_compound(draw: Draw) -> None:
    """A boundary given by hand across a main road does not close it."""
    yard = draw(YARD, ways={"ABC": {"highway": "primary"}, **INSIDE})
    network = marked(yard.network(), [Compound(id="c", boundary=(land.box(-1, -1, 11, 5),))])
    assert frozenset(node_ids(yard, "AB")) not in inside(network)
    assert frozenset(node_ids(yard, "DE")) in inside(network)


def test_entrances_belong_to_the_smallest_compound(draw: Draw) -> None:
    """A house number names the building, a staircase or ref the entrance; no exits."""
    drawing, areas, barriers = nested(draw)
    entrances = [
        land.spot(drawing, "D", entrance="main"),
        land.spot(drawing, "I", entrance="staircase", **{"addr:housenumber": "7", "ref": "2"}),
        land.spot(drawing, "K", entrance="yes", **{"addr:unit": "B", "addr:staircase": "3"}),
        land.spot(drawing, "F", entrance="emergency"),
        land.spot(drawing, "A", entrance="main"),
    ]
    network = drawing.network()
    campus, hall = find(network, land.sites(areas, barriers=barriers, entrances=entrances))
    assert [(door.building, door.entrance) for door in campus.entrances] == [("", "")]
    assert [(door.building, door.entrance) for door in hall.entrances] == [("7", "2"), ("B", "3")]


def test_an_entrance_in_the_wall_is_a_gate(draw: Draw) -> None:
    """A door on the boundary is where one gets in, and no door of a house."""
    yard = draw(YARD, ways={"BGE": {"highway": "footway"}, "DEF": SERVICE})
    door = land.spot(yard, "G", entrance="main", foot="residents")
    compound = found(yard, [behind_g(barrier="wall")], entrances=[door])["w9"]
    assert gates(compound) == {
        "n7": (("bicycle", "ebike"), "OPEN"),
        "n7:foot": (("foot",), "PERMIT"),
    }
    assert compound.entrances == ()


def test_the_door_of_a_house_near_the_wall_is_no_gate(draw: Draw) -> None:
    """A path that ends at a house 20 m behind the wall crosses the wall where it does."""
    yard = draw(YARD, ways={"BG": {"highway": "footway"}, "GE": SERVICE, "DEF": SERVICE})
    area = land.area("w9", -0.5, 1.6, 10.5, 5, barrier="wall")
    door = land.spot(yard, "G", entrance="main")
    compound = found(yard, [area], entrances=[door])["w9"]
    assert set(gates(compound)) == {"w102"}
    assert len(compound.entrances) == 1


def test_a_bollard_lets_through_who_fits(draw: Draw) -> None:
    """A street behind a bollard is closed to cars; there they have no gate."""
    yard = draw(
        YARD,
        ways={"BGE": {"highway": "residential"}, "DEF": SERVICE},
        nodes={"G": {"barrier": "bollard"}},
    )
    post = land.spot(yard, "G", barrier="bollard")
    compound = found(yard, [behind_g(barrier="wall")], barriers=[post])["w9"]
    assert gates(compound) == {"n7": (("foot", "bicycle", "ebike"), "OPEN")}


def test_a_map_without_land_has_no_compounds(yard: Any) -> None:
    """Nothing is found in nothing."""
    network = yard.network()
    assert find(network, land.sites([])) == ()
    assert marked(network, ()).compounds == ()


def test_the_campus_has_its_gates(data_dir: Path) -> None:
    """Shanghai University's east campus: two guarded gates, and every open way in."""
    network = import_osm(data_dir / "osm" / "shanghai_university.osm")
    (campus,) = network.compounds
    assert campus.id == "r13058054"
    guarded = {gate.id for gate in campus.gates if gate.rule is GateRule.SIGN_IN}
    assert guarded == {"n8433634344", "n8433634426"}
    assert len(campus.gates) > len(guarded)
    assert (network.compound == 0).sum() > network.edge_count / 2


@pytest.mark.parametrize("city", ["monaco.osm.gz", "moscow.osm.gz"])
def test_the_quarters_of_a_city_are_no_compounds(data_dir: Path, city: str) -> None:
    """Residential land as it is drawn in Europe, with gates here and there, is not closed."""
    assert import_osm(data_dir / "osm" / city).compounds == ()
