"""From a plan's tours back to itineraries with names, as offers and tours hold them."""

import msgspec

from dispatch.core.choices import Choice
from dispatch.core.compounds import entrance_key
from dispatch.core.model import (
    ActionKind,
    Courier,
    Instant,
    Itinerary,
    Leg,
    Meters,
    Place,
    Purpose,
    Seconds,
    Stop,
    StopAction,
)
from dispatch.solver.check import timed
from dispatch.solver.plan import Action, Plan, PlannedTour, Reason
from dispatch.solver.problem import Problem
from dispatch.solver.ways import Ways


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with the names behind its numbers.

    Attributes
    ----------
    legs, couriers, places
        By index of the problem. Those from ``real_count`` on are not there yet: each would follow
        on a relay, and waits for the receiving scan.
    choices
        By option of the problem.
    left_out
        (leg, why) of those that nobody on duty could serve; not in the problem, which is
        empty where that holds for all.
    replan_at
        When the passing of time alone may change the answer; 0 for never.
    """

    now: Instant
    changes: int
    problem: Problem
    legs: tuple[Leg, ...]
    couriers: tuple[Courier, ...]
    places: tuple[Place, ...]
    left_out: tuple[tuple[str, Reason], ...]
    replan_at: Instant
    choices: tuple[Choice, ...] = ()
    real_count: int = 0


def offerable(epoch: Epoch, plan: Plan) -> list[PlannedTour]:
    """Return the tours without what waits for a receiving scan, timed anew where that was in."""
    tours: list[PlannedTour] = []
    for tour in plan.tours:
        stops = [stop for stop in tour.stops if stop.leg < epoch.real_count]
        if len(stops) == len(tour.stops):
            tours.append(tour)
        elif stops:
            visits = [(stop.leg, stop.action, stop.option) for stop in stops]
            tours.extend(timed(epoch.problem, [(tour.courier, visits)]))
    return tours


def itinerary_of(epoch: Epoch, tour: PlannedTour, ways: Ways) -> Itinerary:
    """Name the stops of a tour; its times are the courier's, gates included."""
    problem, now = epoch.problem, epoch.now
    mode, access = int(problem.mode[tour.courier]), int(problem.access[tour.courier])
    start = int(problem.start_place[tour.courier])
    end = int(problem.end_place[tour.courier])
    stops: list[Stop] = []
    here = start
    for planned in tour.stops:
        pickup = planned.action is Action.PICKUP
        place = int(
            problem.pickup_place[planned.leg] if pickup else problem.option_place[planned.option]
        )
        action = StopAction(
            leg=epoch.legs[planned.leg].id,
            kind=ActionKind.PICKUP if pickup else ActionKind.DROPOFF,
            purpose=Purpose.DOOR if pickup else epoch.choices[planned.option].purpose,
        )
        if stops and (place == here or _is_one_stop(epoch.places[here], epoch.places[place])):
            stops[-1] = _joined(
                stops[-1],
                action,
                epoch.places[place],
                leaves_at=now + planned.leaves_at,
                travel_s=int(ways.times(mode, access, here, place)) if place != here else 0,
                distance_m=int(problem.distance_m[mode, here, place]) if place != here else 0,
            )
            here = place
            continue
        stops.append(
            Stop(
                place=epoch.places[place],
                actions=(action,),
                arrives_at=now + planned.arrives_at,
                leaves_at=now + planned.leaves_at,
                travel_s=int(ways.times(mode, access, here, place)),
                distance_m=int(problem.distance_m[mode, here, place]),
            )
        )
        here = place
    has_end = end >= 0
    direct_s = int(ways.times(mode, access, start, end)) if has_end else 0
    return Itinerary(
        courier=epoch.couriers[tour.courier].id,
        legs=tuple(epoch.legs[stop.leg].id for stop in tour.stops if stop.action is Action.PICKUP),
        stops=tuple(stops),
        start=epoch.places[start],
        end=epoch.places[end] if has_end else None,
        departs_at=now + tour.departs_at,
        ends_at=now + tour.ends_at,
        return_s=int(ways.times(mode, access, here, end)) if has_end else 0,
        return_m=int(problem.distance_m[mode, here, end]) if has_end else 0,
        detour_s=max(0, tour.ends_at - tour.departs_at - direct_s),
    )


def _is_one_stop(a: Place, b: Place) -> bool:
    """Whether two places are doors behind one entrance."""
    entrance = entrance_key(a)
    return bool(entrance) and entrance == entrance_key(b)


def _joined(
    stop: Stop,
    action: StopAction,
    place: Place,
    *,
    leaves_at: Instant,
    travel_s: Seconds,
    distance_m: Meters,
) -> Stop:
    """Return a stop with one thing more to do, at its own place or at another door of it."""
    own = None if place == stop.place else place
    return msgspec.structs.replace(
        stop,
        actions=(
            *stop.actions,
            msgspec.structs.replace(action, place=own, travel_s=travel_s),
        ),
        leaves_at=leaves_at,
        distance_m=stop.distance_m + distance_m,
    )
