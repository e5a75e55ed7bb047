"""What would have served the legs that plans left out: a day's most frequent fixes, and by parcel.

From the explanations that stand in the log; of each leg the last one counts.
"""

from collections.abc import Iterable

from dispatch.core import messages as m
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.model import Instant
from dispatch.core.saying import Speech, condition, said
from dispatch.sim import words
from dispatch.sim.story import Chronicle

TITLE = "What would have served those that plans left out"
MOST = 6
"""So many kinds of fixes are told."""
LESS = " (less does for some)"

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


def group(
    events: Iterable[m.Event], chronicle: Chronicle, calendar: words.Calendar, currency: str
) -> list[dict[str, object]]:
    """Count the fixes of parcels that were not delivered, as `telling.reasons` counts reasons.

    Returns
    -------
    list of one group, or none
        Its rows are (count of legs, words); alike are fixes of one kind about one thing, and the
        largest of them is told.
    """
    undelivered = {story.parcel.id for story in chronicle.parcels if story.status == "undelivered"}
    alike: dict[_Key, list[SmallestFix]] = {}
    for _, its in last_of(events).values():
        if its.fix is not None and its.leg.rpartition("/")[0] in undelivered:
            alike.setdefault(_key(its.fix), []).append(its.fix)
    if not alike:
        return []
    speech = _speech(calendar, currency, names_couriers=False)
    order = sorted(alike, key=lambda key: (-len(alike[key]), key))
    rows = []
    for key in order[:MOST]:
        fixes = alike[key]
        largest = max(fixes, key=lambda fix: (fix.until, fix.amount))
        less = "" if all(fix == largest for fix in fixes) else LESS
        rows.append((len(fixes), condition(largest, speech) + less))
    return [{"title": TITLE, "rows": rows}]


def by_parcel(events: Iterable[m.Event], calendar: words.Calendar, currency: str) -> dict[str, str]:
    """Say by parcel what was last found out about a leg of it that no later plan served."""
    speech = _speech(calendar, currency, names_couriers=True)
    last: dict[str, tuple[Instant, Explained]] = {}
    for leg, found in last_of(events).items():
        parcel = leg.rpartition("/")[0]
        last[parcel] = max(found, last.get(parcel, found), key=lambda its: its[0])
    return {
        parcel: f"The plan of {calendar.clock(at)} left it out: {said(its, speech)}"
        for parcel, (at, its) in last.items()
    }


def _speech(calendar: words.Calendar, currency: str, *, names_couriers: bool) -> Speech:
    return Speech(
        clock=calendar.clock,
        money=lambda cents: words.money(cents, currency),
        names_couriers=names_couriers,
    )


def last_of(events: Iterable[m.Event]) -> dict[str, tuple[Instant, Explained]]:
    """Return the last explanation of each leg that no later plan served, and when it was made."""
    found: dict[str, tuple[Instant, Explained]] = {}
    for event in events:
        if isinstance(event, m.PlanMade):
            for leg, _ in event.reasons:
                found.pop(leg, None)
            found.update((its.leg, (event.at, its)) for its in event.explained)
    return found


def _key(fix: SmallestFix) -> _Key:
    return fix.kind, fix.subject, tuple((need.kind, need.subject) for need in fix.needs)
