import pytest

from dispatch.core import hubs
from dispatch.core.model import TimeWindow
from tests.core.town import NOON, a_hub, window

MORNING, EVENING = window(0, 100), window(200, 300)


@pytest.mark.parametrize(
    ("at", "hours", "is_open"),
    [
        (-1, MORNING, False),
        (0, MORNING, True),
        (100, MORNING, True),
        (101, EVENING, False),
        (200, EVENING, True),
        (300, EVENING, True),
        (301, EVENING, False),
    ],
)
def test_a_counter_has_hours(at: int, hours: TimeWindow, *, is_open: bool) -> None:
    """Both ends belong to the hours; after the last of them the window is a closed one."""
    hub = a_hub(hours=(MORNING, EVENING))
    assert hubs.hours_from(hub, NOON + at) == hours
    assert hubs.is_open(hub, NOON + at) is is_open


def test_without_hours_or_hub_it_is_always_open() -> None:
    """An address has no counter, and a hub without hours never closes."""
    for hub in (None, a_hub()):
        assert hubs.hours_from(hub, NOON) is None
        assert hubs.is_open(hub, 0)
