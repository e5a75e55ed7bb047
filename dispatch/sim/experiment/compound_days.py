"""Where the days of an experiment come from: the compound day, with some values changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dispatch.sim.compound_day import CompoundDay, draw_compound_day
from dispatch.sim.compound_day.values import Hours
from dispatch.sim.experiment.settings import Setting
from dispatch.sim.generate import Drawn
from maps.network import RoadNetwork


def values_of(setting: Setting) -> CompoundDay:
    """Return the values that a setting draws from."""
    found = CompoundDay()
    return replace(
        found,
        absence=_shifted(found.absence, setting.absence_shift),
        weekend_absence=_shifted(found.weekend_absence, setting.absence_shift),
        consent=found.consent if setting.consent is None else setting.consent,
        share=found.share if setting.share is None else setting.share,
    )


def _shifted(hours: Hours, shift: float) -> Hours:
    return tuple(
        (opens, closes, round(min(1.0, max(0.0, share + shift)), 4))
        for opens, closes, share in hours
    )


def draw(network: RoadNetwork, setting: Setting, seed: int) -> Drawn:
    """Draw the day of a setting: with other values the same compounds, people and households."""
    return draw_compound_day(
        network, seed=seed, values=values_of(setting), households=setting.households
    )


def values(setting: Setting) -> Mapping[str, Any]:
    """Return all values that a setting draws from, as the day itself would hold them."""
    return values_of(setting).table()
