"""What couriers are paid: so much a parcel, and so much a minute of detour.

Both lines stand in the offer, before anybody says yes. A parcel's line is earned at the
door, delivered or not; the detour's when the tour ends. Entries sum to zero.
"""

from dispatch.core.draft import Draft
from dispatch.core.messages import EntryLine, EntryPosted
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


def post_parcel(draft: Draft, courier: Courier, parcel: str) -> None:
    """Credit the courier with a parcel's fixed pay."""
    _post(draft, courier, courier.pay_fixed_cents, "parcel", parcel)


def post_detour(draft: Draft, courier: Courier, tour: Tour) -> None:
    """Credit the courier with the detour of a tour as it was offered."""
    _post(draft, courier, detour_cents(courier, tour.itinerary.detour_s), "detour", tour.id)


def _post(draft: Draft, courier: Courier, cents: Cents, label: str, cause: str) -> None:
    if cents == 0:
        return
    lines = (
        EntryLine(account=f"couriers/{courier.id}", cents=cents),
        EntryLine(account=OPERATOR, cents=-cents),
    )
    draft.tell(
        EntryPosted(at=draft.now, entry=draft.mint("e"), lines=lines, label=label, cause=cause)
    )
