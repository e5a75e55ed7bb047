"""What went wrong, in words: the list of a report and the counts above it.

Tells the stories of `dispatch.sim.story` with the wording of `dispatch.sim.words`; knows
neither the page nor any markup.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dispatch.core.metrics import Figures
from dispatch.sim import words
from dispatch.sim.story import Chronicle, Step, Story, Trouble, late_cause

_LATE = {
    "ATTEMPT_FAILED": "a visit before had failed",
    "NO_SHOW": "a courier accepted it and never set out",
    "ACCEPTED_TOO_LATE": "it was offered several times before somebody accepted",
    "PLANNED_LATE": "no plan that kept the promise was offered",
    "TOUR_TOOK_LONGER": "the tour took longer than planned",
}
_LABELS = {
    "undelivered": "not delivered",
    "late": "late",
    "attempt": "failed visit",
    "no-show": "no-show",
}
_PLACES = {
    "sender": "sender",
    "origin": "sender",
    "door": "door",
    "gate": "the gate, in person",
    "visit": "door",
    "visit to a hub": "hub",
    "neighbour": "neighbour",
    "safe place": "safe place",
    "recipient": "its recipient",
}
"""What to call a place that has no name."""
_STEPS = {
    "accepted": "accepted by {}",
    "no-show": "{} did not set out",
    "picked up": "picked up",
    "pickup failed": "pickup failed: {}",
    "attempt failed": "at the door: {}",
    "relay": "handed on in {}",
    "hold": "kept in {} until the next attempt",
    "collection": "in {} for its recipient",
    "diverted": "goes to {} instead",
    "overdue": "nobody came for it in time",
    "sent back": "to be brought back to its origin",
    "released": "waits for another courier",
    "corrected": "corrected: {}",
    "written off": "written off: {}",
    "given up": "given up",
    "cancelled": "cancelled",
}


def reasons(kpis: Figures, chronicle: Chronicle) -> list[dict[str, object]]:
    """Count what went wrong by reason: groups of (count, words), the most frequent first."""
    late = Counter(late_cause(story) for story in chronicle.parcels if story.late_s)
    visits = Counter(failure.value for story in chronicle.parcels for failure in story.failures)
    declined = [(count, words.reason(code)) for code, count in _most_first(chronicle.declined)]
    if chronicle.expired_offers:
        declined.append((chronicle.expired_offers, "nobody answered in time"))
    unserved: Counter[str] = Counter(kpis["unserved_by_reason"])
    groups = [
        ("Parcels not delivered", [(n, words.reason(code)) for code, n in _most_first(unserved)]),
        ("Parcels delivered late", [(n, _LATE[code]) for code, n in _most_first(late)]),
        ("Failed visits", [(n, words.reason(code)) for code, n in _most_first(visits)]),
        ("Offers not accepted", declined),
    ]
    return [{"title": title, "rows": rows} for title, rows in groups if rows]


def _most_first(counts: "Counter[str]") -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def told(trouble: Trouble, calendar: words.Calendar, fixes: Mapping[str, str]) -> dict[str, object]:
    """Return one trouble as a label, a subject, a sentence of why, and its steps in time.

    `fixes` says by parcel what would have served it; told of those that were not delivered.
    """
    story = trouble.story
    if story is None:
        absent = trouble.no_show
        steps = [] if absent is None else [
            {
                "time": calendar.clock(absent.at),
                "what": f"tour with {words.counted(len(absent.legs), 'parcel')} taken back",
            }
        ]  # fmt: skip
        why = "accepted a tour and never set out"
    else:
        steps = list(_steps(story.steps, calendar))
        why = _why(trouble, story, calendar)
    return {
        "kind": trouble.kind,
        "label": _LABELS[trouble.kind],
        "subject": trouble.subject,
        "why": why,
        "fix": fixes.get(trouble.subject, "") if trouble.kind == "undelivered" else "",
        "steps": steps,
        "way": way(story, calendar) if story is not None and story.hub_count else [],
    }


def way(story: Story, calendar: words.Calendar) -> list[dict[str, str]]:
    """Return a parcel's legs as a line: each place, when it came there, and who brought it."""
    return [
        {
            "place": hop.name or _PLACES[hop.what],
            "time": calendar.clock(hop.at),
            "by": hop.by,
            "since": calendar.clock(hop.left_at) if hop.left_at else "",
            "why": words.reason(hop.code) if hop.code else "",
        }
        for hop in story.way
    ]


def _why(trouble: Trouble, story: Story, calendar: words.Calendar) -> str:
    if trouble.kind == "undelivered":
        ending = words.ENDINGS.get(story.ended, "Still open")
        return f"{ending}: {words.reason(trouble.why)}"
    if trouble.kind == "attempt":
        return f"{words.reason(trouble.why).capitalize()}; delivered on time all the same"
    late = f"{words.duration(story.late_s)} after {calendar.clock(story.parcel.due_at)}"
    foreseen = words.duration(max(0, story.promised_at - story.parcel.due_at))
    waited = words.duration(max(0, story.accepted_at - story.parcel.ready_at))
    detail = {
        "ATTEMPT_FAILED": words.reason(story.failures[0].value) if story.failures else "",
        "ACCEPTED_TOO_LATE": (
            f"accepted after {story.offers} offers, {waited} after it was ready, "
            f"when the plan foresaw {foreseen} late"
        ),
        "PLANNED_LATE": (
            f"accepted {waited} after it was ready, when the plan foresaw {foreseen} late"
        ),
        "TOUR_TOOK_LONGER": (
            "the tour took "
            f"{words.duration(max(0, story.brought_at - story.promised_at))} longer than planned"
        ),
    }.get(trouble.why, _LATE[trouble.why])
    return f"{late}: {detail}"


def _steps(steps: Sequence[Step], calendar: words.Calendar) -> Iterator[dict[str, str]]:
    """Tell steps; offers that follow each other become one."""
    offers = 0
    for index, step in enumerate(steps):
        if step.what == "offered":
            offers += 1
            follows = steps[index + 1].what if index + 1 < len(steps) else ""
            if follows == "offered":
                continue
            # An offer that is taken at once is told by its acceptance.
            if offers > 1 or follows != "accepted":
                first = calendar.clock(steps[index - offers + 1].at)
                yield {"time": first, "what": f"offered {words.times(offers)}".rstrip()}
            offers = 0
            continue
        is_reason = step.what.endswith("failed") or step.what == "corrected"
        code = words.reason(step.code) if is_reason else step.code
        yield {
            "time": calendar.clock(step.at),
            "what": _STEPS.get(step.what, step.what).format(code),
        }
