"""When one more may not leave a post, for many tours at once; one tour: `dispatch.solver.posts`."""

from dataclasses import dataclass

import numpy as np

from dispatch.solver.arrays import IntArray
from dispatch.solver.explanations.clocks import Crew, Timed
from dispatch.solver.terms import NEVER
from dispatch.solver.tours import Tours


@dataclass(frozen=True, slots=True)
class _Roster:
    """One post: the stretches of time between all changes, and who may not be away in which.

    Parameters
    ----------
    begins, ends : (m,), ticks
        Of the stretches, exclusive at their end.
    needed : (members, m)
        By how many the roster would have to be raised for a member to be away then; 0: he may.

    """

    begins: IntArray
    ends: IntArray
    needed: IntArray


class Absences:
    """The rosters of all posts, as they are without the one who is asked about.

    Parameters
    ----------
    tours : Tours
        As they stay.

    """

    def __init__(self, tours: Tours) -> None:
        problem = tours.schedule.problem
        self._post: IntArray = problem.post[np.array(tours.couriers, np.int64)]
        self._member = np.zeros(len(self._post), np.int64)
        self._rosters = {
            post: self._roster(tours, post) for post in np.unique(self._post).tolist() if post >= 0
        }

    def _roster(self, tours: Tours, post: int) -> _Roster:
        members = np.flatnonzero(self._post == post)
        self._member[members] = np.arange(len(members))
        spans = [_spans(tours, vehicle) for vehicle in members.tolist()]
        away, excused = (
            np.array(kind, np.int64).reshape(-1, 2) for kind in zip(*spans, strict=True)
        )
        steps = tours.schedule.problem.post_steps
        row = slice(*steps.indptr[post : post + 2].tolist())
        edges = np.unique(np.concatenate([steps.starts_at[row], away.ravel(), excused.ravel()]))
        step = np.searchsorted(steps.starts_at[row], edges, side="right") - 1
        most = np.where(step >= 0, np.append(steps.most_away[row], NEVER)[step], NEVER)
        others = _counts(away, edges)
        allowed = np.maximum(most, _counts(excused, edges).sum(axis=0))
        others = others.sum(axis=0) - others
        needed = np.where(others + 1 > allowed, others + 1 - most, 0)
        return _Roster(edges, np.append(edges[1:], 2 * NEVER), needed)

    def needed(self, vehicle: IntArray, timed: Timed, crew: Crew) -> IntArray:
        """Say by how many the roster of each one's post would have to be raised for his tour.

        Parameters
        ----------
        vehicle : (K,)
            Who makes each tour.
        timed, crew : Timed, Crew
            From when to when.

        """
        result = np.zeros(len(vehicle), np.int64)
        for post, roster in self._rosters.items():
            asked = np.flatnonzero(self._post[vehicle] == post)
            if not len(asked) or not roster.needed.any():
                continue
            who = vehicle[asked]
            begins = np.where(crew.left[who] <= 0, -NEVER, timed.departs_at[asked])[:, None]
            ends = timed.ends_at[asked][:, None]
            hit = (begins < roster.ends) & (ends > roster.begins) & (begins < ends)
            result[asked] = np.where(hit, roster.needed[self._member[who]], 0).max(axis=1)
        return result


def _counts(spans: IntArray, edges: IntArray) -> IntArray:
    """(members, m): who is away from each edge on."""
    away: IntArray = ((spans[:, :1] <= edges) & (edges < spans[:, 1:])).astype(np.int64)
    return away


def _spans(tours: Tours, vehicle: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Give when somebody is away, and when he would be for his commitments alone."""
    schedule, courier = tours.schedule, tours.couriers[vehicle]
    has_left = schedule.left[courier] <= 0
    measures, stops = tours.measures[vehicle], tours.stops[vehicle]
    nothing = (NEVER, NEVER)
    if not stops and not has_left:
        return nothing, nothing
    away = (-NEVER if has_left else measures.departs_at, measures.ends_at)
    own = schedule.committed(stops)
    if not own and not has_left:
        return away, nothing
    alone = schedule.measure(courier, own, None, tours.links)
    assert alone is not None, "no tour breaks limits that do not exist"  # noqa: S101
    return away, (-NEVER if has_left else alone.departs_at, alone.ends_at)
