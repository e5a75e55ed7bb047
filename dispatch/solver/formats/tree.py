"""JSON read strictly: each fault names its field, keys that nobody knows are refused."""

import json
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from dispatch.solver.formats.faults import Faults, FormatError

LARGEST = 2**63 - 1
"""No integer in these files is larger."""

_SHOWN = 40


class Node:
    """A value of a JSON file and the field it stands in.

    Parameters
    ----------
    value : object
        As `json` gives it.
    path : str
        As in ``vehicles[3].time_window``; empty for the whole file.
    faults : Faults
        Takes what is wrong below.

    """

    def __init__(self, value: Any, path: str, faults: Faults) -> None:  # noqa: ANN401
        self.value = value
        self.path = path
        self._faults = faults
        self._is_refused = False

    def refuse(self, what: str) -> None:
        """Note a fault of this field, unless one was noted: what follows from it is no other."""
        if not self._is_refused:
            self._is_refused = True
            self._faults.add(self.path or "the file", what)

    def stop(self, what: str) -> NoReturn:
        """Note a fault of this field after which nothing more can be read.

        Raises
        ------
        FormatError
            With every fault so far.

        """
        self.refuse(what)
        self._faults.raise_any()
        raise AssertionError(what)

    def keys(self, known: Collection[str], unsupported: Collection[str] = ()) -> None:
        """Refuse what stands in an object beside the keys that are known.

        Parameters
        ----------
        known : collection of str
            Keys that are read.
        unsupported : collection of str
            Keys of the format that are not.

        """
        for key in self._object():
            if key in unsupported:
                self.at(key).refuse("is not supported")
            elif key not in known:
                self.at(key).refuse("unknown key")

    def has(self, key: str) -> bool:
        """Say whether an object has a key whose value is not null."""
        return self._object().get(key) is not None

    def at(self, key: str) -> "Node":
        """Give a field of an object; one that is missing has the value None."""
        path = f"{self.path}.{key}" if self.path else key
        return Node(self._object().get(key), path, self._faults)

    def need(self, key: str) -> "Node":
        """Give a field of an object that must be there."""
        field = self.at(key)
        if field.value is None:
            field.refuse("is missing")
        return field

    def items(self) -> Iterator["Node"]:
        """Give the elements of a list; none where it is no list."""
        if not isinstance(self.value, list):
            self.refuse(f"expected a list, found {_shown(self.value)}")
            return
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{index}]", self._faults)

    def fields(self) -> Iterator[tuple[str, "Node"]]:
        """Give the keys of an object and their fields."""
        for key in self._object():
            yield key, self.at(key)

    def text(self) -> str:
        """Give a string."""
        if not isinstance(self.value, str):
            self.refuse(f"expected a text, found {_shown(self.value)}")
            return ""
        return self.value

    def whole(self, *, lowest: int = 0, highest: int = LARGEST) -> int:
        """Give an integer within bounds, inclusive; the lowest where it is none."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse(f"expected a whole number, found {_shown(value)}")
        elif isinstance(value, float) and not value.is_integer():
            self.refuse(f"{_shown(value)} is not a whole number")
        elif value < lowest:
            self.refuse(f"{_shown(value)} is less than {lowest}")
        elif value > highest:
            self.refuse(f"{_shown(value)} is more than {highest}")
        else:
            return int(value)
        return lowest

    def number(self, *, lowest: float = 0.0, highest: float = 2.0**31) -> float:
        """Give a finite number within bounds, inclusive; the lowest where it is none."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.refuse(f"expected a number, found {_shown(value)}")
        elif not lowest <= value <= highest:
            self.refuse(f"{_shown(value)} is not from {lowest:g} to {highest:g}")
        else:
            return float(value)
        return lowest

    def wholes(self, *, lowest: int = 0, highest: int = LARGEST) -> list[int]:
        """Give a list of integers within bounds."""
        if _are_wholes(self.value, lowest, highest):
            values: list[int] = self.value
            return values
        return [item.whole(lowest=lowest, highest=highest) for item in self.items()]

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.stop(f"expected an object, found {_shown(self.value)}")
        return self.value


def parsed(text: str | bytes, faults: Faults) -> Node:
    """Read JSON.

    Raises
    ------
    FormatError
        Where it is none, or a key stands twice in an object.

    """
    try:
        value = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, column {error.colno}"
        raise FormatError([f"{line}: is not JSON: {error.msg}"]) from None
    except UnicodeDecodeError as error:
        raise FormatError([f"byte {error.start}: is not UTF-8"]) from None
    except RecursionError:
        raise FormatError(["the file: lists within lists too deep"]) from None
    return Node(value, "", faults)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise FormatError([f"{twice}: stands twice in one object"])
    return found


def _are_wholes(value: object, lowest: int, highest: int) -> bool:
    """Say in one pass whether all is well: matrices have millions of numbers."""
    if not isinstance(value, list) or set(map(type, value)) - {int}:
        return False
    return not value or (min(value) >= lowest and max(value) <= highest)


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
