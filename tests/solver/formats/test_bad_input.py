"""Whatever stands in a file, its reader reads it or names what is wrong."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.solver.formats import antmile, lilim, ogc, sartori, vrptw
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.vroom.model import Model
from dispatch.solver.formats.vroom.reader import read as read_vroom
from dispatch.solver.problem import ProblemError
from tests.solver.formats.texts import TEXTS

READERS: dict[str, Callable[[str], object]] = {
    "vrptw": lambda text: vrptw.read(text).problem(),
    "lilim": lambda text: lilim.read(text).problem(),
    "sartori": lambda text: sartori.read(text).problem(),
    "ogc": lambda text: ogc.read(text).problem(),
    "vroom": lambda text: Model(read_vroom(text)).problem,
    "antmile": antmile.read,
}

WORDS = ["-1", "0", "7", "1.5", "1e9", "nan", "-inf", "x", "99999999999", "1e400", "", "3 3"]
VALUES = [None, True, -1, 0, 7, 1.5, float("nan"), float("inf"), 2**31, 2**63, 2**64, 10**400, "x"]
LISTS: list[Any] = [[], {}, [[]], [0], [1, 2], [[1, 2]], {"a": 1}]


def _refused(format_: str, text: str) -> list[str]:
    """Read a text; give what is wrong with it, nothing where it is read."""
    try:
        READERS[format_](text)
    except FormatError as error:
        return list(error.faults) or ["nothing is named"]
    except ProblemError as error:
        return [": ".join(fault) for fault in error.faults] or ["nothing is named"]
    return []


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["vrptw", "lilim", "sartori"]),
    st.integers(0, 10**6),
    st.sampled_from(WORDS),
    st.integers(0, 10**6),
)
def test_a_changed_word_and_a_cut_in_a_text(format_: str, at: int, word: str, cut: int) -> None:
    """No word and no cut makes a reader stumble."""
    lines = [line.split(" ") for line in TEXTS[format_].replace("\t", " ").split("\n")]
    line = lines[at % len(lines)]
    line[at % len(line)] = word
    text = "\n".join(" ".join(words) for words in lines)
    for changed in (text, text[: cut % (len(text) + 1)]):
        assert all(": " in fault for fault in _refused(format_, changed))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["ogc", "vroom", "antmile"]),
    st.integers(0, 10**6),
    st.sampled_from([*VALUES, *LISTS]),
)
def test_a_changed_value_in_json(format_: str, at: int, new: object) -> None:
    """No value in the place of any other makes a reader stumble."""
    value = json.loads(TEXTS[format_])
    paths = list(_paths(value))
    *path, last = paths[at % len(paths)]
    place = value
    for key in path:
        place = place[key]
    place[last] = new
    assert all(": " in fault for fault in _refused(format_, json.dumps(value)))


def _paths(value: object) -> Iterator[list[Any]]:
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    for key in keys:
        yield [key]
        for rest in _paths(value[key]):  # type: ignore[index]
            yield [key, *rest]
