from benchmarks.engine.load import Load
from benchmarks.engine.others import OTHERS, commands_left_out
from dispatch.core import codec
from dispatch.core.state import State, fold
from dispatch.sim.custody_check import gaps


def test_a_busy_zone_refolds_and_has_no_gaps() -> None:
    """Thousands of commands of every kind: the log tells the state, and custody holds in it."""
    lines: list[str] = []
    load = Load((40, 60, 400), lines.append, OTHERS)
    while load.event_count < 12_000:
        load.step()
    assert list(commands_left_out(load)) == []
    assert fold(State(zone=load.state.zone), map(codec.decode_event, lines)) == load.state
    assert gaps(lines) == []
