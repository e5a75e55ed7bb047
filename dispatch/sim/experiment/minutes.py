"""What a replayed day cost in minutes that somebody is paid for, and in money, by whose they are.

Told from the log. Guards are paid by the parcel and, for all minutes away, at their wage; everybody
else what the ledger says. Sorting and counters are paid at the same wage, and a hub's fee for each
parcel that it keeps. What recipients walk to a hub and back is nobody's cost and stands beside.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from dispatch.core import messages as m
from dispatch.core.compound_metrics import SORTING_S
from dispatch.core.model import (
    Cents,
    Courier,
    CourierKind,
    FailureCode,
    Mode,
    Parcel,
    Place,
    Purpose,
    Seconds,
    straight_line_m,
)
from dispatch.core.pay import OPERATOR
from dispatch.core.policy import Policy
from dispatch.sim.folder import Day

WAGE_CENTS_PER_H = 1000
"""A guard's wage, and that of sorting and counters (A: 850 to 1,200)."""
KEEPING_CENTS = 40
"""What a hub is paid for a parcel that it keeps (A: 30 to 50)."""
HOUR_S = 3600
ABSENT = frozenset({FailureCode.ABSENT, FailureCode.UNREACHABLE_CONTACT})


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Paid seconds and money of a day.

    Attributes
    ----------
    tours_s
        By kind of courier: from setting out until back or free, and the way home after the last
        tour of the day, of those whose tours end elsewhere.
    counters_s, sorting_s
        Scans and shelves at counters; sorting at the station, of all parcels.
    walked_s
        What recipients walked to hubs and back.
    absences, refused_at_gates
        Visits in vain because nobody was at home; couriers not let in.
    """

    tours_s: dict[CourierKind, Seconds]
    counters_s: Seconds
    sorting_s: Seconds
    cents: float
    walked_s: Seconds
    absences: int
    refused_at_gates: int

    @property
    def paid_s(self) -> Seconds:
        """All paid seconds."""
        return sum(self.tours_s.values()) + self.counters_s + self.sorting_s


def costs_of(
    events: Iterable[m.Event], day: Day, *, counters_s: Seconds, sorted_count: int, policy: Policy
) -> Costs:
    """Tell costs from a log.

    Parameters
    ----------
    counters_s
        As the key figures have it.
    sorted_count
        Parcels that were sorted, also those that then nobody moved.
    """
    told = _Teller(day, policy)
    for event in events:
        told.take(event)
    tours_s = told.tours_s()
    sorting_s = SORTING_S * sorted_count
    waged_s = tours_s.get(CourierKind.GUARD, 0) + counters_s + sorting_s
    cents = told.pay_cents + KEEPING_CENTS * told.kept + waged_s * WAGE_CENTS_PER_H / HOUR_S
    return Costs(
        tours_s=tours_s,
        counters_s=counters_s,
        sorting_s=sorting_s,
        cents=cents,
        walked_s=told.walked_s,
        absences=told.absences,
        refused_at_gates=told.refused,
    )


class _Teller:
    """Reads a log in order."""

    def __init__(self, day: Day, policy: Policy) -> None:
        self._policy = policy
        self._couriers: dict[str, Courier] = {its.id: its for its in day.couriers}
        self._parcels: dict[str, Parcel] = {its.id: its for its in day.parcels}
        self._hubs = {hub.id: hub.place for hub in day.hubs}
        self._begun: dict[str, tuple[str, int]] = {}
        self._tours: dict[str, tuple[CourierKind, Seconds]] = {}
        self._last: dict[str, Place] = {}
        self.pay_cents: Cents = 0
        self.kept = 0
        self.walked_s: Seconds = 0
        self.absences = 0
        self.refused = 0

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        match event:
            case m.TourStarted(courier=courier, tour=tour, happened_at=at):
                self._begun[courier] = (tour, at)
            case m.TourCompleted(courier=courier, tour=tour):
                self._end(courier, tour, event.free_at)
                self._last[courier] = event.place
            case m.TourAborted(courier=courier, tour=tour):
                self._end(courier, tour, event.at)
            case m.CourierReturned(courier=courier, happened_at=at):
                self._end(courier, self._begun.get(courier, ("", 0))[0], at)
            case m.EntryPosted(lines=lines, label=label):
                self._pay(lines, label)
            case m.ParcelReceivedAtHub(purpose=purpose) if purpose is not Purpose.RETURN:
                self.kept += 1
            case m.ParcelCollected(parcel=parcel, hub=hub):
                self._walk(self._parcels[parcel].dropoff, self._hubs[hub])
            case m.AttemptFailed(failure=failure):
                self.absences += failure in ABSENT and event.counts
                self.refused += failure is FailureCode.NO_ACCESS
            case _:
                pass

    def _end(self, courier: str, tour: str, at: int) -> None:
        """Note how long a tour took; a later word on the same tour counts."""
        begun, started_at = self._begun.get(courier, ("", 0))
        if tour and begun == tour:
            self._tours[tour] = (self._couriers[courier].kind, max(0, at - started_at))

    def _pay(self, lines: tuple[m.EntryLine, ...], label: str) -> None:
        for line in lines:
            if line.account == OPERATOR:
                continue
            courier = self._couriers[line.account.removeprefix("couriers/")]
            if courier.kind is not CourierKind.GUARD or label == m.PARCEL_PAY:
                self.pay_cents += line.cents

    def _walk(self, door: Place, hub: Place) -> None:
        there_s, _ = self._policy.estimate(Mode.FOOT, straight_line_m(door, hub))
        self.walked_s += 2 * there_s

    def tours_s(self) -> dict[CourierKind, Seconds]:
        """Return the seconds of all tours by kind."""
        found: Counter[CourierKind] = Counter()
        for kind, length_s in self._tours.values():
            found[kind] += length_s
        for name, place in self._last.items():
            courier = self._couriers[name]
            if courier.kind is CourierKind.RIDER and courier.end is None:
                way_m = straight_line_m(place, courier.home)
                found[courier.kind] += self._policy.estimate(courier.mode, way_m)[0]
        return dict(found)
