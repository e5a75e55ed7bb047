"""Promises that a tour will break, told before it does, once each."""

from dispatch.core import etas, steps
from dispatch.core.draft import Draft
from dispatch.core.messages import LatenessForeseen, RecordPosition
from dispatch.core.model import ActionKind, Place, Seconds, TourState


def foresee(draft: Draft, tour_id: str, to_next_s: Seconds | None = None) -> None:
    """Tell of every promise that a tour will break by what it has done so far, once each."""
    tour = draft.state.tour(tour_id)
    if tour.state is not TourState.ACTIVE:
        return
    dues = steps.dues_of(draft.state, tour)
    if not dues:
        return
    for stop, eta_at in zip(tour.stops, etas.etas(tour, draft.now, to_next_s), strict=True):
        for action in stop.actions:
            due_at = dues.get(action.leg, 0)
            if action.kind is ActionKind.DROPOFF and 0 < due_at < eta_at:
                draft.tell(
                    LatenessForeseen(
                        at=draft.now,
                        parcel=draft.state.leg(action.leg).parcel,
                        courier=tour.courier,
                        tour=tour.id,
                        leg=action.leg,
                        eta_at=eta_at,
                        due_at=due_at,
                    )
                )


def locate(draft: Draft, command: RecordPosition) -> None:
    """Look at a courier's position; nothing is kept but lateness to come."""
    tour_id = draft.state.live_tour.get(command.courier)
    if tour_id is None:
        return
    courier = draft.state.courier(command.courier)
    here = Place(lat=command.lat, lon=command.lon)
    way_s = etas.to_next_s(draft.state.tour(tour_id), here, courier.mode, draft.state.policy)
    foresee(draft, tour_id, way_s)
