"""When couriers come, stay and go; and guards, who leave when relieved and return from tours.

A courier without a post is there for each idle slot. A guard is there from the first of slots that
follow each other to the end of the last, breaks included, and longer where the relief is not there
yet or a tour is under way. When somebody is relieved is asked of the zone's state: nobody at a gate
knows it better.
"""

import functools
from collections.abc import Iterable, Sequence

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.holding import IDLE_DUTIES
from dispatch.core.model import Availability, Duty, Instant, Seconds
from dispatch.sim.behaviour import People
from dispatch.sim.stage import Stage


class Stays:
    """All comings and goings of a day.

    Parameters
    ----------
    posts
        Ids of the posts that the day knows; who has a slot at one is a guard.
    gone
        Couriers who are never heard of again; others add to it.
    retry_s
        Who cannot leave yet looks again after so long.
    ends_at
        Then everybody goes, relieved or not.
    """

    def __init__(
        self,
        stage: Stage,
        people: People,
        *,
        posts: Iterable[str],
        gone: set[str],
        retry_s: Seconds,
        ends_at: Instant,
    ) -> None:
        self._stage = stage
        self._people = people
        self._posts = frozenset(posts)
        self._gone = gone
        self._retry_s = retry_s
        self._ends_at = ends_at

    def expect(self, courier: str, slots: Sequence[Availability]) -> None:
        """Let a courier come and go by the slots of a roster, which are in order."""
        if any(slot.post in self._posts for slot in slots):
            stays = _stays(slots)
            comes = [self._comes_at(courier, opens_at) for opens_at, _ in stays]
            for index, (opens_at, closes_at) in enumerate(stays):
                self._come(courier, comes[index])
                goes_at = self._goes_at(courier, opens_at, closes_at, comes[index])
                until = comes[index + 1] if index + 1 < len(stays) else self._ends_at
                self._stage.at(goes_at, functools.partial(self._leave, courier, until))
            return
        for slot in slots:
            if slot.duty in IDLE_DUTIES:
                comes_at = self._comes_at(courier, slot.opens_at)
                self._come(courier, comes_at)
                goes_at = self._goes_at(courier, slot.opens_at, slot.closes_at, comes_at)
                self._stage.submit_at(goes_at, m.GoOffline(courier=courier))

    def walk_back(self, event: m.TourCompleted) -> None:
        """Let a guard whose tour is over walk back to the post, and say so there."""
        state, now = self._stage.state, self._stage.now
        if event.courier not in state.away or event.courier in self._gone:
            return
        planned_s = max(0, event.free_at - event.happened_at)
        way_s = self._people.way_s(planned_s, state.couriers[event.courier].home, now)
        back = m.ReturnToPost(courier=event.courier)
        self._stage.submit_at(max(now, event.happened_at + way_s), back)

    def _comes_at(self, courier: str, opens_at: Instant) -> Instant:
        return opens_at + self._people.edge_s(courier, opens_at, "comes")

    def _goes_at(
        self, courier: str, opens_at: Instant, closes_at: Instant, comes_at: Instant
    ) -> Instant:
        return max(comes_at, closes_at + self._people.edge_s(courier, opens_at, "goes"))

    def _come(self, courier: str, at: Instant) -> None:
        def come() -> None:
            if courier not in self._gone:
                self._stage.submit(m.GoOnline(courier=courier))

        self._stage.at(at, come)

    def _leave(self, courier: str, until: Instant) -> None:
        """Go, once a guard is relieved; who is still there at the next stay just stays."""
        now = self._stage.now
        is_over = now >= self._ends_at or courier in self._gone
        if not is_over and now >= until:
            return
        if not is_over and self._is_needed(courier):
            self._stage.at(now + self._retry_s, functools.partial(self._leave, courier, until))
            return
        self._stage.submit(m.GoOffline(courier=courier))

    def _is_needed(self, courier: str) -> bool:
        """Whether a guard is on a tour, waits for the relief, or would leave a post too few."""
        state, now = self._stage.state, self._stage.now
        if courier in state.away or courier in state.live_tour:
            return True
        if posts.is_held(state, courier, now):
            return True
        slot = posts.slot_at(state, courier, now)
        if slot is None or slot.duty is not Duty.POST or slot.post not in state.posts:
            return False
        there = posts.on_duty(state, slot.post, now)
        least = min(state.posts[slot.post].minimum, len(posts.rostered(state, slot.post, now)))
        return courier in there and len(there) - 1 < least


def _stays(slots: Sequence[Availability]) -> list[tuple[Instant, Instant]]:
    """Return (from, to) of slots that follow each other without a gap."""
    stays: list[tuple[Instant, Instant]] = []
    for slot in slots:
        if stays and slot.opens_at <= stays[-1][1]:
            stays[-1] = (stays[-1][0], max(stays[-1][1], slot.closes_at))
        else:
            stays.append((slot.opens_at, slot.closes_at))
    return stays
