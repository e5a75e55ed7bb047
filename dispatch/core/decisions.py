"""What a plan decided, told by names: why a leg is left out, and why somebody does not have it.

The solver explains its own problem. What nobody on duty could reach is in no problem: for the
explanation it is put into a wider one, beside the tours as they are planned.
"""

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass

from dispatch.core import posts
from dispatch.core.arrays import MILLE, TravelTimes
from dispatch.core.epoch import problem_of
from dispatch.core.itineraries import Epoch
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.model import Instant
from dispatch.core.state import State
from dispatch.core.warm import kept, started_from
from dispatch.solver.explain import Explanation, explain, why_not
from dispatch.solver.fixes import Fix, FixKind
from dispatch.solver.plan import Plan, Reason
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

DIMENSIONS = ("grams", "ml")
"""What the load of a problem counts."""
UNTIL_AN_INSTANT = frozenset(
    {
        FixKind.COURIER_LATER_OFF,
        FixKind.COURIER_EARLIER_ON,
        FixKind.PICKUP_LATER,
        FixKind.OPTION_LATER,
        FixKind.ANOTHER_COURIER,
    }
)


@dataclass(frozen=True, slots=True)
class Made:
    """A plan as it was made, kept in memory for questions.

    Attributes
    ----------
    number
        Of its epoch.
    """

    number: int
    epoch: Epoch
    plan: Plan


def explained(
    state: State, times: TravelTimes, epoch: Epoch, plan: Plan, most: int
) -> tuple[Explained, ...]:
    """Explain the legs that a plan leaves out for a reason that is new, soonest due first.

    Parameters
    ----------
    most
        No more than so many; the next plan goes on with the others.
    """
    codes = codes_of(epoch, plan)
    new = [
        leg
        for leg, code in codes.items()
        if leg not in state.explained or state.legs[leg].reason != code
    ]
    new.sort(key=lambda leg: (state.parcels[state.legs[leg].parcel].due_at, leg))
    new = new[:most]
    found = _inside(state, epoch, plan, new)
    beyond = [leg for leg in new if leg not in found and codes[leg] != Reason.HUB_FULL]
    found |= _beyond(state, times, epoch, plan, beyond)
    return tuple(found.get(leg, Explained(leg=leg, reason=codes[leg])) for leg in sorted(new))


def codes_of(epoch: Epoch, plan: Plan) -> dict[str, str]:
    """Return why each leg is left out that waits now, by leg."""
    inside = {
        epoch.legs[item.leg].id: item.reason.value
        for item in plan.unassigned
        if item.leg < epoch.real_count
    }
    return inside | {leg: reason.value for leg, reason in epoch.left_out}


def why_not_him(state: State, made: Made, leg: str, courier: str) -> Explained | None:
    """Say why a courier does not have a leg by a plan; None where one of them was not in it.

    Raises
    ------
    ExplainError
        If the plan gives it to this courier.
    """
    legs = {its.id: index for index, its in enumerate(made.epoch.legs)}
    couriers = {its.id: index for index, its in enumerate(made.epoch.couriers)}
    if leg in legs and courier in couriers:
        found = why_not(made.epoch.problem, made.plan, legs[leg], couriers[courier])
        return _named(state, made.epoch, found)
    code = codes_of(made.epoch, made.plan).get(leg)
    if code is None or courier not in state.couriers:
        return None
    return Explained(leg=leg, reason=code, courier=courier)


def on_demand(state: State, made: Made, leg: str) -> Explained | None:
    """Explain one leg by a plan in memory; None where the plan does not leave it out."""
    code = codes_of(made.epoch, made.plan).get(leg)
    if code is None:
        return None
    return _inside(state, made.epoch, made.plan, [leg]).get(leg, Explained(leg=leg, reason=code))


def _inside(state: State, epoch: Epoch, plan: Plan, legs: Iterable[str]) -> dict[str, Explained]:
    """Explain those legs that are in the problem."""
    wanted = set(legs)
    left_out = [item.leg for item in plan.unassigned if item.leg < epoch.real_count]
    asked = [index for index in left_out if epoch.legs[index].id in wanted]
    if not asked:
        return {}
    return {
        epoch.legs[its.leg].id: _named(state, epoch, its)
        for its in explain(epoch.problem, plan, asked)
    }


def _beyond(
    state: State, times: TravelTimes, epoch: Epoch, plan: Plan, legs: Container[str]
) -> dict[str, Explained]:
    """Explain those legs that are in no problem, beside the tours as they are planned."""
    wider = problem_of(state, times, epoch.now, also=legs) if legs else None
    if wider is None or not wider.couriers:
        return {}
    tours = Tours(Schedule(wider.problem))
    same = started_from(kept(epoch, plan), wider)
    if same is not None:
        tours.adopt(tours.found_in(same))
    asked = [
        index
        for index in tours.left_out()
        if index < wider.real_count and wider.legs[index].id in legs
    ]
    return {
        wider.legs[its.leg].id: _named(state, wider, its)
        for its in explain(wider.problem, tours.plan(""), asked)
    }


def _named(state: State, epoch: Epoch, its: Explanation) -> Explained:
    slack = its.slack
    if its.reason is Reason.NOT_WORTH_IT:
        slack = math.ceil(slack / MILLE)
    return Explained(
        leg=epoch.legs[its.leg].id,
        reason=its.reason.value,
        courier=_courier(epoch, its.courier),
        slack=slack,
        fix=None if its.fix is None else _fix(state, epoch, its.fix),
        served_by=_courier(epoch, its.served_by),
    )


def _courier(epoch: Epoch, index: int) -> str:
    return epoch.couriers[index].id if index >= 0 else ""


def _fix(state: State, epoch: Epoch, fix: Fix) -> SmallestFix:
    until = fix.until
    if fix.kind in UNTIL_AN_INSTANT:
        until += epoch.now
    is_price = fix.kind is FixKind.PRICE
    return SmallestFix(
        kind=fix.kind.value,
        courier=_courier(epoch, fix.courier),
        subject=_subject(state, epoch, fix),
        amount=math.ceil(fix.amount / MILLE) if is_price else fix.amount,
        until=math.ceil(until / MILLE) if is_price else until,
        needs=tuple(_fix(state, epoch, need) for need in fix.needs),
    )


def _subject(state: State, epoch: Epoch, fix: Fix) -> str:
    """Return the id of what a fix is about."""
    match fix.kind:
        case FixKind.PERMIT:
            return _compound(epoch, fix.index)
        case FixKind.HUB_SLOT:
            hubs: list[int] = epoch.problem.option_hub.tolist()
            return epoch.choices[hubs.index(fix.index)].hub
        case FixKind.POST:
            return _post(state, epoch, fix.index, epoch.now)
        case FixKind.CAPACITY:
            return DIMENSIONS[fix.index]
        case FixKind.PRECEDENCE:
            return epoch.legs[fix.index].id
        case FixKind.PICKUP_LATER:
            return epoch.legs[fix.leg].pickup.hub
        case FixKind.OPTION_LATER:
            return epoch.choices[fix.option].hub
    return ""


def _compound(epoch: Epoch, gate: int) -> str:
    """Return the compound behind a gate, as the address of a place there calls it."""
    behind = epoch.problem.place_gate.tolist()
    places = [place for place, its in zip(epoch.places, behind, strict=True) if its == gate]
    return next((place.compound for place in places if place.compound), "")


def _post(state: State, epoch: Epoch, index: int, now: Instant) -> str:
    row = epoch.problem.post.tolist().index(index)
    post = posts.post_of(state, epoch.couriers[row].id, now)
    return "" if post is None else post.id
