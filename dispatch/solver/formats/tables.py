"""Text files of numbers, line by line, so that each fault can name its line and column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.solver.formats.faults import Faults, FormatError

LARGEST = 2**31 - 1
"""No number in a text file of these formats is larger."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not empty: its number, from 1, and its words."""

    number: int
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """How a fault names it."""
        return f"line {self.number}"


class Table:
    """The lines of a text file, taken one after the other.

    Parameters
    ----------
    text : str
        The whole file.

    """

    def __init__(self, text: str) -> None:
        self._lines = [
            Line(number, tuple(line.split()))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
        ]
        self._next = 0

    def is_done(self) -> bool:
        """Say whether no line is left."""
        return self._next == len(self._lines)

    def take(self, wanted: str) -> Line:
        """Take the next line.

        Parameters
        ----------
        wanted : str
            What should stand there, for the fault that it does not.

        Raises
        ------
        FormatError
            Where the file ends here.

        """
        if self.is_done():
            last = self._lines[-1].name if self._lines else "line 1"
            raise FormatError([f"{last}: the file ends here, expected {wanted}"])
        self._next += 1
        return self._lines[self._next - 1]

    def rest(self) -> list[Line]:
        """Take all lines that are left."""
        lines = self._lines[self._next :]
        self._next = len(self._lines)
        return lines


def numbers_of(
    line: Line, columns: Sequence[str], whole: Sequence[str], faults: Faults
) -> list[float] | None:
    """Read a line of numbers.

    Parameters
    ----------
    line : Line
        Where they stand.
    columns : sequence of str
        What each is called.
    whole : sequence of str
        Those that must be integers.
    faults : Faults
        Takes what is wrong.

    Returns
    -------
    list of float or None
        None where anything is wrong with the line.

    """
    if len(line.words) != len(columns):
        count = f"{len(columns)} numbers" if len(columns) > 1 else "1 number"
        faults.add(line.name, f"expected {count}, found {len(line.words)}")
        return None
    values: list[float] = []
    for name, word in zip(columns, line.words, strict=True):
        value = _number(word)
        if value is None:
            faults.add(line.name, f"{name}: {word!r} is not a number")
        elif abs(value) > LARGEST:
            faults.add(line.name, f"{name}: {word} does not fit into 32 bits")
        elif name in whole and value != int(value):
            faults.add(line.name, f"{name}: {word} is not a whole number")
        else:
            values.append(value)
    return values if len(values) == len(columns) else None


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
