"""Our own files: every field there and back, and what is refused."""

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dispatch.solver.arrays import FrozenStops, Lists, PostSteps, ProblemError
from dispatch.solver.formats import antmile
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.problem import Problem

Street = Callable[..., Problem]


@pytest.fixture
def everything(street: Street) -> Problem:
    """Use every field, none of them neutral."""
    return street(
        [0, 10, 20, 30, 40],
        arc_cost=np.arange(25).reshape(1, 5, 5),
        place_gate=[-1, 0, -1, 0, 1],
        access=[0, 1],
        gate_entry=[[3, 4], [5, -1]],
        pickup_place=[1, -1, 2],
        on_board=[-1, 1, -1],
        pickup_opens=[5, 0, 6],
        pickup_closes=[50, 60, 70],
        pickup_service=[1, 2, 3],
        must_courier=[0, -1, -1],
        barred=Lists.of([[], [], [1]]),
        after_leg=[-1, -1, 0],
        after_gap=[0, 0, 9],
        load=[[1, 2], [3, 4], [5, 6]],
        leg_size=[0, 1, 0],
        leg_skills=[1, 2**63, 0],
        courier_skills=[3, 2**64 - 1],
        unassigned_cost=[100, 200, 300],
        lateness_cost=[1, 2, 3],
        seen_courier=[0, -1, 1],
        move_cost=[7, 0, 8],
        option_leg=[0, 1, 1, 2],
        option_place=[2, 3, 4, -1],
        option_opens=[0, 1, 2, 3],
        option_due=[40, 41, 42, 43],
        option_closes=[90, 91, 92, 93],
        option_service=[4, 5, 6, 7],
        option_cost=[1, 2, 3, 4],
        option_hub=[0, -1, 1, -1],
        option_effort=[9, 8, 7, 6],
        start_place=[0, 0],
        end_place=[-1, 4],
        on_duty=[1, 2],
        off_duty=[500, 600],
        left=[1, -3],
        leash=[300, 310],
        allowance=[200, 210],
        cost_over_allowance=[11, 12],
        return_reserve_permille=[13, 14],
        capacity=[[20, 30], [40, 50]],
        most_parcels=[9, 10],
        mode=[0, 0],
        pickups_first=[True, False],
        fixed_cost=[15, 16],
        cost_per_travel=[1, 2],
        cost_per_away=[3, 4],
        cost_per_m=[5, 6],
        cost_per_parcel=[7, 8],
        cost_per_effort=[9, 10],
        frozen=FrozenStops(
            indptr=np.array([0, 1, 1]),
            leg=np.array([0]),
            action=np.array([0]),
            option=np.array([-1]),
            not_before=np.array([12]),
        ),
        hub_slots_free=[[1, 2], [3, 4]],
        post=[0, 1],
        post_steps=PostSteps(
            indptr=np.array([0, 2, 2]), starts_at=np.array([0, 50]), most_away=np.array([1, 0])
        ),
    )


@pytest.fixture
def small(street: Street) -> dict[str, Any]:
    """One leg and one courier, as JSON has them."""
    problem = street(
        [0, 10, 20], pickup_place=[1], option_place=[2], start_place=[0], end_place=[0]
    )
    value: dict[str, Any] = json.loads(antmile.write(problem))
    return value


def test_every_field_comes_back(everything: Problem) -> None:
    """JSON and .npz make the same problem again."""
    text = antmile.write(everything)
    assert antmile.read(text).digest() == everything.digest()
    assert antmile.read_npz(antmile.write_npz(everything)).digest() == everything.digest()
    assert json.loads(text)["frozen"] == [[[0, 0, -1, 12]], []]
    assert json.loads(text)["post_steps"] == [[[0, 1], [50, 0]], []]
    assert json.loads(text)["barred"] == [[], [], [1]]


def test_neutral_fields_are_left_out(small: dict[str, Any]) -> None:
    """A plain problem is a short file."""
    assert set(small) == {
        "travel",
        "distance_m",
        "pickup_place",
        "option_leg",
        "option_place",
        "start_place",
        "end_place",
    }


@pytest.mark.parametrize(("legs", "couriers"), [(0, 0), (0, 2), (3, 0), (1, 1)])
def test_nothing_to_do_or_nobody_to_do_it_comes_back(
    street: Street, legs: int, couriers: int
) -> None:
    """Zero legs, zero couriers and one of each are problems."""
    loads = {"load": np.full((legs, 2), 1), "capacity": np.full((couriers, 2), 9)}
    problem = street(
        [0, 5],
        pickup_place=[0] * legs,
        option_place=[1] * legs,
        start_place=[0] * couriers,
        end_place=[1] * couriers,
        **(loads if legs or couriers else {}),
    )
    assert antmile.read(antmile.write(problem)).digest() == problem.digest()
    assert antmile.read_npz(antmile.write_npz(problem)).digest() == problem.digest()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("colour", [1], "colour: unknown key"),
        ("travel", None, "travel: is missing"),
        ("travel", [[[0, 1], [1, 0]], [[0, 1]]], "travel[1]: 1 values, expected 2"),
        ("travel", [[[0, 1, 2], [1, 0], [2, 1, 0]]], "travel[0][1]: 2 values, expected 3"),
        ("travel", [[[0, float("nan")], [1, 0]]], "travel[0][0][1]: NaN is not a whole number"),
        ("travel", [[[0, 1.5], [1, 0]]], "travel[0][0][1]: 1.5 is not a whole number"),
        ("travel", 5, "travel: expected a list, found 5"),
        ("pickup_place", [True], "pickup_place[0]: expected a whole number, found true"),
        ("pickup_place", [2**64], "pickup_place[0]: 18446744073709551616 is more than"),
        ("pickup_place", [10**400], "pickup_place[0]: "),
        ("pickups_first", [2], "pickups_first[0]: 2 is more than 1"),
        ("frozen", [[[0, 0, -1]]], "frozen[0][0]: 3 numbers, expected leg, action"),
        ("post_steps", [[5]], "post_steps[0][0]: expected a list, found 5"),
        ("barred", [0], "barred[0]: expected a list, found 0"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(
    small: dict[str, Any], name: str, value: object, fault: str
) -> None:
    """Unknown, missing, ragged, not whole, not a list: each by its place."""
    small[name] = value
    with pytest.raises(FormatError) as error:
        antmile.read(json.dumps(small))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("travel", [[[0, -1, 2], [1, 0, 3], [2, 3, 0]]]),
        ("travel", [[[0, 2**31, 2], [1, 0, 3], [2, 3, 0]]]),
        ("travel", [[[0, 1], [1, 0]]]),
        ("start_place", [0, 0]),
        ("unassigned_cost", [2**62]),
        ("leg_skills", [-1]),
        ("option_leg", [0, 0]),
        ("barred", [[], []]),
        ("pickup_place", [-1, 2**63]),
    ],
)
def test_what_is_no_problem_is_refused_by_field(
    small: dict[str, Any], name: str, value: object
) -> None:
    """Negative, beyond its bits, of another size: the problem itself says so."""
    small[name] = value
    with pytest.raises(ProblemError, match=r"must be|shape|indptr|fit|wanted|option"):
        antmile.read(json.dumps(small))


def test_an_npz_is_read_as_strictly(everything: Problem) -> None:
    """Unknown names, fractions, half a field, no archive, half an archive."""
    content = antmile.write_npz(everything)
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    for change, fault in (
        ({"colour": np.zeros(1, int)}, "colour: unknown key"),
        ({"load": np.zeros((3, 2))}, "load: holds float64, wanted whole numbers"),
        ({"frozen.leg": None}, "frozen: frozen.leg is missing"),
        ({"travel": None}, "travel: is missing"),
        ({"barred": np.zeros(1, int)}, "barred: unknown key"),
        ({"load": np.array([{}])}, "load: is no array of numbers"),
    ):
        sink = io.BytesIO()
        changed: dict[str, Any] = {**arrays, **change}
        np.savez(sink, **{name: array for name, array in changed.items() if array is not None})
        with pytest.raises(FormatError) as error:
            antmile.read_npz(sink.getvalue())
        assert fault in error.value.faults
    for cut in (b"", b"no archive", content[: len(content) // 2], content[:-1]):
        with pytest.raises(FormatError, match="the file"):
            antmile.read_npz(cut)


PLACES = [[60.17, 24.94], [60.18, 24.95], [60.19, 24.96]]


@pytest.fixture
def three_places(street: Street) -> Problem:
    """One leg, carried from the second place to the third."""
    return street([0, 10, 20], pickup_place=[1], option_place=[2], start_place=[0], end_place=[0])


def test_places_are_handed_through_and_change_no_problem(three_places: Problem) -> None:
    """In JSON and in .npz; who only wants the problem does not see them."""
    places, digest = np.array(PLACES), three_places.digest()
    text, archive = antmile.write(three_places, places), antmile.write_npz(three_places, places)
    for problem, found in (antmile.read_placed(text), antmile.read_npz_placed(archive)):
        assert problem.digest() == digest
        np.testing.assert_array_equal(found, places)
    assert antmile.read(text).digest() == antmile.read_npz(archive).digest() == digest
    assert antmile.read_placed(antmile.write(three_places))[1] is None
    assert antmile.read_npz_placed(antmile.write_npz(three_places))[1] is None


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        (PLACES[:2], "places: 2 rows, travel has 3"),
        ([*PLACES[:2], [91, 0]], "places[2]"),
        ([*PLACES[:2], [0, float("inf")]], "places[2]"),
        ([[1, 2, 3]] * 3, "places"),
    ],
)
def test_places_off_the_earth_are_refused(
    three_places: Problem, places: list[list[float]], fault: str
) -> None:
    """Or where there are not as many as `travel` has."""
    degrees = np.array(places, np.float64)
    with pytest.raises(FormatError) as of_text:
        antmile.read(antmile.write(three_places, degrees))
    with pytest.raises(FormatError) as of_archive:
        antmile.read_npz(antmile.write_npz(three_places, degrees))
    for caught in (of_text, of_archive):
        assert caught.value.faults[0].startswith(fault)
