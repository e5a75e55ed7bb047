"""The small change of batches: instants as ticks, prices and references; faults by their paths."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from google.protobuf.message import Message
from google.type import money_pb2

from dispatch.core.model import Check, Instant
from dispatch.solver.arrays import FOREVER
from dispatch.solver.fields import DEAREST
from dispatch.wire import scalars

MILLE = 1000
"""Costs of a problem are minor units times this."""
MINUTE, KILO = 60, 1000
"""Seconds of a minute; metres of a kilometre and grams of a kilogram."""
LONGEST_ID = 200
SHOWN = 80
"""So much of a wrong id is shown."""
FEW = 8
"""So many ids are listed where another one was given."""
FAULTS_OF_A_LIST = 5
"""So many bad numbers of one long list are named."""

_UNIT = scalars.MINOR_UNITS * MILLE
_NANOS = scalars.NANOS_PER_MINOR_UNIT // MILLE


class Names:
    """Ids of one kind of thing in a request, and their numbers.

    Parameters
    ----------
    path
        Of the list, such as ``legs``.
    ids
        In the order of the list.
    check
        Takes a fault for each id that is missing, too long or borne twice.
    field
        Where an id stands in a thing of the list; empty where the list is one of ids.
    """

    def __init__(self, path: str, ids: Iterable[str], check: Check, *, field: str = ".id") -> None:
        self.path = path
        self.numbers: dict[str, int] = {}
        for number, own in enumerate(ids):
            where = f"{path}[{number}]{field}"
            check.that(bool(own), where, "is required")
            scalars.plain_text(own, LONGEST_ID, where, check)
            first = self.numbers.setdefault(own, number)
            problem = f"{own[:SHOWN]!r} is that of {path}[{first}]"
            check.that(not own or first == number, where, problem)

    def __str__(self) -> str:
        """Name all, where they are few."""
        return ", ".join(self.numbers) if 0 < len(self.numbers) <= FEW else self.path


class Reader:
    """Reads the fields of a batch.

    Parameters
    ----------
    start
        Tick 0.
    currency
        ISO 4217; of all prices.
    check
        Takes the faults.
    """

    def __init__(self, start: Instant, currency: str, check: Check) -> None:
        self.start = start
        self.currency = currency
        self.check = check
        self.place_count = 0

    def ticks(self, message: Message, field: str, path: str, default: int) -> int:
        """Return an instant in ticks; the default where it is not set."""
        if not message.HasField(field):
            return default
        ticks = int(getattr(message, field).seconds) - self.start
        if abs(ticks) > FOREVER:
            self.fault(f"{path}.{field}", "is more than 34 years away from start_time")
            return default
        return ticks

    def span(self, message: Message, field: str, path: str, default: int = 0) -> int:
        """Return a length of time in ticks; the default where it is not set."""
        if not message.HasField(field):
            return default
        return self.within(int(getattr(message, field).seconds), f"{path}.{field}", 0, FOREVER)

    def price(
        self, message: Message, field: str, path: str, default: int = 0, *, per: int = 1
    ) -> int:
        """Return a price in minor units times 1000; the default where it is not set.

        Parameters
        ----------
        per
            So many of the problem's units the price is for; the result is for one, rounded.
        """
        if not message.HasField(field):
            return default
        given: money_pb2.Money = getattr(message, field)
        code = given.currency_code or self.currency
        where = f"{path}.{field}"
        self.check.that(code == self.currency, f"{where}.currency_code", f"is not {self.currency}")
        parts, rest = divmod(given.nanos, _NANOS)
        problem = "is finer than a thousandth of a minor unit"
        self.check.that(rest == 0, f"{where}.nanos", problem)
        total = given.units * _UNIT + parts
        return self.within((2 * total + per) // (2 * per), where, 0, DEAREST)

    def within(self, value: int, path: str, lowest: int, highest: int) -> int:
        """Return a number; the lowest, and a fault, where it is out of bounds."""
        if lowest <= value <= highest:
            return value
        self.fault(path, f"{value} is not from {lowest} to {highest}")
        return lowest

    def all_within(
        self, values: Sequence[int], path: str, lowest: int, highest: int
    ) -> Sequence[int]:
        """Return numbers; zeros, and a fault for the first bad ones, where any is out of bounds."""
        if not values or (lowest <= min(values) and max(values) <= highest):
            return values
        bad = [at for at, value in enumerate(values) if not lowest <= value <= highest]
        for at in bad[:FAULTS_OF_A_LIST]:
            self.fault(f"{path}[{at}]", f"{values[at]} is not from {lowest} to {highest}")
        if len(bad) > FAULTS_OF_A_LIST:
            self.fault(
                path, f"{len(bad) - FAULTS_OF_A_LIST} more are not from {lowest} to {highest}"
            )
        return [0] * len(values)

    def place(self, message: Message, field: str, path: str) -> int:
        """Return a place's number; -1 where it is not set."""
        if not message.HasField(field):
            return -1
        value = int(getattr(message, field))
        if 0 <= value < self.place_count:
            return value
        known = f"0 to {self.place_count - 1}" if self.place_count else "none"
        self.fault(f"{path}.{field}", f"there is no place {value}: places are {known}")
        return -1

    def reference(self, given: str, names: Names, path: str) -> int:
        """Return the number behind an id; -1 where it is empty."""
        if not given:
            return -1
        found = names.numbers.get(given, -1)
        if found < 0:
            self.fault(path, f"{given[:SHOWN]!r} is none of {names}")
        return found

    def needed(self, given: str, names: Names, path: str) -> int:
        """Return the number behind an id that must be given; 0 where it is bad."""
        self.check.that(bool(given), path, "is required")
        return max(0, self.reference(given, names, path))

    def bits(self, given: Sequence[str], skills: Names, path: str) -> int:
        """Return skills as bits."""
        found = [self.needed(skill, skills, f"{path}[{at}]") for at, skill in enumerate(given)]
        return sum(1 << bit for bit in set(found))

    def fault(self, path: str, problem: str) -> None:
        """Note a fault."""
        self.check.that(False, path, problem)  # noqa: FBT003


def column(things: Sequence[Any], read: Callable[[Any, str], int], path: str) -> list[int]:
    """Read a number from each of a list."""
    return [read(thing, f"{path}[{number}]") for number, thing in enumerate(things)]


def money(cost: int, currency: str) -> money_pb2.Money:
    """Write minor units times 1000, exactly."""
    units, rest = divmod(cost, _UNIT)
    return money_pb2.Money(currency_code=currency, units=units, nanos=rest * _NANOS)
