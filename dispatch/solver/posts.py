"""Posts that must not be left by too many at once: who is away when, and whether one more may be.

Whatever the commitments of all tours do to a post by themselves is allowed; a plan may add nothing
to it where the roster is exceeded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dispatch.solver.problem import Problem
from dispatch.solver.terms import NEVER

Span = tuple[int, int]
"""From departure, inclusive, to return, exclusive; ticks."""
NOT_AWAY: Span = (NEVER, NEVER)


@dataclass(frozen=True, slots=True)
class Absence:
    """When a vehicle is away, by its tour as it is and by the committed stops of it alone."""

    span: Span
    committed: Span


PRESENT = Absence(NOT_AWAY, NOT_AWAY)


class Posts:
    """The absences from every post.

    Parameters
    ----------
    problem : Problem
        With the roster of each post.
    couriers : sequence of int, by vehicle
        Who makes each tour.

    """

    def __init__(self, problem: Problem, couriers: Sequence[int]) -> None:
        posts: list[int] = problem.post.tolist()
        steps = problem.post_steps
        self._steps: list[list[tuple[int, int]]] = [
            list(
                zip(
                    steps.starts_at[first:last].tolist(),
                    steps.most_away[first:last].tolist(),
                    strict=True,
                )
            )
            for first, last in zip(steps.indptr[:-1], steps.indptr[1:], strict=True)
        ]
        self.post = {v: posts[courier] for v, courier in enumerate(couriers) if posts[courier] >= 0}
        self._absences: list[dict[int, Absence]] = [{} for _ in self._steps]
        self._full: dict[int, bool] = {}
        self._begins = [
            min(
                (int(problem.on_duty[couriers[v]]) for v, p in self.post.items() if p == post),
                default=0,
            )
            for post in range(len(self._steps))
        ]
        for vehicle, post in self.post.items():
            self._absences[post][vehicle] = PRESENT

    def set(self, vehicle: int, absence: Absence) -> None:
        """Remember when a vehicle with a post is away."""
        post = self.post[vehicle]
        self._absences[post][vehicle] = absence
        self._full.pop(post, None)

    def allow(self, changes: Mapping[int, Absence]) -> bool:
        """Say whether vehicles with a post may be away as given, all others as they are."""
        posts = {
            self.post[vehicle]
            for vehicle, absence in changes.items()
            if not _is_within(absence, self._absences[self.post[vehicle]][vehicle])
        }
        return all(
            self._holds(
                post,
                [changes.get(vehicle, known) for vehicle, known in self._absences[post].items()],
            )
            for post in posts
        )

    def holds(self, post: int) -> bool:
        """Say whether the roster of a post is kept."""
        return self._holds(post, list(self._absences[post].values()))

    def is_full(self, vehicle: int) -> bool:
        """Say whether nobody at all may leave a vehicle's post any more, at any time."""
        post = self.post.get(vehicle, -1)
        if post < 0:
            return False
        if post not in self._full:
            self._full[post] = self._is_full(post)
        return self._full[post]

    def _is_full(self, post: int) -> bool:
        absences = list(self._absences[post].values())
        begins = self._begins[post]
        times = [begins, *(at for at in self._times(post, absences) if at > begins)]
        return all(most <= away for _, away, most in self._counts(post, absences, times))

    def _holds(self, post: int, absences: Sequence[Absence]) -> bool:
        times = self._times(post, absences)
        return all(away <= most for _, away, most in self._counts(post, absences, times))

    def _times(self, post: int, absences: Sequence[Absence]) -> list[int]:
        """Give every instant at which something changes."""
        times = {start for start, _ in self._steps[post]}
        for absence in absences:
            times.update(absence.span, absence.committed)
        times.discard(NEVER)
        return sorted(times)

    def _counts(
        self, post: int, absences: Sequence[Absence], times: Sequence[int]
    ) -> Iterator[tuple[int, int, int]]:
        """Give, for each instant, how many are away and how many may be."""
        for at in times:
            most = NEVER
            for start, most_away in self._steps[post]:
                if start <= at:
                    most = most_away
            away = sum(absence.span[0] <= at < absence.span[1] for absence in absences)
            excused = sum(absence.committed[0] <= at < absence.committed[1] for absence in absences)
            yield at, away, max(most, excused)


def _is_within(new: Absence, old: Absence) -> bool:
    """Say whether a change of absence can exceed nothing."""
    same = new.committed == old.committed
    return same and old.span[0] <= new.span[0] and new.span[1] <= old.span[1]
