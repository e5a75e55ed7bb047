"""A busy zone for `benchmarks.engine`: 200 hubs, 1,000 couriers, 10,000 open legs, real commands.

Tours are planned by hand instead of by the solver, everything else is what people do: they accept,
scan, knock in vain, collect, consent, change their minds; dispatchers pull every lever. What ends
is replaced by new parcels, so that the zone stays as full as it was.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.engine.town import A_TOUR, BEGINS, BOSS, DAY, DAYS, HOUR, POLICY, SIZES, a_hub, spot
from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.engine import decide
from dispatch.core.errors import DispatchError
from dispatch.core.keeping import Side, code_key
from dispatch.core.model import (
    ActionKind,
    Availability,
    Courier,
    CourierKind,
    CustodianKind,
    DeliveryOption,
    FailureCode,
    Itinerary,
    Leg,
    LegKind,
    LegState,
    Mode,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    ProofKind,
    Purpose,
    Stop,
    StopAction,
    StopState,
)
from dispatch.core.state import State, fold


class Load:
    """The zone, and the people who make it busy.

    Attributes
    ----------
    state, now
        The zone after the last command; when the next one comes.
    took_ns
        By command: how long `decide` took, refusals among them.
    refused, events
        By command: how often it was refused; by event: how often it came.
    """

    def __init__(
        self,
        sizes: tuple[int, int, int],
        tell: Callable[[str], object],
        others: Sequence[Callable[["Load"], None]],
    ) -> None:
        self.state = State(zone="networks/load/zones/all")
        self.now = BEGINS
        self.took_ns: dict[str, list[int]] = defaultdict(list)
        self.refused: dict[str, int] = defaultdict(int)
        self.event_count = 0
        self._tell = tell
        self._others = others
        self._draw = np.random.default_rng(1)
        self._hubs, self._couriers, self._legs = sizes
        self._commands = self._created = 0
        self._waiting: dict[str, dict[str, None]] = defaultdict(dict)
        self._waits_at: dict[str, str] = {}
        self.awaiting: dict[str, None] = {}
        self.announced: dict[str, None] = {}
        self._knocked: dict[str, int] = {}
        self.done: list[tuple[str, str, str]] = []
        self._build()

    def do(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command and take the time of its decision; a refusal is an answer too."""
        self._commands += 1
        name = type(command).__name__
        began = time.thread_time_ns()
        try:
            events = decide(self.state, command, now=self.now, command_id=f"{self._commands}")
        except DispatchError:
            events = ()
            self.refused[name] += 1
        self.took_ns[name].append(time.thread_time_ns() - began)
        self.state = fold(self.state, events)
        self.event_count += len(events)
        for event in events:
            self._tell(codec.encode(event))
            self._note(event)
        return events

    def chance(self, one_in: int) -> bool:
        """Say yes once in so many times."""
        return not self._draw.integers(one_in)

    def pick(self, count: int) -> int:
        """Draw a number below ``count``."""
        return int(self._draw.integers(count))

    def _note(self, event: m.Event) -> None:
        """Keep the lists of what waits where."""
        legs: tuple[str, ...] = ()
        match event:
            case m.ParcelCreated(parcel=parcel):
                self._look_at(parcel.id)
            case m.OfferMade(offer=offer):
                legs = offer.itinerary.legs
            case m.OfferDeclined(offer=offer) | m.OfferExpired(offer=offer):
                legs = self.state.offer(offer).itinerary.legs
            case m.OfferWithdrawn(offer=offer):
                legs = self.state.offer(offer).itinerary.legs
            case m.TourAborted(tour=tour):
                legs = self.state.tour(tour).itinerary.legs
            case m.LegsHandedBack(legs=legs):
                pass
            case m.ParcelDelivered(leg=leg, tour=tour, courier=courier):
                self.done.append((courier, tour, leg))
        for leg in legs:
            self._look_at(self.state.leg(leg).parcel)
        if isinstance(event, m.ParcelEvent):
            self._look_at(event.parcel)

    def _look_at(self, name: str) -> None:
        parcel = self.state.parcel(name)
        leg = self.state.leg(parcel.leg)
        waits = leg.state is LegState.PLANNED and parcel.state not in {
            ParcelState.PENDING,
            ParcelState.AT_HUB,
        }
        self._waiting[self._waits_at.pop(name, "")].pop(name, None)
        if waits and parcel.is_open:
            self._waits_at[name] = leg.pickup.hub or f"with {parcel.custodian.id}"
            self._waiting[self._waits_at[name]][name] = None
        if parcel.announced and parcel.is_open:
            self.announced[name] = None
        else:
            self.announced.pop(name, None)
        if parcel.state is ParcelState.AWAITING_COLLECTION:
            self.awaiting[name] = None
        else:
            self.awaiting.pop(name, None)

    # --- the zone fills ------------------------------------------------------------------

    def _build(self) -> None:
        self.do(m.AdoptPolicy(policy=POLICY))
        for number in range(self._hubs):
            self.do(m.CreateHub(hub=a_hub(number)))
        slots = tuple(
            Availability(opens_at=BEGINS + day * DAY - 60, closes_at=BEGINS + day * DAY + DAY - 60)
            for day in range(DAYS)
        )
        for number in range(self._couriers):
            is_guard = number < self._hubs and 1 <= number % 10 <= 5
            courier = Courier(
                id=f"c{number}",
                kind=CourierKind.GUARD if is_guard else CourierKind.RIDER,
                mode=Mode.EBIKE,
                home=spot(number % self._hubs, north=0.1, is_door=False),
                leash_s=8 * HOUR,
            )
            self.do(m.CreateCourier(courier=courier))
            self.do(m.AddAvailability(courier=courier.id, slots=slots))
            self.do(m.GoOnline(courier=courier.id))
        self.refill()

    def refill(self) -> None:
        """Hand in parcels until the zone is as full as it should be: batches, then one by one."""
        while (missing := self._legs - len(self.state.open_parcels)) > 0:
            count = min(missing, 100) if missing > 500 else 1
            self.do(m.CreateParcels(parcels=tuple(self._a_parcel() for _ in range(count))))

    def _a_parcel(self) -> Parcel:
        self._created += 1
        number = self._created
        hub = number % self._hubs // 10 * 10
        if self.chance(4):
            hub += 6
        near = self.pick(self._hubs)
        options: tuple[DeliveryOption, ...] = (DeliveryOption(kind=OptionKind.DOOR),)
        if number % 2:
            options += (
                DeliveryOption(kind=OptionKind.HUB, consented_by="recipient", consented_at=BEGINS),
            )
        household = f"f{self.pick(self._legs)}"
        return Parcel(
            id=f"m/p{number}",
            merchant="m",
            pickup=spot(hub),
            dropoff=spot(
                near, east=self._draw.random() - 0.5, north=0.3, door_key=f"door-{household}"
            ),
            origin_hub=f"h{hub}",
            created_at=self.now,
            ready_at=self.now,
            due_at=self.now + 4 * HOUR,
            grams=500,
            ml=1000,
            size_class=SIZES[number % 4],
            household=household,
            options=options,
            proofs=(ProofKind.PIN,) if number % 10 == 3 else (),
            carrier="carrier",
            waybill=f"w{number}",
            announced=number % 20 == 0,
        )

    # --- a step --------------------------------------------------------------------------

    def step(self) -> None:
        """Let one courier do the next thing, and now and then somebody else something."""
        courier = f"c{self.pick(self._couriers)}"
        if self.chance(10):
            self.now += 1
            if self.now % 60 == 0:
                self.do(m.Tick())
                self.refill()
        if courier in self.state.live_tour:
            self._walk(courier)
        elif courier in self.state.open_offer:
            self._answer(courier)
        elif courier not in self.state.online:
            self.do(m.GoOnline(courier=courier))
        else:
            self._offer(courier)
        if self.chance(25):
            self._collect()
        if self.chance(4):
            self._others[self.pick(len(self._others))](self)

    def _offer(self, courier: str) -> None:
        """Plan a tour by hand from a hub where something waits."""
        first = self.pick(self._hubs)
        places = [f"h{(first + offset) % self._hubs}" for offset in range(self._hubs)]
        if self.chance(10):
            places = [place for place in self._waiting if place.startswith("with ")]
        hub = next((place for place in places if self._waiting[place]), "")
        names = [name for name, _ in zip(self._waiting[hub], range(A_TOUR), strict=False)]
        legs = [
            leg
            for leg in (self.state.leg(self.state.parcel(name).leg) for name in names)
            if courier not in leg.declined_by and leg.pinned_to in {"", courier}
        ]
        if not legs:
            return
        plan = m.CommitPlan(
            changes=0,
            itineraries=(self._itinerary(courier, legs),),
            reasons=(),
            replan_at=0,
            engine="hand",
            seed=0,
            digest="",
            cost=0,
            stopped_by="DONE",
        )
        self.do(plan)
        if courier in self.state.open_offer and not self.chance(5):
            self._answer(courier)

    def _itinerary(self, courier: str, legs: list[Leg]) -> Itinerary:
        pickups = tuple(StopAction(leg=leg.id, kind=ActionKind.PICKUP) for leg in legs)
        drops = [self._drop(leg) for leg in legs]
        stops = [
            Stop(
                place=place,
                actions=actions,
                arrives_at=self.now + 120 * (index + 1),
                leaves_at=self.now + 120 * (index + 1) + 20,
                travel_s=100,
                distance_m=400,
            )
            for index, (place, actions) in enumerate([(legs[0].pickup, pickups), *drops])
        ]
        return Itinerary(
            courier=courier,
            legs=tuple(leg.id for leg in legs),
            stops=tuple(stops),
            start=self.state.online[courier],
            end=None,
            departs_at=self.now,
            ends_at=stops[-1].leaves_at,
            return_s=0,
            return_m=0,
            detour_s=600,
        )

    def _drop(self, leg: Leg) -> tuple[Place, tuple[StopAction, ...]]:
        """Give the stop where a leg ends: mostly its door, else a booth or a shop."""
        parcel = self.state.parcel(leg.parcel)
        place, purpose = parcel.dropoff, Purpose.DOOR
        if leg.kind is LegKind.RETURN:
            place, purpose = leg.dropoff, Purpose.RETURN
        elif self.chance(3):
            digit = 7 if len(parcel.options) > 1 else 2
            purpose = Purpose.COLLECTION if digit == 7 else Purpose.RELAY
            place = self.state.hub(f"h{self.pick(self._hubs) // 10 * 10 + digit}").place
        action = StopAction(leg=leg.id, kind=ActionKind.DROPOFF, purpose=purpose)
        return place, (action,)

    def _answer(self, courier: str) -> None:
        offer = self.state.open_offer[courier]
        if self.chance(12):
            self.do(m.DeclineOffer(courier=courier, offer=offer))
            return
        self.do(m.AcceptOffer(courier=courier, offer=offer))
        tour = self.state.live_tour.get(courier, "")
        if tour and self.chance(15):
            legs = self.state.tour(tour).itinerary.legs[:1]
            self.do(m.HandBackLegs(courier=courier, tour=tour, legs=legs))
        if courier in self.state.live_tour:
            self.do(m.StartTour(courier=courier, tour=tour))

    # --- on the way ----------------------------------------------------------------------

    def _walk(self, courier: str) -> None:
        tour = self.state.tour(self.state.live_tour[courier])
        index, stop, action = next(
            (index, stop, action)
            for index, stop in enumerate(tour.stops)
            for action in stop.actions
            if action.state is StopState.PENDING
        )
        leg = self.state.leg(action.leg)
        knocked_at = self._knocked.get(leg.id, 0)
        at_door = action.kind is ActionKind.DROPOFF and not stop.place.hub
        if at_door and not knocked_at and self.chance(5):
            self._knocked[leg.id] = self.now
            arrival = m.StopReport(id=f"a{self._commands}", at=self.now, stop=index)
            self.do(m.RecordStop(courier=courier, tour=tour.id, report=arrival))
            self.do(m.ContactRecipient(courier=courier, tour=tour.id, leg=leg.id))
            return
        if knocked_at and self.now - knocked_at < POLICY.absent_wait_s:
            return
        failure = FailureCode.ABSENT if knocked_at else None
        self.do(
            m.RecordStop(
                courier=courier,
                tour=tour.id,
                report=m.StopReport(
                    id=f"r{self._commands}",
                    at=self.now,
                    stop=index,
                    leg=leg.id,
                    action=action.kind,
                    failure=failure,
                    evidence=self._evidence(stop, leg, failure),
                ),
            )
        )
        self._other_side(leg.parcel)
        if self.chance(4):
            place = stop.place
            self.do(m.RecordPosition(courier=courier, lat=place.lat, lon=place.lon))

    def _evidence(self, stop: Stop, leg: Leg, failure: FailureCode | None) -> m.Evidence:
        parcel = self.state.parcel(leg.parcel)
        code = self.state.codes.get(code_key("", parcel.id))
        proofs = (*parcel.proofs, ProofKind.RECEIVER_NAME)
        return m.Evidence(
            lat=stop.place.lat,
            lon=stop.place.lon,
            accuracy_m=10,
            proofs=() if failure or stop.place.hub else proofs,
            code_serial=code.serial if code and parcel.proofs else 0,
        )

    def _other_side(self, parcel: str) -> None:
        half = self.state.halves.get(parcel)
        if half is None:
            return
        giver, taker = half.giver, half.taker
        if taker.kind is CustodianKind.HUB and half.side is Side.GIVER:
            self.do(m.ReceiveParcel(hub=taker.id, parcel=parcel, courier=giver.id, actor="counter"))
        elif giver.kind is CustodianKind.HUB:
            self.do(m.ReleaseParcel(hub=giver.id, parcel=parcel, courier=taker.id, actor="counter"))
        elif half.side is Side.TAKER and self.chance(2):
            self.do(m.AttestHandover(parcel=parcel, taker=taker.id, **BOSS))
        elif half.side is Side.TAKER:
            self.do(m.GiveParcel(courier=giver.id, parcel=parcel, taker=taker.id, at=self.now))

    def _collect(self) -> None:
        if not self.awaiting:
            return
        parcel = self.state.parcel(next(iter(self.awaiting)))
        code = self.state.codes[code_key(parcel.custodian.id, parcel.recipient)]
        self.do(
            m.ReleaseParcel(
                hub=parcel.custodian.id,
                parcel=parcel.id,
                actor="counter",
                code_serial=-1 if self.chance(20) else code.serial,
            )
        )

    # --- what else happens ---------------------------------------------------------------

    def any_open(self) -> Parcel:
        """Return some open parcel."""
        for _ in range(50):
            name = f"m/p{self._created - self.pick(min(self._created, 2 * self._legs))}"
            if name in self.state.open_parcels:
                return self.state.parcel(name)
        return self.state.parcel(min(self.state.open_parcels))

    def any_out(self) -> Parcel:
        """Return a parcel that some courier has to bring or to fetch."""
        _, tour = self.any_tour()
        if tour == "none":
            return self.any_open()
        legs = self.state.tour(tour).itinerary.legs
        return self.state.parcel(self.state.leg(legs[self.pick(len(legs))]).parcel)

    def any_hub(self) -> str:
        """Return some hub."""
        return f"h{self.pick(self._hubs)}"

    def any_courier(self) -> str:
        """Return some courier."""
        return f"c{self.pick(self._couriers)}"

    def any_tour(self) -> tuple[str, str]:
        """Return a courier on a tour, and the tour."""
        first = self.pick(self._couriers)
        for offset in range(self._couriers):
            courier = f"c{(first + offset) % self._couriers}"
            if courier in self.state.live_tour:
                return courier, self.state.live_tour[courier]
        return "c0", "none"
