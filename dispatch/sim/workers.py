"""Couriers of a drawn day: who they are, where they live, when they are idle.

Hours are drawn first and then scaled together until all couriers' capacity stands in the
wanted ratio to the parcels. The ratio rests on stated rates (`KindValues.parcels_per_h`), not
on what an engine achieves: it says how tight a day is, no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dispatch.core.model import CourierKind, Duty, Mode
from dispatch.sim.draws import Draws
from dispatch.sim.scenario import KINDS, KindValues, Range, Scenario
from dispatch.sim.streets import Spot, Streets
from dispatch.sim.town import PREFIX, Compound, Counter, Town, near_some_door, whole

GRID_MIN = 5
"""Slots begin and end on this grid, minutes."""
LEAST_GAP_MIN = 5
"""Between two slots of one courier."""
SCALES = (0.05, 20.0)
HALVINGS = 40
GOLDEN = 0.6180339887
"""Multiples of it, taken modulo 1, fill a stretch evenly at any count."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A courier.

    Attributes
    ----------
    end
        Where an errand leads, None without one.
    hosts
        The shop or booth that the courier keeps; empty for none.
    slots
        Idle times in minutes after midnight, in order.
    """

    id: str
    kind: CourierKind
    mode: Mode
    spot: Spot
    end: Spot | None
    hosts: str
    capacity_grams: int
    capacity_ml: int
    parcels_per_h: float
    pay_fixed_cents: int
    pay_per_min_cents: int
    slots: tuple[Range, ...] = ()

    @property
    def duty(self) -> Duty:
        """What the slots are: a guard's patrols, anybody else's idle time."""
        return Duty.PATROL if self.kind is CourierKind.GUARD else Duty.IDLE

    @property
    def idle_min(self) -> int:
        """Minutes of all slots."""
        return sum(closes - opens for opens, closes in self.slots)

    @property
    def capacity(self) -> float:
        """Parcels that the idle time is reckoned to carry."""
        return self.idle_min / 60 * self.parcels_per_h


def kind_counts(couriers: int) -> dict[CourierKind, int]:
    """Divide couriers among the kinds by their shares; riders come first where few are."""
    counts = {kind: int(couriers * values.share) for kind, values in KINDS.items()}

    def urgency(kind: CourierKind) -> tuple[bool, bool, float]:
        is_second = kind is not CourierKind.RIDER
        return counts[kind] > 0, is_second, counts[kind] - couriers * KINDS[kind].share

    rest = sorted(KINDS, key=urgency)
    for kind in rest[: couriers - sum(counts.values())]:
        counts[kind] += 1
    return counts


def hire(
    streets: Streets, scenario: Scenario, draws: Draws, town: Town, couriers: int
) -> tuple[Worker, ...]:
    """Draw couriers for a town, hours included."""
    workers, patterns = [], []
    for kind, count in kind_counts(couriers).items():
        for index in range(count):
            worker = _person(streets, scenario, draws, town, kind, index)
            workers.append(worker)
            patterns.append(_pattern(draws, worker.id, KINDS[kind], index, count))
    wanted = scenario.capacity_to_demand * len(town.doors)
    low, high = SCALES
    for _ in range(HALVINGS):
        scale = (low * high) ** 0.5
        if sum(w.capacity for w in _timed(workers, patterns, scale)) < wanted:
            low = scale
        else:
            high = scale
    return tuple(_timed(workers, patterns, high))


def _person(
    streets: Streets, scenario: Scenario, draws: Draws, town: Town, kind: CourierKind, index: int
) -> Worker:
    values = KINDS[kind]
    key = (kind.value, index)
    which = _weighted(draws.uniform(*key, "mode"), [weight for _, weight in values.modes])
    spot, hosts = _home(streets, scenario, draws, town, kind, index)
    end = None
    has_errand = draws.uniform(*key, "errand") < scenario.neighbour_errand_share
    if kind is CourierKind.STUDENT or (kind is CourierKind.NEIGHBOUR and has_errand):
        end = streets.near(spot, scenario.errand_m, draws.uniform(*key, "end"))
    return Worker(
        id=f"{PREFIX}{kind.value}-{index + 1:02d}",
        kind=kind,
        mode=values.modes[which][0],
        spot=spot,
        end=end,
        hosts=hosts,
        capacity_grams=values.capacity_grams[which],
        capacity_ml=values.capacity_ml[which],
        parcels_per_h=values.parcels_per_h[which],
        pay_fixed_cents=whole(draws, values.pay_fixed_cents, *key, "fixed"),
        pay_per_min_cents=whole(draws, values.pay_per_min_cents, *key, "per minute"),
    )


def _home(
    streets: Streets, scenario: Scenario, draws: Draws, town: Town, kind: CourierKind, index: int
) -> tuple[Spot, str]:
    """Return where a courier stands by, and the hub that the courier keeps."""
    near_doors = near_some_door(
        streets, draws, town.doors, scenario.courier_m, kind.value, index, "home"
    )
    match kind:
        case CourierKind.GUARD:
            posts = guarded(town)
            if not posts:
                return near_doors, ""
            post = posts[index % len(posts)]
            return post.spot, booth_of(post) if index < len(posts) else ""
        case CourierKind.SHOPKEEPER:
            shop = town.shops[index]
            return shop.spot, shop.id
        case CourierKind.RIDER:
            spots = [
                station.spot
                for station in town.stations
                if any(
                    station.spot.distance_m(door.spot) <= scenario.rider_reach_m
                    for door in town.doors
                )
            ]
            return (spots[index % len(spots)] if spots else near_doors), ""
        case _:
            return near_doors, ""


def guarded(town: Town) -> list[Compound]:
    """Return the compounds near enough to a counter for a guard's walk, nearest first.

    The nearer half of those that get parcels: from the others no guard is back in time.
    """
    counters = (*town.stations, *town.shops)
    served = {door.compound for door in town.doors}

    def walk_m(compound: Compound) -> float:
        return min(compound.spot.distance_m(counter.spot) for counter in counters)

    ordered = sorted(
        (compound for compound in town.compounds if compound.id in served),
        key=lambda compound: (walk_m(compound), compound.id),
    )
    return ordered[: (len(ordered) + 1) // 2]


def booth_of(compound: Compound) -> str:
    """Return the id of the booth at a compound's gate."""
    return compound.id.replace("compound", "booth")


def nearest(counters: Sequence[Counter], spot: Spot) -> Counter:
    """Return the nearest counter."""
    return min(counters, key=lambda counter: (counter.spot.distance_m(spot), counter.id))


def _weighted(share: float, weights: Sequence[float]) -> int:
    """Return the index at which a share of all weights is reached."""
    left = share * sum(weights)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return index
    return len(weights) - 1


def _pattern(
    draws: Draws, worker: str, values: KindValues, index: int, count: int
) -> tuple[tuple[float, int, Range], ...]:
    """Return a courier's slots as (place in its stretch, unscaled length, stretch)."""
    # Stretches left out rotate, so that no hour of the day is left by all.
    left_out = len(values.idle) - values.slots
    skipped = {(index + step) % len(values.idle) for step in range(left_out)}
    slots = []
    for number, stretch in enumerate(values.idle):
        if number in skipped:
            continue
        jitter = draws.uniform(worker, number, "place")
        if values.slots == 1:
            # Shifts follow each other from the first hour to the last.
            place = min(1.0, max(0.0, (index + jitter - 0.5) / max(1, count - 1)))
        else:
            # Short slots are strewn evenly, whatever their number.
            place = (index * GOLDEN + jitter / count) % 1
        slots.append((place, whole(draws, values.slot_min, worker, number, "length"), stretch))
    return tuple(slots)


def _timed(
    workers: Sequence[Worker],
    patterns: Sequence[tuple[tuple[float, int, Range], ...]],
    scale: float,
) -> list[Worker]:
    """Give each worker the slots of a pattern, their lengths scaled."""
    timed = []
    for worker, pattern in zip(workers, patterns, strict=True):
        values = KINDS[worker.kind]
        slots: list[Range] = []
        for place, length, (opens, closes) in pattern:
            scaled = min(values.most_min, closes - opens, max(values.least_min, length * scale))
            start = opens + place * (closes - opens - scaled)
            begin = GRID_MIN * round(start / GRID_MIN)
            if slots:
                begin = max(begin, slots[-1][1] + LEAST_GAP_MIN)
            slots.append((begin, begin + GRID_MIN * max(1, round(scaled / GRID_MIN))))
        timed.append(replace(worker, slots=tuple(slots)))
    return timed
