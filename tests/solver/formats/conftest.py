"""Small files of each format, written out, that tests take apart."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.solver.formats.texts import LILIM, OGC, SARTORI, VRPTW

Change = Callable[[str, int, str | None], str]


@pytest.fixture(scope="session")
def change() -> Change:
    """Give a function that puts another line (None: no line) in the place of line `number`."""

    def changed(text: str, number: int, line: str | None) -> str:
        lines = text.splitlines(keepends=True)
        lines[number - 1] = "" if line is None else line + "\n"
        return "".join(lines)

    return changed


@pytest.fixture
def vrptw_text() -> str:
    """Three customers, 5, 10 and 7 from the depot; two of them fit into a vehicle."""
    return VRPTW


@pytest.fixture
def lilim_text() -> str:
    """Two pairs, of which only one at a time fits into a vehicle."""
    return LILIM


@pytest.fixture
def sartori_text() -> str:
    """Two pairs and a matrix that is not the same both ways."""
    return SARTORI


@pytest.fixture
def ogc_value() -> dict[str, Any]:
    """Two orders, one rider on a bike and one on foot."""
    return copy.deepcopy(OGC)


@pytest.fixture
def ogc_text(ogc_value: dict[str, Any]) -> str:
    return json.dumps(ogc_value)
