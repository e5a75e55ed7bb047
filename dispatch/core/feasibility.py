"""Which windows could be kept for a parcel that nobody has handed in yet, and what each would cost.

Whoever is free now is asked through the tours of the last plan: the parcel is inserted where it
costs least. Whoever comes later by the roster is asked alone, since nobody knows what else will be
carried then. Nothing is written, and no plan is made.
"""

import dataclasses
import itertools
import math
from collections.abc import Container, Mapping, Sequence

import msgspec
import numpy as np
from immutables import Map

from dispatch.core.arrays import MILLE, Places, TravelTimes, arrays_of
from dispatch.core.candidates import (
    Carrier,
    Load,
    load_of,
    with_gates,
)
from dispatch.core.engine import decide
from dispatch.core.epoch import problem_of
from dispatch.core.gates import CompanyWord, Gates
from dispatch.core.itineraries import Epoch
from dispatch.core.later import later, nearest
from dispatch.core.messages import CreateParcels, ParcelCreated
from dispatch.core.model import Cents, Instant, Leg, Parcel, Seconds, TimeWindow
from dispatch.core.state import State
from dispatch.core.warm import KeptPlan, started_from
from dispatch.solver.alone import NEARER, RANK, SERVES, Couriers
from dispatch.solver.changes import Change, Snapshot
from dispatch.solver.explain import explained
from dispatch.solver.plan import Action, Reason, Unassigned
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

STEP_S = 1800
"""Windows that nobody named are as long as this, and begin on its multiples."""
STEPS = 12
"""So many of them."""
AHEAD_S = 3600
"""Hours of counters are those at so long before a window opens: its parcel is fetched then (A)."""
TRIED_EACH, TRIED = 2, 24
"""So many insertions are tried with each courier who is free now, and with all of them together."""
ENOUGH = 10
"""When so many couriers of those who are free now could, the others are not asked any more."""

replace = msgspec.structs.replace


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one window.

    Attributes
    ----------
    is_feasible
        Whether somebody could keep it at a price below that of leaving the parcel out.
    cost_cents
        What the plan would cost more.
    arrives_at
        When the courier would be there.
    on_time_permille
        Chance of that being before the window closes.
    couriers
        Who could, the nearest to the pickup first.
    reason
        Why not, a code of `dispatch.solver.plan.Reason`; else empty.
    """

    window: TimeWindow
    is_feasible: bool = False
    cost_cents: Cents = 0
    arrives_at: Instant = 0
    on_time_permille: int = 0
    couriers: tuple[str, ...] = ()
    reason: str = ""


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one group of couriers says to one window; ``way_s`` by courier, to the pickup."""

    cost: int = 0
    departs_at: Instant = 0
    arrives_at: Instant = 0
    closes_at: Instant = 0
    way_s: Mapping[str, Seconds] = {}
    reason: Reason | None = None


def coming_windows(ready_at: Instant, now: Instant) -> tuple[TimeWindow, ...]:
    """Return the windows of the next hours, for whoever names none."""
    first = -(-max(ready_at, now) // STEP_S) * STEP_S
    return tuple(
        TimeWindow(opens_at=first + step * STEP_S, closes_at=first + (step + 1) * STEP_S)
        for step in range(STEPS)
    )


def advise(
    state: State,
    times: TravelTimes,
    last: KeptPlan | None,
    parcel: Parcel,
    windows: Sequence[TimeWindow],
    now: Instant,
) -> list[Advice]:
    """Say of each window what keeping it would take, the best first.

    Parameters
    ----------
    last
        The zone's last plan; without one, whoever is free now has nothing to do yet.
    parcel
        As its merchant would hand it in, without a window.

    Returns
    -------
    list of Advice
        Windows that can be kept by what they cost and by the chance of a visit in vain, then the
        others, each of them by time.

    Raises
    ------
    DispatchError
        As `CreateParcels` would.
    """
    [created, *_] = decide(state, CreateParcels(parcels=(parcel,)), now=now, command_id="draft")
    assert isinstance(created, ParcelCreated)  # noqa: S101 - nothing else is told first
    if state.closures:
        times = times.closed([state.closures[key] for key in sorted(state.closures)])
    drafts = [
        _draft(state, created.parcel, created.leg, number, window, now)
        for number, window in enumerate(windows)
    ]
    groups = [_of_tours(state, times, last, drafts, now), _of_roster(state, times, drafts, now)]
    found = [
        _advice(state, window, [group[draft.leg.id] for group in groups], now)
        for window, draft in zip(windows, drafts, strict=True)
    ]
    failed_cents = state.policy.failed_cents

    def rank(advice: Advice) -> tuple[bool, float, Instant, Instant]:
        in_vain = failed_cents * (MILLE - advice.on_time_permille) / MILLE
        price = advice.cost_cents + in_vain if advice.is_feasible else 0.0
        return not advice.is_feasible, price, advice.window.opens_at, advice.window.closes_at

    return sorted(found, key=rank)


def _draft(
    state: State, parcel: Parcel, leg: Leg, number: int, window: TimeWindow, now: Instant
) -> Load:
    """Return the parcel as it would be with one of the windows, under a name that no parcel has."""
    named = replace(
        parcel,
        id=f"{parcel.merchant}/? {number}",
        window=window,
        due_at=window.closes_at,
        leg=f"{parcel.merchant}/? {number}/1",
        leg_count=1,
        version=parcel.version + 1,
    )
    leg = replace(leg, id=named.leg, parcel=named.id, not_before=max(now, parcel.ready_at))
    at = max(leg.not_before, window.opens_at - AHEAD_S)
    return load_of(state, leg, named, at)


def _advice(state: State, window: TimeWindow, answers: Sequence[_Answer], now: Instant) -> Advice:
    able = [answer for answer in answers if answer.reason is None]
    if not able:
        reasons = [answer.reason for answer in answers if answer.reason is not None]
        nearest = max(reasons, key=lambda reason: RANK.get(reason, SERVES))
        return Advice(window=window, reason=nearest.value)
    best = min(able, key=lambda answer: answer.cost)
    ways: dict[str, Seconds] = {}
    for answer in able:
        for courier, way_s in answer.way_s.items():
            ways[courier] = min(way_s, ways.get(courier, way_s))
    return Advice(
        window=window,
        is_feasible=True,
        cost_cents=round(best.cost / MILLE),
        arrives_at=best.arrives_at,
        on_time_permille=on_time_permille(
            best.closes_at - best.arrives_at,
            best.arrives_at - max(now, best.departs_at),
            state.policy.arrival_sigma_permille,
        ),
        couriers=tuple(sorted(ways, key=lambda courier: (ways[courier], courier))),
    )


def on_time_permille(slack_s: Seconds, away_s: Seconds, sigma_permille: int) -> int:
    """Return the chance of an arrival no later than its slack, in 1/1000.

    Arrivals are taken for normally distributed around the plan's; the deviation grows with the time
    since the departure.

    Parameters
    ----------
    slack_s
        From the planned arrival to the window's end.
    away_s
        From the departure to the arrival.
    sigma_permille
        Standard deviation, of ``away_s``.
    """
    sigma_s = away_s * sigma_permille / MILLE
    if sigma_s <= 0:
        return MILLE if slack_s >= 0 else 0
    return round(MILLE * (1 + math.erf(slack_s / sigma_s / math.sqrt(2))) / 2)


# --- who is free now -------------------------------------------------------------------


def _of_tours(
    state: State,
    times: TravelTimes,
    last: KeptPlan | None,
    drafts: Sequence[Load],
    now: Instant,
) -> dict[str, _Answer]:
    """Ask those who are free now, each with the tour that the last plan has for him."""
    planned = {stop.leg for tour in last.tours for stop in tour.stops} if last else set()
    waiting = [leg for leg in state.waiting_legs if leg in planned]
    policy = replace(state.policy, max_legs=len(waiting) + len(drafts))
    as_planned = replace(state, policy=policy, waiting_legs=Map(dict.fromkeys(waiting)))
    epoch = problem_of(as_planned, times, now, drafts)
    if epoch is None:
        nobody = _Answer(reason=Reason.NO_COURIER_IN_RANGE)
        return {draft.leg.id: nobody for draft in drafts}
    names = {draft.leg.id for draft in drafts}
    answers = {leg: _Answer(reason=reason) for leg, reason in epoch.left_out if leg in names}
    tours = _tours_of(epoch, last, {draft.parcel.id for draft in drafts})
    couriers = Couriers(tours.schedule, tours.allowed)
    failed: list[tuple[str, int]] = []
    for index, leg in enumerate(epoch.legs):
        if leg.id not in names:
            continue
        found = _insertions(tours, couriers, index)
        change = min(found.values(), key=lambda change: change.extra_cost, default=None)
        if change is None or change.extra_cost >= 0:
            failed.append((leg.id, index))
        else:
            answers[leg.id] = _inserted(epoch, tours, index, change, found)
    if not failed:
        return answers
    left_out = tuple(Unassigned(index, Reason.SEARCH_LIMIT) for _, index in failed)
    plan = dataclasses.replace(tours.plan(""), unassigned=left_out)
    reasons = {entry.leg: entry.reason for entry in explained(epoch.problem, plan)}
    return answers | {leg: _Answer(reason=reasons[index]) for leg, index in failed}


def _tours_of(epoch: Epoch, last: KeptPlan | None, drafts: Container[str]) -> Tours:
    """Return the tours of the last plan in an epoch's problem, without anything of a draft."""
    tours = Tours(Schedule(epoch.problem))
    warm = None if last is None else started_from(last, epoch)
    if warm is None:
        return tours
    tours.adopt(tours.found_in(warm))
    # Where a tour does not hold any more, what it loses was inserted anew, and the drafts with it.
    real = [leg.parcel not in drafts for leg in epoch.legs]
    of_stop = tours.schedule.leg
    stops = [[stop for stop in tour if real[of_stop[stop]]] for tour in tours.stops]
    if stops != tours.stops:
        tours.restore(Snapshot(stops, 0))
    return tours


def _insertions(tours: Tours, couriers: Couriers, leg: int) -> dict[int, Change]:
    """Return one insertion of a leg for each vehicle whose tour has room, a cheap one.

    Of relays that somebody else goes on from one is looked for where nobody goes all the way.
    """
    schedule = tours.schedule
    options = [
        stop
        for stop in schedule.options[leg]
        if stop not in schedule.calls and not tours.served.is_full(stop)
    ]
    able = np.zeros(len(schedule.start), bool)
    for stop in options:
        able |= couriers.alone(leg, stop, schedule.opens[leg]).ranks >= RANK[Reason.NOT_WORTH_IT]
    most = schedule.limits.parcels
    fit = [
        vehicle
        for vehicle, courier in enumerate(tours.couriers)
        if able[courier] and tours.measures[vehicle].parcels < most[courier]
    ]
    found: dict[int, Change] = {}
    promising = tours.gaps.insertions(leg, options, fit, TRIED_EACH)
    for vehicle, stops in itertools.islice(promising, TRIED):
        if vehicle not in found:
            change = tours.change({vehicle: stops})
            if change is not None:
                found[vehicle] = change
        if len(found) == ENOUGH:
            break
    if not found:
        change = tours.best(leg)
        if change is not None:
            found = {v: change for v, stops in change.stops.items() if leg in stops}
    return found


def _inserted(
    epoch: Epoch, tours: Tours, leg: int, change: Change, found: Mapping[int, Change]
) -> _Answer:
    """Return the answer of those who are free now, of whom one at least can."""
    problem, schedule, now = epoch.problem, tours.schedule, epoch.now
    chain = {leg, schedule.successor.get(leg, -1)}
    arrivals = []
    for vehicle, stops in change.stops.items():
        tour = schedule.tour(tours.couriers[vehicle], stops, change.links)
        arrivals += [
            (stop.arrives_at, tour.departs_at, stop.option)
            for stop in tour.stops
            if stop.leg in chain and stop.action is Action.DROPOFF
        ]
    # What goes by a relay arrives with the keeper.
    arrives_at, departs_at, option = max(arrivals)
    couriers = [tours.couriers[vehicle] for vehicle in found]
    return _Answer(
        cost=change.extra_cost + schedule.left_out_cost[leg],
        departs_at=now + departs_at,
        arrives_at=now + arrives_at,
        closes_at=now + int(problem.option_closes[option]),
        way_s={epoch.couriers[its].id: _way_s(problem, its, leg) for its in couriers},
    )


def _way_s(problem: Problem, courier: int, leg: int) -> Seconds:
    start, pickup = int(problem.start_place[courier]), int(problem.pickup_place[leg])
    return int(problem.travel[problem.mode[courier], start, pickup])


# --- who comes later by the roster -----------------------------------------------------


def _of_roster(
    state: State, times: TravelTimes, drafts: Sequence[Load], now: Instant
) -> dict[str, _Answer]:
    """Ask those who are not free now and have a slot later, each alone."""
    nobody = _Answer(reason=Reason.NO_COURIER_IN_RANGE)
    answers = {draft.leg.id: nobody for draft in drafts}
    carriers = list(later(state, max(draft.parcel.due_at for draft in drafts), now))
    if not carriers:
        return answers
    gates = Gates(times, state.hubs, state.policy, now, CompanyWord.of(state))
    loads = with_gates(drafts, carriers, gates, state.policy)
    carriers = nearest(state, carriers, loads, gates, now)
    if not carriers:
        return answers
    problem = arrays_of(state, carriers, loads, Places(), times, gates, now)
    tours = Tours(Schedule(problem))
    couriers = Couriers(tours.schedule, tours.allowed)
    for leg, draft in enumerate(drafts):
        answers[draft.leg.id] = _alone(problem, tours, couriers, leg, carriers, now)
    return answers


def _alone(
    problem: Problem,
    tours: Tours,
    couriers: Couriers,
    leg: int,
    carriers: Sequence[Carrier],
    now: Instant,
) -> _Answer:
    schedule = tours.schedule
    found = [
        (couriers.alone(leg, stop, schedule.opens[leg]), stop) for stop in schedule.options[leg]
    ]
    nearest = max(int(alone.ranks.max()) for alone, _ in found)
    if nearest < SERVES:
        return _Answer(reason=NEARER[nearest])
    costs = [
        (int(alone.extra[row]), int(row), stop)
        for alone, stop in found
        for row in np.flatnonzero(alone.ranks == SERVES)
    ]
    cost, row, stop = min(costs)
    tour = schedule.tour(row, [leg, stop])
    option = stop - schedule.leg_count
    return _Answer(
        cost=cost,
        departs_at=now + tour.departs_at,
        arrives_at=now + tour.stops[-1].arrives_at,
        closes_at=now + int(problem.option_closes[option]),
        way_s={
            carriers[able].courier.id: _way_s(problem, able, leg) for _, able, _ in reversed(costs)
        },
    )
