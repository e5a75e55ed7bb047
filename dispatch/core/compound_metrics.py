"""Key figures of compounds as a fold over events: a part of `dispatch.core.metrics`.

Visits of entrances, how parcels got in, and what all of it cost in minutes that somebody is paid
for. A visit is one coming to one entrance, or to one gate, on one tour; how many parcels share one
is an outcome of the day and set nowhere.
"""

from collections import Counter
from typing import Any

import msgspec

from dispatch.core import messages as m
from dispatch.core.compounds import entrance_key
from dispatch.core.model import (
    ActionKind,
    CourierKind,
    CustodianKind,
    Instant,
    Place,
    Purpose,
    Seconds,
    Stop,
)
from dispatch.core.policy import Policy

Figures = dict[str, Any]
"""As in `dispatch.core.metrics`."""
SORTING_S: Seconds = 12
"""Sorting a parcel at its station: a scan and a shelf (A)."""
WAYS_IN = (
    "door_by_guard",
    "door_by_rider",
    "door_by_others",
    "gate",
    "neighbour_or_safe_place",
    "collected",
    "returned",
    "not_in",
)
"""How a parcel got to its recipient behind the gate, or that it did not."""
_OTHER_ENDS = {
    Purpose.GATE: "gate",
    Purpose.PERSON: "neighbour_or_safe_place",
    Purpose.SAFE_PLACE: "neighbour_or_safe_place",
}
_BY_KIND = {CourierKind.GUARD: "door_by_guard", CourierKind.RIDER: "door_by_rider"}


class _Visit(msgspec.Struct):
    """One coming to one entrance or gate: where, in which compound, how many parcels were given."""

    where: str
    compound: str
    given: int = 0


class CompoundMetrics:
    """Takes events in order and gives the figures of compounds at any time."""

    def __init__(self) -> None:
        self._policy = Policy()
        self._kinds: dict[str, CourierKind] = {}
        self._doors: dict[str, Place] = {}
        self._way: dict[str, str] = {}
        self._relayed: set[str] = set()
        self._goes_to: dict[str, Place] = {}
        self._visits: list[_Visit] = []
        self._last: dict[str, _Visit] = {}
        self._given_by: Counter[CourierKind] = Counter()
        self._purposes: Counter[Purpose] = Counter()
        self._started: dict[str, tuple[str, Instant]] = {}
        self._tour_s: dict[str, Seconds] = {}
        self._counter_s: Seconds = 0
        self._sorted: set[str] = set()

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        match event:
            case m.PolicyAdopted(policy=policy):
                self._policy = policy
            case m.CourierCreated(courier=courier):
                self._kinds[courier.id] = courier.kind
            case m.ParcelCreated(parcel=parcel):
                self._doors[parcel.id] = parcel.dropoff
                if parcel.origin_hub:
                    self._sorted.add(parcel.id)
            case m.ParcelRedirected(parcel=parcel_id, dropoff=dropoff):
                self._doors[parcel_id] = dropoff
            case m.OfferAccepted(tour=tour):
                for stop in tour.stops:
                    self._note_doors(stop)
            case m.ParcelDiverted(stop=stop):
                self._note_doors(stop)
            case _:
                self._take_hands(event)
                self._take_minutes(event)

    def _take_hands(self, event: m.Event) -> None:
        """Take note of what changes hands at doors, gates and counters."""
        match event:
            case m.ParcelDelivered(parcel=parcel, purpose=purpose):
                kind = self._kinds.get(event.courier, CourierKind.RIDER)
                self._visit(event).given += 1
                self._purposes[purpose] += 1
                self._given_by[kind] += 1
                by = _BY_KIND.get(kind, "door_by_others")
                self._way[parcel] = _OTHER_ENDS.get(purpose, by)
            case m.AttemptFailed() if not self._place(event).hub:
                self._visit(event)
            case m.ParcelReceivedAtHub(parcel=parcel, purpose=Purpose.RELAY):
                self._relayed.add(parcel)
            case m.ParcelCollected(parcel=parcel):
                self._way[parcel] = "collected"
            case m.ParcelBroughtBack(parcel=parcel, next_leg=None):
                self._way[parcel] = "returned"
            case m.OutcomeCorrected(parcel=parcel, now="DELIVERED"):
                kind = self._kinds.get(event.courier, CourierKind.RIDER)
                self._way[parcel] = _BY_KIND.get(kind, "door_by_others")
            case m.OutcomeCorrected(parcel=parcel):
                self._way.pop(parcel, None)
            case _:
                pass

    def _take_minutes(self, event: m.Event) -> None:
        """Take note of what somebody is paid a minute for."""
        scan_s, shelf_s = self._policy.scan_s, self._policy.shelve_s
        match event:
            case m.TourStarted(courier=courier, tour=tour, happened_at=at):
                self._started[courier] = (tour, at)
            case m.TourCompleted(courier=courier, free_at=at):
                self._end_tour(courier, event.tour, at)
            case m.TourAborted(courier=courier):
                self._end_tour(courier, event.tour, event.at)
            case m.CourierReturned(courier=courier, happened_at=at):
                tour, _ = self._started.get(courier, ("", 0))
                self._end_tour(courier, tour, at)
            case m.ParcelReceivedAtHub(actor=actor, single_actor=alone):
                self._counter_s += 0 if alone or not actor else scan_s + shelf_s
            case m.ParcelPickedUp(giver=giver, witness=witness):
                is_counter = giver is not None and giver.kind is CustodianKind.HUB
                self._counter_s += scan_s + shelf_s if is_counter and witness else 0
            case m.ParcelCollected():
                self._counter_s += scan_s + shelf_s
            case m.ParcelBroughtBack(actor=actor, single_actor=alone):
                self._counter_s += 0 if alone or not actor else scan_s + shelf_s
            case _:
                pass

    def _end_tour(self, courier: str, tour: str, at: Instant) -> None:
        """Count a tour until somebody was free again; the later word of the same tour counts."""
        begun, started_at = self._started.get(courier, ("", 0))
        if tour and begun == tour:
            self._tour_s[tour] = max(0, at - started_at)

    def _note_doors(self, stop: Stop) -> None:
        for action in stop.actions:
            if action.kind is ActionKind.DROPOFF:
                self._goes_to[action.leg] = stop.place_of(action.leg)

    def _place(self, event: m.ScanEvent) -> Place:
        return self._goes_to.get(event.leg) or self._doors[event.parcel]

    def _visit(self, event: m.ScanEvent) -> _Visit:
        """Return the visit that something happened on: the one before, if it was here too."""
        place = self._place(event)
        where = entrance_key(place) or f"{place.lat:.6f},{place.lon:.6f}"
        last = self._last.get(event.tour)
        if last is None or last.where != where:
            last = _Visit(where, place.compound or self._doors[event.parcel].compound)
            self._last[event.tour] = last
            self._visits.append(last)
        return last

    # --- figures -----------------------------------------------------------------------

    def figures(self) -> Figures:
        """Return the figures.

        ``parcels_per_paid_minute`` is of parcels that got to their recipients: tours from setting
        out until back or free, scans and shelves at counters by the policy's seconds, and
        `SORTING_S` for each parcel that starts at a station.
        """
        tours_s = sum(self._tour_s.values())
        sorting_s = SORTING_S * len(self._sorted)
        paid_s = tours_s + self._counter_s + sorting_s
        arrived = sum(way not in {"returned", "not_in"} for way in self._way.values())
        given = sum(visit.given for visit in self._visits)
        return {
            "parcels_per_paid_minute": _ratio(60 * arrived, paid_s),
            "paid_s": {
                "tours": tours_s,
                "counters": self._counter_s,
                "sorting": sorting_s,
                "sorting_a_parcel_assumed": SORTING_S,
            },
            "visits": len(self._visits),
            "parcels_per_visit": _ratio(given, len(self._visits)),
            "shared_visit_share": self._shared(self._visits),
            "guard_deliveries": self._given_by[CourierKind.GUARD],
            "gate_handovers": self._purposes[Purpose.GATE],
            "relays": len(self._relayed),
            "compounds": self._by_compound(),
        }

    def _shared(self, visits: list[_Visit]) -> float | None:
        """Return the share of parcels that were given on a visit with at least two."""
        shared = sum(visit.given for visit in visits if visit.given > 1)
        return _ratio(shared, sum(visit.given for visit in visits))

    def _by_compound(self) -> Figures:
        parcels: dict[str, list[str]] = {}
        for parcel, door in self._doors.items():
            if door.compound:
                parcels.setdefault(door.compound, []).append(parcel)
        figures: Figures = {}
        for compound, its in sorted(parcels.items()):
            ways = Counter(self._way.get(parcel, "not_in") for parcel in its)
            visits = [visit for visit in self._visits if visit.compound == compound]
            given = sum(visit.given for visit in visits)
            figures[compound] = {
                "parcels": len(its),
                **{way: ways[way] for way in WAYS_IN},
                "relayed": sum(parcel in self._relayed for parcel in its),
                "visits": len(visits),
                "parcels_per_visit": _ratio(given, len(visits)),
                "shared_visit_share": self._shared(visits),
            }
        return figures


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
