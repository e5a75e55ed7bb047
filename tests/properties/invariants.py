"""What must hold in the zone of the state machine after every step."""

from collections import Counter
from itertools import pairwise

from hypothesis.stateful import invariant

from dispatch.core.handover import CLOCK_SKEW_S
from dispatch.core.keeping import SIZES, ReservationState, Side
from dispatch.core.model import (
    TERMINAL,
    ActionKind,
    Custodian,
    CustodianKind,
    LegState,
    OfferState,
    Parcel,
    ParcelState,
    StopState,
    Tour,
)
from tests.properties.zone import LIVE, ZoneBase

ENDED = {LegState.COMPLETED, LegState.FAILED, LegState.CANCELLED}
AT_ORIGIN = {ParcelState.PENDING, ParcelState.CANCELLED, ParcelState.EXPIRED, ParcelState.RETURNED}
WITH_COURIER = {ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED}
AT_HUB = {ParcelState.AT_HUB, ParcelState.AWAITING_COLLECTION}


class Invariants(ZoneBase):
    """Looks at everything, after every step."""

    @invariant()
    def the_log_tells_all(self) -> None:
        """Compare the state with its events, written down, read again and folded."""
        assert self.state == self.twin

    @invariant()
    def custody_has_no_gaps(self) -> None:
        """See that the independent check of the log finds nothing."""
        found = [str(gap) for gap in self.books.gaps]
        assert not found, found
        for parcel in self.state.parcels.values():
            told = self.books.parcels[parcel.id]
            assert told.holder == (parcel.custodian.kind.value, parcel.custodian.id)
        slots = {
            (reservation.hub, reservation.parcel): reservation.size_class.value
            for reservation in self.state.reservations.values()
        }
        assert self.books.slots == slots

    @invariant()
    def each_parcel_is_in_one_persons_hands(self) -> None:
        """Exactly one custodian: the ledger's last line, and the one that the state says."""
        for parcel in self.state.parcels.values():
            assert parcel.custodian == parcel.custody[-1].custodian
            since = [holding.since for holding in parcel.custody]
            pairs = pairwise(since)
            assert all(later >= before - CLOCK_SKEW_S for before, later in pairs), parcel.custody
            if parcel.state in AT_ORIGIN:
                assert parcel.custodian == origin_of(parcel)
            elif parcel.state in WITH_COURIER:
                assert parcel.custodian.kind is CustodianKind.COURIER
            elif parcel.state in AT_HUB:
                assert parcel.custodian.kind is CustodianKind.HUB
            elif parcel.state is ParcelState.DELIVERED:
                assert parcel.custodian == Custodian(kind=CustodianKind.RECIPIENT)
            elif parcel.state in {ParcelState.READY, ParcelState.ASSIGNED}:
                # With a courier only where somebody else has still to fetch it.
                assert self.state.leg(parcel.leg).state is not LegState.ACTIVE

    @invariant()
    def something_can_still_happen_to_each_open_parcel(self) -> None:
        """See that it waits for a plan, is offered, is on a live tour, or kept until a time."""
        state = self.state
        for name in state.open_parcels:
            parcel = state.parcel(name)
            leg = state.leg(parcel.leg)
            hub = parcel.custodian.id if parcel.custodian.kind is CustodianKind.HUB else ""
            match leg.state:
                case LegState.PLANNED:
                    assert leg.id in state.waiting_legs
                case LegState.OFFERED:
                    assert leg.id in state.offer(state.open_offer[leg.courier]).itinerary.legs
                case LegState.ASSIGNED | LegState.ACTIVE:
                    tour = state.tour(state.live_tour[leg.courier])
                    assert (leg.id, ActionKind.DROPOFF) in pending(tour)
                case _:
                    assert parcel.state is ParcelState.AWAITING_COLLECTION
                    assert state.reservations[f"{hub}~{name}"].until > 0

    @invariant()
    def a_courier_has_what_the_tour_says(self) -> None:
        """See that an active leg's parcel is with its courier, and no other courier's is."""
        for leg in self.state.legs.values():
            if leg.state is LegState.ACTIVE:
                custodian = self.state.parcel(leg.parcel).custodian
                assert custodian == Custodian(kind=CustodianKind.COURIER, id=leg.courier)

    @invariant()
    def hubs_hold_no_more_than_their_slots(self) -> None:
        """Recount slots and stock, and compare with what the hub has."""
        use: dict[str, Counter[str]] = {hub: Counter() for hub in self.state.hubs}
        for reservation in self.state.reservations.values():
            parcel = self.state.parcel(reservation.parcel)
            assert parcel.is_open or reservation.state is ReservationState.HELD
            assert reservation.size_class is parcel.size_class
            is_in = parcel.custodian == Custodian(kind=CustodianKind.HUB, id=reservation.hub)
            assert is_in is (reservation.state is not ReservationState.HELD)
            use[reservation.hub][reservation.size_class] += 1
        for name, hub in self.state.hubs.items():
            counted = tuple(use[name][size] for size in SIZES)
            assert all(used <= has for used, has in zip(counted, hub.slots, strict=True))
            assert self.state.hub_use.get(name, (0, 0, 0)) == counted
        stock: dict[str, set[str]] = {}
        for parcel in self.state.parcels.values():
            is_gone = parcel.state in {ParcelState.LOST, ParcelState.DISPOSED}
            if parcel.custodian.kind is CustodianKind.HUB and not is_gone:
                stock.setdefault(parcel.custodian.id, set()).add(parcel.id)
        found = {hub: set(there) for hub, there in self.state.stock.items()}
        assert found == stock

    @invariant()
    def half_scans_are_of_what_can_move(self) -> None:
        """See that a half scan waits for an open parcel with its giver, or soon with it."""
        for name, half in self.state.halves.items():
            parcel = self.state.parcel(name)
            assert parcel.is_open
            assert half.giver != half.taker
            if half.giver != parcel.custodian:
                # A counter scanned before the courier's phone has told of the pickup.
                leg = self.state.leg(parcel.leg)
                assert (half.side, leg.state) == (Side.TAKER, LegState.ASSIGNED)
                assert half.giver.id == leg.courier

    @invariant()
    def each_leg_has_one_taker_at_most(self) -> None:
        """At most one live acceptance of a leg, at most one offer of it, and never both."""
        takers = Counter(
            leg
            for tour in self.state.tours.values()
            if tour.state in LIVE
            for leg in {leg for leg, _ in pending(tour)}
        )
        offered = Counter(
            leg
            for offer in self.state.offers.values()
            if offer.state is OfferState.OPEN
            for leg in offer.itinerary.legs
        )
        assert all(count == 1 for count in (takers + offered).values())
        parcels = Counter(self.state.leg(leg).parcel for leg in takers)
        assert all(count == 1 for count in parcels.values()), "a parcel is on two errands"
        for leg in self.state.legs.values():
            assert (leg.id in offered) == (leg.state is LegState.OFFERED)
            assert (leg.id in takers) == (leg.state in {LegState.ASSIGNED, LegState.ACTIVE})
            assert bool(leg.courier) or leg.state not in {LegState.OFFERED, LegState.ASSIGNED}

    @invariant()
    def indexes_are_what_they_index(self) -> None:
        """Each index equals what a look at everything finds."""
        state = self.state
        assert dict(state.open_offer) == {
            offer.courier: offer.id
            for offer in state.offers.values()
            if offer.state is OfferState.OPEN
        }
        live = [tour for tour in state.tours.values() if tour.state in LIVE]
        assert dict(state.live_tour) == {tour.courier: tour.id for tour in live}
        assert len(state.live_tour) == len(live)
        assert not set(state.live_tour) & set(state.open_offer)
        assert set(state.open_parcels) == {
            parcel.id for parcel in state.parcels.values() if parcel.state not in TERMINAL
        }
        assert set(state.waiting_legs) == {
            leg.id for leg in state.legs.values() if leg.state is LegState.PLANNED
        }
        for parcel in state.parcels.values():
            legs = [leg for leg in state.legs.values() if leg.parcel == parcel.id]
            assert len(legs) == parcel.leg_count
            open_legs = [leg.id for leg in legs if leg.state not in ENDED]
            has_one = parcel.is_open and parcel.state is not ParcelState.AWAITING_COLLECTION
            assert open_legs == ([parcel.leg] if has_one else [])

    @invariant()
    def the_agenda_is_kept(self) -> None:
        """See that what is due stands on the agenda once, in the minute of its instant."""
        listed = Counter(key for bucket in self.state.agenda.values() for key in bucket)
        assert set(listed) == set(self.state.due)
        assert all(count == 1 for count in listed.values())
        for key, at in self.state.due.items():
            assert key in self.state.agenda[at // 60]

    @invariant()
    def money_is_only_moved(self) -> None:
        """Accounts sum to zero; only the operator pays."""
        assert sum(self.state.balances.values()) == 0
        assert all(
            cents >= 0 for account, cents in self.state.balances.items() if account != "operator"
        )

    @invariant()
    def live_tours_have_something_to_do(self) -> None:
        """See that a tour ends with its last action, not later."""
        for tour in self.state.live_tour.values():
            assert pending(self.state.tour(tour))


def origin_of(parcel: Parcel) -> Custodian:
    """Return who has a parcel before anybody has moved it, and after it has come back."""
    never_came = parcel.announced and len(parcel.custody) == 1
    if parcel.origin_hub and not never_came:
        return Custodian(kind=CustodianKind.HUB, id=parcel.origin_hub)
    return Custodian(kind=CustodianKind.SENDER, id=parcel.merchant)


def pending(tour: Tour) -> set[tuple[str, ActionKind]]:
    """Return what is left to do on a tour."""
    return {
        (action.leg, action.kind)
        for stop in tour.stops
        for action in stop.actions
        if action.state is StopState.PENDING
    }
