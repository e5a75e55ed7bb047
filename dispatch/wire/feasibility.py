"""Slot advice as messages: the windows that are asked about, and what is known of each."""

from collections.abc import Sequence

from dispatch.core.feasibility import Advice
from dispatch.core.model import Check, Instant, TimeWindow
from dispatch.v1 import feasibility_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.places import window_in, window_out

MOST_WINDOWS = 50
FIELD = "candidate_windows"
NEAREST = 3
"""So many couriers are named."""


def windows_in(request: pb.CheckFeasibilityRequest, now: Instant) -> tuple[TimeWindow, ...]:
    """Read the windows; none where the request names none.

    Raises
    ------
    InvalidValue
        With every fault: too many of them, closed before they open, or over already.
    """
    check = Check()
    given = request.candidate_windows
    check.that(len(given) <= MOST_WINDOWS, FIELD, f"are {len(given)}; at most {MOST_WINDOWS}")
    found = []
    for index, message in enumerate(given[:MOST_WINDOWS]):
        path = f"{FIELD}[{index}]"
        window = window_in(message, path, check)
        if window is not None:
            check.that(window.closes_at > now, f"{path}.close_time", "lies in the past")
            found.append(window)
    check.done()
    return tuple(found)


def advice_out(
    advice: Advice, network: str, currency: str, *, names_couriers: bool
) -> pb.WindowAdvice:
    """Write what is known of a window.

    Parameters
    ----------
    names_couriers
        Whether the caller may know who the couriers are.
    """
    message = pb.WindowAdvice(
        window=window_out(advice.window.opens_at, advice.window.closes_at),
        feasible=advice.is_feasible,
        reason_code=advice.reason,
    )
    if not advice.is_feasible:
        return message
    message.marginal_cost.CopyFrom(scalars.money(advice.cost_cents, currency))
    message.on_time_permille = advice.on_time_permille
    message.arrival_time.CopyFrom(scalars.timestamp(advice.arrives_at))
    message.courier_count = len(advice.couriers)
    if names_couriers:
        named: Sequence[str] = advice.couriers[:NEAREST]
        message.nearest_couriers.extend(
            names.joined(names.COURIER, network, courier) for courier in named
        )
    return message
