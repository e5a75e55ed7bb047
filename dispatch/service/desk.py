"""Where a courier's phone is served: who asks, about which courier, in which zone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dispatch.auth import Principal
from dispatch.core.errors import NotFound
from dispatch.core.messages import Command, Event
from dispatch.core.model import Instant, Offer, Tour
from dispatch.core.zone import State
from dispatch.log import PersonalRow
from dispatch.service.access import COURIERS, allowed
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.writing import Request, show, submit
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import couriers_pb2
from dispatch.wire import names
from dispatch.wire.couriers import courier_out
from dispatch.wire.work import offer_out, tour_out


@dataclass(frozen=True, slots=True)
class Desk:
    """Who asks, about which courier, in which zone, and when."""

    caller: Principal
    network: HostedNetwork
    zone: HostedZone
    courier: str
    now: Callable[[], Instant]

    def tour(self, name: str) -> Tour:
        """Return a tour as it stands."""
        return self.zone.state.tour(name.rpartition("/")[2])

    def offer_out(self, state: State, offer: Offer) -> pb.Offer:
        """Write an offer."""
        return offer_out(state, offer, self.network.id, self.network.currency)

    def tour_out(self, state: State, tour: Tour) -> pb.Tour:
        """Write a tour."""
        return tour_out(state, tour, self.network.id, self.network.moment(self.now()))

    def courier_out(self, state: State) -> couriers_pb2.Courier:
        """Write the courier."""
        courier = state.courier(self.courier)
        return courier_out(state, courier, self.network.id, self.network.currency)


def desk_of(site: Site, name: str, shape: names.Shape) -> Desk:
    """Return the desk for a courier, or for one of the courier's offers or tours.

    Raises
    ------
    AccessDenied, InvalidValue, NotFound
        If the caller may not, the name is none, or nothing bears it.
    """
    caller, ids = allowed(name, shape, "name", COURIERS)
    network = site.network(caller)
    desk = Desk(caller, network, network.zone_of_courier(ids[1]), ids[1], site.clock.now)
    if shape != names.COURIER:
        state = desk.zone.state
        offer_or_tour: Offer | Tour | None = (
            state.offers.get(ids[2]) if shape == names.OFFER else state.tours.get(ids[2])
        )
        if offer_or_tour is None or offer_or_tour.courier != desk.courier:
            raise NotFound(f"there is no {name}", subject=name)
    return desk


async def submit_tour(
    site: Site,
    desk: Desk,
    request: Request,
    command: Command,
    build: Callable[[State, tuple[Event, ...]], pb.Tour],
    *,
    personal: Sequence[PersonalRow] = (),
) -> pb.Tour:
    """Carry out a command whose answer is a tour."""
    answer, _ = await submit(
        site, desk.zone, desk.caller, request, command, build, pb.Tour, personal=personal
    )
    await show(site, desk.network, desk.caller, [answer])
    return answer
