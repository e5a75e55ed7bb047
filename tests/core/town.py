"""A small town for tests of the rules: values with sensible defaults, and a `Story` in it.

The town lies on the equator, so that metres east and north of its square are easy to place.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dispatch.core import messages as m
from dispatch.core.engine import decide
from dispatch.core.epoch import TravelTimes, commit_of, problem_of
from dispatch.core.errors import DispatchError
from dispatch.core.gates import GateLike
from dispatch.core.keeping import Closure, code_key
from dispatch.core.model import (
    EARTH_RADIUS_M,
    ActionKind,
    Availability,
    Contract,
    Courier,
    CourierKind,
    DeliveryOption,
    FailureCode,
    Hub,
    HubKind,
    Itinerary,
    LegState,
    Mode,
    Offer,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    ProofKind,
    Purpose,
    Stop,
    StopAction,
    StopState,
    TimeWindow,
    Tour,
)
from dispatch.core.policy import Climb, Policy
from dispatch.core.state import State, fold, replace
from dispatch.solver import explain, insert
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem

ZONE = "networks/local/zones/all"
NOON = 1_700_000_040
"""Where stories begin: the start of a minute."""
HOUR = 3600
DAY = 24 * HOUR

AT_ONCE = Policy(version="at-once", engine="insert", slack_s=DAY, absent_wait_s=0)
"""Holds nothing back: every planned tour is offered in the epoch that planned it. Nobody has to
wait at a closed door."""
SIGNED = m.Evidence(proofs=(ProofKind.SIGNATURE,))
PHOTO = m.Evidence(proofs=(ProofKind.PHOTO,))


def a_policy(**fields: Any) -> Policy:
    """Give a policy, a bad one too where a test wants to see it refused."""
    return Policy(**fields)


def place(east_m: float = 0, north_m: float = 0, **fields: Any) -> Place:
    """Put a place so many metres east and north of the square."""
    return Place(
        lat=math.degrees(north_m / EARTH_RADIUS_M),
        lon=math.degrees(east_m / EARTH_RADIUS_M),
        **fields,
    )


def window(opens: int, closes: int) -> TimeWindow:
    """Give a window by seconds after noon."""
    return TimeWindow(opens_at=NOON + opens, closes_at=NOON + closes)


def slot(opens: int = 0, closes: int = 8 * HOUR, **fields: Any) -> Availability:
    """Give a slot by seconds after noon."""
    return Availability(opens_at=NOON + opens, closes_at=NOON + closes, **fields)


def a_parcel(name: str = "p1", **fields: Any) -> Parcel:
    """Give a parcel of merchant m from the square to a door 400 m east, due in two hours."""
    given = {
        "pickup": place(is_door=False),
        "dropoff": place(400, door_key=f"door-of-{name}"),
        "created_at": NOON,
        "ready_at": NOON,
        "due_at": NOON + 2 * HOUR,
        **fields,
    }
    return Parcel(id=f"m/{name}", merchant="m", **given)


def a_courier(name: str = "ann", **fields: Any) -> Courier:
    """Give a rider on a bicycle who lives at the square and stays where the last tour ended."""
    given = {
        "kind": CourierKind.RIDER,
        "mode": Mode.BICYCLE,
        "home": place(0, 50, is_door=False),
        **fields,
    }
    return Courier(id=name, **given)


def a_hub(name: str = "station", **fields: Any) -> Hub:
    """Give a station 100 m west of the square that never closes."""
    given = {"kind": HubKind.STATION, "place": place(-100, hub=name, is_door=False), **fields}
    return Hub(id=name, **given)


def an_itinerary(
    courier: Courier,
    parcels: Sequence[Parcel],
    now: int,
    purpose: Purpose = Purpose.DOOR,
    **fields: Any,
) -> Itinerary:
    """Plan by hand: all pickups, then all drop-offs, 60 s and 100 m from stop to stop."""
    planned = [
        *((parcel, ActionKind.PICKUP) for parcel in parcels),
        *((parcel, ActionKind.DROPOFF) for parcel in parcels),
    ]
    stops: list[Stop] = []
    for parcel, kind in planned:
        where = parcel.pickup if kind is ActionKind.PICKUP else parcel.dropoff
        last = stops.pop() if stops and stops[-1].place == where else None
        is_drop = kind is ActionKind.DROPOFF
        what = purpose if is_drop else Purpose.DOOR
        action = StopAction(leg=parcel.leg, kind=kind, purpose=what)
        actions = (*last.actions, action) if last else (action,)
        arrives_at = last.arrives_at if last else now + 60 * (len(stops) + 1)
        stops.append(
            Stop(
                place=where,
                actions=actions,
                arrives_at=arrives_at,
                leaves_at=arrives_at + 10,
                travel_s=60,
                distance_m=100,
            )
        )
    given = {
        "start": courier.home,
        "end": None,
        "departs_at": now,
        "ends_at": stops[-1].leaves_at,
        "return_s": 0,
        "return_m": 0,
        "detour_s": stops[-1].leaves_at - now,
        **fields,
    }
    return Itinerary(
        courier=courier.id,
        legs=tuple(parcel.leg for parcel in parcels),
        stops=tuple(stops),
        **given,
    )


def a_commit(*itineraries: Itinerary, **fields: Any) -> m.CommitPlan:
    """Give the command that brings itineraries into the state."""
    given = {
        "changes": 0,
        "reasons": (),
        "replan_at": 0,
        "engine": "hand",
        "seed": 0,
        "digest": "",
        "cost": 0,
        "stopped_by": "DONE",
        **fields,
    }
    return m.CommitPlan(itineraries=itineraries, **given)


class Straight:
    """Travel times of a town without streets: the straight line, for everybody the same.

    Parameters
    ----------
    m_per_s
        Speed.
    """

    def __init__(self, m_per_s: float = 1.0) -> None:
        self.m_per_s = m_per_s
        self.asked: list[tuple[str, int, Climb]] = []
        self.closures: tuple[Closure, ...] = ()

    def doors(
        self, mode: str, doors: Sequence[Place], climb: Climb, *, at: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return seconds and metres from door to door."""
        self.asked.append((mode, len(doors), climb))
        point = np.radians([(door.lat, door.lon) for door in doors]).reshape(-1, 2)
        point = point * EARTH_RADIUS_M
        metres = np.hypot(*np.moveaxis(point[:, None] - point[None], -1, 0)).astype(np.float32)
        return (metres / np.float32(self.m_per_s)).astype(np.float32), metres

    def closed(self, closures: Sequence[Closure]) -> "Straight":
        """Take note of what is closed; a town without streets is the same."""
        self.closures = tuple(closures)
        return self

    def gates(self, doors: Sequence[Place]) -> Sequence[str]:
        """Return no compound for any place: nothing in the town is fenced in."""
        return [""] * len(doors)

    def gate(self, compound: str, mode: str, *, at: int) -> GateLike | None:
        """Return None: there are no gates."""
        return None

    def ways_in(self, compound: str, mode: str, *, at: int) -> Sequence[GateLike]:
        """Return what `gate` finds."""
        found = self.gate(compound, mode, at=at)
        return () if found is None else (found,)


@dataclasses.dataclass(frozen=True)
class AGate:
    """A gate of the town."""

    rule: str
    sign_in_s: int | None = None
    id: str = "gate"
    lat: float = 0.0
    lon: float = math.degrees(300 / EARTH_RADIUS_M)


class Fenced(Straight):
    """The town with gates: whatever says that it is in a compound of the town lies behind them.

    Parameters
    ----------
    gates
        By compound; None for one that nobody gets into.
    """

    def __init__(self, m_per_s: float = 2.0, **gates: AGate | None) -> None:
        super().__init__(m_per_s)
        self._gates = gates
        self.asked_gates: list[tuple[str, str, int]] = []

    def gates(self, doors: Sequence[Place]) -> Sequence[str]:
        """Return each place's compound, where it has gates."""
        return [door.compound if door.compound in self._gates else "" for door in doors]

    def gate(self, compound: str, mode: str, *, at: int) -> GateLike | None:
        """Return the one gate, the same for all modes and hours."""
        self.asked_gates.append((compound, mode, at))
        return self._gates[compound]


def inserted(problem: Problem) -> Plan:
    """Solve by insertion and explain what was left out, without loading OR-Tools."""
    plan = insert.solve(problem)
    return dataclasses.replace(plan, unassigned=explain.explained(problem, plan))


def plan_epoch(
    state: State, times: TravelTimes, now: int, solve: Callable[[Problem], Plan]
) -> m.CommitPlan | None:
    """Make the problem, solve it, name the answer; None where there is nothing to decide."""
    epoch = problem_of(state, times, now)
    return None if epoch is None else commit_of(epoch, solve(epoch.problem))


class Story:
    """Tells commands to the rules in order, keeps the events, and moves the time.

    Parameters
    ----------
    times
        For plans; by default straight lines at 2 m/s.

    Attributes
    ----------
    state, now
        The zone after the last command; when the next one comes.
    events
        All of them, in order.
    """

    def __init__(self, policy: Policy = AT_ONCE, times: TravelTimes | None = None) -> None:
        self.times = times or Straight(2.0)
        self.state = State(zone=ZONE)
        self.now = NOON
        self.events: list[m.Event] = []
        self._commands = 0
        self._reports = 0
        self.do(m.AdoptPolicy(policy=policy))

    def do(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command and return what followed."""
        self._commands += 1
        events = decide(self.state, command, now=self.now, command_id=f"c{self._commands}")
        self.state = fold(self.state, events)
        self.events.extend(events)
        return events

    def refused(self, error: type[DispatchError], command: m.Command, match: str = ".") -> None:
        """Prove that a command is refused with exactly this error."""
        with pytest.raises(error, match=match) as caught:
            self.do(command)
        assert caught.type is error

    def wait(self, seconds: int) -> tuple[m.Event, ...]:
        """Let time pass, then tick."""
        self.now += seconds
        return self.do(m.Tick())

    # --- the town fills ----------------------------------------------------------------

    def parcel(self, name: str = "p1", **fields: Any) -> Parcel:
        """Hand in a parcel."""
        self.do(m.CreateParcels(parcels=(a_parcel(name, **fields),)))
        return self.state.parcel(f"m/{name}")

    def hub(self, name: str = "station", **fields: Any) -> Hub:
        """Open a hub."""
        self.do(m.CreateHub(hub=a_hub(name, **fields)))
        return self.state.hub(name)

    def courier(
        self, name: str = "ann", slots: Sequence[Availability] = (slot(),), **fields: Any
    ) -> Courier:
        """Take in a courier, who is on duty and online."""
        self.do(m.CreateCourier(courier=a_courier(name, **fields)))
        self.do(m.AddAvailability(courier=name, slots=tuple(slots)))
        self.do(m.GoOnline(courier=name))
        return self.state.courier(name)

    # --- offers ------------------------------------------------------------------------

    def plan(self) -> tuple[m.Event, ...]:
        """Close an epoch with the insertion engine."""
        command = plan_epoch(self.state, self.times, self.now, inserted)
        return () if command is None else self.do(command)

    def itinerary(
        self,
        courier: str,
        *parcels: str,
        hub: str = "",
        purpose: Purpose = Purpose.RELAY,
        **fields: Any,
    ) -> Itinerary:
        """Plan parcels for a courier by hand, setting out now, to their legs' ends or to a hub."""
        found = []
        for name in parcels:
            parcel = self.state.parcel(f"m/{name}")
            leg = self.state.leg(parcel.leg)
            to = self.state.hub(hub).place if hub else leg.dropoff
            found.append(replace(parcel, pickup=leg.pickup, dropoff=to))
            if not hub:
                purpose = leg.purpose
        return an_itinerary(self.state.courier(courier), found, self.now, purpose, **fields)

    def offer(self, courier: str, *parcels: str, **fields: Any) -> Offer:
        """Offer parcels to a courier, planned by hand."""
        self.do(a_commit(self.itinerary(courier, *parcels, **fields)))
        return self.state.offer(self.state.open_offer[courier])

    def accept(self, courier: str) -> Tour:
        """Say yes to the open offer."""
        self.do(m.AcceptOffer(courier=courier, offer=self.state.open_offer[courier]))
        return self.tour(courier)

    def decline(self, courier: str, **fields: Any) -> tuple[m.Event, ...]:
        """Say no to the open offer."""
        offer = self.state.open_offer[courier]
        return self.do(m.DeclineOffer(courier=courier, offer=offer, **fields))

    def tour(self, courier: str) -> Tour:
        """Return the courier's tour under way."""
        return self.state.tour(self.state.live_tour[courier])

    def assign(self, courier: str, *parcels: str, **fields: Any) -> Tour:
        """Offer parcels to a courier who says yes."""
        self.offer(courier, *parcels, **fields)
        return self.accept(courier)

    # --- at the stops ------------------------------------------------------------------

    def report_of(
        self,
        courier: str,
        parcel: str,
        action: ActionKind,
        failure: FailureCode | None = None,
        at: int | None = None,
        evidence: m.Evidence | None = None,
    ) -> m.RecordStop:
        """Give the phone's report of the pending thing to do with a parcel.

        Without ``evidence`` it shows all that the rules ask for: a signature, or for a failure
        the place and a call.
        """
        tour = self.tour(courier)
        self._reports += 1
        for index, stop in enumerate(tour.stops):
            for its in stop.actions:
                mine = self.state.leg(its.leg).parcel == f"m/{parcel}"
                if mine and its.kind is action and its.state is StopState.PENDING:
                    when = self.now if at is None else at
                    report = m.StopReport(
                        id=f"r{self._reports}",
                        at=when,
                        stop=index,
                        leg=its.leg,
                        action=action,
                        failure=failure,
                        evidence=evidence or shown(stop, its, failure, when),
                    )
                    return m.RecordStop(courier=courier, tour=tour.id, report=report)
        raise AssertionError(f"{courier} has no {action} of {parcel} to do")

    def pick_up(
        self, courier: str, parcel: str, failure: FailureCode | None = None
    ) -> tuple[m.Event, ...]:
        """Report a pickup, or why it failed."""
        return self.do(self.report_of(courier, parcel, ActionKind.PICKUP, failure))

    def drop_off(
        self, courier: str, parcel: str, failure: FailureCode | None = None, **shown: Any
    ) -> tuple[m.Event, ...]:
        """Report a drop-off (at the door, a hub or the origin), or why it failed."""
        return self.do(self.report_of(courier, parcel, ActionKind.DROPOFF, failure, **shown))

    # --- at the counter ----------------------------------------------------------------

    def receive(self, hub: str, parcel: str, courier: str, **fields: Any) -> tuple[m.Event, ...]:
        """Have a hub's counter scan what a courier hands in."""
        given = {"actor": f"hubs/{hub}", **fields}
        return self.do(m.ReceiveParcel(hub=hub, parcel=f"m/{parcel}", courier=courier, **given))

    def release(self, hub: str, parcel: str, **fields: Any) -> tuple[m.Event, ...]:
        """Have a hub's counter scan what leaves: to a courier, or for a code."""
        given = {"actor": f"hubs/{hub}", **fields}
        return self.do(m.ReleaseParcel(hub=hub, parcel=f"m/{parcel}", **given))

    def code(self, hub: str, parcel: str) -> int:
        """Return the serial of the recipient's code at a hub, as its message tells it."""
        recipient = self.state.parcel(f"m/{parcel}").recipient
        return self.state.codes[code_key(hub, recipient)].serial

    def carry(self, courier: str, *parcels: str) -> Tour:
        """Have a courier accept parcels and pick them up."""
        self.assign(courier, *parcels)
        for parcel in parcels:
            self.pick_up(courier, parcel)
        return self.tour(courier)

    # --- what came of it ---------------------------------------------------------------

    def parcel_state(self, name: str = "p1") -> ParcelState:
        """Return a parcel's state."""
        return self.state.parcel(f"m/{name}").state

    def leg_state(self, name: str = "p1") -> LegState:
        """Return the state of a parcel's present leg."""
        return self.state.leg(self.state.parcel(f"m/{name}").leg).state

    def earned(self, courier: str) -> int:
        """Return a courier's balance in cents."""
        return self.state.balances.get(f"couriers/{courier}", 0)


def shown(stop: Stop, action: StopAction, failure: FailureCode | None, at: int) -> m.Evidence:
    """Give all the evidence that a report could need."""
    here: dict[str, Any] = {"lat": stop.place.lat, "lon": stop.place.lon}
    if failure is not None:
        return m.Evidence(**here, contacted_at=at)
    if action.kind is ActionKind.PICKUP:
        return m.Evidence(**here)
    safe = action.purpose is Purpose.SAFE_PLACE
    return m.Evidence(**here, proofs=(ProofKind.PHOTO if safe else ProofKind.SIGNATURE,))


def a_relay_hub(name: str = "booth", **fields: Any) -> Hub:
    """Give an attended booth 350 m east of the square, with two slots of each size."""
    given: dict[str, Any] = {
        "kind": HubKind.BOOTH,
        "place": place(350, 0, hub=name, is_door=False),
        "slots": (2, 2, 2),
        "contracts": (Contract.HOLD, Contract.RELAY),
        "attended": True,
        **fields,
    }
    return a_hub(name, **given)


def consent(kind: OptionKind, target: str = "") -> DeliveryOption:
    """Give a rung with the recipient's consent on record."""
    return DeliveryOption(
        kind=kind, target=target, consented_by="recipient", consented_at=NOON, evidence="sms-1"
    )


def names(events: Sequence[m.Event]) -> list[str]:
    """Return the events' names, in order."""
    return [type(event).__name__ for event in events]
