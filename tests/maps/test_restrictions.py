from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from maps.network import ALWAYS, RoadNetwork
from maps.profiles import MODES
from maps.reading.hours import DAY_MIN

Draw = Callable[..., Any]

CROSS = """
      N
      |
   W--X--E
      |
      S
"""
WHEELS = ("bicycle", "ebike", "car")


def _letters(drawing: Any, network: RoadNetwork) -> list[str]:
    """Return the letter of each node of the network."""
    names = sorted(drawing.cells)
    return [names[int(osm_id) - 1] for osm_id in network.node_id]


def _bans(drawing: Any, mode: str = "car") -> set[str]:
    """Return each ban of a mode as the nodes that it passes."""
    network = drawing.network()
    names = _letters(drawing, network)
    found: set[str] = set()
    for ban in range(len(network.ban_start) - 1):
        if not network.ban_mode[ban, MODES.index(mode)]:
            continue
        arcs = network.ban_arc[network.ban_start[ban] : network.ban_start[ban + 1]].tolist()
        ends = [
            (network.tail[arc >> 1], network.head[arc >> 1])[:: -1 if arc & 1 else 1]
            for arc in arcs
        ]
        assert all(before[1] == after[0] for before, after in pairwise(ends))
        found.add("".join(names[int(node)] for node in (ends[0][0], *(end[1] for end in ends))))
    return found


def _ignored(drawing: Any) -> dict[str, int]:
    lead = "turn restrictions ignored: "
    repairs = drawing.network().repairs
    return {why.removeprefix(lead): n for why, n in repairs.items() if why.startswith(lead)}


def test_no_bans_one_turn_for_wheels(draw: Draw) -> None:
    """A forbidden left turn binds cars, bicycles and e-bikes, nobody on foot, nothing else."""
    drawing = draw(CROSS, turns=[("SX", "X", "WX", "no_left_turn")])
    for mode in WHEELS:
        assert _bans(drawing, mode) == {"SXW"}
    assert _bans(drawing, "foot") == set()
    assert drawing.network().ban_minute.tolist() == [list(ALWAYS)]


def test_only_bans_all_other_ways_on(draw: Draw) -> None:
    """A commanded direction leaves that one and, for dead ends to judge, the way back."""
    drawing = draw(CROSS, turns=[("SX", "X", "NX", "only_straight_on")])
    assert _bans(drawing) == {"SXW", "SXE"}


def test_ways_drawn_the_other_way_round_are_the_same(draw: Draw) -> None:
    """Which end of a way the via node is makes no difference."""
    drawing = draw(CROSS, ways={"XS": {}, "XW": {}}, turns=[("XS", "X", "XW", "no_left_turn")])
    assert _bans(drawing) == {"SXW"}


@pytest.mark.parametrize(
    ("tags", "bound"),
    [
        ({"restriction": "no_left_turn", "except": "bicycle"}, {"car"}),
        ({"restriction": "no_left_turn", "except": "psv;motorcar"}, {"bicycle", "ebike"}),
        ({"restriction": "no_left_turn", "except": "psv"}, set(WHEELS)),
        ({"restriction:motorcar": "no_left_turn"}, {"car"}),
        ({"restriction:motor_vehicle": "no_left_turn"}, {"car"}),
        ({"restriction:bicycle": "no_left_turn"}, {"bicycle", "ebike"}),
        ({"restriction": "no_left_turn", "restriction:bicycle": "none"}, {"car"}),
        ({"restriction:hgv": "no_left_turn"}, set()),
        ({"restriction": "no_left_turn", "except": "vehicle"}, set()),
    ],
)
def test_a_restriction_names_whom_it_binds(
    draw: Draw, tags: dict[str, str], bound: set[str]
) -> None:
    """Keys of a mode and ``except`` are heard; an e-bike is a bicycle to them."""
    drawing = draw(CROSS, turns=[("SX", "X", "WX", tags)])
    assert {mode for mode in MODES if _bans(drawing, mode)} == bound


def test_hours_make_a_ban_for_each_span(draw: Draw) -> None:
    """A conditional restriction of plain hours holds within them."""
    tags = {"restriction:conditional": "no_left_turn @ (Mo 07:00-09:00,17:00-19:00)"}
    network = draw(CROSS, turns=[("SX", "X", "WX", tags)]).network()
    assert network.ban_minute.tolist() == [[420, 540], [1020, 1140]]


def test_other_conditions_are_counted(draw: Draw) -> None:
    """A restriction that holds in the rain is no ban; both counts say so."""
    tags = {"restriction:conditional": "no_left_turn @ (wet)"}
    network = draw(CROSS, turns=[("SX", "X", "WX", tags)]).network()
    assert len(network.ban_start) == 1
    assert network.repairs == {
        "conditions ignored: weather": 1,
        "turn restrictions ignored: nothing for our modes that holds in plain hours": 1,
    }


def test_a_u_turn_within_one_way(draw: Draw) -> None:
    """No U-turn from a way into itself bans turning back at the via node, and no more."""
    drawing = draw("A--B--C", turns=[("AB", "B", "AB", "no_u_turn")])
    assert _bans(drawing) == {"ABA"}


def test_a_u_turn_between_two_carriageways(draw: Draw) -> None:
    """A U-turn over the piece between them is banned as a whole, its parts are not."""
    drawing = draw(
        """
        A>>B>>C
           |
        D<<E<<F
        """,
        turns=[("AB", "BE", "ED", "no_u_turn")],
    )
    assert _bans(drawing) == {"ABED"}


def test_a_via_way_may_be_several_edges_long(draw: Draw) -> None:
    """The ban follows the via way over the junctions inside it."""
    drawing = draw(
        """
        A--B--C--D--E
              |
              F
        """,
        ways={"BCD": {}},
        turns=[("AB", "BCD", "DE", "no_straight_on")],
    )
    assert _bans(drawing) == {"ABCDE"}


def test_a_via_way_with_a_hole_bans_nothing(draw: Draw) -> None:
    """Nobody drives over a node that the file does not have."""
    drawing = draw(
        "A--B--C--D--E--F--G",
        ways={"BCDEF": {}},
        turns=[("AB", "BCDEF", "FG", "no_straight_on")],
    )
    assert _bans(drawing) == {"ABFG"}
    rows = drawing.path.read_text().split("\n")
    drawing.path.write_text("\n".join(row for row in rows if '<node id="4"' not in row))
    assert _bans(drawing) == set()
    assert _ignored(drawing) == {"the via ways do not lead from the from to the to": 1}


def test_via_ways_may_come_in_any_order(draw: Draw) -> None:
    """Several via ways are put together by where they meet."""
    drawing = draw(
        """
        A--B--C--D--E
              |
              F
        """,
        turns=[("AB", "CD,BC", "DE", "no_straight_on")],
    )
    assert _bans(drawing) == {"ABCDE"}


def test_only_over_a_via_way_commands_every_junction(draw: Draw) -> None:
    """One has to enter the via way, stay on it and leave it where it says."""
    drawing = draw(
        """
           G     H
           |     |
        A--B--C--D--E
              |
              F
        """,
        ways={"BCD": {}},
        turns=[("AB", "BCD", "DE", "only_straight_on")],
    )
    assert _bans(drawing) == {"ABG", "ABCF", "ABCDH"}


def test_no_entry_and_no_exit_have_several_members(draw: Draw) -> None:
    """Each from, or each to, makes a ban of its own."""
    no_entry = draw(CROSS, turns=[("SX,NX", "X", "WX", "no_entry")])
    assert _bans(no_entry) == {"SXW", "NXW"}
    no_exit = draw(CROSS, turns=[("SX", "X", "WX,NX", "no_exit")])
    assert _bans(no_exit) == {"SXW", "SXN"}


def test_a_split_that_left_two_members_is_no_harm(draw: Draw) -> None:
    """Of two from ways the one that meets the via node counts."""
    drawing = draw("A--B--X--C", turns=[("AB,BX", "X", "CX", "no_straight_on")])
    assert _bans(drawing) == {"BXC"}


def test_a_way_that_passes_the_via_counts_if_one_way(draw: Draw) -> None:
    """One direction leaves nothing to guess; two do, and the restriction is ignored."""
    turn = ("SXN", "X", "WX", "no_left_turn")
    one_way = draw(CROSS, ways={"SXN": {"oneway": "yes"}}, turns=[turn])
    assert _bans(one_way) == {"SXW"}
    assert _bans(one_way, "bicycle") == {"SXW"}
    both = draw(CROSS, ways={"SXN": {}}, turns=[turn])
    assert _bans(both) == set()
    assert _ignored(both) == {"a way is not split at the via node": 1}


def test_each_mode_is_judged_by_its_own_directions(draw: Draw) -> None:
    """Contraflow makes the passing way ambiguous to bicycles, not to cars."""
    tags = {"oneway": "yes", "oneway:bicycle": "no"}
    drawing = draw(CROSS, ways={"SXN": tags}, turns=[("SXN", "X", "WX", "no_left_turn")])
    assert _bans(drawing) == {"SXW"}
    assert _bans(drawing, "bicycle") == set()


@pytest.mark.parametrize(
    ("turn", "why"),
    [
        (("SX", "", "WX", "no_left_turn"), "no from, via or to"),
        (("", "X", "WX", "no_left_turn"), "no from, via or to"),
        (("SX", "X,N", "WX", "no_left_turn"), "more than one via node"),
        (("SX", "X", "WX", "give_way"), "unknown kind"),
        (("SX", "N", "WX", "no_left_turn"), "the via node is not where its ways meet"),
        (("SX", "EX", "WX", "no_u_turn"), "the via ways do not lead from the from to the to"),
        (
            ("SX", "X", "WX", {"restriction:hgv": "no_left_turn"}),
            "nothing for our modes that holds in plain hours",
        ),
    ],
)
def test_a_broken_restriction_is_counted_by_its_reason(
    draw: Draw, turn: tuple[str, ...], why: str
) -> None:
    """What cannot be understood bans nothing, and the map says how often and why."""
    drawing = draw(CROSS, turns=[turn])
    assert _ignored(drawing) == {why: 1}
    assert len(drawing.network().ban_start) == 1


def test_a_missing_way_is_counted(draw: Draw) -> None:
    """A member that is closed or was cut off by the extract leaves no ban."""
    drawing = draw(CROSS, ways={"WX": {"access": "no"}}, turns=[("SX", "X", "WX", "no_left_turn")])
    assert _ignored(drawing) == {"a way is missing or no road": 1}


def test_a_turn_that_nobody_could_make_is_counted(draw: Draw) -> None:
    """A ban of turning into a one-way street against its direction adds nothing."""
    drawing = draw(CROSS, ways={"WX": {"oneway": "yes"}}, turns=[("SX", "X", "WX", "no_left_turn")])
    assert _ignored(drawing) == {"nobody could drive that anyway": 1}


def test_a_command_that_cannot_be_obeyed_binds_nobody(draw: Draw) -> None:
    """Cars sent onto a footpath by mistake would otherwise be stuck."""
    drawing = draw(
        CROSS, ways={"NX": {"highway": "footway"}}, turns=[("SX", "X", "NX", "only_straight_on")]
    )
    assert _bans(drawing) == set()
    assert _bans(drawing, "bicycle") == {"SXW", "SXE"}


def test_the_same_ban_twice_is_one(draw: Draw) -> None:
    """Two relations for two modes become one ban that binds both."""
    drawing = draw(
        CROSS,
        turns=[
            ("SX", "X", "WX", {"restriction:motorcar": "no_left_turn"}),
            ("SX", "X", "WX", {"restriction:bicycle": "no_left_turn"}),
        ],
    )
    network = drawing.network()
    assert len(network.ban_start) == 2
    assert network.ban_mode[0].tolist() == [False, True, True, True]


def test_a_road_open_by_the_hour_may_be_in_a_ban(draw: Draw) -> None:
    """A turn into a road that is closed but for some hours is banned in them too."""
    tags = {"access": "no", "access:conditional": "yes @ (Mo 00:00-24:00)"}
    drawing = draw(CROSS, ways={"WX": tags}, turns=[("SX", "X", "WX", "no_left_turn")])
    assert _bans(drawing) == {"SXW"}
    assert drawing.network().hours_minute.tolist() == [[0, DAY_MIN]]
