"""What holds where a message does not say: all of it, in one place.

====================================  ===================================================
a parcel's ``ready_time``             the moment at which it is handed in
its ``promise.deadline_time``         the end of its window, else `PROMISE_S` after ready
its ``load``                          `PARCEL_GRAMS` and `PARCEL_ML`, size class by volume
its ``max_attempts``                  `MAX_ATTEMPTS`
its ``delivery_options``              at the door
a courier's ``modes``                 on foot
``capacity``, ``pay_rule``            those of `dispatch.core.model.Courier`
a datum                               the merchant's, WGS84 where none is set
====================================  ===================================================
"""

from dispatch.core.model import Seconds, SizeClass

PROMISE_S: Seconds = 3 * 3600
PARCEL_GRAMS = 1_000
PARCEL_ML = 4_000
MAX_ATTEMPTS = 2

SIZE_LIMITS_ML = ((SizeClass.S, 12_000), (SizeClass.M, 35_000))
"""Largest volume of a size class; above the last one a parcel is large. An assumption."""


def size_class(ml: int) -> SizeClass:
    """Return the slot that a volume in millilitres needs."""
    return next((size for size, limit_ml in SIZE_LIMITS_ML if ml <= limit_ml), SizeClass.L)
