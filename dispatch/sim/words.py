"""Codes, amounts and times as people read them: the wording of a report, in one place.

Knows no layout. Must not import the engine's decisions, only its values.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.core.metrics import NOT_COLLECTED
from dispatch.core.model import DeclineReason, FailureCode, Instant, ParcelState
from dispatch.solver.plan import Reason

REASONS: dict[str, str] = {
    Reason.NO_COURIER_IN_RANGE: "no courier was near enough while it waited",
    Reason.PERMIT: "no courier near may enter the compound",
    Reason.SKILL: "no courier near has the skill that it needs",
    Reason.CAPACITY: "too heavy or too large for every courier near",
    Reason.WINDOW: "no courier could come within its time window",
    Reason.HOURS: "no courier's working hours, or the origin's opening hours, left room for it",
    Reason.LEASH: "the way there and back is longer than a courier may be away",
    Reason.POST: "the post could not be left unmanned",
    Reason.HUB_FULL: "the hub was full",
    Reason.AREA: "outside the area of every courier",
    Reason.FROZEN: "couriers were busy with work that they had accepted",
    Reason.UNREACHABLE: "no road leads there",
    Reason.PRECEDENCE: "it waited for another leg that did not end",
    Reason.NOT_WORTH_IT: "carrying it would have cost more than leaving it to the backup",
    Reason.OFFERS_EXHAUSTED: "every courier near had declined it",
    Reason.SEARCH_LIMIT: "the search ended before a place for it was found",
    FailureCode.ABSENT: "nobody was at home",
    FailureCode.UNREACHABLE_CONTACT: "the recipient could not be reached by phone",
    FailureCode.REFUSED: "the recipient refused it",
    FailureCode.BAD_ADDRESS: "the address was wrong",
    FailureCode.NO_ACCESS: "the courier was not let in",
    FailureCode.NO_SAFE_PLACE: "there was no safe place to leave it",
    FailureCode.DAMAGED: "it was damaged",
    FailureCode.ID_FAILED: "the recipient's identity could not be checked",
    FailureCode.PIN_FAILED: "the recipient had no valid code",
    FailureCode.COD_UNPAID: "the recipient did not pay",
    FailureCode.HUB_CLOSED: "the hub was closed",
    FailureCode.WEATHER: "the weather",
    FailureCode.COURIER_INCIDENT: "something happened to the courier",
    FailureCode.NOT_ATTEMPTED: "it was not attempted",
    DeclineReason.PAY_LOW: "the pay was below the courier's own cost",
    DeclineReason.BUSY: "busy",
    DeclineReason.TOO_FAR: "too far",
    DeclineReason.TOO_HEAVY: "too heavy",
    DeclineReason.UNSAFE: "felt unsafe",
    DeclineReason.ENDING_SOON: "about to finish",
    DeclineReason.OTHER: "another reason",
    "NO_SHOW": "the courier never set out",
    NOT_COLLECTED: "its recipient had not fetched it",
    "OPEN": "it was still open when the day ended",
}
"""Every code of a reason that a report can meet."""

ENDINGS: dict[str, str] = {
    ParcelState.EXPIRED: "Given up before pickup",
    ParcelState.RETURNED: "Returned to its origin",
    ParcelState.CANCELLED: "Cancelled",
    ParcelState.LOST: "Lost",
    ParcelState.DISPOSED: "Disposed of",
}
"""How a parcel that was not delivered ended."""

KINDS = {
    "guard": "guards",
    "shopkeeper": "shopkeepers",
    "neighbour": "neighbours",
    "student": "students",
    "rider": "riders",
}
"""Plurals, in the order of every legend and table."""

_WHOLE_UNIT = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
"""Currencies without a minor unit (ISO 4217)."""

_MINUTE_S, _HOUR_S = 60, 3600
NONE = "\N{EN DASH}"
"""Stands where nothing was counted."""


def reason(code: str) -> str:
    """Return what a code means; an unknown code speaks for itself."""
    return REASONS.get(code) or code.replace("_", " ").lower() or REASONS["OPEN"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 parcel``, ``2 parcels``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def times(count: int) -> str:
    """Nothing for once, ``3 times`` for more."""
    return "" if count == 1 else f"{count:,} times"


def money(cents: float | None, currency: str) -> str:
    """Return an amount in its currency from minor units."""
    if cents is None:
        return NONE
    if currency in _WHOLE_UNIT:
        return f"{cents:,.0f} {currency}"
    return f"{cents / 100:,.2f} {currency}"


def share(value: float | None) -> str:
    """``0.973`` -> ``97.3 %``."""
    return NONE if value is None else f"{value * 100:.1f}".removesuffix(".0") + " %"


def number(value: float | None, digits: int = 1) -> str:
    """Return a number, its fraction cut to some digits."""
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """``95`` -> ``1.6 min``, ``5400`` -> ``1 h 30 min``."""
    if seconds is None:
        return NONE
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 10 * _MINUTE_S:
        return f"{seconds / _MINUTE_S:.1f} min"
    minutes = round(seconds / _MINUTE_S)
    if minutes * _MINUTE_S < _HOUR_S:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if minutes else f"{hours} h"


class Calendar:
    """Instants in the day's own time zone."""

    def __init__(self, day_start: Instant, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._date = self.local(day_start).date()

    def local(self, at: Instant) -> datetime:
        """Return an instant with the day's offset."""
        return datetime.fromtimestamp(at, self._zone)

    def clock(self, at: Instant) -> str:
        """``14:05``; ``14:05 +1`` on the next day."""
        moment = self.local(at)
        days = (moment.date() - self._date) // timedelta(days=1)
        return f"{moment:%H:%M}" + (f" {days:+}" if days else "")
