"""Whatever people do, in whatever order: what must hold in a zone after every command.

The usual run takes seconds. Ten thousand steps, other ones each time::

    python -m pytest tests/properties --hypothesis-profile long --timeout 0
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.model import (
    TERMINAL,
    CustodianKind,
    DeliveryOption,
    FailureCode,
    ParcelState,
    Place,
)
from dispatch.core.state import State, evolve
from dispatch.sim.custody_check import gaps
from tests.core.town import HOUR, NOON, ZONE, plan_epoch
from tests.core.town import slot as roster
from tests.properties.counters import Counters
from tests.properties.dispatching import PARCELS
from tests.properties.guarding import Guarding
from tests.properties.invariants import Invariants
from tests.properties.levers import Levers
from tests.properties.meddling import Meddling
from tests.properties.walking import codes, many_outcomes
from tests.properties.zone import PEOPLE, TIMES, checked

DAYS = 4
PROFILE = settings.get_current_profile_name()


class Zone(Levers, Counters, Guarding, Meddling, Invariants):
    """A zone in which anybody may do anything at any time."""

    @initialize(
        slack_s=st.sampled_from([0, 1800, 24 * HOUR]),
        has_hubs=st.sampled_from([True, True, True, False]),
        outcomes=many_outcomes,
        parcels=PARCELS,
        told=codes,
        minimum=st.sampled_from([0, 1, 1, 2]),
    )
    def open_the_zone(
        self,
        slack_s: int,
        has_hubs: bool,  # noqa: FBT001 - drawn
        outcomes: list[FailureCode | None],
        parcels: list[tuple[Place, tuple[DeliveryOption, ...]]],
        told: list[str],
        minimum: int,
    ) -> None:
        """Hubs, people, a compound with guards, a policy with short times, and a first hour."""
        self.open_the_zone_with(slack_s, has_hubs=has_hubs)
        self.open_the_manor(minimum=minimum)
        self.a_good_hour(outcomes, parcels, told)

    # --- how it ends -------------------------------------------------------------------

    def teardown(self) -> None:
        """Drive to the end: tours are walked, hubs and ways open, nobody collects."""
        self.ease_the_manor(until=(DAYS + 3) * 24 * HOUR)
        self._finish_tours()
        self._open_everything()
        for hour in range(DAYS * 24):
            if not self.state.open_parcels and not self.state.reservations:
                break
            self.now += HOUR
            self.do(m.Tick())
            if hour == DAYS * 12:
                self._give_up_what_is_too_far()
            if hour % 2 == 0 and self.state.needs_plan(self.now):
                plan = plan_epoch(self.state, TIMES, self.now, checked)
                if plan is not None:
                    self.do(plan)
                for courier, offer in sorted(self.state.open_offer.items()):
                    self.do(m.AcceptOffer(courier=courier, offer=offer))
                self._finish_tours()
        for parcel in self.state.parcels.values():
            leg = self.state.leg(parcel.leg)
            assert parcel.state in TERMINAL, f"{parcel.id} never ends: {parcel} {leg}"
            if parcel.state is not ParcelState.DELIVERED:
                assert parcel.reason, f"{parcel.id} is {parcel.state} without a reason"
        assert not self.state.open_offer
        for reservation in self.state.reservations.values():
            assert reservation.parcel in self.state.open_parcels
        refolded = State(zone=ZONE)
        for line in self.lines:
            refolded = evolve(refolded, codec.decode_event(line))
        assert refolded == self.state
        found = gaps(self.lines)
        assert not found, found

    def _finish_tours(self) -> None:
        """Walk every tour to its end; what cannot be done fails. Guards come back each time."""
        rounds = 0
        while self.state.live_tour or self.state.away:
            for courier in sorted(self.state.live_tour):
                before = self.state
                for failure in (None, FailureCode.HUB_CLOSED):
                    if courier in self.state.live_tour and self.state is before:
                        self.walk(courier, failure)
                assert self.state is not before, f"{courier} can do nothing: {before.live_tour}"
            for guard in sorted(set(self.state.away) - set(self.state.live_tour)):
                self.do(m.ReturnToPost(courier=guard))
            rounds += 1
            assert rounds < 1000, f"nobody gets anywhere: {self.state.live_tour}"

    def _give_up_what_is_too_far(self) -> None:
        """Write off what a courier who vanished out of town has, where nobody else gets to."""
        boss = {"actor": "dispatcher", "reason": "out of reach"}
        for name in sorted(self.state.open_parcels):
            parcel = self.state.parcel(name)
            leg = self.state.leg(parcel.leg)
            if parcel.custodian.kind is CustodianKind.COURIER and leg.reason == "LEASH":
                self.do(m.WriteOffParcel(parcel=name, to=ParcelState.LOST, **boss))

    def _open_everything(self) -> None:
        """Let hubs and ways work and people be there for days to come."""
        boss = {"actor": "dispatcher", "reason": "the end"}
        self.do(m.ResumeDispatch())
        for hub in sorted(self.state.paused_hubs):
            self.do(m.ResumeHub(hub=hub, **boss))
        for closure in sorted(self.state.closures):
            self.do(m.OpenWay(closure=closure, **boss))
        for parcel in sorted(self.state.open_parcels):
            self.attempt(m.UnpinLeg(leg=self.state.parcel(parcel).leg, **boss))
        begins = max(self.now - NOON, 12 * HOUR) + 1
        # Two of them: what one holds and cannot bring, another fetches.
        long = begins + (DAYS + 1) * 24 * HOUR
        for name in ("ann", "stu"):
            self.do(m.AddAvailability(courier=name, slots=(roster(begins, long),)))
        for name in PEOPLE:
            self.do(m.GoOnline(courier=name))


TestZone = Zone.TestCase
TestZone.settings = settings.get_profile("long" if PROFILE == "long" else "rules")
TestZone = pytest.mark.timeout(0 if PROFILE == "long" else 300)(TestZone)
