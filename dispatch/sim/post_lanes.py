"""Who stood at each post and who was away, as lanes over the day: one for each guard.

Lengths are shares of the day, in per cent, for a page to lay out at any width.
"""

from collections.abc import Iterable, Sequence
from itertools import takewhile

from dispatch.core import messages as m
from dispatch.core.metrics import Figures
from dispatch.core.model import Availability, Duty, Instant
from dispatch.sim import words
from dispatch.sim.ways import Span

HOUR_S = 3600
MOST_HOURS = 8
"""So many hours are written below a lane at the most."""
_DUTIES = {
    Duty.POST: "at the post",
    Duty.PATROL: "on the rounds",
    Duty.BREAK: "on a break",
    Duty.IDLE: "idle",
}


class Rosters:
    """Rosters and tours of a day, folded from its events in order.

    Attributes
    ----------
    slots
        By courier, as they stood at the end.
    away
        By courier: from setting out until back at the post, or until the log ends.
    """

    def __init__(self, events: Iterable[m.Event]) -> None:
        self.slots: dict[str, tuple[Availability, ...]] = {}
        self.away: dict[str, list[Span]] = {}
        out: dict[str, Instant] = {}
        ends_at: Instant = 0
        for event in events:
            ends_at = max(ends_at, event.at)
            match event:
                case m.AvailabilityAdded() | m.SlotsDropped():
                    self.slots[event.courier] = event.slots
                case m.SlotsSwapped():
                    self.slots[event.courier] = event.slots
                    self.slots[event.other] = event.other_slots
                case m.TourStarted(courier=courier, happened_at=at):
                    out[courier] = at
                case m.CourierReturned(courier=courier, happened_at=at) if courier in out:
                    self.away.setdefault(courier, []).append((out.pop(courier), at))
                case m.TourCompleted(courier=courier) if not self._is_guard(courier):
                    out.pop(courier, None)
                case _:
                    pass
        for courier, at in sorted(out.items()):
            self.away.setdefault(courier, []).append((at, ends_at))

    def _is_guard(self, courier: str) -> bool:
        return any(slot.post for slot in self.slots.get(courier, ()))

    def guards_of(self, post: str) -> list[str]:
        """Return whom the rosters name for a post, by when they begin there."""
        first = {
            courier: min(slot.opens_at for slot in slots if slot.post == post)
            for courier, slots in self.slots.items()
            if any(slot.post == post for slot in slots)
        }
        return sorted(first, key=lambda courier: (first[courier], courier))


def lanes_of(
    post: str, its: Figures, rosters: Rosters, calendar: words.Calendar
) -> dict[str, object]:
    """Return a post's lanes.

    Parameters
    ----------
    its
        What the key figures say of the post.
    """
    guards = rosters.guards_of(post)
    spans = [
        (slot.opens_at, slot.closes_at)
        for guard in guards
        for slot in rosters.slots[guard]
        if slot.post == post
    ]
    start = min((opens for opens, _ in spans), default=0) // HOUR_S * HOUR_S
    end = -(-max((closes for _, closes in spans), default=start + HOUR_S) // HOUR_S) * HOUR_S
    scale = _Scale(start, end, calendar)
    shared = _shared(guards)
    return {
        "name": post,
        "facts": _facts(its),
        "is_short": bool(its["below_minimum_s"]),
        "lanes": [
            {"short": guard.removeprefix(shared), **_lane(guard, post, rosters, scale, its)}
            for guard in guards
        ],
        "hours": scale.hours(),
    }


def _shared(guards: Sequence[str]) -> str:
    """Return what all names begin with, up to their last common word: it says nothing."""
    if len(guards) == 1:
        return ""
    columns = zip(*(guard.split("-") for guard in guards), strict=False)
    common = [column[0] for column in takewhile(lambda column: len({*column}) == 1, columns)]
    return "".join(f"{word}-" for word in common[:-1])


def _facts(its: Figures) -> list[str]:
    away = words.duration(its["away_s"]) if its["away_s"] else "nobody"
    facts = [
        f"keeps {its['hub']}" if its["hub"] else "keeps no booth",
        f"at least {words.counted(its['minimum'], 'guard')}",
        f"{away} away on {words.counted(its['tours'], 'tour')}" if its["tours"] else "no tours",
        f"below its minimum {words.duration(its['below_minimum_s'])}",
    ]
    if its["stayed_on_s"]:
        facts.append(f"relief came late from tours by {words.duration(its['stayed_on_s'])}")
    return facts


class _Scale:
    """Instants as shares of a stretch of time."""

    def __init__(self, start: Instant, end: Instant, calendar: words.Calendar) -> None:
        self._start, self._end, self._calendar = start, end, calendar

    def bar(self, span: Span, kind: str, what: str) -> dict[str, object] | None:
        """Return a bar, cut at the ends; None where nothing is left of it."""
        opens, closes = max(span[0], self._start), min(span[1], self._end)
        if opens >= closes:
            return None
        length_s = self._end - self._start
        return {
            "kind": kind,
            "left": round(100 * (opens - self._start) / length_s, 3),
            "width": round(100 * (closes - opens) / length_s, 3),
            "title": f"{what}, {self._calendar.clock(span[0])} to {self._calendar.clock(span[1])}",
        }

    def hours(self) -> list[dict[str, object]]:
        """Return the hours to be written below, at round distances."""
        hours = (self._end - self._start) // HOUR_S
        step = next(step for step in (1, 2, 3, 4, 6, 12, 24, 10**6) if hours / step <= MOST_HOURS)
        return [
            {
                "left": round(100 * hour / max(1, hours), 3),
                "label": self._calendar.clock(self._start + hour * HOUR_S).split()[0],
            }
            for hour in range(0, hours, step)
        ]


def _lane(
    guard: str, post: str, rosters: Rosters, scale: _Scale, its: Figures
) -> dict[str, object]:
    roster = [
        scale.bar(
            (slot.opens_at, slot.closes_at),
            slot.duty.value if slot.post == post else "ELSEWHERE",
            f"{guard} {_DUTIES[slot.duty]}{'' if slot.post == post else ' ' + slot.post}",
        )
        for slot in rosters.slots[guard]
    ]
    tours = [scale.bar(span, "TOUR", f"{guard} on a tour") for span in rosters.away.get(guard, ())]
    away_s = its["away_s_by_guard"].get(guard, 0)
    return {
        "name": guard,
        "bars": [bar for bar in (*roster, *tours) if bar is not None],
        "away": words.duration(away_s) if away_s else words.NONE,
    }
