"""A day again: recorded or generated parcels and people, through the engine of the live service.

Composition root of a replay. Discrete events on a virtual clock: parcels are created, couriers
come and go, epochs close, simulated people answer and report. Decisions come from the same
runtime, rules, solver and log format as live; an epoch's solve is charged a fixed virtual
latency, so that no machine's speed can change the day.
"""

import functools
import itertools
from collections.abc import Callable, Sequence

import msgspec

from dispatch.clock import Clock, VirtualClock
from dispatch.core import absence, codec
from dispatch.core import messages as m
from dispatch.core.epoch import TravelTimes
from dispatch.core.metrics import Figures, Metrics
from dispatch.core.model import Contract, Instant, OptionKind, Purpose, Tour
from dispatch.core.policy import Policy
from dispatch.executors import Planner
from dispatch.log import InMemoryLog, Row
from dispatch.runtime import Runtime
from dispatch.sim.agreeing import Agreements
from dispatch.sim.behaviour import Behaviour, People
from dispatch.sim.collecting import Collections
from dispatch.sim.consents import said_later
from dispatch.sim.draws import Draws
from dispatch.sim.folder import Day
from dispatch.sim.households import Households
from dispatch.sim.opening import opening
from dispatch.sim.passing import Passing
from dispatch.sim.stage import Stage
from dispatch.sim.stays import Stays
from dispatch.sim.walking import Walks

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
    stuck
        (tour, leg, why) of what couriers could neither do nor report; empty if all is well.
    """

    rows: Sequence[Row]
    events: Sequence[m.Event]
    kpis: Figures
    system: Figures
    behaviour: Behaviour
    policy: Policy
    stuck: tuple[tuple[str, str, str], ...] = ()


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
        self._ends_at = _ends_at(day, policy)
        self._behaviour = Behaviour.of(day.scenario)
        draws = Draws(seed)
        self._people = People(self._behaviour, draws)
        households = Households(
            self._behaviour, draws, day=day.date, timezone=day.timezone, starts_at=self._starts_at
        )
        self._log = InMemoryLog()
        self._planner = Planner(times, clock)
        self._metrics = Metrics()
        command_ids = itertools.count(1)
        virtual = VirtualClock(self._starts_at)
        runtime = Runtime(
            zone=f"networks/{day.network}/zones/{day.zone}",
            log=self._log,
            clock=virtual,
            mint=lambda: f"c{next(command_ids)}",
            policy=policy,
        )
        self._stage = Stage(runtime, virtual)
        passing = Passing(times, self._people, draws, self._behaviour, policy, households.midnight)
        self._walks = Walks(self._stage, self._people, households, passing, policy, self._behaviour)
        self._stays = Stays(
            self._stage,
            self._people,
            posts=(post.id for post in day.posts),
            gone=self._walks.vanished,
            retry_s=self._behaviour.post_retry_s,
            ends_at=self._ends_at,
        )
        self._collections = Collections(self._stage, households)
        due_at = {parcel.id: parcel.due_at for parcel in day.parcels}
        self._agreements = Agreements(self._stage, households, self._behaviour, due_at)
        runtime.subscribe(self._notice)

    def run(self, progress: Progress = lambda _share: None) -> Result:
        """Play the day to its end; ``progress`` is told the share that is done."""
        began = self._machine.monotonic()
        self._open()
        length_s = max(1, max(parcel.due_at for parcel in self._day.parcels) - self._starts_at)
        self._stage.play(lambda at: progress(min(1.0, (at - self._starts_at) / length_s)))
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
            stuck=tuple(self._walks.stuck),
        )

    # --- the day's own events ----------------------------------------------------------

    def _open(self) -> None:
        day, stage = self._day, self._stage
        for command in opening(day):
            stage.submit(command)
            if isinstance(command, m.AddAvailability):
                self._stays.expect(command.courier, command.slots)
        for parcel in day.parcels:
            stage.submit_at(parcel.created_at, m.CreateParcels(parcels=(parcel,)))
        for at, command in said_later(day.parcels, day.consents):
            stage.submit_at(at, command)
        stage.at(self._starts_at, self._tick)

    def _tick(self) -> None:
        stage = self._stage
        stage.submit(m.Tick())
        state, now = stage.state, stage.now
        if state.needs_plan(now):
            plan = self._planner.plan(state, now)
            if plan is not None:
                stage.submit_at(now + SOLVE_LATENCY_S, plan)
        if now < self._ends_at and (stage.pending_commands or state.open_parcels):
            stage.at(now + self._policy.epoch_s, self._tick)

    # --- people ------------------------------------------------------------------------

    def _notice(self, events: Sequence[m.Event]) -> None:
        """Let people see what concerns them."""
        self._metrics.fold(events)
        stage = self._stage
        for event in events:
            if isinstance(event, m.OfferMade):
                after_s, answer = self._people.answer(stage.state, event.offer)
                if stage.now + after_s < event.offer.expires_at:
                    stage.submit_at(stage.now + after_s, answer)
            elif isinstance(event, m.OfferAccepted):
                self._accepted(event.tour)
            elif isinstance(event, m.TourCompleted):
                self._stays.walk_back(event)
            elif isinstance(event, m.AttemptFailed):
                self._agreements.call(event)
            elif isinstance(event, m.ParcelReceivedAtHub):
                self._agreements.held(event)
                if event.purpose is Purpose.COLLECTION:
                    self._collections.expect(event.parcel, event.hub)

    def _accepted(self, tour: Tour) -> None:
        """Let a courier set out in time, or think better of it."""
        now = self._stage.now
        if not self._people.shows_up(tour):
            return
        departs_at = max(now, tour.itinerary.departs_at)
        after_s = self._people.hands_back_after_s(tour, departs_at - now)
        if after_s is not None:
            back = m.HandBackLegs(courier=tour.courier, tour=tour.id, reason="HANDED_BACK")
            self._stage.submit_at(now + after_s, back)
            return
        self._stage.at(departs_at, functools.partial(self._walks.set_out, tour))

    def _system(self, wall_s: float) -> Figures:
        latency_s = sorted(self._planner.latency_s)
        count = len(latency_s)

        def percentile(share: float) -> float | None:
            return round(latency_s[min(count - 1, int(count * share))], 4) if count else None

        virtual_s = self._stage.now - self._starts_at
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


def _ends_at(day: Day, policy: Policy) -> Instant:
    """Return the latest end: after the last attempt, and what nobody fetches is sent back."""
    last = max(absence.last_moment(parcel, policy) for parcel in day.parcels)
    takes = any(Contract.COLLECTION in hub.contracts for hub in day.hubs)
    agreed = any(
        option.kind is OptionKind.HUB for parcel in day.parcels for option in parcel.options
    ) or bool(day.consents)
    kept_s = policy.keep_s + policy.overdue_s if takes and agreed else 0
    return last + kept_s + LAST_RETURN_S
