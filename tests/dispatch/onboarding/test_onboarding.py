import json
from pathlib import Path

import pytest

from dispatch.onboarding import read_compound, survey
from dispatch.onboarding.drawing import compound_svg
from dispatch.sim.folder import DayError
from maps.network import MapError, RoadNetwork
from maps.osm import load_map
from tests.dispatch.onboarding.lake import FILES, LAKE, town, write

ON_FOOT = {"gates": ("SIGN_IN,", "SIGN_IN,foot")}
RIDES = {"couriers": ("wang,guard,foot", "wang,guard,ebike")}
BOW = LAKE.replace("24.9455 60.1703, 24.9455 60.1716", "24.9455 60.1716, 24.9455 60.1703")


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTMILE_CACHE_DIR", str(folder / "cache"))
        return load_map(town(folder))


def _problems(folder: Path, network: RoadNetwork | None = None) -> str:
    return "\n".join(survey(folder, network).problems)


def _warnings(folder: Path, network: RoadNetwork | None = None) -> str:
    return "\n".join(survey(folder, network).warnings)


def test_a_good_folder_is_read_whole(tmp_path: Path, streets: RoadNetwork) -> None:
    """Land, gate, entrances, post, booth, guards and rota; guards of its post are permitted."""
    found = survey(write(tmp_path), streets)
    assert not found.problems
    assert not found.warnings
    read = read_compound(tmp_path, streets)
    assert [compound.id for compound in read.compounds] == ["lake"]
    assert [(post.id, post.hub, post.minimum) for post in read.posts] == [("gate-post", "booth", 1)]
    assert read.companies[0].company == "lakeside"
    assert read.permits == (("lake", "li"), ("lake", "wang"))
    assert len(read.availability) == 4
    assert all(walk.gate == "main" and 0 < walk.seconds < 300 for walk in found.walks)
    [coverage] = found.coverage
    assert len(coverage.guards) == 2
    assert not coverage.below


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"compounds": (LAKE, BOW)}, "compounds.csv:2: boundary: crosses itself"),
        ({"gates": ("60.1703", "60.18")}, "m from the boundary of 'lake': put it within 50 m"),
        ({"entrances": ("lake,1,1,", "lake,,1,")}, "entrances.csv:2: building: is missing"),
        ({"entrances": ("lake,2,1,", "lake,1,1,")}, "is already in line 2"),
        ({"entrances": ("60.1711,24.9446", "60.1730,24.9446")}, "outside 'lake'"),
        ({"posts": ("lake,booth", "lake,kiosk")}, "posts.csv:2: hub: there is no hub 'kiosk'"),
        ({"posts": ("post,lake", "post,")}, "posts.csv:2: compound: is missing"),
        ({"hubs": (",lake\n", ",garden\n")}, "hub 'booth' stands in 'garden', the post in 'lake'"),
        ({"availability": ("li,12:00,20:00", "li,11:00,20:00")}, "nobody is at two places at once"),
        ({"availability": ("li,12:00", "zhao,12:00")}, "there is no courier 'zhao'"),
        ({"availability": (",gate-post,PATROL", ",back-post,PATROL")}, "no post 'back-post'"),
        ({"availability": ("li,12:00,20:00,gate-post", "li,12:00,20:00,")}, "POST without a post"),
        ({"gates": "id,compound,lat,lon,rule\n"}, "'lake' has no gate, here or on the map"),
        ({"gates": ("SIGN_IN,", "SIGN_IN,car")}, "no gate of 'lake' lets foot in"),
        ({"gates": ""}, "gates.csv: the file is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    tmp_path: Path, changes: dict[str, str | tuple[str, str]], said: str
) -> None:
    """Each mistake gets a line with its file, and nothing is handed on."""
    folder = write(tmp_path, **changes)
    assert said in _problems(folder)
    with pytest.raises(DayError, match=r"\.csv"):
        read_compound(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"availability": ("li,12:00,20", "li,12:00,18")}, "1 on the roster 18:00-20:00"),
        ({"availability": ("wang,08:00,14:00,gate-post,POST\n", "")}, "never more than 1 on"),
        ({"availability": "courier_id,opens_at,closes_at\n"}, "nobody's roster names it"),
        ({"entrances": ("6,no", ",")}, "entrances.csv:2: floors: floors and lift not known"),
        ({"hubs": ("60.17035", "60.1714")}, "booth 'booth' is 122 m from its nearest gate, 'main'"),
        ({**RIDES, **ON_FOOT}, "they leave it at the gate and walk"),
        ({"posts": ("lake,booth", "lake,")}, "keeps no hub"),
        ({"entrances": ""}, "has no entrance"),
    ],
)  # fmt: skip
def test_what_is_odd_is_warned_of(
    tmp_path: Path, changes: dict[str, str | tuple[str, str]], said: str
) -> None:
    """What can be planned with but is likely a mistake is a warning, with the hours it is about."""
    folder = write(tmp_path, **changes)
    assert said in _warnings(folder)
    assert not _problems(folder)


def test_unknown_floors_and_lifts_stay_unknown(tmp_path: Path) -> None:
    """An empty cell is not taken for the ground floor or for stairs."""
    read = read_compound(write(tmp_path, entrances=("6,no", ",")))
    first, second = read.compounds[0].entrances
    assert (first.floors, first.has_lift) == (None, None)
    assert (second.floors, second.has_lift) == (18, True)


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (0.0, "'pond' is the same land as 'lake'"),
        (0.001, "'pond' overlaps by"),
        (0.01, ""),
    ],
)
def test_two_compounds_do_not_overlap(tmp_path: Path, shift: float, said: str) -> None:
    """The same land twice and a common strip are problems; neighbours are not."""
    pond = LAKE
    for lon in ("24.942", "24.9455"):
        pond = pond.replace(f"{lon} ", f"{float(lon) + shift:.4f} ")
    gate = 24.9436 + shift
    folder = write(
        tmp_path,
        compounds=FILES["compounds.csv"] + f'pond,Pond,,"{pond}"\n',
        gates=FILES["gates.csv"] + f"pond-gate,pond,60.1703,{gate:.4f},OPEN,\n",
    )
    problems = _problems(folder)
    assert said in problems
    assert bool(said) == bool(problems)


def test_gates_and_entrances_touch_roads(tmp_path: Path, streets: RoadNetwork) -> None:
    """A gate in the meadow lets nobody in, and is found only against the map."""
    folder = write(tmp_path, gates=("60.1703,24.9436", "60.1716,24.9421"))
    assert not _problems(folder)
    assert "no road for foot, bicycle, ebike, car within 40 m" in _problems(folder, streets)
    far = {
        name.removesuffix(".csv"): text.replace("60.17", "60.27") for name, text in FILES.items()
    }
    assert "cannot be reached from any gate" in _problems(write(tmp_path / "far", **far), streets)


def test_the_map_says_what_it_knew(tmp_path: Path, streets: RoadNetwork) -> None:
    """Laid over itself moved by a few metres, the compound is found and how far is said."""
    known = survey(write(tmp_path / "a"), streets).network
    folder = write(
        tmp_path / "b", gates=("60.1703", "60.17035"), compounds=("lake,Lake", "see,Lake")
    )
    for name in ("gates", "entrances", "posts", "hubs"):
        file = folder / f"{name}.csv"
        file.write_text(file.read_text().replace("lake", "see"))
    [match] = survey(folder, known).matches
    assert (match.compound, match.found) == ("see", "lake")
    assert match.common == pytest.approx(100)
    [(gate, moved_m)] = match.gates
    assert gate == "main"
    assert moved_m == pytest.approx(5.6, abs=0.1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("编号,名称".encode("gbk"), "is not UTF-8 (byte 1): save it as UTF-8"),
        (FILES["compounds.csv"].encode("utf-16"), "is not UTF-8"),
        (b"", "has no header: its first line must be id,name"),
        (b"id\nlake\n", "compounds.csv:1: name: the column is missing"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"id,name\n", "holds no compound: there is nothing to check"),
        (b'id,name\nlake,"', "is not CSV"),
        ("id,name\n🏠,家\n".encode(), ""),
    ],
)
def test_rubbish_gets_a_clear_answer(tmp_path: Path, content: bytes, said: str) -> None:
    """Other encodings, nothing, one column, half a quote: each is told with the file's name."""
    folder = write(tmp_path, compounds=content)
    problems = _problems(folder)
    assert said in problems
    assert "compounds.csv" in problems or not said


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    """Spreadsheets put one in front; the file is read all the same."""
    assert not _problems(
        write(tmp_path, compounds=b"\xef\xbb\xbf" + FILES["compounds.csv"].encode())
    )


def test_no_folder_is_said(tmp_path: Path) -> None:
    """A missing folder and an empty one are answered with what to write."""
    for folder, said in ((tmp_path / "none", "no such folder"), (tmp_path, "holds no compound")):
        with pytest.raises(DayError, match=said):
            survey(folder)


def _geojson(**changes: object) -> dict[str, object]:
    corners = [[24.942, 60.1703], [24.9455, 60.1703], [24.9455, 60.1716], [24.942, 60.1716]]
    land = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}

    def point(lat: float, lon: float) -> dict[str, object]:
        return {"type": "Point", "coordinates": [lon, lat]}

    of = {"compound": "lake"}
    slots = {"slots_s": 20, "slots_m": 10, "slots_l": 2}
    rows = [
        (land, {"kind": "compound", "id": "lake", "name": "Lake", "property_company": "lakeside"}),
        (
            point(60.1703, 24.9436),
            {"kind": "gate", **of, "id": "main", "rule": "OPEN", "modes": ["foot", "ebike"]}
            | changes,
        ),
        (
            point(60.1711, 24.9436),
            {
                "kind": "entrance",
                **of,
                "building": 1,
                "entrance": "1",
                "floors": None,
                "lift": True,
            },
        ),
        (
            point(60.17035, 24.9437),
            {"kind": "booth", "id": "booth", "operator": "lakeside", **of, **slots},
        ),
        (None, {"kind": "post", "id": "gate-post", **of, "hub": "booth", "minimum": 1}),
    ]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shape, "properties": properties}
            for shape, properties in rows
        ],
    }


_LAND_FILES = {"compounds": "", "gates": "", "entrances": "", "posts": "", "hubs": ""}


def test_geojson_stands_for_the_files_of_the_land(tmp_path: Path) -> None:
    """One file with all kinds, rosters beside it: the same values and the same checks."""
    folder = write(tmp_path, **_LAND_FILES)
    (folder / "compound.geojson").write_text(json.dumps(_geojson()))
    read = read_compound(folder)
    assert [gate.modes for gate in read.compounds[0].gates] == [("foot", "ebike")]
    assert read.compounds[0].entrances[0].has_lift is True
    assert read.hubs[0].kind == "booth"
    assert read.posts[0].hub == "booth"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "SHUT"}, "compound.geojson:2: rule: 'SHUT' is none of"),
        ({"colour": "red"}, "compound.geojson:2: colour: is not a known property of a gate"),
        ({"kind": "door"}, "compound.geojson:2: kind 'door': is none of compound, gate"),
        ({"opens_at": "6 am"}, "compound.geojson:2: opens_at: '6 am' is not a time"),
    ],
)
def test_geojson_faults_name_their_feature(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    """The number of the feature stands where a table has its line."""
    folder = write(tmp_path, **_LAND_FILES)
    (folder / "compound.geojson").write_text(json.dumps(_geojson(**changes)))
    assert said in _problems(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"features": 3}', b"\xff", b"[" * 100_000])
def test_geojson_rubbish_gets_a_clear_answer(tmp_path: Path, content: bytes) -> None:
    """What is no feature collection is told as such."""
    folder = write(tmp_path, **_LAND_FILES)
    (folder / "compound.geojson").write_bytes(content)
    assert "compound.geojson: " in _problems(folder)


def test_the_drawing_shows_what_stands_there(tmp_path: Path, streets: RoadNetwork) -> None:
    """Gates by rule, both kinds of entrances, booth and post, all named; names are escaped."""
    folder = write(tmp_path, compounds=("Lake Garden", "Lake & <Garden>"))
    picture = compound_svg(survey(folder, streets), width_px=600)
    for part in (
        "main",
        "gate: sign in",
        "entrance, lift",
        "entrance, stairs",
        "1-1 6F",
        "2-1 18F",
    ):
        assert part in picture
    assert "Lake &amp; &lt;Garden&gt;" in picture
    with pytest.raises(MapError, match="too narrow"):
        compound_svg(survey(folder, streets), width_px=100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('datum = "GCJ03"', "compound.toml: datum: 'GCJ03' is none of"),
        ('timezone = "China"', "compound.toml: timezone: 'China' is not a known time zone"),
        ("date = 3", "compound.toml: date: 3 is not a date"),
        ("colour = 1", "compound.toml: colour: is not a known key"),
        ("=", "compound.toml: is not TOML"),
    ],
)
def test_a_bad_heading_is_told(tmp_path: Path, text: str, said: str) -> None:
    """Every key of compound.toml is checked."""
    folder = write(tmp_path)
    (folder / "compound.toml").write_text(text)
    assert said in _problems(folder)


def test_coordinates_come_in_the_datum_that_is_named(tmp_path: Path) -> None:
    """A folder in GCJ02 is read into WGS84, a few hundred metres away in China."""
    text = {
        name.removesuffix(".csv"): its.replace("60.17", "31.30").replace("24.94", "121.39")
        for name, its in FILES.items()
    }
    folder = write(tmp_path, **text)
    plain = read_compound(folder).compounds[0].gates[0]
    (folder / "compound.toml").write_text('datum = "GCJ02"')
    moved = read_compound(folder).compounds[0].gates[0]
    assert 0.001 < abs(plain.lon - moved.lon) < 0.01
