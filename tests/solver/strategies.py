"""Random small problems for Hypothesis, in every corner of the schema."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from dispatch.solver.arrays import FrozenStops, Lists, PostSteps
from dispatch.solver.problem import FOREVER, NOT_LEFT, UNREACHABLE, Problem, ProblemError

Draw = Callable[[st.SearchStrategy[Any]], Any]
Fields = dict[str, Any]

SHARED = ("frozen", "after_leg", "hubs", "posts", "pickups_first", "carried", "moves", "gates")
"""What a problem may have besides legs and couriers; each can be left out."""


@st.composite
def problems(
    draw: Draw,
    *,
    legs: int = 7,
    couriers: int = 4,
    places: int = 9,
    without: frozenset[str] = frozenset(),
) -> Problem:
    """Draw a problem.

    Parameters
    ----------
    draw : callable
        Hypothesis gives it.
    legs, couriers, places : int
        At most so many.
    without : frozenset of str
        Names of `SHARED` that are left out.

    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    legs, couriers, places = (int(draw(st.integers(1, top))) for top in (legs, couriers, places))
    parts = {part for part in SHARED if part not in without and draw(st.booleans())}
    if draw(st.booleans()):
        parts.add("arc_cost")
    problem = drawn(rng, legs, couriers, places, parts)
    assume(problem is not None)
    assert problem is not None
    return problem


def drawn(
    rng: np.random.Generator, legs: int, couriers: int, places: int, parts: Collection[str]
) -> Problem | None:
    """Draw a problem of a given size.

    Parameters
    ----------
    rng : numpy.random.Generator
        What chance there is.
    legs, couriers, places : int
        How many.
    parts : collection of str
        Names of `SHARED`, and "arc_cost".

    Returns
    -------
    Problem or None
        None where frozen stops would wait for each other; all else is drawn right.

    """
    points = _ints(rng, 0, 60, (places, 2))
    way = np.abs(points[:, None] - points[None]).sum(axis=2)
    travel = np.stack([way, 2 * way]).astype(np.int32)
    travel[rng.random(travel.shape) < 0.03] = UNREACHABLE
    fields = {
        "travel": travel,
        "distance_m": np.stack([way, way]).astype(np.int32),
        **_legs(rng, legs, couriers, places),
        **_couriers(rng, couriers, places),
    }
    if "arc_cost" in parts:
        fields["arc_cost"] = _ints(rng, 0, 500, travel.shape)
    # In this order: what is frozen or linked depends on the drop-offs.
    for part in SHARED[::-1]:
        if part in parts:
            _ADD[part](rng, fields)
    fields["count"] = np.where(_personal(fields), 1, _ints(rng, 1, 2, couriers))
    try:
        return Problem(**fields)
    except ProblemError as error:
        if {field for field, _ in error.faults} <= {"frozen", "after_leg"}:
            return None
        raise


def _ints(rng: np.random.Generator, low: int, high: int, size: Any) -> Any:
    return rng.integers(low, high + 1, size)


def _maybe(rng: np.random.Generator, share: float, yes: Any, no: Any) -> Any:
    return np.where(rng.random(np.shape(yes)) < share, yes, no)


def _legs(rng: np.random.Generator, legs: int, couriers: int, places: int) -> Fields:
    option_leg = np.repeat(np.arange(legs), _ints(rng, 1, 2, legs))
    options = len(option_leg)
    committed = _maybe(rng, 0.25, _ints(rng, 0, couriers - 1, legs), -1)
    carried = (committed >= 0) & (rng.random(legs) < 0.5)
    opens = _ints(rng, -20, 60, legs)
    option_opens = _ints(rng, -20, 80, options)
    closes = option_opens + _ints(rng, 0, 150, options)
    return {
        "pickup_place": np.where(
            carried, -1, _maybe(rng, 0.9, _ints(rng, 0, places - 1, legs), -1)
        ),
        "on_board": np.where(carried, committed, -1),
        "must_courier": np.where(carried, -1, committed),
        "pickup_opens": opens,
        "pickup_closes": opens + _ints(rng, 0, 150, legs),
        "pickup_service": _ints(rng, 0, 5, legs),
        "barred": Lists.of(
            [np.flatnonzero(rng.random(couriers) < 0.1).tolist() for _ in range(legs)]
        ),
        "load": _ints(rng, 0, 4, (legs, 2)),
        "leg_skills": _maybe(rng, 0.3, _ints(rng, 0, 3, legs), 0).astype(np.uint64),
        "unassigned_cost": _ints(rng, 0, 20_000, legs),
        "lateness_cost": _ints(rng, 0, 50, legs),
        "option_leg": option_leg,
        "option_place": _ints(rng, 0, places - 1, options),
        "option_opens": option_opens,
        "option_due": closes - _ints(rng, 0, 100, options),
        "option_closes": closes,
        "option_service": _ints(rng, 0, 5, options),
        "option_cost": _ints(rng, 0, 300, options),
        "option_effort": _ints(rng, 0, 9, options),
    }


def _couriers(rng: np.random.Generator, couriers: int, places: int) -> Fields:
    on_duty = _ints(rng, 0, 30, couriers)
    start = _ints(rng, 0, places - 1, couriers)
    left = _maybe(rng, 0.2, -_ints(rng, 0, 40, couriers), NOT_LEFT)
    return {
        "start_place": np.where(left <= 0, start, _maybe(rng, 0.8, start, -1)),
        "end_place": _maybe(rng, 0.7, _ints(rng, 0, places - 1, couriers), -1),
        "on_duty": on_duty,
        "off_duty": on_duty + _ints(rng, 20, 300, couriers),
        "left": left,
        "leash": _maybe(rng, 0.7, _ints(rng, 20, 200, couriers), FOREVER),
        "allowance": _ints(rng, 0, 100, couriers),
        "cost_over_allowance": _maybe(rng, 0.5, _ints(rng, 0, 30, couriers), 0),
        "return_reserve_permille": _maybe(rng, 0.3, _ints(rng, 0, 500, couriers), 0),
        "capacity": _ints(rng, 3, 12, (couriers, 2)),
        "most_parcels": _ints(rng, 1, 4, couriers),
        "mode": _ints(rng, 0, 1, couriers),
        "courier_skills": _ints(rng, 0, 3, couriers).astype(np.uint64),
        "fixed_cost": _ints(rng, 0, 500, couriers),
        "cost_per_travel": _ints(rng, 0, 20, couriers),
        "cost_per_away": _ints(rng, 0, 20, couriers),
        "cost_per_m": _ints(rng, 0, 5, couriers),
        "cost_per_parcel": _ints(rng, 0, 100, couriers),
        "cost_per_effort": _ints(rng, 0, 10, couriers),
    }


def _add_gates(rng: np.random.Generator, fields: Fields) -> None:
    fields["place_gate"] = _ints(rng, -1, 1, fields["travel"].shape[1])
    fields["access"] = _ints(rng, 0, 1, len(fields["on_duty"]))
    fields["gate_entry"] = _maybe(rng, 0.7, _ints(rng, 0, 20, (2, 2)), -1)


def _add_moves(rng: np.random.Generator, fields: Fields) -> None:
    legs, couriers = len(fields["pickup_place"]), len(fields["on_duty"])
    fields["seen_courier"] = _ints(rng, -1, couriers - 1, legs)
    fields["move_cost"] = _ints(rng, 0, 2000, legs)


def _add_carried(rng: np.random.Generator, fields: Fields) -> None:
    """Let some loads be carried to the tour's end."""
    fields["option_place"] = _maybe(rng, 0.7, fields["option_place"], -1)


def _add_pickups_first(rng: np.random.Generator, fields: Fields) -> None:
    fields["pickups_first"] = rng.random(len(fields["on_duty"])) < 0.5


def _add_posts(rng: np.random.Generator, fields: Fields) -> None:
    posts = int(_ints(rng, 1, 2, ()))
    fields["post"] = _ints(rng, -1, posts - 1, len(fields["on_duty"]))
    steps = [np.unique(_ints(rng, -10, 150, int(_ints(rng, 0, 3, ())))) for _ in range(posts)]
    starts_at = np.concatenate(steps)
    fields["post_steps"] = PostSteps(
        indptr=np.cumsum([0, *map(len, steps)]),
        starts_at=starts_at.astype(np.int64),
        most_away=_ints(rng, 0, 2, len(starts_at)),
    )


def _add_hubs(rng: np.random.Generator, fields: Fields) -> None:
    fields["hub_slots_free"] = _ints(rng, 0, 2, (2, 2))
    fields["option_hub"] = _ints(rng, -1, 1, len(fields["option_leg"]))
    fields["leg_size"] = _ints(rng, 0, 1, len(fields["pickup_place"]))


def _add_links(rng: np.random.Generator, fields: Fields) -> None:
    """Link some pairs: the first one's drop-offs lie, more or less, where the second starts."""
    legs = len(fields["pickup_place"])
    after = np.full(legs, -1)
    options = len(fields["option_leg"])
    hub = np.array(fields.get("option_hub", np.full(options, -1)))
    place = np.array(fields["option_place"])
    committed = np.maximum(fields["on_board"], fields["must_courier"])
    order = rng.permutation(legs).tolist()
    for before, leg in zip(order[::2], order[1::2], strict=False):
        if fields["pickup_place"][leg] < 0 or rng.random() < 0.2:
            continue
        own = np.flatnonzero(fields["option_leg"] == before)
        at_hub = own if committed[leg] >= 0 else own[rng.random(len(own)) < 0.8]
        if committed[leg] >= 0 > committed[before]:
            continue
        after[leg] = before
        # Enough time for both, mostly, or hardly any pair would ever be served.
        later = int(_maybe(rng, 0.8, 200, 0))
        fields["pickup_closes"][leg] += later
        fields["option_closes"][fields["option_leg"] == leg] += later
        place[at_hub] = fields["pickup_place"][leg]
        hub[at_hub] = _ints(rng, 0, 1, len(at_hub))
    fields["after_leg"], fields["option_hub"], fields["option_place"] = after, hub, place
    fields["after_gap"] = _ints(rng, 0, 20, legs)
    if (hub >= 0).any() and "hub_slots_free" not in fields:
        fields["hub_slots_free"] = _ints(rng, 0, 3, (2, 1))


def _add_frozen(rng: np.random.Generator, fields: Fields) -> None:
    """Let some tours begin with some of what their couriers have, or with what is free."""
    owner = np.maximum(fields["on_board"], fields["must_courier"]).tolist()
    after: list[int] = np.array(fields.get("after_leg", np.full(len(owner), -1))).tolist()
    rows: list[list[tuple[int, int, int, int]]] = []
    for courier in range(len(fields["on_duty"])):
        row: list[tuple[int, int, int, int]] = []
        for leg in rng.permutation(len(owner)).tolist() if rng.random() < 0.5 else []:
            is_linked_later = after[leg] >= 0 and owner[leg] < 0
            is_free = owner[leg] < 0 and rng.random() < 0.2 and not is_linked_later
            if (owner[leg] != courier and not is_free) or rng.random() < 0.3:
                continue
            owner[leg] = courier
            pickup = (leg, 0, -1, int(_ints(rng, -20, 60, ())))
            option = int(rng.choice(np.flatnonzero(fields["option_leg"] == leg)))
            dropoff = (leg, 1, option, int(_ints(rng, -20, 60, ())))
            has_pickup = fields["pickup_place"][leg] >= 0
            at = int(_ints(rng, 0, len(row), ()))
            if has_pickup:
                row.insert(at, pickup)
            if not has_pickup or rng.random() < 0.5:
                row.insert(int(_ints(rng, at + has_pickup, len(row), ())), dropoff)
        rows.append(row)
    stops = [stop for row in rows for stop in row]
    columns = np.array(stops, np.int64).reshape(-1, 4).T
    fields["frozen"] = FrozenStops(np.cumsum([0, *map(len, rows)]), *columns)


def _personal(fields: Fields) -> Any:
    """(C,): who cannot be one of several."""
    personal = (fields["left"] <= 0) | (fields.get("post", np.array(-1)) >= 0)
    for owner in (fields["on_board"], fields["must_courier"]):
        personal[owner[owner >= 0]] = True
    if "frozen" in fields:
        personal |= np.diff(fields["frozen"].indptr) > 0
    return personal


_ADD: dict[str, Callable[[np.random.Generator, Fields], None]] = {
    "gates": _add_gates,
    "moves": _add_moves,
    "carried": _add_carried,
    "pickups_first": _add_pickups_first,
    "posts": _add_posts,
    "hubs": _add_hubs,
    "after_leg": _add_links,
    "frozen": _add_frozen,
}
