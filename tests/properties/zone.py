"""The zone that the state machine lives in: who and what is there, and how a command goes in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.engine import decide
from dispatch.core.errors import DispatchError
from dispatch.core.model import (
    TRANSITIONS,
    Contract,
    CourierKind,
    DeliveryOption,
    Duty,
    HubKind,
    LegState,
    Mode,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    TourState,
)
from dispatch.core.state import State, evolve
from dispatch.sim.custody_books import Books
from dispatch.sim.custody_check import read
from dispatch.sim.presence_books import Books as Presence
from dispatch.solver import check
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from maps.compounds import Gate, GateRule
from maps.doors import DoorLike
from maps.straight import StraightLine
from tests.core.town import (
    DAY,
    HOUR,
    NOON,
    ZONE,
    a_courier,
    a_hub,
    a_policy,
    inserted,
    place,
    window,
)
from tests.core.town import slot as roster

DOORS = (
    place(300, 0, building="1", entrance="A", floor=2, door_key="1A2"),
    place(300, 0, building="1", entrance="A", floor=5, door_key="1A5"),
    place(-400, 200, door_key="x"),
    place(900, -300, door_key="y"),
    place(15_000, 0, door_key="far"),
)
MANOR, POST, WATCH = "manor", "manor-post", "watch"
"""A compound behind a gate, the post of its guards, and the booth that they keep."""
GUARDS = ("gil", "guo", "hal")
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"kind": CourierKind.RIDER, "mode": Mode.EBIKE},
    "bob": {"kind": CourierKind.NEIGHBOUR, "mode": Mode.FOOT, "max_parcels": 2},
    "gus": {"kind": CourierKind.GUARD, "mode": Mode.FOOT, "capacity_grams": 4000},
    "kim": {"kind": CourierKind.SHOPKEEPER, "mode": Mode.FOOT, "host_of": "shop"},
    "stu": {"kind": CourierKind.STUDENT, "mode": Mode.BICYCLE, "end": place(800, 800)},
    **{
        guard: {
            "kind": CourierKind.GUARD,
            "mode": Mode.FOOT,
            "home": place(500, 100, compound=MANOR, is_door=False),
        }
        for guard in GUARDS
    },
}
ROSTERS = {
    "ann": (roster(0, 12 * HOUR),),
    "bob": (
        roster(0, 2 * HOUR),
        roster(2 * HOUR, 3 * HOUR, duty=Duty.BREAK),
        roster(3 * HOUR, 9 * HOUR),
    ),
    "gus": (roster(0, HOUR, duty=Duty.POST), roster(HOUR, 5 * HOUR, duty=Duty.PATROL)),
    "kim": (roster(0, 6 * HOUR),),
    "stu": (roster(600, 4 * HOUR),),
    "gil": tuple(
        roster(hour * HOUR, (hour + 1) * HOUR, post=POST, duty=(Duty.POST, Duty.PATROL)[hour % 2])
        for hour in range(8)
    ),
    "guo": tuple(
        roster(hour * HOUR, (hour + 1) * HOUR, post=POST, duty=(Duty.PATROL, Duty.POST)[hour % 2])
        for hour in range(8)
    ),
    "hal": (
        roster(0, 3 * HOUR, post=POST, duty=Duty.POST),
        roster(3 * HOUR, 4 * HOUR, post=POST, duty=Duty.BREAK),
        roster(4 * HOUR, 9 * HOUR, post=POST, duty=Duty.POST),
    ),
}
HUBS: dict[str, dict[str, Any]] = {
    "station": {},
    "shop": {
        "kind": HubKind.SHOP,
        "place": place(200, 200, hub="shop", is_door=False),
        "hours": tuple(
            window(day * DAY + opens, day * DAY + closes)
            for day in range(30)
            for opens, closes in ((900, 3 * HOUR), (4 * HOUR, 6 * HOUR))
        ),
        "slots": (2, 1, 0),
        "contracts": (Contract.COLLECTION, Contract.HOLD),
        "attended": True,
    },
    "booth": {
        "kind": HubKind.BOOTH,
        "place": place(280, -40, hub="booth", is_door=False),
        "host": "gus",
        "slots": (1, 1, 0),
        "contracts": (Contract.HOLD, Contract.RELAY),
        "attended": True,
    },
    "locker": {
        "kind": HubKind.LOCKER,
        "place": place(-350, 150, hub="locker", is_door=False),
        "slots": (1, 0, 1),
        "contracts": (Contract.COLLECTION,),
    },
    WATCH: {
        "kind": HubKind.BOOTH,
        "place": place(500, 100, hub=WATCH, compound=MANOR, is_door=False),
        "slots": (3, 2, 1),
        "contracts": (Contract.HOLD, Contract.RELAY),
        "attended": True,
    },
    "depot": {
        "place": place(700, -200, hub="depot", is_door=False),
        "slots": (1, 1, 1),
        "contracts": (Contract.HOLD, Contract.RELAY, Contract.COLLECTION),
    },
}


def rung(kind: OptionKind, target: str = "", *, agreed: bool = False) -> DeliveryOption:
    """Give a rung of a ladder, with the recipient's consent or without."""
    if not agreed:
        return DeliveryOption(kind=kind, target=target)
    return DeliveryOption(
        kind=kind, target=target, consented_by="recipient", consented_at=NOON, evidence="message 7"
    )


DOOR = rung(OptionKind.DOOR)
LADDERS: tuple[tuple[DeliveryOption, ...], ...] = (
    (DOOR,),
    (DOOR, rung(OptionKind.HUB, agreed=True)),
    (DOOR, rung(OptionKind.HUB)),
    (rung(OptionKind.HUB, "locker", agreed=True), DOOR),
    (DOOR, rung(OptionKind.HUB, "shop", agreed=True), rung(OptionKind.REATTEMPT)),
    (DOOR, rung(OptionKind.REATTEMPT), rung(OptionKind.HUB, agreed=True)),
    (DOOR, rung(OptionKind.PERSON, "bob", agreed=True), rung(OptionKind.SAFE_PLACE, agreed=True)),
    (DOOR, rung(OptionKind.SAFE_PLACE, agreed=True), rung(OptionKind.RETURN)),
    (rung(OptionKind.SAFE_PLACE, agreed=True),),
)


def flat(room: int) -> Place:
    """Give one of the doors behind the manor's entrance."""
    key = f"manor-1-{room}"
    return place(540, 120, compound=MANOR, building="1", entrance="1", floor=room, door_key=key)


class Gated(StraightLine):
    """Straight lines, and one compound whose gate asks for a permit."""

    def gates(self, doors: Sequence[DoorLike]) -> tuple[str, ...]:
        """Return the manor for what lies in it."""
        return tuple(MANOR if its.compound == MANOR and its.is_door else "" for its in doors)

    def gate(self, compound: str, mode: str, *, at: int | None = None) -> Gate | None:
        """Return its one gate."""
        here = place(490, 100)
        return Gate(id="main", lat=here.lat, lon=here.lon, modes=(mode,), rule=GateRule.PERMIT)


LIVE = {TourState.COMMITTED, TourState.ACTIVE}
TIMES = Gated()
couriers = st.sampled_from(sorted(PEOPLE))
hubs = st.sampled_from(sorted(HUBS))
choices = st.integers(0, 1_000_000)
"""Picks one of what there is, whatever their number."""


def checked(problem: Problem) -> Plan:
    """Solve by insertion; the oracle has to agree."""
    plan = inserted(problem)
    assert check.violations(problem, plan) == []
    return plan


def pick(things: Mapping[str, Any] | Sequence[str] | set[str], choice: int) -> str:
    """Return one of the keys, "nothing" where there are none."""
    keys = sorted(things)
    return keys[choice % len(keys)] if keys else "nothing"


class ZoneBase(RuleBasedStateMachine):
    """A zone in which anybody may do anything at any time.

    Attributes
    ----------
    state, twin
        The zone, and the one refolded from what was written down.
    lines, books, presence
        The log, and the independent checks of custody and of posts that read along.
    away_told_s
        Seconds that guards were away from posts, by the events.
    refused
        (courier, leg) that must not be offered again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state = State(zone=ZONE)
        self.twin = State(zone=ZONE)
        self.lines: list[str] = []
        self.books = Books()
        self.presence = Presence()
        self.away_told_s = 0
        self.now = NOON
        self.count = 0
        self.created = 0
        self.refused: set[tuple[str, str]] = set()

    def open_the_zone_with(self, slack_s: int, *, has_hubs: bool = True) -> None:
        """Open hubs and take in people, with a policy of short times."""
        policy = a_policy(
            version="p",
            engine="insert",
            slack_s=slack_s,
            give_up_s=HOUR,
            reattempt_s=900,
            keep_s=2 * HOUR,
            overdue_s=HOUR,
            code_attempts=2,
        )
        self.do(m.AdoptPolicy(policy=policy))
        for name, fields in HUBS.items():
            given = fields if has_hubs else {**fields, "contracts": ()}
            self.do(m.CreateHub(hub=a_hub(name, **given)))
        for name, fields in PEOPLE.items():
            self.do(m.CreateCourier(courier=a_courier(name, **fields)))
            self.do(m.AddAvailability(courier=name, slots=ROSTERS[name]))
            self.do(m.GoOnline(courier=name))

    # --- how commands are carried out --------------------------------------------------

    def do(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command, and prove what holds for each one by itself."""
        self.count += 1
        command_id = f"c{self.count}"
        before = self.state
        try:
            events = decide(before, command, now=self.now, command_id=command_id)
        except DispatchError as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                decide(before, command, now=self.now, command_id=command_id)
            assert before == self.twin, "a refused command changed the state"
            raise
        assert decide(before, command, now=self.now, command_id=command_id) == events
        read_again = codec.decode_command(codec.encode(command))
        assert decide(before, read_again, now=self.now, command_id=command_id) == events
        for event in events:
            self._follow(event)
        return events

    def attempt(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command that may be refused."""
        try:
            return self.do(command)
        except DispatchError:
            return ()

    def _follow(self, event: m.Event) -> None:
        assert event.at == self.now
        if isinstance(event, m.TourCompleted):
            assert event.away_s >= 0
            assert event.distance_m >= 0
        if isinstance(event, m.CourierReturned) and event.post:
            self.away_told_s += event.away_s
        if isinstance(event, m.OfferMade):
            courier, legs = event.offer.courier, event.offer.itinerary.legs
            offered = {(courier, leg) for leg in legs}
            again = offered & self.refused
            assert not again, f"offered again to somebody who declined: {again}"
            for leg in legs:
                assert self.state.leg(leg).pinned_to in {"", courier}, "offered to another"
        old, self.state = self.state, evolve(self.state, event)
        line = codec.encode(event)
        self.lines.append(line)
        read(self.books, line)
        self.twin = evolve(self.twin, codec.decode_event(line))
        self._note_refusals(old, event)
        for parcel_id, parcel in self.state.parcels.items():
            was = old.parcels.get(parcel_id)
            if was is not None and was is not parcel:
                _check_step(was, parcel, event)

    def _note_refusals(self, before: State, event: m.Event) -> None:
        match event:
            case m.OfferDeclined(courier=courier, offer=offer):
                legs: Sequence[str] = before.offer(offer).itinerary.legs
            case m.LegsHandedBack(courier=courier):
                legs = event.legs
            case m.RefusalsForgotten(leg=leg):
                self.refused = {pair for pair in self.refused if pair[1] != leg}
                return
            case m.LegReassigned(courier=courier, leg=leg, actor=actor) if actor:
                legs = [leg]
            case m.TourAborted(courier=courier, tour=tour):
                legs = [
                    leg
                    for leg in before.tour(tour).itinerary.legs
                    if before.leg(leg).state is LegState.ASSIGNED
                    and before.leg(leg).courier == courier
                ]
            case _:
                return
        self.refused |= {(courier, leg) for leg in legs}


def _check_step(was: Parcel, parcel: Parcel, event: m.Event) -> None:
    """See that a parcel went the way that `TRANSITIONS` allows, its ledger only longer."""
    assert parcel.custody[: len(was.custody)] == was.custody, "a line of custody was changed"
    assert len(parcel.custody) - len(was.custody) <= 1
    if was.state is parcel.state:
        return
    assert parcel.version > was.version
    if isinstance(event, m.OutcomeCorrected):
        return
    steps = TRANSITIONS.get(was.state, frozenset[ParcelState]())
    if isinstance(event, m.ParcelBroughtBack | m.ParcelReceivedAtHub):
        # Two steps at once: no attempt is left, so it turns round and arrives; it comes into a
        # hub and waits there to be collected.
        steps = steps.union(*(TRANSITIONS.get(step, frozenset()) for step in steps))
    assert parcel.state in steps, f"{was.state} to {parcel.state} by {event}"
