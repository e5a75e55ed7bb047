"""Explanations in plain English, for whoever reads a plan: names and units are the reader's.

The solver knows indices, ticks and costs; `Names` says what they are called. `Indices` calls them
what they are, and is the one to inherit from.
"""

from collections.abc import Callable
from typing import Protocol

from dispatch.solver.explain import Explanation
from dispatch.solver.fixes import Fix, FixKind
from dispatch.solver.plan import Reason

_MINUTE_S, _HOUR_S = 60, 3600


class Names(Protocol):
    """What the things of a problem are called, and how instants, spans and costs are written."""

    def leg(self, leg: int) -> str:
        """Name a leg."""

    def courier(self, courier: int) -> str:
        """Name a courier."""

    def option(self, option: int) -> str:
        """Name where a drop-off option is, as in "the booth"; -1: wherever it may be."""

    def hub(self, hub: int) -> str:
        """Name a hub."""

    def gate(self, gate: int) -> str:
        """Name what lies behind a gate."""

    def post(self, post: int) -> str:
        """Name a post."""

    def load(self, dimension: int, amount: int) -> str:
        """Write an amount of a load dimension."""

    def skills(self, bits: int) -> str:
        """Name the skills that bits stand for."""

    def instant(self, tick: int) -> str:
        """Write an instant."""

    def span(self, ticks: int) -> str:
        """Write a duration."""

    def cost(self, cost: int) -> str:
        """Write a cost."""


class Indices:
    """Names for whoever knows the problem's arrays.

    Parameters
    ----------
    tick_s : float
        What a tick is, seconds; 0: a tick is a tick.

    """

    def __init__(self, tick_s: float = 0) -> None:
        self.tick_s = tick_s

    def leg(self, leg: int) -> str:
        """Give the index."""
        return f"leg {leg}"

    def courier(self, courier: int) -> str:
        """Give the index."""
        return f"courier {courier}"

    def option(self, option: int) -> str:
        """Give the index."""
        return f"drop-off {option}" if option >= 0 else "the drop-off"

    def hub(self, hub: int) -> str:
        """Give the index."""
        return f"hub {hub}"

    def gate(self, gate: int) -> str:
        """Give the index."""
        return f"gate {gate}"

    def post(self, post: int) -> str:
        """Give the index."""
        return f"post {post}"

    def load(self, dimension: int, amount: int) -> str:
        """Give the number, and the index of the dimension."""
        return f"{amount} of dimension {dimension}"

    def skills(self, bits: int) -> str:
        """Give the numbers of the bits."""
        numbers = [str(bit) for bit in range(bits.bit_length()) if bits >> bit & 1]
        return f"{'skill' if len(numbers) == 1 else 'skills'} {' and '.join(numbers)}"

    def instant(self, tick: int) -> str:
        """Give the tick, or hours and minutes since tick 0."""
        if not self.tick_s:
            return f"tick {tick}"
        minutes, seconds = divmod(round(tick * self.tick_s), _MINUTE_S)
        hours, minutes = divmod(minutes, _MINUTE_S)
        return f"{hours}:{minutes:02}" + (f":{seconds:02}" if seconds else "")

    def span(self, ticks: int) -> str:
        """Give the ticks, or minutes, of which a started one counts."""
        if not self.tick_s:
            return f"{ticks} tick" + "s" * (ticks != 1)
        seconds = ticks * self.tick_s
        if seconds < _MINUTE_S:
            return f"{seconds:g} s"
        hours, minutes = divmod(-(-int(seconds) // _MINUTE_S), _MINUTE_S)
        return " ".join([f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0))

    def cost(self, cost: int) -> str:
        """Give the number."""
        return f"{cost}"


INDICES = Indices()


def in_words(explanation: Explanation, names: Names = INDICES) -> str:
    """Say what would serve a leg, or, where nothing is known to, why it is not served.

    Parameters
    ----------
    explanation : Explanation
        Of `explain` or `why_not`.
    names : Names
        What things are called.

    Returns
    -------
    str
        As in "served if the booth stays open 12 min longer, until 20:12"; no full stop.

    """
    if explanation.fix is None:
        return cause_in_words(explanation, names)
    return f"served if {fix_in_words(explanation.fix, names)}"


def cause_in_words(explanation: Explanation, names: Names = INDICES) -> str:
    """Say why a leg is not served, or not by somebody.

    Parameters
    ----------
    explanation, names
        As in `in_words`.

    """
    told = explanation
    who = names.courier(told.courier) if told.courier >= 0 else "nobody"
    if told.served_by >= 0:
        other = names.courier(told.served_by)
        if told.reason is Reason.FROZEN:
            return f"{names.leg(told.leg)} is promised to {other}"
        if told.reason is Reason.NOT_WORTH_IT:
            return f"{other} does it {names.cost(told.slack)} cheaper"
        if told.reason is Reason.SEARCH_LIMIT:
            return f"{who} could do it as well as {other}: search longer"
    if told.courier < 0:
        return _NOBODY[told.reason]
    return _CAUSES[told.reason](who, told, names)


_NOBODY: dict[Reason, str] = {
    Reason.NO_COURIER_IN_RANGE: "nobody can be there in time",
    Reason.PERMIT: "nobody may enter",
    Reason.SKILL: "nobody has the skills",
    Reason.CAPACITY: "nobody has room for it",
    Reason.WINDOW: "nobody can do it within its windows",
    Reason.HOURS: "nobody would be back before he goes off duty",
    Reason.LEASH: "everybody would be away for too long",
    Reason.POST: "too many would be away from their post",
    Reason.HUB_FULL: "no compartment of its size is free",
    Reason.AREA: "it lies in nobody's area",
    Reason.FROZEN: "it would fit, were it not for stops that may not be moved",
    Reason.UNREACHABLE: "there is no way from its pickup to its drop-off",
    Reason.PRECEDENCE: "what it waits for is not brought to where it begins",
    Reason.NOT_WORTH_IT: "it costs more than leaving it out",
    Reason.OFFERS_EXHAUSTED: "all who could have it are barred from it",
    Reason.SEARCH_LIMIT: "one insertion would serve it: search longer",
}

_Told = Callable[[str, Explanation, Names], str]


def _late(who: str, told: Explanation, names: Names) -> str:
    if told.slack:
        return f"{who} would be {names.span(told.slack)} late"
    return f"{who} could not keep to the windows of what he has to do"


def _full(who: str, told: Explanation, names: Names) -> str:
    fix = told.fix
    if fix is not None and fix.kind is FixKind.CAPACITY and fix.amount == told.slack:
        # Only a fix says which of the loads is too large.
        return f"{who} has no room for {names.load(fix.index, told.slack)} more"
    return f"{who} has no room for {told.slack or 'that'} more"


_CAUSES: dict[Reason, _Told] = {
    Reason.NO_COURIER_IN_RANGE: _late,
    Reason.PERMIT: lambda who, _, __: f"{who} may not enter",
    Reason.SKILL: lambda who, _, __: f"{who} has not the skills",
    Reason.CAPACITY: _full,
    Reason.WINDOW: _late,
    Reason.HOURS: lambda who, told, names: (
        f"{who} would be back {names.span(told.slack)} after he goes off duty"
    ),
    Reason.LEASH: lambda who, told, names: f"{who} would be away {names.span(told.slack)} too long",
    Reason.POST: lambda who, _, __: f"with {who}, too many would be away from his post",
    Reason.HUB_FULL: lambda _, told, names: (
        f"{names.option(told.option)} has no free compartment of its size"
    ),
    Reason.AREA: lambda who, _, __: f"it lies outside the area of {who}",
    Reason.FROZEN: lambda who, _, __: (
        f"it would fit with {who}, were it not for stops that may not be moved"
    ),
    Reason.UNREACHABLE: lambda who, _, __: f"there is no way to its drop-off for {who}",
    Reason.PRECEDENCE: lambda _, __, ___: _NOBODY[Reason.PRECEDENCE],
    Reason.NOT_WORTH_IT: lambda who, told, names: (
        f"with {who} it costs {names.cost(told.slack)} too much"
    ),
    Reason.OFFERS_EXHAUSTED: lambda who, _, __: f"{who} is barred from it",
    Reason.SEARCH_LIMIT: lambda who, _, __: (
        f"one insertion, with {who}, would serve it: search longer"
    ),
}


def fix_in_words(fix: Fix, names: Names = INDICES) -> str:
    """Say what would have to be so, to go on after "if".

    Parameters
    ----------
    fix, names
        What, and what things are called.

    """
    if fix.kind is not FixKind.ANOTHER_COURIER:
        return " and ".join([_FIXES[fix.kind](fix, names), *_also(fix.needs, names)])
    his = [_HIS[need.kind](need, names) for need in fix.needs if need.kind in _HIS]
    beside = [need for need in fix.needs if need.kind not in _HIS]
    begins, ends = names.instant(fix.until - fix.amount), names.instant(fix.until)
    who = f"one more courier like {names.courier(fix.courier)}"
    if his:
        who += f", with {' and '.join(his)},"
    return " and ".join([f"{who} works from {begins} to {ends}", *_also(beside, names)])


def _also(needs: "tuple[Fix, ...] | list[Fix]", names: Names) -> list[str]:
    return [fix_in_words(need, names) for need in needs]


_Worded = Callable[[Fix, Names], str]

_FIXES: dict[FixKind, _Worded] = {
    FixKind.COURIER_LATER_OFF: lambda fix, names: (
        f"{names.courier(fix.courier)} works {names.span(fix.amount)} longer,"
        f" until {names.instant(fix.until)}"
    ),
    FixKind.COURIER_EARLIER_ON: lambda fix, names: (
        f"{names.courier(fix.courier)} begins {names.span(fix.amount)} earlier,"
        f" at {names.instant(fix.until)}"
    ),
    FixKind.PICKUP_LATER: lambda fix, names: (
        f"it may be picked up {names.span(fix.amount)} later, until {names.instant(fix.until)}"
    ),
    FixKind.OPTION_LATER: lambda fix, names: (
        f"{names.option(fix.option)} stays open {names.span(fix.amount)} longer,"
        f" until {names.instant(fix.until)}"
    ),
    FixKind.LEASH: lambda fix, names: (
        f"{names.courier(fix.courier)} may be away {names.span(fix.amount)} longer,"
        f" {names.span(fix.until)} in all"
    ),
    FixKind.CAPACITY: lambda fix, names: (
        f"{names.courier(fix.courier)} has room for {names.load(fix.index, fix.amount)} more"
    ),
    FixKind.PARCELS: lambda fix, names: (
        f"{names.courier(fix.courier)} takes {_count(fix.amount, 'more parcel')} in a tour"
    ),
    FixKind.SKILL: lambda fix, names: (
        f"{names.courier(fix.courier)} has {names.skills(fix.until)} too"
    ),
    FixKind.PERMIT: lambda fix, names: (
        f"{names.courier(fix.courier)} gets a permit for {names.gate(fix.index)}"
    ),
    FixKind.UNBAR: lambda fix, names: f"{names.courier(fix.courier)} is no longer barred from it",
    FixKind.HUB_SLOT: lambda fix, names: (
        f"{names.hub(fix.index)} has {_count(fix.amount, 'more free compartment')} of its size"
    ),
    FixKind.POST: lambda fix, names: (
        f"{_count(fix.amount, 'more')} may be away from {names.post(fix.index)}"
    ),
    FixKind.PRICE: lambda fix, names: f"it is worth {names.cost(fix.amount)} more",
    FixKind.PRECEDENCE: lambda fix, names: f"it need not wait for {names.leg(fix.index)}",
}

_HIS: dict[FixKind, _Worded] = {
    FixKind.PERMIT: lambda fix, names: f"a permit for {names.gate(fix.index)}",
    FixKind.SKILL: lambda fix, names: names.skills(fix.until),
    FixKind.CAPACITY: lambda fix, names: f"room for {names.load(fix.index, fix.until)}",
    FixKind.PARCELS: lambda fix, _: f"leave to take {_count(fix.until, 'parcel')}",
    FixKind.LEASH: lambda fix, names: f"leave to be away {names.span(fix.until)}",
}
"""What one more courier has that the one he is like has not."""


def _count(number: int, noun: str) -> str:
    plain = number == 1 or noun == "more"
    return f"{'one' if number == 1 else number} {noun}{'' if plain else 's'}"
