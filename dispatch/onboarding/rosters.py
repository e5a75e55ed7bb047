"""Whether rosters keep their posts: hours below a minimum, guards without a slot or a place.

What is wrong in a single row, a slot that overlaps another or a guard who does not exist, the
reading of the rows has noted already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dispatch.core.compounds import Post
from dispatch.core.model import Availability, CourierKind, Duty, Instant
from dispatch.onboarding.folder import Onboarding
from dispatch.onboarding.ground import note_at
from dispatch.sim import columns
from dispatch.sim.table import Problems

Span = tuple[Instant, Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How a roster keeps one post.

    Attributes
    ----------
    spans
        When it has to be kept: the hours of its hub; without them, from the first slot at it
        to the last.
    below
        Within these, when fewer than the minimum are on the roster.
    spare
        When more are: then one of them may be asked for a tour.
    guards
        Who has a slot of duty at it, by id.
    """

    post: Post
    spans: tuple[Span, ...]
    below: tuple[Span, ...]
    spare: tuple[Span, ...]
    guards: tuple[str, ...]


def check_rosters(read: Onboarding, problems: Problems, warnings: Problems) -> tuple[Coverage, ...]:
    """Check the rosters of a folder; return how they keep each post, by id."""
    _check_slots(read, problems, warnings)
    found = tuple(_coverage(read, post) for post in read.posts)
    for coverage in found:
        post = coverage.post
        if not coverage.guards:
            words = "nobody's roster names it"
        elif coverage.below:
            words = f"fewer than {post.minimum} on the roster {hours(read, coverage.below)}"
        elif post.minimum and not coverage.spare:
            words = f"never more than {post.minimum} on the roster: no guard of it carries anything"
        else:
            continue
        note_at(
            read.tables[columns.POSTS], post.id, "minimum", f"post {post.id!r}: {words}", warnings
        )
    return found


def hours(read: Onboarding, spans: tuple[Span, ...]) -> str:
    """Return spans as ``08:00-12:00, 13:00-24:00`` of the calendar's day."""
    return ", ".join(f"{_clock(read, start)}-{_clock(read, end)}" for start, end in spans)


def _clock(read: Onboarding, at: Instant) -> str:
    local = datetime.fromtimestamp(at, read.calendar.zone)
    day = "" if local.date() == read.calendar.day else f"{local:%d.%m. }"
    return f"{day}{local:%H:%M}"


def _check_slots(read: Onboarding, problems: Problems, warnings: Problems) -> None:
    guards = {it.id for it in read.couriers if it.kind is CourierKind.GUARD}
    for row in read.tables[columns.AVAILABILITY]:
        if row.text("duty") in (Duty.POST.value, Duty.BREAK.value) and not row.has("post"):
            problems.add(
                row.file,
                f"a slot of {row.text('duty')} without a post: name one of {columns.POSTS}",
                line=row.line,
                column="post",
            )
    rostered = {courier for courier, _ in read.availability}
    for guard in sorted(guards - rostered):
        note_at(
            read.tables[columns.COURIERS],
            guard,
            "id",
            f"guard {guard!r} has no slot in {columns.AVAILABILITY}",
            warnings,
        )


def _coverage(read: Onboarding, post: Post) -> Coverage:
    slots = [
        (courier, slot)
        for courier, slot in read.availability
        if slot.post == post.id and slot.duty is not Duty.BREAK
    ]
    standing = [slot for _, slot in slots if slot.duty is Duty.POST]
    spans = _spans(read, post, standing)
    return Coverage(
        post=post,
        spans=spans,
        below=_where(standing, spans, lambda count: count < post.minimum),
        spare=_where(standing, spans, lambda count: count > post.minimum),
        guards=tuple(sorted({courier for courier, _ in slots})),
    )


def _spans(read: Onboarding, post: Post, standing: Sequence[Availability]) -> tuple[Span, ...]:
    """Return when a post has to be kept, in order."""
    for hub in read.hubs:
        if hub.id == post.hub and hub.hours:
            return tuple((window.opens_at, window.closes_at) for window in hub.hours)
    if not standing:
        return ()
    return ((min(slot.opens_at for slot in standing), max(slot.closes_at for slot in standing)),)


def _where(
    standing: Sequence[Availability], spans: tuple[Span, ...], is_meant: Callable[[int], bool]
) -> tuple[Span, ...]:
    """Return the longest stretches within spans at which the count of slots is meant."""
    edges = sorted({edge for slot in standing for edge in (slot.opens_at, slot.closes_at)})
    found: list[Span] = []
    for opens, closes in spans:
        cuts = [opens, *(edge for edge in edges if opens < edge < closes), closes]
        for start, end in pairwise(cuts):
            count = sum(slot.opens_at <= start < slot.closes_at for slot in standing)
            if not is_meant(count):
                continue
            if found and found[-1][1] == start:
                start = found.pop()[0]  # noqa: PLW2901 - the stretch before goes on
            found.append((start, end))
    return tuple(found)
