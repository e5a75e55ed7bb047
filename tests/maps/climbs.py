"""Ways to climb, for tests: `maps` itself knows none, its callers bring theirs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What `maps.doors.Climb` asks for."""

    up_s_per_floor: float
    down_s_per_floor: float
    lift_wait_s: float = 30.0
    lift_s_per_floor: float = 2.5
    knock_s: float = 25.0


QUICK = Figures(up_s_per_floor=6.0, down_s_per_floor=6.0)
SLOW = Figures(up_s_per_floor=12.0, down_s_per_floor=8.0)
