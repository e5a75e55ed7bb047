"""The town of the busy zone: a grid of hubs, doors between them, and what its people are like."""

from typing import Any

from dispatch.core.model import Contract, Hub, HubKind, Place, SizeClass
from dispatch.core.policy import Policy

BEGINS = 1_700_000_040
HOUR, DAY = 3600, 86_400
DAYS = 2
ROWS = 15
"""Hubs in a row of the town's grid."""
STEP = 0.003
"""Degrees from hub to hub, about 330 m."""
A_TOUR = 6
"""Most parcels of a tour."""
POLICY = Policy(
    version="load", engine="insert", slack_s=DAY, keep_s=2 * HOUR, overdue_s=HOUR, reattempt_s=HOUR
)
BOSS: dict[str, Any] = {"actor": "dispatcher", "reason": "benchmark"}
SIZES = (SizeClass.S, SizeClass.S, SizeClass.M, SizeClass.L)


def spot(number: int, *, east: float = 0, north: float = 0, **fields: str | bool) -> Place:
    """Put a place beside the hub of that number; ``east`` and ``north`` in steps of the grid."""
    row, column = divmod(number, ROWS)
    return Place(lat=(row + north) * STEP, lon=(column + east) * STEP, **fields)  # type: ignore[arg-type]


def a_hub(number: int) -> Hub:
    """Give a station, five booths, three shops and a locker out of every ten hubs."""
    digit = number % 10
    kind, host = HubKind.BOOTH, f"c{number}"
    contracts: tuple[Contract, ...] = (Contract.HOLD, Contract.RELAY)
    if digit == 0:
        kind, contracts, host = HubKind.STATION, (Contract.HOLD,), ""
    elif digit == 9:
        kind, contracts, host = HubKind.LOCKER, (Contract.COLLECTION,), ""
    elif digit >= 6:
        kind, contracts, host = HubKind.SHOP, (Contract.HOLD, Contract.COLLECTION), ""
    return Hub(
        id=f"h{number}",
        kind=kind,
        place=spot(number, hub=f"h{number}", is_door=False),
        host=host,
        slots=(40, 20, 20),
        contracts=contracts,
        attended=kind in {HubKind.BOOTH, HubKind.SHOP},
    )
