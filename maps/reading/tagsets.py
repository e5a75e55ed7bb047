"""The rules, applied once to each combination of tags instead of once to each way.

A city has fifty thousand ways and a thousand combinations. Imports no OSM library.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps import profiles
from maps.profiles import MODES, SpeedPair
from maps.reading import hours
from maps.reading.drawn import Tags
from maps.reading.hours import Change

KEYS = tuple(
    sorted({*profiles.WAY_KEYS, *(f"{key}:conditional" for key in hours.CONDITIONAL_KEYS)})
)
"""Every tag of a way that is read, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the rules say of one combination of tags.

    Attributes
    ----------
    rank : maps.profiles.Rank
    speeds : one pair for each of `MODES`, km/h
    changed : spans of the week in which the speeds differ, with the speeds then
    is_private : one flag for each of `MODES`
    repairs : what was ignored
    """

    rank: profiles.Rank
    speeds: tuple[SpeedPair, ...]
    changed: tuple[tuple[hours.Span, tuple[SpeedPair, ...]], ...]
    is_private: tuple[bool, ...]
    repairs: tuple[str, ...]

    @property
    def is_usable(self) -> bool:
        """Whether anybody may use such a way at any hour."""
        at_some_hour = (pair for _, speeds in self.changed for pair in speeds)
        return any(max(pair) > 0 for pair in (*self.speeds, *at_some_hour))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagTable:
    """The columns of `maps.network.RoadNetwork` that have one row for each combination."""

    speed_kmh: NDArray[np.float32]
    rank: NDArray[np.uint8]
    is_private: NDArray[np.bool_]
    hours_tag_set: NDArray[np.int32]
    hours_minute: NDArray[np.int32]
    hours_speed_kmh: NDArray[np.float32]


def row(tags: Tags) -> Row | None:
    """Apply the rules to one combination; None where it is no road at all."""
    base = dict(tags)
    if not profiles.is_road(base):
        return None
    speeds = profiles.speeds(base)
    changes, ignored = hours.changes(base)
    changed = tuple(
        (change.span, at_that_hour)
        for change in changes
        if (at_that_hour := profiles.speeds(change.tags)) != speeds
    )
    repairs = [f"conditions ignored: {kind}" for kind in ignored]
    if profiles.has_absurd_limit(base):
        repairs.append("speed limits that make no sense")
    return Row(
        rank=profiles.rank(base),
        speeds=speeds,
        changed=changed,
        is_private=_private(base, speeds, changes),
        repairs=tuple(repairs),
    )


def table(rows: Sequence[Row]) -> TagTable:
    """Put rows into arrays.

    Parameters
    ----------
    rows : sequence of T rows
    """
    changed = [(t, span, speeds) for t, one in enumerate(rows) for span, speeds in one.changed]
    pairs = (-1, len(MODES), 2)
    return TagTable(
        speed_kmh=np.array([one.speeds for one in rows], dtype=np.float32).reshape(pairs),
        rank=np.array([one.rank for one in rows], dtype=np.uint8),
        is_private=np.array([one.is_private for one in rows], dtype=np.bool_),
        hours_tag_set=np.array([t for t, _, _ in changed], dtype=np.int32),
        hours_minute=np.array([span for _, span, _ in changed], dtype=np.int32).reshape(-1, 2),
        hours_speed_kmh=np.array([at for _, _, at in changed], dtype=np.float32).reshape(pairs),
    )


def repairs(rows: Sequence[Row], way_count: NDArray[np.int64]) -> Counter[str]:
    """Count what was ignored in the tags, once for each way.

    Parameters
    ----------
    rows : sequence of T rows
    way_count : (T,) int64, ways with each combination
    """
    found: Counter[str] = Counter()
    for one, count in zip(rows, way_count.tolist(), strict=True):
        for reason in one.repairs:
            found[reason] += count
    return found


def _private(
    base: Mapping[str, str], speeds: tuple[SpeedPair, ...], changes: Sequence[Change]
) -> tuple[bool, ...]:
    """Read who has errands only; where base tags close the road, from the hours that open it.

    A road that is private at some hours and open at others counts as its base tags say.
    """
    flags = list(profiles.private_modes(base))
    for change in changes:
        at_that_hour = profiles.speeds(change.tags)
        private = profiles.private_modes(change.tags)
        for m in range(len(MODES)):
            flags[m] |= private[m] and max(speeds[m]) == 0 and max(at_that_hour[m]) > 0
    return tuple(flags)
