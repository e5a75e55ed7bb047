"""A move between tours, weighed, and tours remembered as they were."""

from dataclasses import dataclass

from dispatch.solver.links import NO_LINKS, Links
from dispatch.solver.schedule import Measures


@dataclass(frozen=True, slots=True)
class Change:
    """A move that keeps to everything, and what the plan costs more by it.

    Parameters
    ----------
    extra_cost : int
        Costs of tours and of legs left out, after less before.
    stops : dict of vehicle to stops
        New tours, and those that are timed anew because they wait for one of them.
    measures : dict of vehicle to Measures
        Of the same.
    links : Links
        Of all pairs with a pickup in one of `scope`.
    scope : set of int, vehicles
        Tours that are linked with the new ones, before or after.

    """

    extra_cost: int
    stops: dict[int, list[int]]
    measures: dict[int, Measures]
    links: Links = NO_LINKS
    scope: frozenset[int] = frozenset()

    def then(self, other: "Change") -> "Change":
        """Put another change, made after this one, into one with it."""
        return Change(
            self.extra_cost + other.extra_cost,
            {**self.stops, **other.stops},
            {**self.measures, **other.measures},
            Links(
                {**self.links.opens, **other.links.opens}, {**self.links.held, **other.links.held}
            ),
            self.scope | other.scope,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tours as they were at one moment."""

    stops: list[list[int]]
    cost: int
