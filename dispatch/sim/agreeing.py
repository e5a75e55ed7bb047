"""Recipients who were out and say when they are at home: what is held is tried again then."""

from dispatch.core.messages import AttemptFailed, ParcelReceivedAtHub, RescheduleParcel
from dispatch.core.model import FailureCode, Instant, Purpose, Seconds, TimeWindow
from dispatch.sim.behaviour import Behaviour
from dispatch.sim.households import Households
from dispatch.sim.stage import Stage

WINDOW_S: Seconds = 5400
"""How long a recipient waits at home for it (A)."""
LATEST_S: Seconds = 43_200
"""So long after the promise, the next morning, somebody may still agree to (A)."""
SOON_S: Seconds = 1800
"""Nobody promises an earlier time than in half an hour (A)."""


class Agreements:
    """What recipients say when a courier calls from their door.

    Parameters
    ----------
    due_at
        By parcel: when it was promised.
    """

    def __init__(
        self,
        stage: Stage,
        households: Households,
        behaviour: Behaviour,
        due_at: dict[str, Instant],
    ) -> None:
        self._stage = stage
        self._households = households
        self._is_asked = behaviour.says_when
        self._due_at = due_at
        self._answered: set[str] = set()

    def call(self, event: AttemptFailed) -> None:
        """Note whether a recipient who was out answers the call."""
        parcel = self._stage.state.parcels[event.parcel]
        is_out = event.failure is FailureCode.ABSENT
        if self._is_asked and is_out and self._households.answers(parcel, event.happened_at):
            self._answered.add(parcel.id)

    def held(self, event: ParcelReceivedAtHub) -> None:
        """Let a recipient who answered have a parcel that is held brought when it suits."""
        if event.purpose is not Purpose.HOLD or event.parcel not in self._answered:
            return
        parcel = self._stage.state.parcels[event.parcel]
        latest = self._due_at[parcel.id] + LATEST_S
        opens_at = self._households.home_from(parcel, self._stage.now + SOON_S, latest)
        if opens_at is None:
            return
        closes_at = opens_at + WINDOW_S
        window = TimeWindow(opens_at=opens_at, closes_at=closes_at)
        self._stage.submit(
            RescheduleParcel(
                parcel=parcel.id,
                due_at=max(parcel.due_at, closes_at),
                window=window,
                actor="recipient",
                reason="says when",
            )
        )
