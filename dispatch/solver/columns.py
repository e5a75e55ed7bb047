"""Which of the routes that a search has met go best together: a set partition by OR-Tools.

A search moves from one solution to the next and forgets the routes it leaves. Here all of them
stand side by side as columns: each leg is in one chosen route, waits, or goes to the backup; each
courier makes one route at most; hub compartments and posts are rows. GLOP solves the relaxation,
whose reduced costs tell which columns can be in any better choice, and CP-SAT chooses among those
(one worker, a limit in deterministic time, the solution at hand as its hint). The answer is never
dearer than that solution. The duals say what serving each leg is worth now; a search that charges
them for leaving a leg out finds the routes that the choice lacks.

What a column costs is handed in, so that costs may be expected ones, with the chance that its
courier says yes. Nothing here times a tour or reads a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver.python import model_builder_helper
from ortools.sat.python import cp_model
from scipy import sparse

from dispatch.solver.arrays import BoolArray, IntArray

__all__ = ["Chosen", "Columns", "Rows", "choose", "cost_of"]

MOST = (800, 4000)
"""Columns among which CP-SAT chooses at most, those with the least reduced cost: first few, whose
answer tells which of all the others can be in a better one."""
CELLS = 100_000
"""Legs in all columns of the relaxation together; beyond, those that look dear are left out."""
LP_SHARE, LEAST_LP = 2.0, 0.2
"""Deterministic time of GLOP, as a share of CP-SAT's, and at least."""
LIMIT = 2.0
"""Deterministic time of CP-SAT, about seconds."""
NEARLY = 1e-6
"""Reduced costs are so exact, as a share of the cost at hand."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """Routes to choose from. n routes, E legs in all of them together.

    Parameters
    ----------
    owner : (n,), courier class
        Who makes the route.
    cost : (n,)
        What it costs, whatever that means to who asks: a tour's cost, or an expected one.
    indptr, leg : (n + 1,), (E,)
        The legs of route i are `leg[indptr[i]:indptr[i + 1]]`.
    slot : (E,), compartments
        What the drop-off of each of these fills; -1: nothing.
    since, until : (n,), ticks
        Away from the post from since until before until.
    """

    owner: IntArray
    cost: IntArray
    indptr: IntArray
    leg: IntArray
    slot: IntArray
    since: IntArray
    until: IntArray

    def __len__(self) -> int:
        return len(self.owner)

    def some(self, kept: IntArray) -> "Columns":
        """Give some of them."""
        counts = np.diff(self.indptr)[kept]
        indptr = np.concatenate([[0], np.cumsum(counts)])
        cells = np.repeat(self.indptr[kept] - indptr[:-1], counts) + np.arange(indptr[-1])
        return Columns(
            owner=self.owner[kept],
            cost=self.cost[kept],
            indptr=indptr,
            leg=self.leg[cells],
            slot=self.slot[cells],
            since=self.since[kept],
            until=self.until[kept],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """What a choice must keep to. L legs, C courier classes, S kinds of compartments, Q posts.

    Parameters
    ----------
    wait : (L,)
        Cost of leaving the leg to a later epoch.
    backup : (L,)
        Cost of giving it to whoever comes when nobody else does; the same as `wait`, or more,
        where there is none.
    must : (L,) bool
        Never left out.
    ignored : (L,) bool
        Not asked about at all.
    count : (C,)
        Routes that the class may make.
    always : (C,) bool
        Whether it makes one in any case: who is on the way has an end to come to.
    free : (S,)
        Compartments.
    post : (C,)
        The post that a class leaves; -1: none.
    steps : (s, 3)
        (post, from, most away), as in `Problem.post_steps`; further rows for moments at which
        commitments by themselves keep more away.
    """

    wait: IntArray
    backup: IntArray
    must: BoolArray
    ignored: BoolArray
    count: IntArray
    always: BoolArray
    free: IntArray
    post: IntArray
    steps: IntArray


@dataclass(frozen=True, eq=False)
class Chosen:
    """The answer.

    Parameters
    ----------
    routes : (r,)
        Numbers of the columns chosen, ascending.
    waits, backups : (l,)
        Legs that are in none.
    cost : int
        Of all.
    duals : (L,) float64
        What serving each leg is worth, by the relaxation; 0 for legs that are not asked about.
    bound : float
        No choice costs less among the columns that the relaxation had (`CELLS`); -inf where it
        failed.
    note : str
        What the reader should know; empty where all went well.
    """

    routes: IntArray
    waits: IntArray
    backups: IntArray
    cost: int
    duals: NDArray[np.float64]
    bound: float
    note: str = ""


def choose(
    columns: Columns,
    rows: Rows,
    incumbent: Sequence[int],
    *,
    fixed: Sequence[int] = (),
    limit: float = LIMIT,
    seed: int = 0,
) -> Chosen:
    """Choose routes.

    Parameters
    ----------
    columns : Columns
        With those of the solution at hand.
    rows : Rows
        What a choice must keep to.
    incumbent : sequence of int
        Columns of the solution at hand; it keeps to all rows.
    fixed : sequence of int
        Of these, the ones that stay.
    limit : float
        Deterministic time of CP-SAT, about seconds.
    seed : int
        Of CP-SAT's random numbers.

    Raises
    ------
    ValueError
        Where the solution at hand breaks a row: there is nothing to go back to.
    """
    if len(columns.leg) > CELLS:
        return _among_promising(columns, rows, incumbent, fixed, limit, seed)
    at_hand = _answer(columns, rows, np.sort(np.asarray(incumbent, np.int64)))
    model = _Model(columns, rows, fixed)
    broken = model.broken(at_hand.routes)
    if broken:
        raise ValueError(f"the solution at hand breaks {broken}")
    relaxed = model.relaxed(at_hand.cost, max(LEAST_LP, LP_SHARE * limit))
    if relaxed is None:
        return replace(at_hand, note="columns: the relaxation found nothing; the plan stands")
    duals, reduced, bound = relaxed
    at_hand = replace(at_hand, duals=duals, bound=bound)
    best = at_hand
    stays = np.asarray(fixed, np.int64)
    note = "columns: CP-SAT found nothing within its limit; the plan stands"
    for most in MOST:
        kept = _filtered(reduced, best, most)
        kept = np.union1d(np.union1d(kept, best.routes), stays)
        routes = model.best(kept, best.routes, limit=limit / len(MOST), seed=seed)
        if routes is None:
            continue
        note = ""
        found = _answer(columns, rows, routes)
        if found.cost < best.cost:
            best = replace(found, duals=duals, bound=bound)
    return replace(best, note=note)


def _among_promising(
    columns: Columns,
    rows: Rows,
    incumbent: Sequence[int],
    fixed: Sequence[int],
    limit: float,
    seed: int,
) -> Chosen:
    """Choose as `choose` does, among fewer columns."""
    kept = _promising(columns, rows, incumbent)
    number = np.full(len(columns), -1)
    number[kept] = np.arange(len(kept))
    part = choose(
        columns.some(kept),
        rows,
        number[np.asarray(incumbent, np.int64)].tolist(),
        fixed=number[np.asarray(fixed, np.int64)].tolist(),
        limit=limit,
        seed=seed,
    )
    return replace(part, routes=kept[part.routes])


def cost_of(columns: Columns, rows: Rows, routes: Sequence[int]) -> int:
    """Give what a choice of routes costs, with what it leaves out."""
    return _answer(columns, rows, np.sort(np.asarray(routes, np.int64))).cost


def _promising(columns: Columns, rows: Rows, incumbent: Sequence[int]) -> IntArray:
    """Give those that cost least beyond what their legs cost in the solution at hand."""
    worth = np.minimum(rows.wait, rows.backup).astype(np.float64)
    counts = np.diff(columns.indptr)
    for route in incumbent:
        its = columns.leg[columns.indptr[route] : columns.indptr[route + 1]]
        worth[its] = np.minimum(worth[its], columns.cost[route] / max(1, len(its)))
    excess = columns.cost - np.bincount(
        np.repeat(np.arange(len(columns)), counts), worth[columns.leg], len(columns)
    )
    excess[np.asarray(incumbent, np.int64)] = -np.inf
    order = np.argsort(excess, kind="stable")
    kept: IntArray = np.sort(order[np.cumsum(counts[order]) <= CELLS])
    return kept


def _filtered(reduced: NDArray[np.float64], best: Chosen, most: int) -> IntArray:
    """Give the columns that can be in a choice that is cheaper than the best one known."""
    gap = best.cost - best.bound + NEARLY * max(1, abs(best.cost))
    able = np.flatnonzero(reduced <= gap)
    order = np.argsort(reduced[able], kind="stable")
    kept: IntArray = np.sort(able[order[:most]])
    return kept


def _answer(columns: Columns, rows: Rows, routes: IntArray) -> Chosen:
    legs = len(rows.wait)
    served = np.zeros(legs, np.bool_)
    for route in routes.tolist():
        served[columns.leg[columns.indptr[route] : columns.indptr[route + 1]]] = True
    out = ~served & ~rows.ignored
    is_waiting = rows.wait <= rows.backup
    waits, backups = np.flatnonzero(out & is_waiting), np.flatnonzero(out & ~is_waiting)
    cost = columns.cost[routes].sum() + rows.wait[waits].sum() + rows.backup[backups].sum()
    return Chosen(routes, waits, backups, int(cost), np.zeros(legs), -np.inf)


class _Model:
    """The rows as one sparse matrix: n routes, then the waiting of each leg that may wait."""

    def __init__(self, columns: Columns, rows: Rows, fixed: Sequence[int]) -> None:
        self._columns, self._rows = columns, rows
        self._legs = np.flatnonzero(~rows.ignored)
        self._waiting = np.flatnonzero(~rows.ignored & ~rows.must)
        self._matrix, self._lowest, self._highest, self._names = self._built()
        out = np.minimum(rows.wait, rows.backup)
        self._prices = np.concatenate([columns.cost, out[self._waiting]])
        self._fixed = np.asarray(fixed, np.int64)

    def _built(self) -> tuple[sparse.csr_matrix, IntArray, IntArray, list[str]]:
        columns, rows = self._columns, self._rows
        count = len(columns)
        route = np.repeat(np.arange(count), np.diff(columns.indptr))
        row_of = np.full(len(rows.wait), -1)
        row_of[self._legs] = np.arange(len(self._legs))
        total = len(self._legs)
        asked = row_of[columns.leg] >= 0
        parts = [
            (row_of[columns.leg[asked]], route[asked]),
            (row_of[self._waiting], count + np.arange(len(self._waiting))),
        ]
        lowest, highest = [np.ones(total, np.int64)], [np.ones(total, np.int64)]
        names = [f"leg {leg}" for leg in self._legs]

        def add(its_rows: IntArray, its_columns: IntArray, low: IntArray, high: IntArray) -> None:
            nonlocal total
            parts.append((total + its_rows, its_columns))
            lowest.append(low)
            highest.append(high)
            total += len(high)

        makers = np.where(rows.always, rows.count, 0)
        add(columns.owner, np.arange(count), makers, rows.count)
        names += [f"courier {courier}" for courier in range(len(rows.count))]
        fills = np.flatnonzero(columns.slot >= 0)
        add(columns.slot[fills], route[fills], np.zeros_like(rows.free), rows.free)
        names += [f"compartment {slot}" for slot in range(len(rows.free))]
        moments, away, most = self._posts()
        add(away[0], away[1], np.zeros_like(most), most)
        names += [f"post {post} at {moment}" for post, moment in moments]
        cells = np.concatenate([part[0] for part in parts])
        beside = np.concatenate([part[1] for part in parts])
        shape = (total, count + len(self._waiting))
        matrix = sparse.csr_matrix((np.ones(len(cells)), (cells, beside)), shape=shape)
        return matrix, np.concatenate(lowest), np.concatenate(highest), names

    def _posts(self) -> tuple[list[tuple[int, int]], tuple[IntArray, IntArray], IntArray]:
        """Give (post, moment) for each row, its cells, and how many may be away then.

        The count of those away grows only where somebody departs, and the number allowed falls
        only where a step begins.
        """
        columns, rows = self._columns, self._rows
        post_of = rows.post[columns.owner]
        moments: list[tuple[int, int]] = []
        most: list[int] = []
        cells: list[IntArray] = []
        beside: list[IntArray] = []
        for post in np.unique(post_of[post_of >= 0]).tolist():
            mine = np.flatnonzero(post_of == post)
            steps = rows.steps[rows.steps[:, 0] == post]
            for moment in np.unique(np.concatenate([columns.since[mine], steps[:, 1]])).tolist():
                begun = steps[steps[:, 1] <= moment]
                away = mine[(columns.since[mine] <= moment) & (moment < columns.until[mine])]
                allowed = int(begun[-1, 2]) if len(begun) else len(mine)
                if len(np.unique(columns.owner[away])) <= allowed:
                    continue
                cells.append(np.full(len(away), len(moments)))
                beside.append(away)
                moments.append((post, moment))
                most.append(allowed)
        nothing = np.zeros(0, np.int64)
        return (
            moments,
            (np.concatenate([nothing, *cells]), np.concatenate([nothing, *beside])),
            np.array(most, np.int64),
        )

    def broken(self, routes: IntArray) -> str:
        """Name the first row that a choice of routes breaks; empty where there is none."""
        chosen = np.zeros(self._matrix.shape[1])
        chosen[routes] = 1
        served = self._matrix[: len(self._legs)] @ chosen
        row_of = np.searchsorted(self._legs, self._waiting)
        chosen[len(self._columns) :] = served[row_of] == 0
        value = self._matrix @ chosen
        bad = np.flatnonzero((value < self._lowest) | (value > self._highest))
        return self._names[int(bad[0])] if len(bad) else ""

    def relaxed(
        self, at_hand: int, limit: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float] | None:
        """Solve the relaxation: duals by leg, reduced costs by route, and its value."""
        scale = max(1.0, at_hand / max(1, len(self._legs)))
        low = np.zeros(self._matrix.shape[1])
        low[self._fixed] = 1
        helper = model_builder_helper.ModelBuilderHelper()
        # The types that OR-Tools declares for arrays are none of numpy's.
        arrays: list[Any] = [
            low,
            np.full(self._matrix.shape[1], np.inf),
            self._prices / scale,
            self._lowest.astype(np.float64),
            self._highest.astype(np.float64),
            self._matrix,
        ]
        helper.fill_model_from_sparse_data(*arrays)
        solver = model_builder_helper.ModelSolverHelper("GLOP")
        solver.set_solver_specific_parameters(f"max_deterministic_time: {limit}")
        solver.solve(helper)
        if solver.status() != model_builder_helper.SolveStatus.OPTIMAL:
            return None
        duals = np.zeros(len(self._rows.wait))
        duals[self._legs] = scale * np.asarray(solver.dual_values())[: len(self._legs)]
        reduced = scale * np.asarray(solver.reduced_costs())[: len(self._columns)]
        return duals, reduced, scale * float(solver.objective_value())

    def best(self, kept: IntArray, hint: IntArray, *, limit: float, seed: int) -> IntArray | None:
        """Let CP-SAT choose among some routes; None where it finds nothing."""
        count = len(self._columns)
        used = np.concatenate([kept, count + np.arange(len(self._waiting))])
        matrix = self._matrix[:, used]
        is_fixed = np.isin(used, self._fixed)
        hinted = np.isin(used, hint)
        served = np.asarray(self._matrix[: len(self._legs), hint].sum(axis=1)).reshape(-1)
        hinted[len(kept) :] = served[np.searchsorted(self._legs, self._waiting)] == 0
        model = cp_model.CpModel()
        chosen = [model.new_constant(1) if stays else model.new_bool_var("") for stays in is_fixed]
        for first, last, low, high in zip(
            matrix.indptr, matrix.indptr[1:], self._lowest.tolist(), self._highest.tolist(),
            strict=False,
        ):  # fmt: skip
            its = [chosen[at] for at in matrix.indices[first:last]]
            takes = matrix.data[first:last].astype(np.int64)
            if low == high == 1 and (takes == 1).all():
                model.add_exactly_one(its)
            elif low > 0 or takes.sum() > high:
                amount = cp_model.LinearExpr.weighted_sum(its, takes.tolist())
                model.add_linear_constraint(amount, low, high)
        model.minimize(cp_model.LinearExpr.weighted_sum(chosen, self._prices[used].tolist()))
        for variable, value in zip(chosen, hinted.tolist(), strict=True):
            model.add_hint(variable, value)
        solver = cp_model.CpSolver()
        # A set partition is nearly a linear program: cuts help it, probing and symmetries do not.
        solver.parameters.linearization_level = 2
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
        solver.parameters.num_workers = 1
        solver.parameters.max_deterministic_time = limit
        solver.parameters.random_seed = seed
        if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        values = np.array([solver.boolean_value(variable) for variable in chosen[: len(kept)]])
        routes: IntArray = kept[np.flatnonzero(values)]
        return routes
