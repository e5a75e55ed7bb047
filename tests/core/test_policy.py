import pytest

from dispatch.core.errors import InvalidValue
from dispatch.core.model import CourierKind, Mode
from dispatch.core.policy import CLIMBS, NEVER_ZERO, SPEED_M_PER_S, Policy
from tests.core.town import a_policy

MEASURES = [name for name in Policy.__struct_fields__ if isinstance(getattr(Policy(), name), int)]


@pytest.mark.parametrize("field", MEASURES)
def test_no_measure_is_negative(field: str) -> None:
    """Every number of a policy is checked under its own name."""
    with pytest.raises(InvalidValue, match=f"^{field}: -1 is negative$") as caught:
        a_policy(**{field: -1})
    assert caught.value.subject == "policy"


@pytest.mark.parametrize("field", NEVER_ZERO)
def test_some_measures_are_not_zero(field: str) -> None:
    """An epoch of no length, or a plan of nothing, is no policy."""
    with pytest.raises(InvalidValue, match=f"^{field}: must be at least 1$"):
        a_policy(**{field: 0})


def test_all_faults_are_told_at_once() -> None:
    """An engine that does not exist is named beside the other faults."""
    with pytest.raises(InvalidValue) as caught:
        a_policy(engine="magic", slack_s=-1, epoch_s=0)
    assert [fault.field for fault in caught.value.faults] == ["slack_s", "engine", "epoch_s"]


@pytest.mark.parametrize("kind", CourierKind)
def test_every_kind_has_its_values(kind: CourierKind) -> None:
    """Allowance within leash, an answer's time and a way to climb for each kind."""
    policy = Policy()
    assert 0 < policy.allowance_of(kind) <= policy.leash_of(kind)
    assert policy.answer_s(kind) == (60 if kind is CourierKind.RIDER else 180)
    assert CLIMBS[kind].up_s_per_floor > 0


def test_guards_and_shopkeepers_have_leashes_of_their_own() -> None:
    """Who keeps a post is away for a shorter time than who does not."""
    policy = Policy()
    leashes = [
        policy.leash_of(kind)
        for kind in (CourierKind.GUARD, CourierKind.SHOPKEEPER, CourierKind.RIDER)
    ]
    assert leashes == [1350, 1800, 5400]


@pytest.mark.parametrize("mode", Mode)
def test_an_estimate_needs_no_map(mode: Mode) -> None:
    """The straight line, longer by the policy's factor, at the mode's speed; integers."""
    travel_s, distance_m = Policy(detour_permille=1500).estimate(mode, 1000.0)
    assert (travel_s, distance_m) == (round(1500 / SPEED_M_PER_S[mode]), 1500)
    assert Policy().estimate(mode, 0.0) == (0, 0)


def test_a_search_has_steps_for_every_leg() -> None:
    """A count that grows with the work, up to a limit: the same on any machine."""
    policy = Policy(iterations_per_leg=30, most_iterations=215)
    assert [policy.iterations_of(legs) for legs in (7, 8)] == [210, 215]
    assert Policy().iterations_of(0) == 0
