"""Stable plans: how far a plan differs from the last one, and what it costs it to differ.

Legs that wait are planned anew in every epoch. Without a price a plan gives them from one courier
to another and back for a cent; with one it does so where that is worth it. What was offered or
accepted is none of this: no plan touches it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from dispatch.core.commands import CommitPlan
from dispatch.core.model import Courier, Leg, LegState
from dispatch.core.policy import Policy
from dispatch.core.zone import State

MILLE = 1000
"""Costs of a `Problem` are minor units times this."""


class Change(msgspec.Struct, frozen=True):
    """How a plan differs from the last one, as in `events.PlanMade`."""

    planned: tuple[tuple[str, str], ...]
    again_count: int
    moved_count: int


def change_of(state: State, command: CommitPlan) -> Change:
    """Compare who was to carry each waiting leg with who is by the plan that is brought in.

    What the plan did not look at stays as it was.
    """
    found: dict[str, str] = {leg: "" for leg, _ in command.reasons}
    for itinerary in command.itineraries:
        found.update(dict.fromkeys(itinerary.legs, itinerary.courier))
    planned: list[tuple[str, str]] = []
    again = moved = 0
    for leg_id, courier in sorted(found.items()):
        leg = state.legs.get(leg_id)
        if leg is None or leg.state is not LegState.PLANNED:
            continue
        is_other = courier != leg.planned_to
        if is_other:
            planned.append((leg_id, courier))
        if courier and leg.planned_to:
            again += 1
            moved += is_other
    return Change(tuple(planned), again, moved)


def fields_of(legs: Sequence[Leg], couriers: Sequence[Courier], policy: Policy) -> dict[str, Any]:
    """Return the fields of a problem that say what it costs to give a leg to somebody else.

    Whose courier is not in the problem has no price: there is no choice.
    """
    number = {courier.id: index for index, courier in enumerate(couriers)}
    seen = np.array([number.get(leg.planned_to, -1) for leg in legs], np.int64)
    if not policy.move_cents or not (seen >= 0).any():
        return {}
    return {
        "seen_courier": seen,
        "move_cost": np.where(seen >= 0, policy.move_cents * MILLE, 0),
    }
