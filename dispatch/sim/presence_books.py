"""What the check of presence keeps while it reads a log: rosters, who is out, and the gaps.

Like `dispatch.sim.presence_check`, which fills it, it must not import anything of `dispatch.core`.
Time moves from one edge of a slot to the next; between two of them, and between two events, nobody
comes or goes.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Fields = dict[str, Any]


class Rule(Enum):
    """What must hold in every log, by the name that a report uses."""

    LINE = "each line is an event of a courier, a post and a hub that the log has taken in"
    TWO_PLACES = "nobody's roster names two places at once"
    MINIMUM = "no tour leaves a post with fewer than its minimum, late returns included"
    LEFT = "a tour begins from a post only while others on duty hold its minimum"
    HELD = "who is kept at a post until relieved begins no tour"
    AWAY = "a guard is on one tour at a time, and comes back from it once"
    BOOTH = "a booth gives and takes by the scan of a guard who is there"


@dataclass(frozen=True)
class Gap:
    """One broken rule: at which post, or of whom, from when to when, and why."""

    rule: Rule
    line: int
    where: str
    from_at: int
    to_at: int
    why: str

    def __str__(self) -> str:
        """One sentence."""
        until = f" to {self.to_at}" if self.to_at > self.from_at else ""
        return (
            f"{self.rule.name}, line {self.line}: {self.where} at {self.from_at}{until}: {self.why}"
        )


@dataclass
class PostSoFar:
    """One post: what the log says of it, who stood there to the end of a slot and has not left.

    ``short_since`` is since when it has lacked somebody because of a tour; None while it does not.
    """

    minimum: int
    compound: str
    hub: str
    stood: dict[str, int] = field(default_factory=dict)
    short_since: int | None = None
    short_line: int = 0
    why: str = ""


@dataclass
class Books:
    """The log as far as it was read, and the gaps found in it."""

    line: int = 0
    at: int = 0
    gaps: list[Gap] = field(default_factory=list)
    posts: dict[str, PostSoFar] = field(default_factory=dict)
    rosters: dict[str, list[Fields]] = field(default_factory=dict)
    online: set[str] = field(default_factory=set)
    out: dict[str, int] = field(default_factory=dict)
    signed_in: dict[tuple[str, str], str] = field(default_factory=dict)
    halves: dict[tuple[str, str], bool] = field(default_factory=dict)
    attended: set[str] = field(default_factory=set)
    edges: list[int] = field(default_factory=list)
    is_dirty: bool = True

    def note(self, rule: Rule, where: str, why: str) -> None:
        """Note a gap of this moment."""
        self.gaps.append(Gap(rule, self.line, where, self.at, self.at, why))

    # --- time --------------------------------------------------------------------------

    def advance(self, to: int) -> None:
        """Let time pass, from edge to edge of slots."""
        first = bisect_right(self.edges, self.at)
        for edge in self.edges[first : bisect_right(self.edges, to)]:
            self._look(edge)
            self._turn(edge)
        self._look(to)

    def _look(self, to: int) -> None:
        """Judge the posts as they stand from now until ``to``, if anything has changed."""
        if to <= self.at:
            return
        if self.is_dirty:
            for name, post in self.posts.items():
                self._judge(name, post)
            self.is_dirty = False
        self.at = to

    def _judge(self, name: str, post: PostSoFar) -> None:
        named, there = self.named(name), self.on_duty(name)
        least = min(post.minimum, len(named))
        missing = least - len(there) - len(post.stood)
        touring = sorted(courier for courier in named if courier in self.out)
        is_short = missing > 0 and bool(touring)
        if is_short and post.short_since is None:
            post.short_since, post.short_line = self.at, self.line
            post.why = f"{missing} too few of {least}, and {', '.join(touring)} on a tour"
        elif not is_short:
            self.close(name, post)

    def close(self, name: str, post: PostSoFar) -> None:
        """End a stretch in which a post was short."""
        if post.short_since is not None:
            gap = Gap(
                Rule.MINIMUM, post.short_line, f"post {name}", post.short_since, self.at, post.why
            )
            self.gaps.append(gap)
        post.short_since = None

    def _turn(self, edge: int) -> None:
        """Let slots begin and end: who stood at a post until its end may be kept there."""
        self.is_dirty = True
        for courier, slots in self.rosters.items():
            at_posts = [slot for slot in slots if slot.get("duty") == "POST"]
            ended = [
                s for s in at_posts if s["closes_at"] == edge and s.get("post", "") in self.posts
            ]
            if any(slot["opens_at"] == edge for slot in at_posts):
                self.unstand(courier)
            elif ended and courier in self.online and courier not in self.out:
                self.unstand(courier)
                self.posts[ended[0]["post"]].stood[courier] = edge

    # --- who is where ------------------------------------------------------------------

    def unstand(self, courier: str) -> None:
        """Let a courier not be kept anywhere any more."""
        for post in self.posts.values():
            post.stood.pop(courier, None)
        self.is_dirty = True

    def slot_of(self, courier: str) -> Fields | None:
        """Return the slot of a courier's roster that holds this moment."""
        slots = self.rosters.get(courier, ())
        return next((s for s in slots if s["opens_at"] <= self.at < s["closes_at"]), None)

    def is_guard(self, courier: str) -> bool:
        """Whether a roster names a post."""
        return any(slot.get("post", "") in self.posts for slot in self.rosters.get(courier, ()))

    def named(self, post: str) -> list[str]:
        """Return whom the rosters name for a post now."""
        found = []
        for courier in self.rosters:
            slot = self.slot_of(courier)
            if slot is not None and slot.get("duty") == "POST" and slot.get("post") == post:
                found.append(courier)
        return found

    def on_duty(self, post: str) -> list[str]:
        """Return those named who are online and not on a tour."""
        return [c for c in self.named(post) if c in self.online and c not in self.out]

    def lacking(self, post: str) -> int:
        """Return how many of its minimum a post lacks, those left out who stay on."""
        least = min(self.posts[post].minimum, len(self.named(post)))
        return max(0, least - len(self.on_duty(post)))

    def somebody_is_there(self, hub: str) -> bool:
        """Whether anybody can scan at a hub."""
        return any(self.is_there(courier, hub) for courier in self.online)

    def is_there(self, courier: str, hub: str) -> bool:
        """Whether a courier can scan at a hub: by its posts, or signed in at its counter."""
        if courier not in self.online or courier in self.out:
            return False
        if any(its == hub and who == courier for (its, _), who in self.signed_in.items()):
            return True
        return any(
            post.hub == hub
            and (courier in self.on_duty(name) or (courier in post.stood and self.lacking(name)))
            for name, post in self.posts.items()
        )

    def has_posts(self, hub: str) -> bool:
        """Whether a hub is kept by posts."""
        return any(post.hub == hub for post in self.posts.values())
