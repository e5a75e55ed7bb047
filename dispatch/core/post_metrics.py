"""Key figures of posts as a fold over events: a part of `dispatch.core.metrics`.

Who stands where is counted between the instants at which the engine took note of something, so that
a phone's late word changes no figure that stood before. Nothing here asks the rules.
"""

from collections import Counter
from itertools import pairwise
from typing import Any

from dispatch.core import messages as m
from dispatch.core.compounds import Post
from dispatch.core.model import Availability, Duty, Instant, Seconds

Figures = dict[str, Any]
"""As in `dispatch.core.metrics`."""


class PostMetrics:
    """Takes events in order and gives the figures of posts at any time."""

    def __init__(self) -> None:
        self._posts: dict[str, Post] = {}
        self._rosters: dict[str, tuple[Availability, ...]] = {}
        self._guards: dict[str, set[str]] = {}
        self._came_at: dict[str, Instant] = {}
        self._out: set[str] = set()
        self._moved_at: dict[str, Instant] = {}
        self._counted_to: dict[str, Instant] = {}
        self._now: Instant = 0
        self._below_s: Counter[str] = Counter()
        self._stayed_s: Counter[str] = Counter()
        self._away_s: dict[str, Counter[str]] = {}
        self._tours: Counter[str] = Counter()

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        self._now = max(self._now, event.at)
        match event:
            case m.PostSet(post=post):
                self._count(post.id)
                self._posts[post.id] = post
                self._counted_to.setdefault(post.id, event.at)
            case m.AvailabilityAdded(courier=courier, slots=slots):
                self._roster(courier, slots)
            case m.SlotsDropped(courier=courier, slots=slots):
                self._roster(courier, slots)
            case m.SlotsSwapped():
                self._roster(event.courier, event.slots)
                self._roster(event.other, event.other_slots)
            case m.CourierWentOnline(courier=courier):
                self._count_for(courier)
                self._came_at.setdefault(courier, event.at)
            case m.CourierWentOffline(courier=courier):
                self._count_for(courier)
                self._came_at.pop(courier, None)
            case m.TourStarted(courier=courier) if self._is_guard(courier):
                self._count_for(courier)
                self._out.add(courier)
                self._moved_at[courier] = event.at
            case m.CourierReturned(courier=courier):
                self._count_for(courier)
                self._out.discard(courier)
                self._moved_at[courier] = event.at
                if event.post:
                    self._away_s.setdefault(event.post, Counter())[courier] += event.away_s
                    self._tours[event.post] += 1
            case _:
                pass

    def figures(self) -> Figures:
        """Return the figures.

        ``post_below_minimum_s``: seconds that a post had fewer than its minimum, or than the roster
        names where that is less, while one of those named was on a tour. ``stayed_on_s``: seconds
        that guards stayed past their slot because of such a tour.
        """
        for post in self._posts:
            self._count(post)
        return {
            "post_below_minimum_s": sum(self._below_s.values()),
            "stayed_on_s": sum(self._stayed_s.values()),
            "posts": {
                post: {
                    "compound": its.compound,
                    "hub": its.hub,
                    "minimum": its.minimum,
                    "below_minimum_s": self._below_s[post],
                    "stayed_on_s": self._stayed_s[post],
                    "tours": self._tours[post],
                    "away_s": sum(self._away_s.get(post, {}).values()),
                    "away_s_by_guard": dict(sorted(self._away_s.get(post, {}).items())),
                }
                for post, its in sorted(self._posts.items())
            },
        }

    # --- who stands where --------------------------------------------------------------

    def _is_guard(self, courier: str) -> bool:
        return any(slot.post in self._posts for slot in self._rosters.get(courier, ()))

    def _roster(self, courier: str, slots: tuple[Availability, ...]) -> None:
        self._count_for(courier)
        for post in {slot.post for slot in slots if slot.post}:
            self._count(post)
            self._guards.setdefault(post, set()).add(courier)
        is_off = any(
            slot.duty is Duty.POST and slot.opens_at <= self._now < slot.closes_at
            for slot in {*self._rosters.get(courier, ())} - {*slots}
        )
        if is_off and courier in self._came_at:
            # Taken off a watch: no earlier one keeps this guard there.
            self._came_at[courier] = self._now
        self._rosters[courier] = slots

    def _count_for(self, courier: str) -> None:
        """Count the posts that a courier's roster names up to now: something is about to change."""
        for post in sorted({slot.post for slot in self._rosters.get(courier, ())}):
            self._count(post)

    def _count(self, post: str) -> None:
        """Count a post's seconds since it was last counted."""
        since = self._counted_to.get(post)
        if since is None or since >= self._now:
            return
        guards = sorted(self._guards.get(post, ()))
        edges = {
            edge
            for courier in guards
            for slot in self._rosters[courier]
            for edge in (slot.opens_at, slot.closes_at)
            if since < edge < self._now
        }
        moments = [since, *sorted(edges), self._now]
        for start, end in pairwise(moments):
            self._span(post, guards, start, end - start)
        self._counted_to[post] = self._now

    def _span(self, post: str, guards: list[str], at: Instant, length_s: Seconds) -> None:
        """Count a stretch of time in which nothing changes."""
        named = [courier for courier in guards if self._has_post_slot(courier, post, at)]
        there = sum(courier in self._came_at and courier not in self._out for courier in named)
        out = sum(courier in self._out for courier in named)
        lacking = min(self._posts[post].minimum, len(named)) - there
        if lacking <= 0 or not out:
            return
        staying = min(lacking, sum(self._stays(courier, post, at) for courier in guards))
        self._stayed_s[post] += min(staying, out) * length_s
        self._below_s[post] += length_s if staying < lacking else 0

    def _has_post_slot(self, courier: str, post: str, at: Instant) -> bool:
        return any(
            slot.post == post and slot.duty is Duty.POST and slot.opens_at <= at < slot.closes_at
            for slot in self._rosters[courier]
        )

    def _stays(self, courier: str, post: str, at: Instant) -> bool:
        """Whether a courier who stood at a post until a slot ended has not left it since."""
        came_at = self._came_at.get(courier)
        if came_at is None or courier in self._out:
            return False
        begun = [s for s in self._rosters[courier] if s.duty is Duty.POST and s.opens_at <= at]
        last = max(begun, key=lambda slot: slot.opens_at, default=None)
        if last is None or last.post != post or last.closes_at > at:
            return False
        return came_at < last.closes_at and self._moved_at.get(courier, 0) < last.closes_at
