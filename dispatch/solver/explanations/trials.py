"""Every way of putting one leg into the tours of a plan, and all that is wrong with each.

`Trials` holds one such way in each column: who would do it, between which of his stops, and a set
of bits for what keeps it from being done. What keeps none has no bits. Who fills it in is
`dispatch.solver.explanations.attempts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np

from dispatch.solver.arrays import BoolArray, IntArray


class Miss(IntFlag):
    """What keeps somebody from a leg in one way of doing it."""

    NO_WAY = 1
    SHUT = 2
    SKILL = 4
    BARRED = 8
    PICKUP_LATE = 16
    DROPOFF_LATE = 32
    OTHERS_LATE = 64
    HOURS = 128
    LEASH = 256
    LOAD = 512
    PARCELS = 1024
    ORDER = 2048
    POST = 4096
    HUB = 8192
    COST = 16384


NOTHING = Miss(0)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a leg could go: between which stops of whose tour; (K,), the longest tours first.

    Parameters
    ----------
    vehicle : vehicle
    first, last : gap
        Of the pickup, where there is one, and of the drop-off; gap g lies before stop g.

    """

    vehicle: IntArray
    first: IntArray
    last: IntArray

    def only(self, which: BoolArray | IntArray) -> "Places":
        """Give some of them, in the same order."""
        return Places(self.vehicle[which], self.first[which], self.last[which])


@dataclass(frozen=True, slots=True)
class Trials:
    """The ways of serving a leg; (K,) each.

    Parameters
    ----------
    places, dropoff : Places, stop
        How.
    misses : bits of `Miss`
    extra : cost
        What the plan would cost more; negative: it would pay.
    late_pickup, late_dropoff, away, hours, parcels, load, departs_at
        How late, in ticks; the others as in `Measures`, load (W, K).
    needed : couriers
        By how many the roster of the post would have to be raised.

    """

    places: Places
    dropoff: IntArray
    misses: IntArray
    extra: IntArray
    late_pickup: IntArray
    late_dropoff: IntArray
    away: IntArray
    hours: IntArray
    parcels: IntArray
    load: IntArray
    needed: IntArray
    departs_at: IntArray

    def only(self, which: BoolArray) -> "Trials":
        """Give some of the ways, in the same order."""
        names = [name for name in Trials.__slots__ if name != "places"]
        chosen = {name: getattr(self, name)[..., which] for name in names}
        return Trials(places=self.places.only(which), **chosen)

    def works(self) -> BoolArray:
        """Say which ways nothing keeps from being done."""
        free: BoolArray = self.misses == 0
        return free

    def just(self, healed: Miss, but: Miss = NOTHING) -> IntArray:
        """Give the ways from which nothing but some misses, at least one of them, keeps.

        Parameters
        ----------
        healed : Miss
            Of these there must be one.
        but : Miss
            These there may be.

        """
        rest = self.misses & ~int(healed | but)
        return np.flatnonzero((rest == 0) & ((self.misses & int(healed)) != 0))


def joined(parts: Sequence[Trials]) -> Trials:
    """Put the ways to several drop-offs one after the other."""
    if len(parts) == 1:
        return parts[0]
    places = [part.places for part in parts]

    def one(name: str) -> IntArray:
        return np.concatenate([getattr(part, name) for part in parts], axis=-1)

    names = [name for name in Trials.__slots__ if name != "places"]
    return Trials(
        Places(
            *(
                np.concatenate([getattr(place, name) for place in places])
                for name in Places.__slots__
            )
        ),
        *(one(name) for name in names),
    )
