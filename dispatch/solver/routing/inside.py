"""A plan from elsewhere, proposed inside OR-Tools' local search, committed by it, and improved.

The compiled search is one of OR-Tools' local search operators here. Asked for a neighbour of the
solution that OR-Tools stands on (commitments alone at first), it searches until its limit, and its
neighbour is its whole plan. OR-Tools' filters and propagation take it or not, as they would any
other; then OR-Tools' own operators descend from it for a bounded number of steps.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count, repeat

from ortools.constraint_solver import pywrapcp

from dispatch.solver.routing.model import Model, Stops, parameters
from dispatch.solver.routing.nodes import Nodes

STEPS = 50_000
"""Of the descent from a committed plan: about 0.05 s at 250 legs where nothing is found."""

SOLUTIONS = 10
"""Better ones that the descent may stand on: each takes as long as some thousands of steps."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a proposal.

    Parameters
    ----------
    is_committed : bool
        Whether OR-Tools stood on it.
    stops : dict of vehicle to stops, or None
        What OR-Tools found from there; None where it did not stand on it.
    """

    is_committed: bool
    stops: dict[int, list[int]] | None


def commit(
    nodes: Nodes, propose: Callable[[], Stops], *, seed: int = 0, steps: int = STEPS
) -> Outcome:
    """Let OR-Tools search from commitments, with a proposal as one of its operators.

    Parameters
    ----------
    nodes : Nodes
        What the model is made of.
    propose : callable
        Called once, from inside OR-Tools' search; gives the stops of vehicles.
    seed : int
        Of OR-Tools' random numbers.
    steps : int
        As `STEPS`.

    Returns
    -------
    Outcome
        The same for the same arguments.

    Raises
    ------
    Exception
        Whatever `propose` raised.
    """
    if not nodes.legs or not nodes.vehicles:
        propose()
        return Outcome(is_committed=True, stops={})
    model = Model(nodes, seed)
    proposal = Proposal(model, propose)
    model.routing.AddLocalSearchOperator(proposal)
    chosen = parameters("GREEDY_DESCENT")
    model.routing.CloseModelWithParameters(chosen)
    model.end_at(_counting(proposal))
    # A few hundred steps are taken before OR-Tools asks for the first neighbour.
    counted = chain(repeat(False, steps), repeat(True))  # noqa: FBT003 (positional in itertools)
    model.routing.AddSearchMonitor(model.solver.CustomLimit(counted.__next__))
    found = model.solve(dict(enumerate(nodes.promised.stops)), chosen)
    if proposal.error is not None:
        raise proposal.error
    is_committed = proposal.is_committed
    if not proposal.was_made:
        # Nothing can change in the model: OR-Tools asked nobody.
        wanted = propose()
        is_committed = found == {
            vehicle: list(wanted.get(vehicle, ())) for vehicle in nodes.vehicles
        }
    return Outcome(is_committed, found if is_committed else None)


def _counting(proposal: "Proposal") -> Callable[[], bool]:
    """Give what to ask at every solution: whether the descent has met enough of them."""
    better = count()
    asked = weakref.ref(proposal)  # see `Model.end_at`

    def is_last() -> bool:
        watched = asked()
        if watched is None:
            return True
        watched.look()
        return watched.is_committed and next(better) >= SOLUTIONS

    return is_last


class Proposal(pywrapcp.IntVarLocalSearchOperator):  # type: ignore[misc]
    """A local search operator with one neighbour: a whole plan.

    Parameters
    ----------
    model : Model
        In which it is proposed.
    propose : callable
        Gives the plan.

    Attributes
    ----------
    was_made : bool
        Whether it was asked for.
    is_committed : bool
        Whether OR-Tools has stood on it.
    error : BaseException or None
        What `propose` raised: no exception may pass through OR-Tools.
    """

    def __init__(self, model: Model, propose: Callable[[], Stops]) -> None:
        self._variables = model.variables()
        super().__init__(self._variables)
        self._model = model
        self._propose = propose
        self._values: list[int] | None = None
        self.was_made = False
        self.is_committed = False
        self.error: BaseException | None = None

    def OneNeighbor(self) -> bool:  # noqa: N802 (named by OR-Tools)
        """Propose the plan the first time; end the search where it was not taken."""
        if self.was_made:
            if not self.is_committed:
                self._model.solver.FinishCurrentSearch()
            return False
        self.was_made = True
        try:
            self._values = self._model.values(self._propose())
        except BaseException as error:  # noqa: BLE001 (raised again outside)
            self.error = error
        if self._values is None:
            self._model.solver.FinishCurrentSearch()
            return False
        is_new = False
        for position, value in enumerate(self._values):
            if self.Value(position) != value:
                self.SetValue(position, value)
                is_new = True
        self.is_committed = not is_new
        return is_new

    def look(self) -> None:
        """See whether OR-Tools stands on the plan now."""
        if self._values is not None and not self.is_committed:
            now = [variable.Value() for variable in self._variables]
            self.is_committed = now == self._values
