"""People who are not as the dispatcher takes them to be, or an experiment flatters itself."""

from dispatch.sim.behaviour import Behaviour
from dispatch.sim.draws import Draws
from dispatch.sim.experiment.staying import behaving
from dispatch.sim.folder import Day

OFF_BY = 0.3
"""Slope and willingness of all couriers are off by up to this share (A)."""


def misjudged(day: Day, seed: int) -> Day:
    """Return a day whose couriers answer otherwise; the same in every variant of a seed."""
    draws = Draws(seed)
    values = Behaviour.of(day.scenario)

    def off(name: str) -> float:
        return 1 + OFF_BY * (2 * draws.uniform("misjudged", name) - 1)

    return behaving(
        day,
        {
            "slope": round(values.slope * off("slope"), 6),
            "willingness": [
                [kind.value, round(its * off(kind.value), 6)] for kind, its in values.willingness
            ],
        },
    )
