"""A rule of the state machine: whatever nobody should try, at once and at random."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from dispatch.core import messages as m
from dispatch.core.model import ActionKind
from tests.core.town import HOUR, NOON
from tests.properties.walking import Walking
from tests.properties.zone import choices, couriers, hubs, pick


class Meddling(Walking):
    """Acts on any offer, tour or parcel there ever was, one's own or not."""

    @precondition(lambda self: self.state.parcels)
    @rule(courier=couriers, choice=choices)
    def meddle(self, courier: str, choice: int) -> None:
        """Accept others' offers, give others' legs back, give others' parcels to oneself."""
        if self.state.offers:
            offer = pick(self.state.offers, choice)
            mine = self.state.offer(offer).courier == courier
            events = self.attempt(m.AcceptOffer(courier=courier, offer=offer))
            assert mine or not events
        if self.state.tours:
            tour = pick(self.state.tours, choice)
            mine = self.state.tour(tour).courier == courier
            events = self.attempt(m.HandBackLegs(courier=courier, tour=tour))
            assert mine or not events
        parcel = pick(self.state.parcels, choice)
        for giver in ("ann", "bob"):
            given = m.GiveParcel(courier=giver, parcel=parcel, taker=courier, at=self.now)
            self.attempt(given)
        boss = {"actor": "dispatcher", "reason": "because"}
        self.attempt(m.AttestHandover(parcel=parcel, taker=courier, **boss))

    @precondition(lambda self: self.state.parcels)
    @rule(
        hub=hubs,
        courier=couriers,
        choice=choices,
        serial=st.integers(-1, 3),
        proxy=st.sampled_from(["", "x1"]),
    )
    def try_anything_at_a_counter(
        self, hub: str, courier: str, choice: int, serial: int, proxy: str
    ) -> None:
        """Scan any parcel at any counter, with anybody before it, and ask for new codes."""
        parcel = pick(self.state.parcels, choice)
        given: dict[str, Any] = {"hub": hub, "parcel": parcel, "actor": "counter"}
        self.attempt(m.ReceiveParcel(**given, courier=courier))
        self.attempt(m.ReleaseParcel(**given, courier=courier))
        self.attempt(m.ReleaseParcel(**given, code_serial=serial, proxy=proxy))
        self.attempt(m.ReissueCode(hub=hub, parcel=parcel))

    @precondition(lambda self: self.state.live_tour)
    @rule(
        choice=choices,
        leg=choices,
        action=st.sampled_from(ActionKind),
        skew_s=st.sampled_from([-NOON, -HOUR, -9, 0, 100, 200]),
    )
    def report_anything(self, choice: int, leg: int, action: ActionKind, skew_s: int) -> None:
        """Report something, in order or not, about any leg that is on some tour."""
        courier = pick(self.state.live_tour, choice)
        tour = self.tour_of(courier)
        legs = [its.leg for stop in tour.stops for its in stop.actions]
        report = m.StopReport(
            id=f"x{self.count}",
            at=max(0, self.now + skew_s),
            stop=choice % (len(tour.stops) + 1),
            leg=pick([*legs, *self.state.waiting_legs, ""], leg),
            action=action,
        )
        self.attempt(m.RecordStop(courier=courier, tour=tour.id, report=report))
