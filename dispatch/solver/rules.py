"""What the fields of a `Problem` must be to each other, once each is right by itself.

`dispatch.solver.fields` asks these rules at construction. Each says which rows contradict another
field; a rule whose fields are bad by themselves is not asked. It imports numpy and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dispatch.solver.arrays import FOREVER, UNREACHABLE, AnyArray, BoolArray, FrozenStops

Fields = Mapping[str, Any]
Rule = tuple[str, Callable[[Fields], AnyArray], str]
"""The field to blame, which of its rows (or frozen stops) are bad, and what is wrong with them."""

MOST = 2**62
"""No plan of a problem may cost more, so that no sum or difference leaves int64."""


def _committed_to(a: Fields) -> AnyArray:
    """(L,): as `Problem.committed_to`."""
    committed: AnyArray = np.array(a["must_courier"])
    on_board = a["on_board"] >= 0
    committed[on_board] = a["on_board"][on_board]
    committed[a["frozen"].leg] = _row_of(a["frozen"])
    return committed


def _row_of(frozen: FrozenStops) -> AnyArray:
    """(F,): the courier in whose row each frozen stop stands."""
    return np.repeat(np.arange(len(frozen.indptr) - 1), np.diff(frozen.indptr))


def _counted_but_personal(a: Fields) -> BoolArray:
    personal: BoolArray = (a["left"] <= 0) | (a["post"] >= 0) | (np.diff(a["frozen"].indptr) > 0)
    committed = _committed_to(a)
    personal[committed[committed >= 0]] = True
    personal &= a["count"] > 1
    return personal


def _missing_option(a: Fields) -> BoolArray:
    missing: BoolArray = np.bincount(a["option_leg"], minlength=len(a["pickup_place"])) == 0
    return missing


def _unsorted_posts(a: Fields) -> BoolArray:
    steps = a["post_steps"]
    inside = np.ones(len(steps.starts_at), bool)
    inside[steps.indptr[:-1][steps.indptr[:-1] < len(inside)]] = False
    inside &= np.diff(steps.starts_at, prepend=-FOREVER - 1) <= 0
    return inside


def _frozen_mismatch(a: Fields) -> BoolArray:
    frozen = a["frozen"]
    if not len(frozen.leg):
        return np.zeros(0, bool)
    pickup = frozen.action == 0
    wrong_option = ~pickup & ((frozen.option < 0) | (a["option_leg"][frozen.option] != frozen.leg))
    mismatch: BoolArray = (pickup & (frozen.option >= 0)) | wrong_option
    return mismatch


def _frozen_of_another(a: Fields) -> BoolArray:
    frozen = a["frozen"]
    owner = _row_of(frozen)
    others = [(a[name][frozen.leg] >= 0) & (a[name][frozen.leg] != owner) for name in _OWNERS]
    another: BoolArray = others[0] | others[1]
    return another


_OWNERS = ("on_board", "must_courier")


def _frozen_twice(a: Fields) -> BoolArray:
    frozen = a["frozen"]
    _, first = np.unique(2 * frozen.leg + frozen.action, return_index=True)
    again = np.ones(len(frozen.leg), bool)
    again[first] = False
    return again


def _frozen_without_place(a: Fields) -> BoolArray:
    frozen = a["frozen"]
    without: BoolArray = (frozen.action == 0) & (a["pickup_place"][frozen.leg] < 0)
    return without


def _frozen_unpicked(a: Fields) -> BoolArray:
    """Find drop-offs of legs with a pickup place that no earlier stop of the row picks up."""
    frozen = a["frozen"]
    rows = _row_of(frozen).tolist()
    legs, actions = frozen.leg.tolist(), frozen.action.tolist()
    picked: set[tuple[int, int]] = set()
    unpicked = np.zeros(len(legs), bool)
    for at, (row, leg, action) in enumerate(zip(rows, legs, actions, strict=True)):
        if action == 0:
            picked.add((row, leg))
        else:
            unpicked[at] = a["pickup_place"][leg] >= 0 and (row, leg) not in picked
    return unpicked


def _linked(a: Fields) -> BoolArray:
    linked: BoolArray = a["after_leg"] >= 0
    return linked


def _linked_without_place(a: Fields) -> BoolArray:
    without: BoolArray = _linked(a) & (a["pickup_place"] < 0)
    return without


def _chained(a: Fields) -> BoolArray:
    """Find legs after a leg that comes after another; itself is another rule's matter."""
    after = a["after_leg"]
    chained: BoolArray = _linked(a) & (after[after] >= 0) & (after != np.arange(len(after)))
    return chained


def _after_the_same(a: Fields) -> BoolArray:
    after = a["after_leg"]
    counts = np.bincount(after[after >= 0], minlength=len(after))
    same: BoolArray = _linked(a) & (counts[after] > 1)
    return same


def _promised_too_early(a: Fields) -> BoolArray:
    """Find committed legs after a leg that could still be left out or dropped elsewhere."""
    after = a["after_leg"]
    early = np.zeros(len(after), bool)
    committed = _committed_to(a)
    frozen = a["frozen"]
    fixed = dict(
        zip(
            frozen.leg[frozen.action == 1].tolist(),
            frozen.option[frozen.action == 1].tolist(),
            strict=True,
        )
    )
    for leg in np.flatnonzero(_linked(a) & (committed >= 0)).tolist():
        before = int(after[leg])
        options = a["option_leg"] == before
        if before in fixed:
            options = np.arange(len(options)) == fixed[before]
        there = (a["option_hub"] >= 0) & (a["option_place"] == a["pickup_place"][leg])
        early[leg] = committed[before] < 0 or not there[options].all()
    return early


def _waiting_for_itself(a: Fields) -> BoolArray:
    """Find frozen pickups that wait, by `after_leg`, for a stop that comes after them."""
    frozen = a["frozen"]
    waiting = np.zeros(len(frozen.leg), bool)
    after = a["after_leg"]
    if not (after[frozen.leg] >= 0).any():
        return waiting
    earlier = _earlier_stops(a)
    left: dict[int, int] = {}
    open_at = list(range(len(waiting)))
    while open_at:
        ready = [at for at in open_at if all(before in left for before in earlier[at])]
        if not ready:
            stuck = [at for at in open_at if frozen.action[at] == 0 and after[frozen.leg[at]] >= 0]
            waiting[stuck] = True
            break
        left.update(dict.fromkeys(ready, 1))
        open_at = [at for at in open_at if at not in left]
    return waiting


def _earlier_stops(a: Fields) -> list[list[int]]:
    """Give, for each frozen stop, those that it comes after: in its row, or by `after_leg`."""
    frozen = a["frozen"]
    rows = _row_of(frozen).tolist()
    dropped = {int(frozen.leg[at]): int(at) for at in np.flatnonzero(frozen.action == 1)}
    # A drop-off that is not frozen comes after all that its courier has begun with.
    last = {row: at for at, row in enumerate(rows)}
    committed = _committed_to(a)
    earlier: list[list[int]] = [[] for _ in rows]
    for before, at in pairwise(range(len(rows))):
        if rows[before] == rows[at]:
            earlier[at].append(before)
    for at in np.flatnonzero(frozen.action == 0).tolist():
        awaited = int(a["after_leg"][frozen.leg[at]])
        if awaited >= 0:
            stop = dropped.get(awaited, last.get(int(committed[awaited])))
            earlier[at] += [] if stop is None else [stop]
    return earlier


RULES: tuple[Rule, ...] = (
    ("option_leg", lambda a: np.diff(a["option_leg"]) < 0, "must ascend"),
    ("option_leg", _missing_option, "every leg needs an option"),
    ("pickup_closes", lambda a: a["pickup_closes"] < a["pickup_opens"], "closes before it opens"),
    ("option_closes", lambda a: a["option_closes"] < a["option_opens"], "closes before it opens"),
    (
        "off_duty",
        lambda a: (a["off_duty"] < a["on_duty"]) & (a["left"] > 0),
        "ends before it starts",
    ),
    (
        "on_board",
        lambda a: (a["on_board"] >= 0) & (a["pickup_place"] >= 0),
        "a leg on board has no pickup place",
    ),
    (
        "must_courier",
        lambda a: (
            (a["on_board"] >= 0) & (a["must_courier"] >= 0) & (a["on_board"] != a["must_courier"])
        ),
        "is on board of another courier",
    ),
    (
        "after_leg",
        lambda a: a["after_leg"] == np.arange(len(a["after_leg"])),
        "cannot come after itself",
    ),
    ("after_leg", _linked_without_place, "a leg that comes after another needs a pickup place"),
    ("after_leg", _chained, "the leg before it comes after a leg itself"),
    ("after_leg", _after_the_same, "another leg comes after the same one"),
    (
        "after_leg",
        _promised_too_early,
        "is committed, but the leg before it need not be dropped at the hub where this one starts",
    ),
    (
        "left",
        lambda a: (a["left"] <= 0) & (a["start_place"] < 0),
        "who has left needs a start place",
    ),
    (
        "left",
        lambda a: (a["left"] <= 0) & (a["on_duty"] < a["left"]),
        "who has left is on duty since then",
    ),
    ("count", _counted_but_personal, "must be 1 with work, a post or a departure of its own"),
    ("frozen", _frozen_mismatch, "the option is not one of the leg's"),
    ("frozen", _frozen_of_another, "is with, or was accepted by, another courier"),
    ("frozen", _frozen_twice, "stands there twice"),
    ("frozen", _frozen_without_place, "there is no pickup place"),
    ("frozen", _frozen_unpicked, "is dropped before its pickup"),
    ("frozen", _waiting_for_itself, "waits by after_leg for what comes after it"),
    ("post_steps", _unsorted_posts, "must ascend within a post"),
    (
        "leg_size",
        lambda a: a["leg_size"] >= max(a["hub_slots_free"].shape[1], 1),
        "no such size class",
    ),
    (
        "option_hub",
        lambda a: (a["option_hub"] >= 0) & (a["hub_slots_free"].shape[1] == 0),
        "has no compartments of any size class",
    ),
)


def overflow(a: Fields) -> tuple[str, str] | None:
    """Say which field to blame where a plan could cost more than `MOST`.

    The bound is generous: every leg left out, moved and served as late and as dearly as any could
    be, all at once, on ways and for longer than any plan takes.

    Parameters
    ----------
    a : mapping of field name to value
        A problem without faults.

    Returns
    -------
    (field, message) or None
        The field that contributes most.

    """
    roads = _Roads(_highest(a["travel"]), _highest(a["distance_m"]))
    shares = dict(_dearest(a, roads))
    if sum(shares.values()) > MOST:
        # Only now is it worth a second look at the large matrices.
        roads = _Roads(_longest_real(a["travel"]), _longest_real(a["distance_m"]))
        shares = dict(_dearest(a, roads))
    total = sum(shares.values())
    if total <= MOST:
        return None
    field = max(shares, key=lambda name: shares[name])
    return field, f"a plan could cost {total:.1e}, of which this {shares[field]:.1e}: most is 2**62"


@dataclass(frozen=True)
class _Roads:
    """The longest ways that there are, ticks and metres."""

    ticks: int
    metres: int


def _longest_real(matrix: AnyArray) -> int:
    return max((_highest(rows[rows < UNREACHABLE]) for mode in matrix for rows in mode), default=0)


def _dearest(a: Fields, roads: _Roads) -> Iterator[tuple[str, int]]:
    """Bound what each price can add up to, in integers without an end."""
    legs = len(a["pickup_place"])
    begun = (a["left"] <= 0) | (np.diff(a["frozen"].indptr) > 0)
    tours = min(int(a["count"].sum()), legs) + int(begun.sum())
    ways = 2 * legs + tours
    missing = _missing_ways(a, begun)
    blocked = UNREACHABLE * sum(missing)
    yield "unassigned_cost", _sum(a["unassigned_cost"])
    yield "move_cost", _sum(a["move_cost"])
    yield "option_cost", _sum(_dearest_option(a, a["option_cost"]))
    yield "fixed_cost", _highest(a["fixed_cost"]) * tours
    if a["arc_cost"] is None:
        yield "cost_per_travel", _highest(a["cost_per_travel"]) * (roads.ticks * ways + blocked)
        yield "cost_per_m", _highest(a["cost_per_m"]) * (roads.metres * ways + blocked)
    else:
        yield "arc_cost", _highest(a["arc_cost"]) * ways
    yield "cost_per_parcel", _highest(a["cost_per_parcel"]) * legs
    effort = _sum(_dearest_option(a, a["option_effort"]))
    yield "cost_per_effort", _highest(a["cost_per_effort"]) * effort
    # Nobody waits once everything is open; who waits for another tour waits for its work.
    opened = max(_highest(a[name]) for name in ("on_duty", "pickup_opens", "option_opens"))
    opened = max(opened, _highest(a["frozen"].not_before))
    work = (roads.ticks + min(_highest(a["gate_entry"]), UNREACHABLE)) * ways
    work += _sum(a["pickup_service"]) + _sum(_dearest_option(a, a["option_service"]))
    work += _sum(a["after_gap"])
    links = int(_linked(a).sum())
    idle = opened - min(_lowest(a["on_duty"]), _lowest(a["left"]), 0)
    away = idle * tours + (work + blocked) * (1 + links)
    yield "cost_per_away", _highest(a["cost_per_away"]) * away
    yield "cost_over_allowance", _highest(a["cost_over_allowance"]) * away
    ends = [opened + work + UNREACHABLE * most + (work + blocked) * links for most in (*missing, 0)]
    yield "lateness_cost", _lateness(a, ends)


def _missing_ways(a: Fields, begun: BoolArray) -> list[int]:
    """Bound, by courier, the ways of a tour that do not exist: only commitments can lead there."""
    committed = _committed_to(a)
    legs = np.bincount(committed[committed >= 0], minlength=len(begun))
    missing: list[int] = np.where(begun | (legs > 0), 2 * legs + 1, 0).tolist()
    return missing if _highest(a["travel"]) >= UNREACHABLE else [0] * len(missing)


def _lateness(a: Fields, ends: Sequence[int]) -> int:
    """Bound the price of lateness, given the latest end of each courier's tour.

    Free legs start before they close.
    """
    committed = _committed_to(a).tolist()
    price = a["lateness_cost"].tolist()
    last = max(ends)
    worst = [0] * len(price)
    for leg, due, closes in zip(
        a["option_leg"].tolist(), a["option_due"].tolist(), a["option_closes"].tolist(), strict=True
    ):
        if price[leg]:
            latest = ends[committed[leg]] if committed[leg] >= 0 else min(closes, last)
            worst[leg] = max(worst[leg], latest - due)
    return sum(ticks * cost for ticks, cost in zip(worst, price, strict=True))


def _dearest_option(a: Fields, values: AnyArray) -> AnyArray:
    """(L,): the highest value among each leg's options."""
    if not len(values):
        return values
    starts = np.searchsorted(a["option_leg"], np.arange(len(a["pickup_place"])))
    dearest: AnyArray = np.maximum.reduceat(values, starts)
    return dearest


def _highest(values: AnyArray) -> int:
    return max(0, int(values.max())) if values.size else 0


def _lowest(values: AnyArray) -> int:
    return int(values.min()) if values.size else 0


def _sum(values: AnyArray) -> int:
    """Add up without an end: int64 could overflow."""
    top = _highest(values) * values.size
    return int(values.sum()) if top < MOST else sum(values.tolist())
