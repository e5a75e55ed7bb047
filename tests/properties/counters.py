"""Rules of the state machine: what counters, carriers, recipients and their proxies do."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from dispatch.core import messages as m
from dispatch.core.keeping import ManifestRow
from dispatch.core.model import (
    ActionKind,
    DeliveryOption,
    OptionKind,
    Place,
    Purpose,
    StopState,
)
from tests.core.town import HOUR, a_parcel
from tests.properties.walking import Walking, codes
from tests.properties.zone import DOORS, LADDERS, choices, hubs, pick, rung

RUNGS = [
    *((OptionKind.HUB, hub) for hub in ("", "shop", "locker")),
    (OptionKind.PERSON, "bob"),
    (OptionKind.SAFE_PLACE, ""),
]
ACTORS = st.sampled_from(["counter", "counter", "lee"])


class Counters(Walking):
    """What happens at hubs, and what recipients ask for."""

    @precondition(lambda self: self.state.halves)
    @rule(wait_s=st.sampled_from([0, 20, 600, 1000]), actor=ACTORS)
    def the_other_side_scans(self, wait_s: int, actor: str) -> None:
        """Complete every hand-over of which one side is there, perhaps too late."""
        self.now += wait_s
        for parcel in sorted(self.state.halves):
            self.other_side(parcel, actor)

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, which=choices, scans=st.booleans())
    def the_counter_scans_first(self, choice: int, which: int, scans: bool) -> None:  # noqa: FBT001
        """Scan what a courier comes to bring or to fetch before the courier does."""
        courier = pick(self.state.live_tour, choice)
        ahead = {
            f"{index} {action.leg}": (stop.place.hub, action)
            for index, stop in enumerate(self.tour_of(courier).stops)
            for action in stop.actions
            if action.state is StopState.PENDING and stop.place.hub
        }
        if not ahead:
            return
        hub, action = ahead[pick(ahead, which)]
        parcel = self.state.leg(action.leg).parcel
        if action.kind is ActionKind.DROPOFF:
            self.attempt(m.ReceiveParcel(hub=hub, parcel=parcel, courier=courier, actor="counter"))
        else:
            self.attempt(m.ReleaseParcel(hub=hub, parcel=parcel, courier=courier, actor="counter"))
        if scans:
            self.now += 30
            self.other_side(parcel)

    @precondition(lambda self: self.awaiting())
    @rule(choice=choices, told=codes, is_new=st.booleans(), actor=ACTORS)
    def collect(self, choice: int, told: list[str], is_new: bool, actor: str) -> None:  # noqa: FBT001
        """Come for a parcel with codes right or wrong, perhaps after a new one was sent."""
        parcel = pick(self.awaiting(), choice)
        if is_new:
            hub, _ = self.code_of(parcel)
            self.do(m.ReissueCode(hub=hub, parcel=parcel))
        self.tell_codes(parcel, told, actor)

    @precondition(lambda self: self.state.parcels)
    @rule(
        choice=choices,
        proxy=st.sampled_from(["x1", "x2"]),
        valid_s=st.sampled_from([-60, 600, HOUR, 12 * HOUR]),
    )
    def let_somebody_collect(self, choice: int, proxy: str, valid_s: int) -> None:
        """Grant a proxy."""
        parcel = pick(self.awaiting() or self.state.parcels, choice)
        until = self.now + valid_s
        self.attempt(m.GrantProxy(parcel=parcel, proxy=proxy, until=until, contact="personal/2"))

    @precondition(lambda self: self.state.proxies)
    @rule(choice=choices, revokes=st.booleans())
    def use_a_proxy(self, choice: int, revokes: bool) -> None:  # noqa: FBT001 - drawn
        """Let a proxy collect, or take the right back."""
        proxy = self.state.proxies[pick(self.state.proxies, choice)]
        parcel = self.state.parcel(proxy.parcel)
        if revokes:
            self.attempt(m.RevokeProxy(parcel=parcel.id, proxy=proxy.id))
        hub = parcel.custodian.id
        events = self.attempt(
            m.ReleaseParcel(hub=hub, parcel=parcel.id, actor="counter", proxy=proxy.id)
        )
        collected = any(isinstance(event, m.ParcelCollected) for event in events)
        assert not (collected and (revokes or self.now > proxy.expires_at))

    @rule(
        pieces=st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True),
        scanned=st.lists(st.integers(1, 7), max_size=5),
        hub=st.sampled_from(["station", "shop", "depot"]),
        wait_s=st.sampled_from([0, 600]),
        carrier=st.sampled_from(["swift", "slow"]),
    )
    def a_van_comes(
        self, pieces: list[int], scanned: list[int], hub: str, wait_s: int, carrier: str
    ) -> None:
        """Announce pieces of a waybill, then scan some of them, others and some twice."""
        waybill = f"W{self.created // 10}"
        for piece in pieces:
            self.created += 1
            parcel = a_parcel(
                f"p{self.created}",
                dropoff=DOORS[piece % 3],
                origin_hub=hub,
                announced=True,
                carrier=carrier,
                waybill=waybill,
                piece=str(piece),
                ready_at=self.now,
                due_at=self.now + 2 * HOUR,
                options=LADDERS[piece % len(LADDERS)],
            )
            self.attempt(m.CreateParcels(parcels=(parcel,)))
        self.now += wait_s
        rows = tuple(
            ManifestRow(carrier=carrier, waybill=waybill, piece=str(piece)) for piece in scanned
        )
        self.attempt(m.ReceiveManifest(hub=hub, carrier=carrier, rows=rows, actor="counter"))

    @rule(hub=hubs, choice=choices, lies=st.booleans())
    def count_the_shelves(self, hub: str, choice: int, lies: bool) -> None:  # noqa: FBT001
        """Count what is there, or something else; nothing moves by it."""
        counted = set(self.state.stock.get(hub, ()))
        if lies and self.state.parcels:
            counted = counted ^ {pick(self.state.parcels, choice), "m/never-seen"}
        before = self.state.parcels
        self.attempt(m.ReconcileInventory(hub=hub, parcels=tuple(sorted(counted)), actor="counter"))
        assert self.state.parcels == before

    @precondition(lambda self: self.state.open_parcels)
    @rule(
        choice=choices,
        hub=hubs,
        purpose=st.sampled_from([Purpose.COLLECTION, Purpose.HOLD, Purpose.RELAY]),
        for_s=st.sampled_from([60, HOUR]),
        reserves=st.booleans(),
    )
    def keep_a_slot(
        self,
        choice: int,
        hub: str,
        purpose: Purpose,
        for_s: int,
        reserves: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """Reserve a slot, or give one up."""
        parcel = pick(self.state.open_parcels, choice)
        if reserves:
            until = self.now + for_s
            self.attempt(m.ReserveSlot(hub=hub, parcel=parcel, purpose=purpose, until=until))
        else:
            key = pick(self.state.reservations, choice)
            hub, _, parcel = key.partition("~")
            self.attempt(m.ReleaseSlot(hub=hub, parcel=parcel))

    @precondition(lambda self: self.state.open_parcels)
    @rule(
        choice=choices,
        which=st.sampled_from(RUNGS),
        position=st.sampled_from([-1, 0, 1]),
        withdraws=st.booleans(),
    )
    def change_ones_mind(
        self,
        choice: int,
        which: tuple[OptionKind, str],
        position: int,
        withdraws: bool,  # noqa: FBT001 - drawn
    ) -> None:
        """Consent to a rung, or take the consent back, wherever the parcel is."""
        parcel = pick(self.state.open_parcels, choice)
        kind, target = which
        if withdraws:
            self.attempt(
                m.WithdrawConsent(parcel=parcel, kind=kind, target=target, actor="recipient")
            )
        else:
            option = rung(kind, target, agreed=True)
            self.attempt(m.GiveConsent(parcel=parcel, option=option, position=position))

    @precondition(lambda self: self.state.open_parcels)
    @rule(
        choice=choices,
        door=st.sampled_from([None, *DOORS[:4]]),
        ladder=st.sampled_from([None, *LADDERS]),
    )
    def send_elsewhere(
        self, choice: int, door: Place | None, ladder: tuple[DeliveryOption, ...] | None
    ) -> None:
        """Give a parcel another door or another ladder."""
        parcel = pick(self.state.open_parcels, choice)
        self.attempt(
            m.RedirectParcel(parcel=parcel, dropoff=door, options=ladder, actor="recipient")
        )

    @precondition(lambda self: self.state.open_parcels)
    @rule(choice=choices, later_s=st.sampled_from([-HOUR, 600, 3 * HOUR]))
    def send_later(self, choice: int, later_s: int) -> None:
        """Promise another time."""
        parcel = pick(self.state.open_parcels, choice)
        due_at = self.now + later_s
        self.attempt(m.RescheduleParcel(parcel=parcel, due_at=due_at, actor="recipient"))
