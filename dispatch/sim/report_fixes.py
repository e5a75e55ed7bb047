"""The most frequent smallest fixes of a day: what would have served the legs that plans left out.

From the explanations that stand in the log; of each leg the last one counts.
"""

from collections.abc import Iterable

from dispatch.core import messages as m
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.saying import Speech, condition
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
    for its in last_of(events).values():
        if its.fix is not None and its.leg.rpartition("/")[0] in undelivered:
            alike.setdefault(_key(its.fix), []).append(its.fix)
    if not alike:
        return []
    speech = Speech(
        clock=calendar.clock,
        money=lambda cents: words.money(cents, currency),
        names_couriers=False,
    )
    order = sorted(alike, key=lambda key: (-len(alike[key]), key))
    rows = []
    for key in order[:MOST]:
        fixes = alike[key]
        largest = max(fixes, key=lambda fix: (fix.until, fix.amount))
        less = "" if all(fix == largest for fix in fixes) else LESS
        rows.append((len(fixes), condition(largest, speech) + less))
    return [{"title": TITLE, "rows": rows}]


def last_of(events: Iterable[m.Event]) -> dict[str, Explained]:
    """Return the last explanation of each leg that no later plan served."""
    found: dict[str, Explained] = {}
    for event in events:
        if isinstance(event, m.PlanMade):
            for leg, _ in event.reasons:
                found.pop(leg, None)
            found.update((its.leg, its) for its in event.explained)
    return found


def _key(fix: SmallestFix) -> _Key:
    return fix.kind, fix.subject, tuple((need.kind, need.subject) for need in fix.needs)
