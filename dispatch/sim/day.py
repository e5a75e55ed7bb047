"""A day again: recorded or generated parcels and people, through the engine of the live service.

Composition root of a replay. Discrete events on a virtual clock: parcels are created, couriers
come and go, epochs close, simulated people answer and report. Decisions come from the same
runtime, rules, solver and log format as live; an epoch's solve is charged a fixed virtual
latency, so that no machine's speed can change the day.
"""

import functools
import heapq
import itertools
from collections.abc import Callable, Sequence

import msgspec

from dispatch.clock import Clock, VirtualClock
from dispatch.core import absence, codec
from dispatch.core import messages as m
from dispatch.core.epoch import TravelTimes
from dispatch.core.errors import InvalidTransition, OfferTaken
from dispatch.core.holding import IDLE_DUTIES
from dispatch.core.metrics import Figures, Metrics
from dispatch.core.model import ActionKind, Instant, Tour, TourState
from dispatch.core.policy import Policy
from dispatch.executors import Planner
from dispatch.log import InMemoryLog, Row
from dispatch.runtime import Runtime, Submission
from dispatch.sim.behaviour import Behaviour, People, arrival, earliest, next_action
from dispatch.sim.draws import Draws
from dispatch.sim.folder import Day

SOLVE_LATENCY_S = 2
"""Virtual seconds that an epoch's solve is charged."""
LEAD_S = 600
"""The virtual day begins so long before its first parcel or slot."""
LAST_RETURN_S = 21_600
"""It ends at the latest so long after the last parcel has expired."""

Progress = Callable[[float], None]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay leaves behind.

    Attributes
    ----------
    rows
        The log.
    events
        Its events, decoded.
    kpis
        Figures that depend on day, policy and seed alone.
    system
        What the machine's clock measured.
    """

    rows: Sequence[Row]
    events: Sequence[m.Event]
    kpis: Figures
    system: Figures
    behaviour: Behaviour
    policy: Policy


class Replay:
    """One day, one seed, one policy.

    Parameters
    ----------
    times
        Travel times of the day's map.
    clock
        The machine's, for the figures under ``system`` alone.
    """

    def __init__(
        self, day: Day, times: TravelTimes, *, seed: int, policy: Policy, clock: Clock
    ) -> None:
        self._day = day
        self._policy = policy
        self._machine = clock
        self._starts_at = _starts_at(day)
        self._ends_at = LAST_RETURN_S + max(
            absence.last_moment(parcel, policy) for parcel in day.parcels
        )
        self._behaviour = Behaviour.of(day.scenario)
        self._people = People(self._behaviour, Draws(seed), self._starts_at)
        self._virtual = VirtualClock(self._starts_at)
        self._log = InMemoryLog()
        self._planner = Planner(times, clock)
        self._metrics = Metrics()
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._pending_commands = 0
        command_ids = itertools.count(1)
        self._runtime = Runtime(
            zone=f"networks/{day.network}/zones/{day.zone}",
            log=self._log,
            clock=self._virtual,
            mint=lambda: f"c{next(command_ids)}",
            policy=policy,
        )
        self._runtime.subscribe(self._notice)

    def run(self, progress: Progress = lambda _share: None) -> Result:
        """Play the day to its end; ``progress`` is told the share that is done."""
        began = self._machine.monotonic()
        self._open()
        last = max(parcel.due_at for parcel in self._day.parcels)
        while self._heap:
            at, _, act = heapq.heappop(self._heap)
            self._virtual.advance_to(at)
            act()
            progress(min(1.0, (at - self._starts_at) / max(1, last - self._starts_at)))
        progress(1.0)
        wall_s = self._machine.monotonic() - began
        rows = self._log.read(limit=10**9)
        return Result(
            rows=rows,
            events=[codec.decode_event(row.payload, row.version) for row in rows],
            kpis=self._metrics.kpis(),
            system=self._system(wall_s),
            behaviour=self._behaviour,
            policy=self._policy,
        )

    # --- the day's own events ----------------------------------------------------------

    def _open(self) -> None:
        day = self._day
        for hub in day.hubs:
            self._submit(m.CreateHub(hub=hub))
        for courier in day.couriers:
            self._submit(m.CreateCourier(courier=courier))
        for courier_id, slots in itertools.groupby(day.availability, key=lambda item: item[0]):
            its = tuple(slot for _, slot in slots)
            self._submit(m.AddAvailability(courier=courier_id, slots=its))
            for slot in its:
                if slot.duty in IDLE_DUTIES:
                    self._come_and_go(courier_id, slot.opens_at, slot.closes_at)
        for parcel in day.parcels:
            self._submit_at(parcel.created_at, m.CreateParcels(parcels=(parcel,)))
        self._at(self._starts_at, self._tick)

    def _come_and_go(self, courier: str, opens_at: Instant, closes_at: Instant) -> None:
        comes_at = opens_at + self._people.edge_s(courier, opens_at, "comes")
        goes_at = max(comes_at, closes_at + self._people.edge_s(courier, opens_at, "goes"))
        self._submit_at(comes_at, m.GoOnline(courier=courier))
        self._submit_at(goes_at, m.GoOffline(courier=courier))

    def _tick(self) -> None:
        self._submit(m.Tick())
        state, now = self._runtime.state, self._virtual.now()
        if state.needs_plan(now):
            plan = self._planner.plan(state, now)
            if plan is not None:
                self._submit_at(now + SOLVE_LATENCY_S, plan)
        if now < self._ends_at and (self._pending_commands or state.open_parcels):
            self._at(now + self._policy.epoch_s, self._tick)

    # --- people ------------------------------------------------------------------------

    def _notice(self, events: Sequence[m.Event]) -> None:
        """Let people see what concerns them."""
        self._metrics.fold(events)
        now = self._virtual.now()
        for event in events:
            if isinstance(event, m.OfferMade):
                after_s, answer = self._people.answer(self._runtime.state, event.offer)
                if now + after_s < event.offer.expires_at:
                    self._submit_at(now + after_s, answer)
            elif isinstance(event, m.OfferAccepted) and self._people.shows_up(event.tour):
                departs_at = max(now, event.tour.itinerary.departs_at)
                self._at(departs_at, functools.partial(self._set_out, event.tour))

    def _set_out(self, tour: Tour) -> None:
        if self._runtime.state.tours[tour.id].state is TourState.COMMITTED:
            self._submit(m.StartTour(courier=tour.courier, tour=tour.id))
            self._go_on(tour.id)

    def _go_on(self, tour_id: str) -> None:
        """Take the next step of a tour: the way to a stop, or an action at it."""
        state, now = self._runtime.state, self._virtual.now()
        tour = state.tours[tour_id]
        found = next_action(tour)
        if tour.state is not TourState.ACTIVE or found is None:
            return
        index, stop, action = found
        if not stop.arrived_at:
            at = now + self._people.travel_s(stop, now)
            self._at(at, lambda: self._report_then_go_on(tour_id, arrival(tour, index, at)))
            return
        policy = self._policy
        planned_s = policy.scan_s + (
            policy.shelve_s if action.kind is ActionKind.PICKUP else policy.hand_over_s
        )
        at = earliest(state, action, now) + self._people.service_s(
            planned_s, action.leg, action.kind
        )

        def act() -> None:
            fresh = self._runtime.state
            same = next_action(fresh.tours[tour_id])
            if same is not None and same[2] == action:
                self._submit(self._people.report(fresh, tour, index, action, at))
            self._go_on(tour_id)

        self._at(at, act)

    def _report_then_go_on(self, tour_id: str, report: m.Command) -> None:
        if self._runtime.state.tours[tour_id].state is TourState.ACTIVE:
            self._submit(report)
            self._go_on(tour_id)

    # --- mechanics ---------------------------------------------------------------------

    def _at(self, at: Instant, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (max(at, self._virtual.now()), next(self._order), act))

    def _submit_at(self, at: Instant, command: m.Command) -> None:
        def act() -> None:
            self._pending_commands -= 1
            self._submit(command)

        self._pending_commands += 1
        self._at(at, act)

    def _submit(self, command: m.Command) -> None:
        """Submit as the service would. People may be late: then their command is refused."""
        outcome = self._runtime.commit([Submission(command=command)])[0]
        late = isinstance(outcome.error, InvalidTransition | OfferTaken)
        if outcome.error is not None and not late:
            raise outcome.error

    def _system(self, wall_s: float) -> Figures:
        latency_s = sorted(self._planner.latency_s)
        count = len(latency_s)

        def percentile(share: float) -> float | None:
            return round(latency_s[min(count - 1, int(count * share))], 4) if count else None

        virtual_s = self._virtual.now() - self._starts_at
        return {
            "wall_s": round(wall_s, 2),
            "times_real_time": round(virtual_s / wall_s, 1) if wall_s else None,
            "epochs": count,
            "epoch_latency_s": {
                "mean": round(sum(latency_s) / count, 4) if count else None,
                "p50": percentile(0.5),
                "p95": percentile(0.95),
                "p99": percentile(0.99),
                "max": percentile(1.0),
            },
        }


def _starts_at(day: Day) -> Instant:
    moments = [parcel.created_at for parcel in day.parcels]
    moments += [slot.opens_at for _, slot in day.availability]
    return (min(moments) - LEAD_S) // 60 * 60
