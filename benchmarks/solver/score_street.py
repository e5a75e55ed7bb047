"""What an answer to a work of family ``R`` costs and breaks, by the rules as they are written.

Shares nothing with any solver, nor with `dispatch.solver.check`. A stop is a leg, `PICKUP` or
`DROPOFF`, and whether it is left at the hub. A tour starts as late as its end allows and as no
stop begins later than it must: then, and no earlier, its courier leaves the post.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.solver.instance import DROPOFF, PICKUP
from benchmarks.solver.score import Score
from benchmarks.solver.street import HUB_COST, HUB_SERVICE, LATENESS_COST, Street

Stop = tuple[int, int, int]
"""Leg, action, 1 where it is dropped at the hub and 0 elsewhere."""
Tours = Sequence[tuple[int, Sequence[Stop]]]


class _Course:
    """One tour in time."""

    def __init__(self, street: Street, courier: int, stops: Sequence[Stop]) -> None:
        self.street, self.courier, self.stops = street, courier, stops
        base = street.base
        places = [int(base.start_place[courier]), *map(self._place, stops)]
        places.append(int(base.end_place[courier]))
        self.travel = [
            int(base.travel[base.mode[courier], tail, head]) for tail, head in pairwise(places)
        ]
        gates = [self._gate(tail, head) for tail, head in pairwise(places)]
        now, waited, room = int(base.on_duty[courier]), 0, None
        self.starts: list[int] = []
        for number, stop in enumerate(stops):
            now += self.travel[number] + gates[number]
            opens, due, _ = self._window(stop)
            waited += max(opens - now, 0)
            now = max(now, opens)
            self.starts.append(now)
            # A start may be moved until its due time, not at all when it is late already.
            slack = waited + max(due - now, 0)
            room = slack if room is None else min(room, slack)
            now += self._service(stop)
        self.ends = now + self.travel[-1] + gates[-1]
        self.departs = int(base.on_duty[courier]) + min(waited, room or 0)

    def _place(self, stop: Stop) -> int:
        leg, action, at_hub = stop
        base = self.street.base
        if action == PICKUP:
            return int(base.pickup_place[leg])
        return int(self.street.hub_place[self.street.hub[leg]] if at_hub else base.drop_place[leg])

    def _gate(self, tail: int, head: int) -> int:
        gate = self.street.gate
        if gate[head] < 0 or gate[tail] == gate[head]:
            return 0
        return int(self.street.entry[self.courier, gate[head]])

    def _window(self, stop: Stop) -> tuple[int, int, int]:
        """Return opening, due and closing; those of the hub are the door's."""
        leg, action, _ = stop
        base = self.street.base
        if action == PICKUP:
            closes = int(base.pickup_closes[leg])
            return int(base.pickup_opens[leg]), closes, closes
        return int(base.drop_opens[leg]), int(self.street.due[leg]), int(base.drop_closes[leg])

    def _service(self, stop: Stop) -> int:
        leg, action, at_hub = stop
        base = self.street.base
        if action == PICKUP:
            return int(base.pickup_service[leg])
        return HUB_SERVICE if at_hub else int(base.drop_service[leg])

    def cost(self) -> int:
        """Add up its start, ticks of travel, parcels, hubs and lateness."""
        base, courier = self.street.base, self.courier
        parcels = [stop for stop in self.stops if stop[1] == DROPOFF]
        late = sum(
            max(start - self._window(stop)[1], 0)
            for stop, start in zip(self.stops, self.starts, strict=True)
            if stop[1] == DROPOFF
        )
        return (
            int(base.fixed_cost[courier])
            + int(base.cost_per_travel[courier]) * sum(self.travel)
            + int(base.cost_per_parcel[courier]) * len(parcels)
            + HUB_COST * sum(at_hub for _, _, at_hub in parcels)
            + LATENESS_COST * late
        )

    def broken(self) -> Iterator[str]:
        """Say what it breaks by itself."""
        base, courier = self.street.base, self.courier
        for stop, start in zip(self.stops, self.starts, strict=True):
            if start > self._window(stop)[2]:
                yield f"leg {stop[0]} is served at {start}"
        if self.ends > base.off_duty[courier]:
            yield f"ends at {self.ends}"
        if self.ends - self.departs > base.leash[courier]:
            yield f"away for {self.ends - self.departs}"
        load, most, carried = base.load[0] * 0, base.load[0] * 0, set()
        for leg, action, _ in self.stops:
            if not base.may[leg, courier]:
                yield f"leg {leg} is not for this courier"
            if action == PICKUP:
                carried.add(leg)
            elif leg not in carried:
                yield f"leg {leg} is dropped before its pickup"
            load = load + (base.load[leg] if action == PICKUP else -base.load[leg])
            most = most.clip(min=load)
        if (most > base.capacity[courier]).any() or load.any():
            yield f"loads {most.tolist()}, {load.tolist()} at the end"
        if sum(action == DROPOFF for _, action, _ in self.stops) > base.most_parcels[courier]:
            yield "too many parcels"


def score(street: Street, tours: Tours, *, without: Sequence[str] = ()) -> Score:
    """Score tours.

    Parameters
    ----------
    street : Street
        The work.
    tours : sequence of (courier, stops)
        The answer.
    without : sequence of str
        Rules that are not asked for, because the solver knows none of them: ``posts``, ``parcels``.
    """
    courses = [_Course(street, courier, stops) for courier, stops in tours if len(stops)]
    faults = [
        f"courier {course.courier}: {fault}"
        for course in courses
        for fault in course.broken()
        if not ("parcels" in without and fault == "too many parcels")
    ]
    dropped = [stop for course in courses for stop in course.stops if stop[1] == DROPOFF]
    served = [leg for leg, _, _ in dropped]
    if len(served) != len(set(served)):
        faults.append("a leg is served twice")
    taken = Counter((int(street.hub[leg]), int(street.size[leg])) for leg, _, hub in dropped if hub)
    faults.extend(
        f"hub {hub} is full" for (hub, size), n in taken.items() if n > street.slots[hub, size]
    )
    if "posts" not in without:
        faults.extend(_unmanned(street, courses))
    left_out = set(range(street.base.leg_count)).difference(served)
    cost = sum(course.cost() for course in courses)
    cost += sum(int(street.base.unassigned_cost[leg]) for leg in left_out)
    return Score(cost, len(left_out), len(courses), tuple(faults))


def _unmanned(street: Street, courses: Sequence[_Course]) -> Iterator[str]:
    """Too many away from a post, looked at whenever somebody leaves or the limit changes."""
    away: dict[int, list[tuple[int, int]]] = {}
    for course in courses:
        post = int(street.post[course.courier])
        if post >= 0:
            away.setdefault(post, []).append((course.departs, course.ends))
    for post, times in away.items():
        moments = [departs for departs, _ in times] + [start for start, _ in street.most_away]
        for moment in sorted(set(moments)):
            limits = [most for start, most in street.most_away if start <= moment]
            count = sum(departs <= moment < ends for departs, ends in times)
            if limits and count > limits[-1]:
                yield f"{count} are away from post {post} at {moment}"
