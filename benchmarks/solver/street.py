"""The crowd with what real streets add, which no peer can express entirely: family ``R``.

On top of the plain crowd: gates that take time to pass, by who passes; leashes inside longer
hours; trip limits; posts that not all guards may leave at once, fewer still at the change of
shifts; hubs outside the gates, with few compartments, where any parcel may be left instead of at
its door; windows that may be missed at a price. Needs numpy alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.solver.crowd import (
    assembled,
    draw_orders,
    draw_people,
    draw_town,
    parts_of,
    travel_between,
)
from benchmarks.solver.instance import Instance, Ints

GUESTBOOK, BADGE, OWN = 180, 30, 0
"""Ticks at a gate for strangers, who sign in, for who has a badge, and for its own guard."""
HUB_COST, HUB_SERVICE = 1500, 45
HUB_SLOTS = (4, 2)
"""Compartments of each hub: small and large."""
SCARCE = (1, 1)
"""The same in family ``H``."""
LARGE_GRAMS = 3000
LATENESS_COST, GRACE = 3, 1500
"""Cost of a tick after due, and ticks from due to closing."""
COMPOUNDS_PER_HUB = 3
COMPOUNDS_PER_POST = 4
SHIFT_CHANGE = (2700, 4500)
MOST_AWAY, MOST_AWAY_AT_CHANGE = 2, 1


@dataclass(frozen=True, kw_only=True)
class Street:
    """A plain instance, and what is added to it.

    Parameters
    ----------
    base : Instance
        Doors alone; `drop_closes` is when the window closes for good.
    due : (L,), ticks
        Start of service at the door without a price.
    gate : (D,), compound
        The gate that a place lies behind; -1: none.
    entry : (C, G), ticks
        What each gate takes each courier; those not admitted may not have its legs at all.
    hub : (L,), hub
        The hub where the leg may be left.
    hub_place : (H,), place
        Where the hubs are, on open ground.
    slots : (H, 2)
        Free compartments, small and large.
    size : (L,)
        0: small, 1: large.
    post : (C,), post
        -1: none.
    most_away : sequence of (from, count)
        Steps, the same for each post.
    """

    base: Instance
    due: Ints
    gate: Ints
    entry: Ints
    hub: Ints
    hub_place: Ints
    slots: Ints
    size: Ints
    post: Ints
    most_away: tuple[tuple[int, int], ...]

    def for_peers(self) -> Instance:
        """Return what peers can express, or something stricter.

        Doors alone, no hubs; windows close at `due`; gates are in the travel times of a mode for
        each kind of admission; posts are left out.
        """
        kinds, mode = np.unique(
            np.column_stack([self.base.mode, self.entry]), axis=0, return_inverse=True
        )
        travel = np.stack([self.travel_of(int(kind[0]), kind[1:]) for kind in kinds])
        return replace(
            self.base,
            travel=travel,
            priced_travel=self.base.travel[kinds[:, 0]],
            mode=mode.ravel().astype(np.int64),
            drop_closes=self.due,
        )

    def travel_of(self, mode: int, entry: Ints) -> NDArray[np.int32]:
        """Return (D, D) ticks of a mode with what the gates take somebody."""
        ahead = np.where(self.gate >= 0, entry[self.gate], 0)
        passes = self.gate[:, None] != self.gate[None]
        travel: NDArray[np.int32] = (self.base.travel[mode] + passes * ahead[None]).astype(np.int32)
        return travel


def street(legs: int, couriers: int, seed: int, *, is_scarce: bool = False) -> Street:
    """Draw a work.

    Parameters
    ----------
    legs, couriers : int
        How many.
    seed : int
        The work's number.
    is_scarce : bool
        With one compartment of each size in a hub: everybody's bundles compete for them.

    Returns
    -------
    Street
    """
    rng = np.random.default_rng([seed, 7])
    town = draw_town(rng, legs, full=True)
    people = draw_people(rng, town, couriers, legs)
    compounds, stations = len(town.compounds), len(town.stations)
    hub_spots = town.compounds[::COMPOUNDS_PER_HUB] + rng.normal(0, 60, (1, 2))
    points = np.vstack([town.stations, town.doors, people.starts, people.ends, hub_spots])
    gate = np.full(len(points), -1)
    behind = stations + np.flatnonzero(town.is_gated[town.compound])
    gate[behind] = town.compound[town.is_gated[town.compound]]
    is_own = people.compound[:, None] == np.arange(compounds)[None]
    entry = np.where(is_own, OWN, np.where(people.has_badge[:, None], BADGE, GUESTBOOK))
    # Half of the gated compounds keep strangers out.
    is_closed = town.is_gated & (rng.random(compounds) < 0.5)
    may = (entry.T != GUESTBOOK)[town.compound] | ~is_closed[town.compound][:, None]
    orders = draw_orders(rng, legs)
    parts = parts_of(town, people, orders)
    due = parts["drop_closes"]
    parts["drop_closes"] = due + GRACE
    name = f"{'H' if is_scarce else 'R'}:{legs}:{couriers}:{seed}"
    base = assembled(name, parts, travel_between(points), may)
    first_hub = len(points) - len(hub_spots)
    return Street(
        base=base,
        due=due,
        gate=gate,
        entry=entry,
        hub=town.compound // COMPOUNDS_PER_HUB,
        hub_place=first_hub + np.arange(len(hub_spots)),
        slots=np.tile(np.array(SCARCE if is_scarce else HUB_SLOTS), (len(hub_spots), 1)),
        size=(base.load[:, 1] > LARGE_GRAMS).astype(np.int64),
        post=np.where(people.compound >= 0, people.compound // COMPOUNDS_PER_POST, -1),
        most_away=(
            (0, MOST_AWAY),
            (SHIFT_CHANGE[0], MOST_AWAY_AT_CHANGE),
            (SHIFT_CHANGE[1], MOST_AWAY),
        ),
    )
