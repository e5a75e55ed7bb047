"""Problems on a street: places are points on a line, one tick and one metre apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dispatch.solver.problem import Problem

_FLAGS = {"pickups_first": np.bool_}
_BITS = {"leg_skills": np.uint64, "courier_skills": np.uint64}


def street(points: Sequence[int], **given: Any) -> Problem:
    """Make a problem whose place i lies at metre `points[i]`; lists become arrays."""
    at = np.array(points)
    way = np.abs(at[:, None] - at[None, :])
    fields: dict[str, Any] = {"travel": way[None].astype(np.int32)}
    fields["distance_m"] = fields["travel"]
    for name, value in given.items():
        if isinstance(value, list):
            fields[name] = np.array(value, dtype={**_FLAGS, **_BITS}.get(name, np.int64))
        else:
            fields[name] = value
    if "option_leg" not in fields:
        fields["option_leg"] = np.arange(len(fields["option_place"]))
    return Problem(**fields)
