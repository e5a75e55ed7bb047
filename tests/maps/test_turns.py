from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest

from maps.kernel.entries import Ints
from maps.turns import Ban, Junctions, States, states_of

Walk = tuple[int, ...]


def _town(ends: Sequence[tuple[int, int]], *, turns_back: bool = True) -> Junctions:
    """Return junctions where every road is open both ways and everybody remembers roads."""
    tail = np.array([node for a, b in ends for node in (a, b)])
    head = np.array([node for a, b in ends for node in (b, a)])
    arcs = len(tail)
    return Junctions(
        tail=tail,
        head=head,
        is_open=np.ones(arcs, dtype=np.bool_),
        expanded=np.ones(int(tail.max()) + 1, dtype=np.bool_),
        turns_back=np.full(arcs, turns_back),
    )


def _free(before: Ints, _: Ints) -> Ints:
    return np.zeros_like(before)


def _dear(before: Ints, after: Ints) -> Ints:
    return 100 * before + after


def _driven(states: States, length: int) -> set[Walk]:
    """Return all walks of so many arcs that the states allow, from anywhere without memory."""
    moves: dict[int, list[tuple[int, int]]] = {}
    for origin, target, arc in zip(
        states.origin.tolist(), states.target.tolist(), states.arc.tolist(), strict=True
    ):
        moves.setdefault(origin, []).append((target, arc))
    at: set[tuple[int, Walk]] = {(int(state), ()) for state in states.begin}
    for _ in range(length):
        at = {(target, (*walk, arc)) for state, walk in at for target, arc in moves.get(state, [])}
    return {walk for _, walk in at}


def _allowed(junctions: Junctions, bans: Sequence[Ban], length: int) -> set[Walk]:
    """Return the same by trying all sequences; the last arc needs a way on as well."""
    arcs = np.flatnonzero(junctions.is_open).tolist()
    walks: set[Walk] = {(arc,) for arc in arcs}
    for _ in range(length):
        walks = {
            (*walk, arc)
            for walk, arc in product(walks, arcs)
            if junctions.head[walk[-1]] == junctions.tail[arc]
            and (arc != walk[-1] ^ 1 or junctions.turns_back[walk[-1]])
            and not any((*walk, arc)[-len(ban) :] == ban for ban in bans)
        }
    return {walk[:-1] for walk in walks}


TRIANGLE = ((0, 1), (1, 2), (2, 0))
SQUARE = ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2))


@pytest.mark.parametrize(
    "bans",
    [
        [],
        [(0, 2)],
        [(0, 2, 4)],
        [(0, 2, 4), (2, 4, 0)],
        [(0, 2, 4, 0), (2, 4, 1)],
        [(0, 2, 4), (0, 2)],
        [(0, 2, 4, 0), (0, 2, 4)],
        [(0, 2, 4, 0), (4, 0, 2, 5), (2, 4)],
        [(0, 2, 4, 0, 2), (4, 0, 2, 3), (2, 4, 0, 1)],
        # Whoever breaks off one ban may be in the middle of another.
        [(0, 2, 4, 0), (2, 4, 5), (4, 5, 4)],
    ],
)
@pytest.mark.parametrize("turns_back", [True, False])
@pytest.mark.parametrize("ends", [TRIANGLE, SQUARE])
def test_what_may_be_driven_is_what_no_ban_forbids(
    ends: Sequence[tuple[int, int]],
    turns_back: bool,  # noqa: FBT001
    bans: list[Ban],
) -> None:
    """All walks of six roads, with bans that overlap, hold and begin inside each other."""
    town = _town(ends, turns_back=turns_back)
    length = 6 if ends is TRIANGLE else 5
    assert _driven(states_of(town, bans, _free), length) == _allowed(town, bans, length)


def test_random_bans_are_all_kept() -> None:
    """Forty bans of two to five roads, drawn without sense, in a square with a diagonal."""
    town = _town(SQUARE)
    rng = np.random.default_rng(3)
    for _ in range(20):
        walks = sorted(_allowed(town, [], 5))
        chosen = rng.choice(len(walks), size=8, replace=False)
        bans = [
            walks[i][: int(size)] for i, size in zip(chosen, rng.integers(2, 6, 8), strict=True)
        ]
        found = _driven(states_of(town, bans, _free), 6)
        assert found == _allowed(town, bans, 6)


def test_turning_back_is_for_those_who_may() -> None:
    """At the end of one arc only."""
    town = _town(TRIANGLE, turns_back=False)
    town.turns_back[2] = True
    walks = _driven(states_of(town, [], _free), 2)
    assert {walk for walk in walks if walk[1] == walk[0] ^ 1} == {(2, 3)}


def test_a_closed_arc_is_never_driven() -> None:
    """A one-way street has one arc; nothing turns into the other."""
    town = _town(TRIANGLE)
    town.is_open[1] = False
    states = states_of(town, [], _free)
    assert 1 not in states.arc.tolist()
    assert _driven(states, 3) == _allowed(town, [], 3)


def test_every_move_carries_the_turn_at_its_end() -> None:
    """Also out of the states that remember."""
    states = states_of(_town(TRIANGLE), [(0, 2, 4, 0)], _dear)
    owner = np.repeat(np.arange(6), np.diff(states.arc_first))
    arc_of = dict(zip(states.arc_state.tolist(), owner.tolist(), strict=True))
    assert len(arc_of) == 6 + 2
    for origin, target, arc, turn in zip(
        states.origin, states.target, states.arc, states.turn_ms, strict=True
    ):
        assert arc_of[int(origin)] == arc
        assert turn == 100 * arc + arc_of[int(target)]


def test_where_nothing_is_remembered_a_state_is_a_junction() -> None:
    """People on foot: three junctions, six moves, no turns."""
    town = _town(TRIANGLE)
    town.expanded[:] = False
    states = states_of(town, [], _dear)
    assert set(states.origin.tolist()) == {0, 1, 2}
    assert len(states.arc) == 6
    assert not states.turn_ms.any()


def test_one_junction_alone_may_remember() -> None:
    """A bicycle's ban expands the junction inside it and no other; both sorts join up."""
    town = _town(SQUARE)
    town.expanded[:] = False
    town.expanded[1] = True
    ban = (0, 2)
    found = _driven(states_of(town, [ban], _free), 5)
    everything = _driven(states_of(_town(SQUARE), [], _free), 5)
    assert found == {walk for walk in everything if ban not in pairwise(walk)}
