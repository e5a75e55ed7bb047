"""A day on drawn streets whose parcel goes to a tower behind a gate."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

SQUARE = (60.17, 24.94)
"""Where the street begins: there stand the station and the rider."""

NODES = {
    "begins": SQUARE,
    "turning": (60.17, 24.9436),
    "ends": (60.17, 24.9472),
    "gate": (60.1703, 24.9436),
    "yard": (60.171, 24.9436),
    "back": (60.171, 24.9446),
}
WAYS = {
    "residential": ("begins", "turning", "ends"),
    "service": ("turning", "gate", "yard", "back"),
}
TOWERS = {"1": (60.1712, 24.9436), "2": (60.1712, 24.9446)}
LAKE = ((60.1703, 24.942), (60.1703, 24.9455), (60.1716, 24.9455), (60.1716, 24.942))

DAY = """
date = "2026-03-02"
timezone = "Europe/Helsinki"
network = "n"
zone = "z"
currency = "EUR"
datum = "WGS84"
epoch_s = 60
map = "town.osm"
"""
TABLES = {
    "parcels.csv": """
id,created_at,ready_at,origin,lat,lon,due_at,grams,ml,compound,building,entrance,floor,room
p1,09:00,09:10,h1,60.1712,24.9436,12:00,500,1000,lake,1,1,0,101
p2,09:00,09:10,h1,60.1712,24.9446,12:00,500,1000,lake,2,1,0,101
p3,09:00,09:10,h1,60.17,24.9472,12:00,500,1000,,,,,
""",
    "couriers.csv": """
id,kind,mode,lat,lon,access
r1,rider,ebike,60.17,24.94,{access}
""",
    "availability.csv": """
courier_id,opens_at,closes_at
r1,08:00,18:00
""",
    "hubs.csv": """
id,kind,operator,lat,lon,slots_s,slots_m,slots_l
h1,station,,60.17,24.94,9,9,9
""",
    "hub_hours.csv": """
hub,opens_at,closes_at
""",
    "compounds.csv": """
id,name,boundary
lake,Lake Garden,"{boundary}"
""",
    "gates.csv": """
id,compound,lat,lon,rule,sign_in_s
g1,lake,60.1703,24.9436,{rule},{sign_in_s}
""",
    "entrances.csv": """
compound,building,entrance,lat,lon,floors,lift
lake,1,1,60.1712,24.9436,6,yes
lake,2,1,60.1712,24.9446,6,yes
""",
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))


def _town() -> str:
    """Draw the streets, a gate across the one to the towers, and the towers."""
    spots = NODES | {
        f"{tower} {corner}": (lat + north, lon + east)
        for tower, (lat, lon) in TOWERS.items()
        for corner, (north, east) in enumerate(((0, -2e-4), (0, 2e-4), (2e-4, 2e-4), (2e-4, -2e-4)))
    }
    number = {name: index for index, name in enumerate(spots, 1)}
    nodes = [
        f'<node id="{number[name]}" lat="{lat:.6f}" lon="{lon:.6f}">'
        + ('<tag k="barrier" v="lift_gate"/>' if name == "gate" else "")
        + "</node>"
        for name, (lat, lon) in spots.items()
    ]
    lines = [(names, "highway", kind) for kind, names in WAYS.items()]
    for tower in TOWERS:
        corners = [f"{tower} {corner}" for corner in (0, 1, 2, 3, 0)]
        lines.append((tuple(corners), "building", "apartments"))
    ways = [
        f'<way id="{index}">'
        + "".join(f'<nd ref="{number[name]}"/>' for name in names)
        + f'<tag k="{key}" v="{value}"/></way>'
        for index, (names, key, value) in enumerate(lines, 100)
    ]
    return "\n".join(['<osm version="0.6">', *nodes, *ways, "</osm>"])


def _replayed(
    folder: Path, rule: str, *, access: str = "", sign_in_s: str = ""
) -> list[dict[str, Any]]:
    """Write the day down, replay it, and return the events of its log."""
    ring = ", ".join(f"{lon} {lat}" for lat, lon in (*LAKE, LAKE[0]))
    folder.mkdir()
    (folder / "day.toml").write_text(DAY)
    (folder / "town.osm").write_text(_town())
    for name, text in TABLES.items():
        cells = {
            "rule": rule,
            "access": access,
            "sign_in_s": sign_in_s,
            "boundary": f"POLYGON(({ring}))",
        }
        (folder / name).write_text(text.lstrip().format(**cells))
    out = folder / "out"
    args = ["replay", str(folder), "--out", str(out), "--engine", "insert"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    lines = (out / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def _delivered(events: list[dict[str, Any]]) -> set[str]:
    return {event["parcel"] for event in _of(events, "ParcelDelivered")}


def test_who_has_no_permit_hands_over_at_the_gate(tmp_path: Path) -> None:
    """The rider serves the street at its door; for the towers recipients come to the gate."""
    events = _replayed(tmp_path / "day", "PERMIT")
    purpose = {
        event["parcel"]: event.get("purpose", "DOOR") for event in _of(events, "ParcelDelivered")
    }
    assert purpose == {"default/p1": "GATE", "default/p2": "GATE", "default/p3": "DOOR"}


def test_a_permit_opens_the_gate(tmp_path: Path) -> None:
    """The same rider with the compound in his access delivers all three, as if it stood open."""
    permitted = _replayed(tmp_path / "permit", "PERMIT", access="lake")
    assert _delivered(permitted) == {"default/p1", "default/p2", "default/p3"}
    opened = _replayed(tmp_path / "open", "OPEN")
    assert _stops(permitted) == _stops(opened)


def test_signing_in_takes_its_time_once_in_the_tour(tmp_path: Path) -> None:
    """120 s on the way to the first tower; nothing to the second one, nor on the way out."""
    opened, signed = (
        _stops(_replayed(tmp_path / rule, rule, sign_in_s="120")) for rule in ("OPEN", "SIGN_IN")
    )
    assert [stop[0] for stop in opened] == [stop[0] for stop in signed]
    towers = [row for row, stop in enumerate(opened) if stop[0]]
    assert len(towers) == 2
    longer = [late[1] - early[1] for early, late in zip(opened, signed, strict=True)]
    assert longer == [120 if row == towers[0] else 0 for row in range(len(opened))]
    # 200 m of street and 133 m to the first tower, through the gate.
    assert opened[towers[0]][2] == pytest.approx(333, abs=2)
    assert [stop[2] for stop in opened] == [stop[2] for stop in signed]


def _stops(events: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """Return the tower, seconds and metres of way of each stop of the only tour."""
    (accepted,) = _of(events, "OfferAccepted")
    return [
        (stop["place"].get("building", ""), stop["travel_s"], stop["distance_m"])
        for stop in accepted["tour"]["itinerary"]["stops"]
    ]
