"""A tiny good day, as files, for the tests of day folders."""

from pathlib import Path

import pytest

TOML = """\
date = 2026-03-02
timezone = "Asia/Shanghai"
network = "local"
zone = "east"
currency = "CNY"
datum = "WGS84"
epoch_s = 60
"""
FILES: dict[str, str] = {
    "day.toml": TOML,
    "parcels.csv": """\
id,created_at,ready_at,origin,pickup_lat,pickup_lon,lat,lon,due_at,grams,ml
p1,08:00,08:10,h1,,,36.65,117.0,10:00,500,2000
p2,08:05,08:20,,36.66,117.01,36.651,117.001,10:30,0,0
""",
    "couriers.csv": """\
id,kind,mode,lat,lon
c1,rider,ebike,36.65,117.0
c2,guard,foot,36.651,117.002
""",
    "availability.csv": """\
courier_id,opens_at,closes_at
c1,08:00,12:00
c2,09:00,09:45
c2,11:00,11:45
""",
    "hubs.csv": """\
id,kind,operator,lat,lon,slots_s,slots_m,slots_l
h1,station,us,36.652,117.003,10,5,1
h2,shop,us,36.653,117.004,3,1,0
""",
    "hub_hours.csv": "hub,opens_at,closes_at\nh1,07:30,12:00\nh1,13:00,21:00\n",
}


class DayFolder:
    """The good day in a folder of its own; tests spoil it."""

    toml = TOML
    files = FILES

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **changes: str | bytes | None) -> Path:
        """Write the day with some files replaced or, by None, left out; ``__`` stands for a dot."""
        for name, content in {
            **FILES,
            **{k.replace("__", "."): v for k, v in changes.items()},
        }.items():
            if content is not None:
                raw = content.encode() if isinstance(content, str) else content
                (self.path / name).write_bytes(raw)
        return self.path

    def spoil(self, *edits: tuple[str, str, str]) -> Path:
        """Write the day with one piece of text replaced in each of some files."""
        changes: dict[str, str | bytes | None] = {}
        for file, old, new in edits:
            assert FILES[file].count(old) == 1, old
            changes[file] = FILES[file].replace(old, new)
        return self.write(**changes)


@pytest.fixture
def good_day(tmp_path: Path) -> DayFolder:
    return DayFolder(tmp_path)
