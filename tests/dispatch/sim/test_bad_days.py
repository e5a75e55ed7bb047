"""Day folders that are refused, and in which words."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dispatch.sim.folder import Day, DayError, read_day


def problems(folder: Path) -> list[str]:
    """Return why a day is refused."""
    with pytest.raises(DayError) as caught:
        read_day(folder)
    return caught.value.problems


NOT_A_TIME = "is not a time: write HH:MM, or ISO 8601 with an offset"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        # ids
        ("parcels.csv", "p2,", "p1,", "parcels.csv:3: id: 'p1' is already in line 2"),
        ("parcels.csv", "p2,", ",", "parcels.csv:3: id: is missing"),
        (
            "parcels.csv",
            "p2,",
            "p 2,",
            (
                "parcels.csv:3: id: 'p 2' is not an id: 1 to 63 letters, digits and . _ ~ -, "
                "the first a letter or digit"
            ),
        ),
        ("hubs.csv", "h2,", "h1,", "hubs.csv:3: id: 'h1' is already in line 2"),
        # numbers and coordinates
        ("parcels.csv", "36.651", "ninety", "parcels.csv:3: lat: 'ninety' is not a number"),
        ("parcels.csv", "36.651", "nan", "parcels.csv:3: lat: 'nan' is not a number"),
        ("parcels.csv", "36.651", "", "parcels.csv:3: lat: is missing"),
        (
            "parcels.csv",
            "36.651",
            "91",
            "parcels.csv:3: lat: 91.0 is not between -90 and 90 degrees",
        ),
        (
            "parcels.csv",
            "117.01",
            "-200",
            "parcels.csv:3: pickup_lon: -200.0 is not between -180 and 180 degrees",
        ),
        (
            "couriers.csv",
            "117.002",
            "1e999",
            "couriers.csv:3: lon: inf is not between -180 and 180 degrees",
        ),
        ("parcels.csv", "500", "5.5", "parcels.csv:2: grams: '5.5' is not a whole number"),
        ("parcels.csv", "500", "five", "parcels.csv:2: grams: 'five' is not a number"),
        ("parcels.csv", "500", "9" * 14, "parcels.csv:2: grams: '99999999999999' is too large"),
        ("parcels.csv", "500", "-1", "parcels.csv:2: grams: -1 is negative"),
        ("parcels.csv", "2000", "-3", "parcels.csv:2: ml: -3 is negative"),
        ("hubs.csv", "10,5", "-10,5", "hubs.csv:2: slots_s: -10 is negative"),
        # times
        ("parcels.csv", "08:05", "25:00", f"parcels.csv:3: created_at: '25:00' {NOT_A_TIME}"),
        ("parcels.csv", "08:05", "soon", f"parcels.csv:3: created_at: 'soon' {NOT_A_TIME}"),
        (
            "parcels.csv",
            "08:05",
            "2026-03-02T08:05:00",
            (
                "parcels.csv:3: created_at: '2026-03-02T08:05:00' has no offset from UTC: "
                "add one, or write HH:MM for the day's own zone"
            ),
        ),
        (
            "parcels.csv",
            "08:05",
            "2025-03-02T08:05:00+08:00",
            (
                "parcels.csv:3: created_at: '2025-03-02T08:05:00+08:00' is more than 7 days away "
                "from 2026-03-02"
            ),
        ),
        (
            "parcels.csv",
            "10:30",
            "08:20",
            "parcels.csv:3: due_at: the promise ends before the parcel is ready",
        ),
        (
            "availability.csv",
            "12:00",
            "07:00",
            "availability.csv:2: closes_at: the window closes before it opens",
        ),
        (
            "hub_hours.csv",
            "12:00",
            "07:30",
            "hub_hours.csv:2: closes_at: the window closes before it opens",
        ),
        # overlaps
        (
            "availability.csv",
            "11:00",
            "09:30",
            "availability.csv:4: opens_at: the slot overlaps the one in line 3",
        ),
        (
            "hub_hours.csv",
            "13:00",
            "11:59",
            "hub_hours.csv:3: opens_at: the slot overlaps the one in line 2",
        ),
        # references
        ("parcels.csv", "h1,", "h9,", "parcels.csv:2: origin: there is no hub 'h9'"),
        (
            "parcels.csv",
            ",36.66,117.01",
            ",,",
            "parcels.csv:3: origin: is missing: give a hub's id, or pickup_lat and pickup_lon",
        ),
        (
            "parcels.csv",
            ",,36.66",
            ",h1,36.66",
            "parcels.csv:3: origin: give origin, or pickup_lat and pickup_lon, not both",
        ),
        (
            "availability.csv",
            "c1",
            "c9",
            "availability.csv:2: courier_id: there is no courier 'c9'",
        ),
        (
            "hub_hours.csv",
            "h1,07",
            "h9,07",
            "hub_hours.csv:2: hub: there is no hub 'h9'",
        ),
        # kinds
        (
            "couriers.csv",
            "guard",
            "robot",
            "couriers.csv:3: kind: 'robot' is none of guard, shopkeeper, neighbour, student, rider",
        ),
        (
            "couriers.csv",
            "ebike",
            "Ebike",
            "couriers.csv:2: mode: 'Ebike' is none of foot, bicycle, ebike, car",
        ),
        (
            "hubs.csv",
            "shop",
            "kiosk",
            "hubs.csv:3: kind: 'kiosk' is none of station, booth, shop, locker",
        ),
        # shape of the files
        ("couriers.csv", ",lon", "", "couriers.csv:1: lon: the column is missing"),
        ("couriers.csv", "rider,", "", "couriers.csv:2: 4 cells where the header has 5"),
        ("couriers.csv", "c2,guard", '"c2"x,guard', "couriers.csv:3: is not CSV: "),
        # day.toml
        ("day.toml", "2026-03-02", '"someday"', "day.toml: date: 'someday' is not a date: "),
        ("day.toml", "2026-03-02", "1812-03-02", "day.toml: date: 1812-03-02 is not between "),
        ("day.toml", "2026-03-02", "7", "day.toml: date: 7 is not a date: write 2026-03-02"),
        (
            "day.toml",
            "Asia/Shanghai",
            "Mars/Base",
            "day.toml: timezone: 'Mars/Base' is not a known time zone",
        ),
        (
            "day.toml",
            "Asia/Shanghai",
            "../etc/passwd",
            "day.toml: timezone: '../etc/passwd' is not a known time zone",
        ),
        ("day.toml", "WGS84", "ED50", "day.toml: datum: 'ED50' is none of WGS84, GCJ02, BD09"),
        (
            "day.toml",
            "epoch_s = 60\n",
            "epoch_s = 60\n[time_factors]\ncar = [1, 2]\n",
            "day.toml: time_factors: car: Tuple should have at least 24 items ",
        ),
        (
            "parcels.csv",
            "36.65,117.0,10:00",
            "117.0,36.65,10:00",
            "parcels.csv:2: lat: 117.0 is no latitude: it looks like lon, lat order: ",
        ),
        ("day.toml", "CNY", "yuan", "day.toml: currency: 'yuan' is not a currency: "),
        ("day.toml", "60", "0", "day.toml: epoch_s: 0 is not at least 1"),
        ("day.toml", "60", "true", "day.toml: epoch_s: True is not a whole number"),
        ("day.toml", '"east"', "7", "day.toml: zone: 7 is not text"),
        ("day.toml", "east", "far east", "day.toml: zone: 'far east' is not an id: "),
        ("day.toml", "epoch_s = 60\n", "", "day.toml: epoch_s: is missing"),
        ("day.toml", "date =", "date", "day.toml: is not TOML: "),
    ],
)
def test_bad_row_is_told_with_file_line_and_column(
    good_day: Any, file: str, old: str, new: str, expected: str
) -> None:
    """Each kind of bad input is named where it stands; endings left to libraries aside."""
    found = problems(good_day.spoil((file, old, new)))
    assert len(found) == 1
    assert found[0].startswith(expected) if expected.endswith(" ") else found[0] == expected


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "couriers.csv",
            "c2,",
            "c1,",
            [
                "availability.csv:3: courier_id: there is no courier 'c2'",
                "availability.csv:4: courier_id: there is no courier 'c2'",
                "couriers.csv:3: id: 'c1' is already in line 2",
            ],
        ),
        (
            "couriers.csv",
            "kind",
            "mode",
            [
                "couriers.csv:1: mode: the column stands there twice",
                "couriers.csv:1: kind: the column is missing",
            ],
        ),
        (
            "parcels.csv",
            "grams",
            "weight",
            [
                "parcels.csv:1: weight: is not a known column",
                "parcels.csv:1: grams: the column is missing",
            ],
        ),
        (
            "day.toml",
            "epoch_s",
            "epoch",
            ["day.toml: epoch: is not a known key", "day.toml: epoch_s: is missing"],
        ),
    ],
)
def test_what_follows_from_one_slip_is_told_too(
    good_day: Any, file: str, old: str, new: str, expected: list[str]
) -> None:
    """A wrong name is a missing one as well, and a wrong id leaves rows that refer to none."""
    assert problems(good_day.spoil((file, old, new))) == expected


@pytest.mark.parametrize(
    "name",
    [
        "day.toml",
        "parcels.csv",
        "couriers.csv",
        "availability.csv",
        "hubs.csv",
        "hub_hours.csv",
    ],
)
def test_missing_file_is_told(good_day: Any, name: str) -> None:
    """Only the optional files may be missing; what refers to a missing one is not doubted."""
    folder = good_day.write(**{name.replace(".", "__"): None})
    assert problems(folder) == [f"{name}: the file is missing"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b"",
            (
                "parcels.csv: has no header: its first line must be "
                "id,created_at,ready_at,lat,lon,due_at,grams,ml"
            ),
        ),
        (b"id,\xff\n", "parcels.csv: is not UTF-8 (byte 4): save it as UTF-8"),
        (
            b"id,created_at,ready_at,lat,lon,due_at,grams,ml\n",
            "parcels.csv: holds no parcel: there is nothing to do",
        ),
    ],
)
def test_file_without_content_is_told(good_day: Any, content: bytes, expected: str) -> None:
    """Empty files, foreign encodings and days without parcels are refused by name."""
    assert problems(good_day.write(parcels__csv=content)) == [expected]


def test_missing_folder_is_told(tmp_path: Path) -> None:
    """A wrong path is one line that says what to give."""
    folder = tmp_path / "nowhere"
    assert problems(folder) == [f"{folder}: no such folder: give one that holds day.toml"]


PARCEL_HEAD = "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml"
PARCEL_ROW = "08:00,08:10,h1,36.65,117.0,10:00,1,1"


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        (
            "window_opens_at,window_closes_at",
            ["p1 09:30,09:00"],
            ["parcels.csv:2: window_closes_at: the window closes before it opens"],
        ),
        (
            "window_opens_at,window_closes_at",
            ["p1 07:30,08:00"],
            ["parcels.csv:2: window_closes_at: the window closes before the parcel is ready"],
        ),
        (
            "window_opens_at,window_closes_at",
            ["p1 07:30,"],
            ["parcels.csv:2: window_closes_at: is missing"],
        ),
        (
            "carrier,waybill,piece",
            ["p1 sf,W1,1", "p2 sf,W1,2", "p3 sf,W1,1"],
            ["parcels.csv:4: waybill: carrier 'sf', waybill 'W1', piece '1' is already in line 2"],
        ),
        ("merchant", ["p1 a", "p1 b", "p1 a"], ["parcels.csv:4: id: 'p1' is already in line 2"]),
        (
            "merchant",
            ["p1 a/b"],
            [
                (
                    "parcels.csv:2: merchant: 'a/b' is not an id: 1 to 63 letters, digits and "
                    ". _ ~ -, the first a letter or digit"
                )
            ],
        ),
        (
            "options",
            ["p1 door>roof", "p2 hub:h9", "p3 person:c9", "p4 person", "p5 door:h1"],
            [
                (
                    "parcels.csv:2: options: 'roof' is none of door, person, hub, safe_place, "
                    "reattempt, return"
                ),
                "parcels.csv:3: options: there is no hub 'h9'",
                "parcels.csv:4: options: there is no courier 'c9'",
                "parcels.csv:5: options: PERSON names the courier who takes it",
                "parcels.csv:6: options: DOOR has no target",
            ],
        ),
        (
            "floor,lift",
            ["p1 900,maybe"],
            [
                "parcels.csv:2: lift: 'maybe' is neither yes nor no",
                "parcels.csv:2: floor: 900 is not between -10 and 200",
            ],
        ),
        ("cod_cents", ["p1 -5"], ["parcels.csv:2: cod_cents: -5 is negative"]),
    ],
)
def test_bad_optional_cells_of_parcels(
    good_day: Any, columns: str, rows: list[str], expected: list[str]
) -> None:
    """Optional columns are checked as strictly as the others."""
    lines = [f"{PARCEL_HEAD},{columns}"]
    for row in rows:
        parcel, _, cells = row.partition(" ")
        lines.append(f"{parcel},{PARCEL_ROW},{cells}")
    assert problems(good_day.write(parcels__csv="\n".join(lines))) == expected


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "couriers",
            (
                "id,kind,mode,lat,lon,capacity_ml,host_of,allowance_min,leash_min\n"
                "c1,rider,ebike,1,1,-5,h9,-1,2\nc2,rider,foot,1,1,,,9,2\n"
            ),
            [
                "couriers.csv:2: host_of: there is no hub 'h9'",
                "couriers.csv:2: allowance_min: -1 is negative",
                "couriers.csv:2: capacity_ml: -5 is negative",
                "couriers.csv:3: leash_min: the leash is shorter than the allowance",
            ],
        ),
        (
            "couriers",
            "id,kind,mode,lat,lon,end_lat,end_lon\nc1,rider,ebike,1,1,2,\nc2,rider,foot,1,1,,\n",
            ["couriers.csv:2: end_lon: is missing"],
        ),
        (
            "availability",
            "courier_id,opens_at,closes_at,duty\nc1,08:00,09:00,SLEEP\n",
            ["availability.csv:2: duty: 'SLEEP' is none of POST, PATROL, BREAK"],
        ),
        (
            "hubs",
            "id,kind,operator,lat,lon,slots_s,slots_m,slots_l,host\nh1,shop,us,1,1,1,1,1,c9\n",
            ["hubs.csv:2: host: there is no courier 'c9'"],
        ),
        (
            "hubs",
            (
                "id,kind,operator,lat,lon,slots_s,slots_m,slots_l,contracts,attended\n"
                "h1,shop,us,1,1,1,1,1,HOLD;KEEP,perhaps\n"
            ),
            [
                "hubs.csv:2: attended: 'perhaps' is neither yes nor no",
                "hubs.csv:2: contracts: 'KEEP' is none of HOLD, RELAY, COLLECTION",
            ],
        ),
        (
            "gates",
            (
                "id,compound,lat,lon,rule,modes,sign_in_s,opens_at,closes_at\n"
                "g1,,91,1,SHUT,boat,-1,10:00,10:00\n"
                "g1,G,1,1,OPEN,foot,x,10:00,\n"
            ),
            [
                "gates.csv:2: compound: is missing",
                (
                    "gates.csv:2: lat: 91.0 is no latitude: it looks like lon, lat order: "
                    "give the latitude first"
                ),
                "gates.csv:2: rule: 'SHUT' is none of OPEN, SIGN_IN, PERMIT",
                "gates.csv:2: sign_in_s: -1 is negative",
                "gates.csv:2: modes: 'boat' is none of foot, bicycle, ebike, car",
                (
                    "gates.csv:2: closes_at: the gate closes when it opens: "
                    "leave both empty for always"
                ),
                "gates.csv:3: id: 'g1' is already in line 2",
                "gates.csv:3: sign_in_s: 'x' is not a number",
                "gates.csv:3: closes_at: is missing",
            ],
        ),
        (
            "compounds",
            "id,name,boundary\nG,,LAKE\nG,Garden,POINT (117 36)\n",
            [
                "compounds.csv:2: name: is missing",
                (
                    "compounds.csv:2: boundary: is not well-known text "
                    "(ParseException: Unknown type: 'LAKE'): write POLYGON(...)"
                ),
                "compounds.csv:3: id: 'G' is already in line 2",
                ("compounds.csv:3: boundary: is a Point: write POLYGON(...) or MULTIPOLYGON(...)"),
            ],
        ),
        (
            "entrances",
            "compound,building,entrance,lat,lon,floors,lift\nG,1,1,1,1,-6,\nG,1,1,1,1,6,no\n",
            [
                "entrances.csv:2: floors: -6 is negative",
                "entrances.csv:2: lift: is missing",
                "entrances.csv:3: entrance: 'G' '1' '1' is already in line 2",
            ],
        ),
        (
            "posts",
            "id,compound,hub,minimum\nq1,G,h9,-1\n",
            [
                "posts.csv:2: hub: there is no hub 'h9'",
                "posts.csv:2: minimum: -1 is not between 0 and 100",
            ],
        ),
        (
            "consents",
            (
                "household,parcel,kind,target,given_at,withdrawn_at,evidence\n"
                ",,COLLECTION,h9,07:00,,x\n,p9,PERSON,c9,07:00,06:00,\n"
                ",p1,PERSON,,07:00,,x\n,p1,SAFE_PLACE,h1,7,,call 123\n"
            ),
            [
                "consents.csv:2: household: give a household or a parcel, one of the two",
                "consents.csv:2: target: there is no hub 'h9'",
                "consents.csv:3: parcel: there is no parcel 'p9'",
                "consents.csv:3: target: there is no courier 'c9'",
                "consents.csv:3: evidence: is missing",
                "consents.csv:3: withdrawn_at: the window closes before it opens",
                "consents.csv:4: target: is missing",
                "consents.csv:5: target: a safe place has no target",
                (
                    "consents.csv:5: evidence: is no reference: up to 100 letters, digits and "
                    ". _ : / ~ # -"
                ),
                (
                    "consents.csv:5: given_at: '7' is not a time: write HH:MM, or ISO 8601 with "
                    "an offset"
                ),
            ],
        ),
    ],
)
def test_bad_cells_of_the_other_files(
    good_day: Any, file: str, text: str, expected: list[str]
) -> None:
    """Every file is checked, those that are not used yet as well."""
    assert problems(good_day.write(**{f"{file}__csv": text})) == expected


def test_all_problems_are_listed_by_file_and_line(good_day: Any) -> None:
    """One run tells everything, sorted; a row with two faults has two lines."""
    folder = good_day.spoil(
        ("parcels.csv", "36.65,117.0,", "x,y,"),
        ("couriers.csv", "guard,foot", "cop,car"),
        ("day.toml", "Asia/Shanghai", "Mars"),
    )
    assert problems(folder) == [
        "couriers.csv:3: kind: 'cop' is none of guard, shopkeeper, neighbour, student, rider",
        "day.toml: timezone: 'Mars' is not a known time zone",
        "parcels.csv:2: lat: 'x' is not a number",
        "parcels.csv:2: lon: 'y' is not a number",
    ]


def test_lines_are_counted_in_the_file_not_in_rows(good_day: Any) -> None:
    """A quoted line break and an empty line do not shift the numbers."""
    head = f"{PARCEL_HEAD},address\n"
    text = (
        head
        + f'p1,{PARCEL_ROW},"Long Road 1\nsecond line"\n'
        + "\n"
        + f"p2,{PARCEL_ROW.replace('36.65', 'ninety')},\n"
    )
    assert problems(good_day.write(parcels__csv=text)) == [
        "parcels.csv:5: lat: 'ninety' is not a number"
    ]


def test_bad_hub_row_is_told_once(good_day: Any) -> None:
    """Parcels of a hub whose row is bad do not repeat its fault."""
    assert problems(good_day.spoil(("hubs.csv", "36.652", "far"))) == [
        "hubs.csv:2: lat: 'far' is not a number"
    ]


class NoRoadsNorth:
    """A map that ends at 36.655 degrees, for e-bikes; those on foot get everywhere."""

    def snap_distance_m(self, mode: str, points: Sequence[Any]) -> NDArray[np.float64]:
        """Return 3 m, or inf where there is no road."""
        far = [mode == "ebike" and point.lat > 36.655 for point in points]
        return np.where(far, math.inf, 3.0)


class OnlyHere:
    """A map of the good day's surroundings."""

    def snap_distance_m(self, mode: str, points: Sequence[Any]) -> NDArray[np.float64]:
        """Return 3 m there, inf elsewhere."""
        here = [36 < point.lat < 37 and 16.9 < point.lon < 18 for point in points]
        return np.where(here, 3.0, math.inf)


def test_a_swapped_pair_off_the_map_is_told(good_day: Any) -> None:
    """What lies on the map only the other way round is called that; what does not is not."""
    files = {
        name.replace(".", "__"): text.replace(",117.0", ",17.0")
        for name, text in good_day.files.items()
    }
    row = "{},08:00,08:10,h1,{},10:00,1,1\n"
    head = "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml\n"
    files["parcels__csv"] = head + row.format("p1", "17.0,36.65") + row.format("p2", "50.0,4.0")
    with pytest.raises(DayError) as caught:
        read_day(good_day.write(**files), roads=OnlyHere())
    hint = " (it looks like lon, lat order: give the latitude first)"
    assert caught.value.problems == [
        f"parcels.csv:2: lat: 17.0, 36.65 is off the map: no road for ebike is near{hint}",
        "parcels.csv:3: lat: 50.0, 4.0 is off the map: no road for ebike is near",
    ]


def test_coordinate_off_the_map_is_told(good_day: Any) -> None:
    """A point that some courier's mode does not get to is refused, with its line."""
    with pytest.raises(DayError) as caught:
        read_day(good_day.write(), roads=NoRoadsNorth())
    assert caught.value.problems == [
        "parcels.csv:3: pickup_lat: 36.66, 117.01 is off the map: no road for ebike is near"
    ]
    on_foot = good_day.spoil(("couriers.csv", "ebike", "foot"))
    assert isinstance(read_day(on_foot, roads=NoRoadsNorth()), Day)
