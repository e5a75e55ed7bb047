"""What couriers are paid: so much a parcel, and so much a minute of detour.

Both lines stand in the offer, before anybody says yes. A parcel's line is earned at the
door, delivered or not; the detour's when the tour ends. Entries sum to zero.
"""

from dispatch.core.draft import Draft
from dispatch.core.messages import PARCEL_PAY, EntryLine, EntryPosted
from dispatch.core.model import Cents, Courier, Itinerary, PayLine, Seconds, Tour

OPERATOR = "operator"


def detour_cents(courier: Courier, detour_s: Seconds) -> Cents:
    """Pay for a detour; begun minutes count."""
    return courier.pay_per_min_cents * -(-max(0, detour_s) // 60)


def lines_of(courier: Courier, itinerary: Itinerary) -> tuple[PayLine, ...]:
    """Return the pay of an itinerary, line by line."""
    return (
        PayLine(
            label=_counted(len(itinerary.legs), "parcel"),
            cents=courier.pay_fixed_cents * len(itinerary.legs),
        ),
        PayLine(
            label=f"{-(-itinerary.detour_s // 60)} min of detour",
            cents=detour_cents(courier, itinerary.detour_s),
        ),
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def post_parcel(draft: Draft, courier: Courier, parcel: str, tour: Tour) -> None:
    """Credit the courier with a parcel's fixed pay, once a tour and if the tour was offered it.

    Earned by the first drop-off or attempt, wherever that was: at the door, at a hub instead of
    the door, or back where it came from. What comes after is part of it.
    """
    state = draft.state
    offered = {state.leg(leg).parcel for leg in tour.itinerary.legs}
    if parcel in offered and parcel not in state.tour(tour.id).paid:
        _post(draft, courier, courier.pay_fixed_cents, PARCEL_PAY, parcel, tour.id)


def post_detour(draft: Draft, courier: Courier, tour: Tour) -> None:
    """Credit the courier with the detour of a tour as it was offered."""
    _post(
        draft, courier, detour_cents(courier, tour.itinerary.detour_s), "detour", tour.id, tour.id
    )


def _post(draft: Draft, courier: Courier, cents: Cents, label: str, cause: str, tour: str) -> None:
    if cents == 0:
        return
    lines = (
        EntryLine(account=f"couriers/{courier.id}", cents=cents),
        EntryLine(account=OPERATOR, cents=-cents),
    )
    draft.tell(
        EntryPosted(
            at=draft.now,
            entry=draft.mint("e"),
            lines=lines,
            label=label,
            cause=cause,
            tour=tour,
        )
    )
