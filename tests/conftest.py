"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Give the folder of published data, or skip the test where the machine has none."""
    named = os.environ.get("ANTMILE_DATA", "")
    if not named:
        pytest.skip("published data: ANTMILE_DATA is not set")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"published data: ANTMILE_DATA={named} is not a folder")
    return folder


@pytest.fixture(scope="session")
def grid_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a map of 15 by 15 residential streets, 120 m apart, open to every mode."""
    size, step = 15, 0.0011
    numbers = [[row * size + column + 1 for column in range(size)] for row in range(size)]
    nodes = [
        f'<node id="{numbers[row][column]}" lat="{48 + row * step:.6f}" '
        f'lon="{15 + column * step * 1.5:.6f}"/>'
        for row in range(size)
        for column in range(size)
    ]
    lines = [*numbers, *(list(column) for column in zip(*numbers, strict=True))]
    ways = [
        f'<way id="{way}">'
        + "".join(f'<nd ref="{number}"/>' for number in line)
        + '<tag k="highway" v="residential"/></way>'
        for way, line in enumerate(lines, start=1)
    ]
    path = tmp_path_factory.mktemp("map") / "grid.osm"
    path.write_text(f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>')
    return path
