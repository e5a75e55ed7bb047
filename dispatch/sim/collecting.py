"""Simulated recipients who fetch their parcels from hubs.

Who finds a hub closed comes after it has opened; who finds nobody at a booth comes again later.
"""

import functools

from dispatch.core import hubs
from dispatch.core.keeping import code_key
from dispatch.core.messages import ReleaseParcel
from dispatch.core.model import CustodianKind, Instant
from dispatch.sim import counters
from dispatch.sim.households import Households
from dispatch.sim.stage import Stage


class Collections:
    """All recipients who fetch their parcels from hubs."""

    def __init__(self, stage: Stage, households: Households) -> None:
        self._stage = stage
        self._households = households

    def expect(self, parcel_id: str, hub: str) -> None:
        """Let a recipient come for a parcel that has just been put into a hub."""
        parcel = self._stage.state.parcels[parcel_id]
        after_s = self._households.fetches_after_s(parcel)
        if after_s is not None:
            self._stage.at(self._stage.now + after_s, functools.partial(self._come, parcel_id, hub))

    def _come(self, parcel_id: str, hub: str) -> None:
        state, now = self._stage.state, self._stage.now
        parcel = state.parcels[parcel_id]
        if parcel.custodian.kind is not CustodianKind.HUB or parcel.custodian.id != hub:
            return
        if not hubs.works(state, hub, now):
            opens_at = self._opens_at(hub, now)
            if opens_at:
                at = opens_at + self._households.comes_after_opening_s(parcel)
                self._stage.at(at, functools.partial(self._come, parcel_id, hub))
            return
        keeper = counters.keeper(state, hub, now)
        if not keeper:
            at = now + self._households.comes_again_after_s(parcel, now)
            self._stage.at(at, functools.partial(self._come, parcel_id, hub))
            return
        code = state.codes.get(code_key(hub, parcel.recipient))
        self._stage.submit(
            ReleaseParcel(
                hub=hub,
                parcel=parcel_id,
                actor=keeper,
                code_serial=code.serial if code is not None else 0,
                at=now,
            )
        )

    def _opens_at(self, hub: str, now: Instant) -> Instant:
        """Return when a hub that is closed works again; 0 for never."""
        state = self._stage.state
        pause = state.paused_hubs.get(hub)
        after = now
        if pause is not None:
            if not pause.until:
                return 0
            after = max(now, pause.until)
        hours = hubs.hours_from(state.hubs[hub], after)
        if hubs.is_open(state.hubs[hub], after):
            # Open by its hours, and nobody's turn: until somebody's is.
            return counters.manned_at(state, hub, after)
        if hours is None:
            return after
        return max(after, hours.opens_at) if after <= hours.closes_at else 0
