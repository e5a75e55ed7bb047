"""Until when things may still happen to a parcel."""

from dispatch.core.model import Instant, Parcel
from dispatch.core.policy import Policy


def last_moment(parcel: Parcel, policy: Policy) -> Instant:
    """Return the latest start of a hand-over: the window's end, else the promise plus grace."""
    if parcel.window is not None:
        return parcel.window.closes_at
    return parcel.due_at + policy.give_up_s


def attempts_of(parcel: Parcel) -> int:
    """Count the failed visits that count."""
    return sum(attempt.counts for attempt in parcel.attempts)


def may_try_again(parcel: Parcel, policy: Policy, now: Instant) -> bool:
    """Whether another attempt is left and would come before the parcel's last moment."""
    return attempts_of(parcel) < parcel.max_attempts and now + policy.reattempt_s <= last_moment(
        parcel, policy
    )
