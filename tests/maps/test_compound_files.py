import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from maps.access import MODES
from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.earth import METRES_PER_DEGREE, Bounds, LocalProjection
from maps.land import outlines
from maps.land.compound_files import (
    boundary_of_wkt,
    compounds_geojson,
    corrected,
    read_corrections,
    without,
)
from maps.land.feature_fields import rings_of
from maps.network import MapError
from tests.maps.land import box, degrees

EAST, WEST = box(0, 0, 6, 6), box(-8, 0, -2, 6)


def gate(id_: str, column: float, row: float, **values: Any) -> Gate:
    lat, lon = degrees(column, row)
    return Gate(
        **{"id": id_, "lat": lat, "lon": lon, "modes": MODES, "rule": GateRule.SIGN_IN, **values}
    )


def entrance(building: str, column: float, row: float) -> Entrance:
    lat, lon = degrees(column, row)
    return Entrance(building=building, entrance="", lat=lat, lon=lon)


NIGHT = gate("n2", 3, 0, modes=("foot",), rule=GateRule.PERMIT, opens_s=79_200, closes_s=7_201)
DOOR = Entrance(building="7", entrance="2", lat=1 / 3, lon=2 / 3, floors=18, has_lift=True)
GARDEN = Compound(
    id="w1",
    name="花园 <1>",
    boundary=(EAST,),
    gates=(gate("n1", 0, 3, sign_in_s=45), NIGHT),
    entrances=(Entrance(building="", entrance="", lat=0.1, lon=0.2), DOOR),
)
TWO_PARTS = Compound(id="w2", boundary=(EAST, WEST))
NO_LAND = Compound(id="w3", gates=(gate("n9", 2, 2, rule=GateRule.OPEN),))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    def _write(document: Any) -> Path:
        path = tmp_path / "c.geojson"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return _write


def test_there_and_back_nothing_changes(write: Callable[[Any], Path]) -> None:
    """Every digit, hour, flag and empty value survives; so does a compound without land."""
    compounds = (GARDEN, TWO_PARTS, NO_LAND)
    assert read_corrections(write(compounds_geojson(reversed(compounds)))).compounds == compounds


@hypothesis.given(
    corners=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=9, unique=True
    ),
    cell=st.sampled_from([1e-2, 1.0, 3.7]),
)
def test_outlines_of_any_kind_are_read_back(corners: list[tuple[int, int]], cell: float) -> None:
    """Figures of eight, spikes and narrow necks: what is written passes as a boundary."""
    ring = [degrees(x * cell, y * cell) for x, y in [*corners, corners[0]]]
    projection = LocalProjection(Bounds(south=-0.02, west=0.0, north=0.0, east=0.02))
    rings = outlines.rings(outlines.polygon([ring], projection), projection)
    assert rings_of([[[[lon, lat] for lat, lon in ring]] for ring in rings]) == rings


def test_the_file_is_plain_geojson() -> None:
    """Longitude first, hours of the clock, one feature for everything that can be moved."""
    features = compounds_geojson([GARDEN])["features"]
    assert [feature["geometry"]["type"] for feature in features] == [
        "Polygon",
        "Point",
        "Point",
        "Point",
        "Point",
    ]
    assert features[0]["geometry"]["coordinates"][0][1] == [EAST[1][1], EAST[1][0]]
    assert features[2]["properties"] == {
        "kind": "gate",
        "compound": "w1",
        "id": "n2",
        "modes": ["foot"],
        "rule": "PERMIT",
        "sign_in_s": None,
        "opens_at": "22:00",
        "closes_at": "02:00:01",
    }
    assert features[4]["properties"] == {
        "kind": "entrance",
        "compound": "w1",
        "building": "7",
        "entrance": "2",
        "floors": 18,
        "lift": True,
    }
    assert compounds_geojson([TWO_PARTS])["features"][0]["geometry"]["type"] == "MultiPolygon"
    assert compounds_geojson([NO_LAND])["features"][0]["geometry"] is None


def test_what_an_editor_leaves_out_has_its_default(write: Callable[[Any], Path]) -> None:
    """Numbers may stand for texts, positions may have a height, other properties are ignored."""
    path = write(
        {
            "type": "FeatureCollection",
            "features": [
                {"properties": {"kind": "compound", "id": 5, "stroke": "#f00"}},
                {
                    "geometry": {"type": "Point", "coordinates": [2, 1, 30.5]},
                    "properties": {
                        "kind": "gate",
                        "compound": "5",
                        "id": "g",
                        "modes": ["car", "foot"],
                        "rule": "OPEN",
                    },
                },
                {
                    "geometry": {"type": "Point", "coordinates": [2, 1]},
                    "properties": {"kind": "entrance", "compound": 5, "floors": 3.0},
                },
            ],
        }
    )
    (compound,) = read_corrections(path).compounds
    assert compound == Compound(
        id="5",
        gates=(Gate(id="g", lat=1.0, lon=2.0, modes=("foot", "car"), rule=GateRule.OPEN),),
        entrances=(Entrance(building="", entrance="", lat=1.0, lon=2.0, floors=3),),
    )


def _features(*features: tuple[Any, dict[str, Any]]) -> dict[str, Any]:
    start = compounds_geojson([replace(GARDEN, entrances=())])["features"][:1]
    added = [
        {"type": "Feature", "geometry": geometry, "properties": properties}
        for geometry, properties in features
    ]
    return {"type": "FeatureCollection", "features": [*start, *added]}


POINT = {"type": "Point", "coordinates": [0.0, 0.0]}
GATE = {"kind": "gate", "compound": "w1", "id": "g", "modes": ["foot"], "rule": "OPEN"}
ENTRANCE = {"kind": "entrance", "compound": "w1"}
LAND = {"kind": "compound", "id": "x"}
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


@pytest.mark.parametrize(
    ("geometry", "properties", "words"),
    [
        (POINT, {**GATE, "kind": "gat"}, 'kind: "gat" is none of compound, gate, entrance'),
        (
            POINT,
            {"marker-color": "#f00"},
            "kind: null is none of compound, gate, entrance; a gate needs kind, compound, id and",
        ),
        (None, {**LAND, "removed": "yes"}, 'removed: "yes" is none of true, false, null'),
        (POINT, {**GATE, "id": ""}, "id: is missing"),
        (POINT, {**GATE, "id": True}, "id: true is no text"),
        (POINT, {**GATE, "compound": "w7"}, "compound: no compound 'w7' in this file"),
        (POINT, {**GATE, "compound": None}, "compound: is missing"),
        (POINT, {**GATE, "rule": "open"}, 'rule: "open" is none of OPEN, SIGN_IN, PERMIT'),
        (POINT, {**GATE, "modes": "foot"}, 'modes: "foot" is no list of foot, bicycle'),
        (POINT, {**GATE, "modes": ["foot", "bus"]}, 'modes: "bus" is none of foot, bicycle'),
        (POINT, {**GATE, "sign_in_s": -1}, "sign_in_s: -1 is neither a whole number from 0"),
        (POINT, {**GATE, "sign_in_s": "45"}, 'sign_in_s: "45" is neither a whole number from 0'),
        (POINT, {**GATE, "opens_at": "6:00"}, 'opens_at: "6:00" is no time of day: write HH:MM'),
        (POINT, {**GATE, "closes_at": "24:01"}, 'closes_at: "24:01" is no time of day'),
        (POINT, {**GATE, "closes_at": 24}, "closes_at: 24 is no time of day"),
        (POINT, {**ENTRANCE, "floors": 2.5}, "floors: 2.5 is neither a whole number from 0"),
        (POINT, {**ENTRANCE, "lift": "yes"}, 'lift: "yes" is none of true, false, null'),
        (POINT, {**ENTRANCE, "building": ["7"]}, 'building: ["7"] is no text'),
        (None, GATE, "geometry: null is no Point"),
        (
            {"type": "Point", "coordinates": [39.9, 116.4]},
            GATE,
            "geometry: is off the earth at lat 116.4, lon 39.9: write the longitude first",
        ),
        (
            {"type": "Point", "coordinates": ["a", 1]},
            ENTRANCE,
            'geometry: has no position at ["a", 1]: write [lon, lat]',
        ),
        (POINT, LAND, 'geometry: "Point" is neither Polygon nor MultiPolygon'),
        (polygon(), LAND, "geometry: has a polygon without corners"),
        (polygon(SQUARE, SQUARE), LAND, "geometry: has a hole: a boundary is its outer rings"),
        (polygon(SQUARE[:4]), LAND, "geometry: has a ring that is not closed"),
        (polygon([[0, 0], [1, 1], [0, 0]]), LAND, "geometry: has a ring that is not closed"),
        (
            polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]),
            LAND,
            "geometry: crosses itself (Self-intersection",
        ),
        (polygon(SQUARE), {**LAND, "id": "w1"}, "id: 'w1' is there twice"),
    ],
)
def test_a_bad_feature_is_named_with_its_field(
    write: Callable[[Any], Path], geometry: Any, properties: dict[str, Any], words: str
) -> None:
    """The number of the feature, the field, and what is wrong, in one line."""
    path = write(_features((geometry, properties)))
    with pytest.raises(MapError) as error:
        read_corrections(path)
    (line,) = str(error.value).split("\n")
    assert line.startswith(f"{path}: feature 2: {words}")


@pytest.mark.parametrize("modes", [{}, {"modes": None}, {"modes": []}, {"modes": ""}])
def test_a_gate_without_modes_is_for_all(
    write: Callable[[Any], Path], modes: dict[str, Any]
) -> None:
    """As an empty cell of a day folder's ``gates.csv``."""
    bare = {key: value for key, value in GATE.items() if key != "modes"}
    (compound,) = read_corrections(write(_features((POINT, {**bare, **modes})))).compounds
    assert compound.gates[0].modes == MODES


@pytest.mark.parametrize(("north_m", "is_far"), [(0, False), (190, False), (210, True)])
def test_a_gate_far_from_its_compound_is_refused(
    write: Callable[[Any], Path],
    north_m: float,
    is_far: bool,  # noqa: FBT001
) -> None:
    """By its distance from the nearest point of the boundary, which is told."""
    north, west = max(EAST)
    at = {"type": "Point", "coordinates": [west, north + north_m / METRES_PER_DEGREE]}
    path = write(_features((at, GATE)))
    if not is_far:
        assert read_corrections(path).compounds[0].gates[0].id == "g"
        return
    said = (
        r"feature 2: geometry: gate 'g' is 2\d\d m from the boundary of 'w1': put it within 200 m"
    )
    with pytest.raises(MapError, match=said):
        read_corrections(path)


def test_a_removed_compound_goes_with_its_gates(write: Callable[[Any], Path]) -> None:
    """One word in the file takes it out of the map; an unknown id is told."""
    document = compounds_geojson([GARDEN, NO_LAND])
    document["features"][0]["properties"]["removed"] = True
    document["features"][0]["geometry"] = None
    its = read_corrections(write(document))
    assert (its.compounds, its.removed) == ((NO_LAND,), ("w1",))
    assert without([GARDEN, TWO_PARTS], its.removed) == (TWO_PARTS,)
    with pytest.raises(MapError, match="no compound 'w1' in the map to remove"):
        without([TWO_PARTS], its.removed)


def test_all_faults_of_a_file_come_at_once(write: Callable[[Any], Path]) -> None:
    """In the order of the file, several of one feature too."""
    twice = (POINT, GATE)
    path = write(_features(twice, twice, (POINT, {**GATE, "rule": "X", "modes": 4})))
    with pytest.raises(MapError) as error:
        read_corrections(path)
    assert [line.removeprefix(f"{path}: ") for line in str(error.value).split("\n")] == [
        "feature 3: id: 'g' is there twice in compound 'w1'",
        "feature 4: modes: 4 is no list of foot, bicycle, ebike, car",
        'feature 4: rule: "X" is none of OPEN, SIGN_IN, PERMIT',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no feature collection"),
        ('{"type": "Feature"}', "no feature collection"),
        ('{"type": "FeatureCollection", "features": [3]}', "feature 1: kind: null is none of"),
    ],
)
def test_what_is_no_collection_is_refused(
    write: Callable[[Any], Path], text: str, words: str
) -> None:
    """With the file's name."""
    path = write(text)
    with pytest.raises(MapError, match=words) as error:
        read_corrections(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """And not a map without compounds."""
    with pytest.raises(MapError, match="cannot be read"):
        read_corrections(tmp_path / "none.geojson")


def test_an_empty_collection_is_no_compounds(write: Callable[[Any], Path]) -> None:
    """Nothing to correct is fine."""
    nothing = read_corrections(write({"type": "FeatureCollection", "features": []}))
    assert (nothing.compounds, nothing.removed) == ((), ())


def test_a_boundary_is_read_from_well_known_text() -> None:
    """Longitude first, as the standard has it; nothing is no boundary."""
    square = ((0.0, 10.0), (0.0, 11.0), (1.0, 11.0), (0.0, 10.0))
    assert boundary_of_wkt("POLYGON ((10 0, 11 0, 11 1, 10 0))") == (square,)
    assert boundary_of_wkt("MULTIPOLYGON (((10 0, 11 0, 11 1, 10 0)))") == (square,)
    assert boundary_of_wkt("POLYGON Z ((10 0 5, 11 0 5, 11 1 5, 10 0 5))") == (square,)
    assert boundary_of_wkt(" ") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("POLYGON (10 0", "boundary is not well-known text"),
        ("POINT (10 0)", "boundary is a Point: write"),
        ("POLYGON ((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))", "boundary has a hole"),
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "boundary crosses itself"),
        ("POLYGON EMPTY", "boundary has no land"),
        ("POLYGON ((30 100, 31 100, 31 101, 30 100))", "boundary is off the earth at lat 100"),
    ],
)
def test_bad_well_known_text_says_why(text: str, words: str) -> None:
    """One line that a message about a row can end with."""
    with pytest.raises(MapError, match=words) as error:
        boundary_of_wkt(text)
    assert "\n" not in str(error.value)


def test_a_given_compound_replaces_the_found_one_of_its_id() -> None:
    """What it says holds; of what it does not speak, the map is believed."""
    given = Compound(id="w1", gates=(gate("main", 0, 3),))
    assert corrected([GARDEN, TWO_PARTS], [given]) == (
        replace(GARDEN, gates=given.gates),
        TWO_PARTS,
    )


def test_a_new_compound_is_added() -> None:
    """Where the map knows nothing like it; found ones stay."""
    far = Compound(id="far", boundary=(box(40, 0, 46, 6),))
    assert corrected([GARDEN], [far]) == (far, GARDEN)
    assert corrected([], [far]) == (far,)
    bare = Compound(id="bare")
    assert corrected([GARDEN], [bare]) == (bare, GARDEN)


def test_the_same_land_under_another_id_is_the_same_compound() -> None:
    """More than half in common with both: the caller's id and outline stay."""
    given = Compound(id="estate", boundary=(box(0, 0, 6, 4),))
    assert corrected([GARDEN], [given]) == (replace(GARDEN, id="estate", boundary=given.boundary),)
    wing = Compound(id="wing", boundary=(box(0, 0, 6, 2),))
    assert {compound.id for compound in corrected([GARDEN], [wing])} == {"w1", "wing"}


@pytest.mark.parametrize(("column", "is_same"), [(0.0, True), (3.0, True), (6.5, True), (7, False)])
def test_gates_alone_say_which_land_is_meant(column: float, is_same: bool) -> None:  # noqa: FBT001
    """Within 30 m of a found boundary, or inside: its land and the caller's id."""
    found = replace(GARDEN, name="", gates=())
    given = Compound(id="estate", name="Estate", gates=(gate("a", 3, 0), gate("b", column, 3)))
    result = corrected([found], [given])
    if is_same:
        assert result == (replace(given, boundary=found.boundary, entrances=found.entrances),)
    else:
        assert result == (given, found)


@pytest.mark.parametrize(("column", "is_same"), [(3.0, True), (6.5, True), (7, False)])
def test_entrances_alone_say_which_land_is_meant(column: float, is_same: bool) -> None:  # noqa: FBT001
    """As gates do: the found gates and boundary are taken over under the caller's id."""
    found = replace(GARDEN, name="")
    given = Compound(
        id="estate", name="Estate", entrances=(entrance("1", 3, 1), entrance("2", column, 3))
    )
    result = corrected([found], [given])
    if is_same:
        assert result == (replace(found, id="estate", name="Estate", entrances=given.entrances),)
    else:
        assert result == (given, found)


def test_an_entrance_elsewhere_says_that_gates_mean_other_land() -> None:
    """All that is given counts, not the gates alone."""
    given = Compound(id="estate", gates=(gate("a", 3, 0),), entrances=(entrance("1", 30, 3),))
    assert corrected([GARDEN], [given]) == (given, GARDEN)


def test_a_name_alone_changes_nothing_that_was_found() -> None:
    """Not even of a compound with the same name; it is kept."""
    given = Compound(id="estate", name=GARDEN.name)
    assert corrected([GARDEN, TWO_PARTS], [given]) == (given, GARDEN, TWO_PARTS)


def test_of_nested_land_gates_mean_the_smallest() -> None:
    """The halls, not the campus around them; and what is taken is not taken twice."""
    campus = Compound(id="w0", boundary=(box(-20, -20, 20, 20),))
    halls = Compound(id="w9", boundary=(EAST,))
    one = Compound(id="one", gates=(gate("a", 0, 3),))
    two = Compound(id="two", gates=(gate("b", 3, 0),))
    result = {compound.id: compound.boundary for compound in corrected([campus, halls], [one, two])}
    assert result == {"one": halls.boundary, "two": (), "w0": campus.boundary}
