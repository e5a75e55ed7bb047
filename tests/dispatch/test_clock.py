import pytest

from dispatch.clock import Clock, SystemClock, VirtualClock


@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock(1_700_000_000)])
def test_clocks_count_whole_seconds(clock: Clock) -> None:
    """An instant is an integer on every clock, and the monotonic reading never goes back."""
    assert isinstance(clock.now(), int)
    first = clock.monotonic()
    assert clock.monotonic() >= first


def test_the_system_clock_stands_in_this_century() -> None:
    """Seconds since 1970, not milliseconds and not a float."""
    assert 1_577_836_800 < SystemClock().now() < 4_102_444_800


def test_a_virtual_clock_moves_only_when_moved() -> None:
    """Time in a replay passes by command, and durations follow it."""
    clock = VirtualClock(100)
    assert (clock.now(), clock.monotonic()) == (100, 0.0)
    clock.advance_to(160)
    clock.advance_to(160)
    assert (clock.now(), clock.monotonic()) == (160, 60.0)


def test_a_virtual_clock_refuses_to_go_back() -> None:
    """Going back would put events out of order without anybody noticing."""
    clock = VirtualClock(100)
    with pytest.raises(ValueError, match="cannot go back to 99"):
        clock.advance_to(99)
