"""Decisions in words, from what the log keeps of them; the sentences are the solver's.

Who reads them decides what is called how: `Speech` says which names may be told, and how instants
and money are written, because the rules know neither zones of time nor currencies.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dispatch.core.decisions import DIMENSIONS, UNTIL_AN_INSTANT
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.model import Cents, Instant
from dispatch.solver.explain import Explanation
from dispatch.solver.fixes import Fix, FixKind
from dispatch.solver.plan import Reason
from dispatch.solver.wording import Indices, cause_in_words, fix_in_words

MINUTE_S = 60
UNITS = {"grams": "g", "ml": "ml"}
IN_SECONDS = Indices(tick_s=1)
SOMEBODY = "a courier"
"""Stands for couriers where the reader may not know who they are."""
BARRED, ASKED_AGAIN = "is no longer barred from it", "may be asked again"
"""The solver's word for whoever has declined, and what it means here."""


@dataclass(frozen=True, slots=True)
class Speech:
    """How a reader is spoken to.

    Parameters
    ----------
    clock
        Writes an instant, as in ``18:10``.
    money
        Writes minor currency units.
    names_couriers
        Whether couriers may be named.
    """

    clock: Callable[[Instant], str]
    money: Callable[[Cents], str]
    names_couriers: bool = True


def cause(its: Explained, speech: Speech) -> str:
    """Say why a leg is not served, or not by somebody; no full stop."""
    names, reason = _Spoken(speech), Reason(its.reason)
    # Which hub is full is not kept, and it is nobody's: the fix names the hub.
    courier = "" if reason is Reason.HUB_FULL else its.courier
    explanation = Explanation(
        leg=names.number(its.leg),
        reason=reason,
        courier=names.number(courier),
        slack=its.slack,
        fix=None if its.fix is None else _numbered(its.fix, names),
        served_by=names.number(its.served_by),
    )
    if reason is Reason.OFFERS_EXHAUSTED and courier:
        return f"{names.courier(explanation.courier)} has declined it, or it is kept for others"
    return cause_in_words(explanation, names)


def condition(fix: SmallestFix, speech: Speech) -> str:
    """Say what would have to be so, to go on after "if"."""
    names = _Spoken(speech)
    told = fix_in_words(_numbered(fix, names), names)
    told = told.replace(f" like {SOMEBODY}", "")
    return told.replace(BARRED, ASKED_AGAIN)


def said(its: Explained, speech: Speech) -> str:
    """Say why a leg is not served, and what would serve it."""
    told = cause(its, speech)
    return told if its.fix is None else f"{told}; served if {condition(its.fix, speech)}"


def _numbered(fix: SmallestFix, names: "_Spoken") -> Fix:
    kind = FixKind(fix.kind)
    subject = names.number(fix.subject)
    amount, until = _in_minutes(kind, fix)
    return Fix(
        kind=kind,
        leg=-1,
        courier=names.number(fix.courier),
        option=subject,
        index=DIMENSIONS.index(fix.subject) if kind is FixKind.CAPACITY else subject,
        amount=amount,
        until=until,
        needs=tuple(_numbered(need, names) for need in fix.needs),
    )


def _in_minutes(kind: FixKind, fix: SmallestFix) -> tuple[int, int]:
    """Return amount and end with instants at whole minutes, as clocks tell them, none too short."""
    if kind is FixKind.COURIER_EARLIER_ON:
        return fix.amount, fix.until // MINUTE_S * MINUTE_S
    if kind not in UNTIL_AN_INSTANT:
        return fix.amount, fix.until
    until = -(-fix.until // MINUTE_S) * MINUTE_S
    if kind is not FixKind.ANOTHER_COURIER:
        return fix.amount, until
    return until - (fix.until - fix.amount) // MINUTE_S * MINUTE_S, until


class _Spoken:
    """Names for the solver's sentences: numbers are those of names met so far, ticks are instants.

    Money is in minor units already.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._names: list[str] = []

    def number(self, name: str) -> int:
        """Return the number of a name; -1 for none."""
        if not name:
            return -1
        self._names.append(name)
        return len(self._names) - 1

    def leg(self, leg: int) -> str:  # noqa: ARG002 (one of `Names`)
        """Say what it is: the reader knows which one he asked for."""
        return "it"

    def courier(self, courier: int) -> str:
        """Name a courier, if that is allowed."""
        return self._names[courier] if self._speech.names_couriers else SOMEBODY

    def option(self, option: int) -> str:
        """Name a hub; a door stays open as long as its window does."""
        return self._names[option] if option >= 0 else "its window"

    def hub(self, hub: int) -> str:
        """Name a hub."""
        return self._names[hub]

    def gate(self, gate: int) -> str:
        """Name a compound."""
        return self._names[gate] if gate >= 0 else "its compound"

    def post(self, post: int) -> str:
        """Name a post."""
        return self._names[post] if post >= 0 else "the post"

    def load(self, dimension: int, amount: int) -> str:
        """Write grams or millilitres."""
        return f"{amount} {UNITS[DIMENSIONS[dimension]]}"

    def skills(self, bits: int) -> str:  # noqa: ARG002 (one of `Names`)
        """Say that they are some: no rule asks for any yet."""
        return "the skills"

    def span(self, ticks: int) -> str:
        """Write minutes."""
        return IN_SECONDS.span(ticks)

    def instant(self, tick: int) -> str:
        """Write the local time."""
        return self._speech.clock(tick)

    def cost(self, cost: int) -> str:
        """Write money."""
        return self._speech.money(cost)
