"""The values that an experiment is repeated with: as drawn by default, and one at a time off it."""

import dataclasses

DEFAULT = "default"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is not as in the scenario's default.

    Attributes
    ----------
    absence_shift
        Added to the share of households that are out, at all hours.
    consent
        Share of households that agreed to collection; None for the default.
    share
        The network's share of all parcels; None for the default.
    households
        How many there are; None for the default.
    """

    name: str = DEFAULT
    absence_shift: float = 0.0
    consent: float | None = None
    share: float | None = None
    households: int | None = None


SWEPT = (
    Setting(name="absence -.15", absence_shift=-0.15),
    Setting(name="absence +.15", absence_shift=0.15),
    Setting(name="consent .2", consent=0.2),
    Setting(name="consent .5", consent=0.5),
    Setting(name="consent .8", consent=0.8),
    Setting(name="share .2", share=0.2),
    Setting(name="share .4", share=0.4),
    Setting(name="share .6", share=0.6),
)
"""One value at a time; .5 and .4 are the defaults, so that each row of the table is complete."""


def sized(setting: Setting, households: int | None) -> Setting:
    """Return a setting with so many households; None for the default."""
    return dataclasses.replace(setting, households=households)
