import pytest

from maps.access import MODES
from maps.compounds import ALL_DAY
from maps.land.gate_rules import daily_hours, gates_at

WHEELS = ("bicycle", "ebike", "car")


def rules(
    tags: dict[str, str],
    *,
    private: bool = False,
    area: dict[str, str] | None = None,
    open_to: tuple[str, ...] = MODES,
) -> dict[str, tuple[tuple[str, ...], str]]:
    gates = gates_at(
        "n1",
        (0.0, 0.0),
        tags,
        open_to=[mode in open_to for mode in MODES],
        private_to=[private] * len(MODES),
        area=area or {},
    )
    return {gate.id: (gate.modes, gate.rule.value) for gate in gates}


@pytest.mark.parametrize(
    ("access", "rule"),
    [
        ("yes", "OPEN"),
        ("permissive", "OPEN"),
        ("destination", "OPEN"),
        ("private", "SIGN_IN"),
        ("customers", "SIGN_IN"),
        ("delivery", "SIGN_IN"),
        ("permit", "PERMIT"),
        ("residents", "PERMIT"),
    ],
)
def test_the_access_of_a_gate_is_its_rule(access: str, rule: str) -> None:
    """Whatever the kind of gate, the road and the land around it say."""
    tags = {"barrier": "gate", "access": access}
    assert rules(tags, private=True, area={"access": "permit"}) == {"n1": (MODES, rule)}


@pytest.mark.parametrize(
    ("barrier", "rule"),
    [
        ("gate", "SIGN_IN"),
        ("lift_gate", "SIGN_IN"),
        ("swing_gate", "SIGN_IN"),
        ("sliding_gate", "SIGN_IN"),
        ("entrance", "OPEN"),
    ],
)
def test_without_access_the_kind_of_barrier_decides(barrier: str, rule: str) -> None:
    """Somebody has to open a gate; a gap in the wall is open."""
    assert rules({"barrier": barrier}) == {"n1": (MODES, rule)}


def test_where_nothing_stands_the_road_and_the_land_decide() -> None:
    """Open by default; a private road or land is signed in to, a permit area needs one."""
    assert rules({}) == {"n1": (MODES, "OPEN")}
    assert rules({}, private=True) == {"n1": (MODES, "SIGN_IN")}
    assert rules({}, area={"access": "no"}) == {"n1": (MODES, "SIGN_IN")}
    assert rules({}, area={"access": "residents"}) == {"n1": (MODES, "PERMIT")}


@pytest.mark.parametrize(
    ("barrier", "modes"),
    [
        ("kissing_gate", ("foot",)),
        ("full-height_turnstile", ("foot",)),
        ("bollard", ("foot", "bicycle", "ebike")),
    ],
)
def test_only_those_who_fit_have_a_gate(barrier: str, modes: tuple[str, ...]) -> None:
    """A gate that stops a mode is none of its gates."""
    assert [m for m, _ in rules({"barrier": barrier}).values()] == [modes]


def test_no_access_leaves_the_mode_out() -> None:
    """One mode, or all: then there is no gate."""
    assert rules({"barrier": "gate", "motor_vehicle": "no"}) == {"n1": (MODES[:3], "SIGN_IN")}
    assert rules({"barrier": "gate", "access": "no"}) == {}
    assert rules({"barrier": "gate"}, open_to=("foot",)) == {"n1": (("foot",), "SIGN_IN")}


def test_rules_that_differ_by_mode_are_several_gates() -> None:
    """The one for the most modes has the plain id, the others the mode behind it."""
    tags = {"barrier": "lift_gate", "foot": "yes", "motor_vehicle": "permit"}
    assert rules(tags) == {
        "n1": (("bicycle", "ebike"), "SIGN_IN"),
        "n1:car": (("car",), "PERMIT"),
        "n1:foot": (("foot",), "OPEN"),
    }


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("06:00-23:00", (6 * 3600, 23 * 3600)),
        ("06:00-24:00", (6 * 3600, 24 * 3600)),
        ("Mo-Su 06:00-00:00", (6 * 3600, 24 * 3600)),
        ("Mo-Su, PH 05:30 - 22:15", (5 * 3600 + 1800, 22 * 3600 + 900)),
        ("22:00-02:00", (22 * 3600, 2 * 3600)),
        ("22:00-26:00", (22 * 3600, 2 * 3600)),
        ("00:00-24:00", ALL_DAY),
        ("24/7", ALL_DAY),
        ("Mo-Fr 08:00-18:00", ALL_DAY),
        ("08:00-12:00,14:00-18:00", ALL_DAY),
        ("sunrise-sunset", ALL_DAY),
        ("08:70-12:00", ALL_DAY),
        ("25:00-26:00", ALL_DAY),
        ("08:00-72:00", ALL_DAY),
        ("", ALL_DAY),
    ],
)
def test_only_one_span_for_every_day_is_read(text: str, hours: tuple[int, int]) -> None:
    """Anything else leaves the gate open all day; midnight is the end of the day."""
    assert daily_hours(text) == hours


def test_a_gate_has_the_hours_of_its_barrier() -> None:
    """For all of its modes."""
    (gate,) = gates_at(
        "n1",
        (1.0, 2.0),
        {"barrier": "gate", "opening_hours": "06:00-22:00"},
        open_to=[True] * len(MODES),
        private_to=[False] * len(MODES),
        area={},
    )
    assert (gate.lat, gate.lon) == (1.0, 2.0)
    assert (gate.opens_s, gate.closes_s) == (6 * 3600, 22 * 3600)
