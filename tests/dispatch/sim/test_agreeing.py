"""Recipients who were out say when they are in: what is held is tried again then."""

from dispatch.core import messages as m
from dispatch.core.model import Purpose
from tests.dispatch.sim.guarded_day import guarded_day, play

OUT_UNTIL_THREE = ((0, 900, 1.0),)


def outcomes(*, says_when: bool) -> tuple[int, int]:
    """Return visits in vain and parcels delivered on a day on which all are out until three."""
    day = guarded_day(
        absence=OUT_UNTIL_THREE, absence_edge_min=0.0, says_when=says_when, phone_share=1.0
    )
    events = play(day).events
    failed = sum(isinstance(event, m.AttemptFailed) for event in events)
    given = sum(isinstance(event, m.ParcelDelivered) for event in events)
    return failed, given


def test_what_is_held_comes_when_it_suits() -> None:
    """Fewer visits in vain, and more handed over, than with a blind second visit."""
    blind, agreed = outcomes(says_when=False), outcomes(says_when=True)
    assert agreed[0] < blind[0] or agreed[1] > blind[1]
    assert agreed[1] >= blind[1]


def test_nobody_who_does_not_answer_says_anything() -> None:
    """Without an answer nothing is agreed."""
    day = guarded_day(
        absence=OUT_UNTIL_THREE, absence_edge_min=0.0, says_when=True, phone_share=0.0
    )
    events = play(day).events
    held = [
        event
        for event in events
        if isinstance(event, m.ParcelReceivedAtHub) and event.purpose is Purpose.HOLD
    ]
    assert held
    assert not any(isinstance(event, m.ParcelRescheduled) for event in events)
