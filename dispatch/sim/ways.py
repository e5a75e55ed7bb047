"""Where each parcel has been and who carried it there: a replay's log as ways from place to place.

A part of `dispatch.sim.story`, which tells what happened; this tells where. Adds no figure.
"""

import msgspec

from dispatch.core import messages as m
from dispatch.core.model import CustodianKind, FailureCode, HubKind, Instant, Purpose

Span = tuple[Instant, Instant]
"""From an instant until another."""
_AT_HUB = frozenset({FailureCode.HUB_FULL, FailureCode.HUB_CLOSED})
_ENDS = {Purpose.GATE: "gate", Purpose.PERSON: "neighbour", Purpose.SAFE_PLACE: "safe place"}


class Hop(msgspec.Struct, frozen=True):
    """A place on a parcel's way.

    Attributes
    ----------
    at
        When it came there; handed in, for the first.
    what
        ``hub``, ``sender``, ``door``, ``gate``, ``neighbour``, ``safe place``, ``recipient``,
        ``courier``, ``origin`` where it was brought back; ``visit`` and ``visit to a hub`` where
        it could not stay.
    name
        Of the hub, with its kind, or of the courier who took it over on the way.
    by
        The courier who brought it; empty for the first, and where its recipient came for it.
    left_at
        When that courier had it from the place before.
    code
        Why a visit failed.
    """

    at: Instant
    what: str
    name: str = ""
    by: str = ""
    left_at: Instant = 0
    code: str = ""


class Ways:
    """All ways of a day, folded from its events in order.

    Attributes
    ----------
    of
        By parcel.
    hub_kinds
        By id.
    inside
        By what for: spans in which a parcel stood in a hub that it had come to.
    """

    def __init__(self) -> None:
        self.of: dict[str, list[Hop]] = {}
        self.hub_kinds: dict[str, HubKind] = {}
        self.inside: dict[Purpose, list[Span]] = {}
        self._entered: dict[str, tuple[Purpose, Instant]] = {}
        self._taken: dict[str, Instant] = {}

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        match event:
            case m.HubCreated(hub=hub):
                self.hub_kinds[hub.id] = hub.kind
            case m.ParcelCreated(parcel=parcel):
                start = self._place(parcel.custodian.kind, parcel.custodian.id)
                self.of[parcel.id] = [Hop(event.at, *start)]
            case m.ParcelPickedUp(parcel=parcel_id, happened_at=at, courier=courier):
                self._leave(parcel_id, at)
                if event.giver is not None and event.giver.kind is CustodianKind.COURIER:
                    self._add(parcel_id, event.giver.id, Hop(at, "courier", courier))
                self._taken[parcel_id] = at
            case m.ParcelReceivedAtHub(parcel=parcel_id, happened_at=at, hub=hub_id):
                self._entered[parcel_id] = (event.purpose, at)
                self._add(parcel_id, event.giver.id, Hop(at, "hub", self.hub(hub_id)))
            case m.ParcelBroughtBack(parcel=parcel_id, happened_at=at, courier=courier):
                _, name = self._place(event.custodian.kind, event.custodian.id)
                self._add(parcel_id, courier, Hop(at, "origin", name))
            case m.ParcelDelivered(parcel=parcel_id, happened_at=at, courier=courier):
                self._add(parcel_id, courier, Hop(at, _ENDS.get(event.purpose, "door")))
            case m.AttemptFailed(parcel=parcel_id, happened_at=at, courier=courier):
                what = "visit to a hub" if event.failure in _AT_HUB else "visit"
                self._add(parcel_id, courier, Hop(at, what, code=event.failure.value))
                self._taken[parcel_id] = at
            case m.ParcelCollected(parcel=parcel_id, happened_at=at):
                self._leave(parcel_id, at)
                self._add(parcel_id, "", Hop(at, "recipient"))
            case _:
                pass

    def end(self, at: Instant) -> None:
        """Close the spans of what stands in hubs still."""
        for parcel in sorted(self._entered):
            self._leave(parcel, at)

    def hub(self, hub: str) -> str:
        """Return a hub's name with its kind."""
        return f"{self.hub_kinds[hub]} {hub}" if hub in self.hub_kinds else hub

    def _add(self, parcel: str, by: str, hop: Hop) -> None:
        left_at = self._taken.pop(parcel, 0)
        self.of[parcel].append(msgspec.structs.replace(hop, by=by, left_at=left_at))

    def _leave(self, parcel: str, at: Instant) -> None:
        if parcel in self._entered:
            purpose, since = self._entered.pop(parcel)
            self.inside.setdefault(purpose, []).append((since, at))

    def _place(self, kind: CustodianKind, holder: str) -> tuple[str, str]:
        is_hub = kind is CustodianKind.HUB
        return ("hub", self.hub(holder)) if is_hub else ("sender", holder)
