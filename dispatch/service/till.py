"""At which counter somebody scans, and who it is."""

from collections.abc import Container
from dataclasses import dataclass

from dispatch.auth import Principal, Role
from dispatch.service.access import COUNTERS, allowed
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.wire import names


@dataclass(frozen=True, slots=True)
class Till:
    """Who scans, for which hub."""

    caller: Principal
    network: HostedNetwork
    zone: HostedZone
    hub: str

    @property
    def actor(self) -> str:
        """Who scans, for the log: the guard who has signed in where a post keeps the hub."""
        state = self.zone.state
        if not state.hub_posts.get(self.hub):
            return self.caller.name
        courier = state.signed_in.get(f"{self.hub}~{self.caller.device}")
        return f"couriers/{courier}" if courier else self.caller.name


def till_of(
    site: Site, name: str, field: str = "name", *, roles: Container[Role] = COUNTERS
) -> Till:
    """Return the till of a hub.

    Raises
    ------
    AccessDenied, InvalidValue, NotFound
        If the caller may not scan there, the name is none, or there is no such hub.
    """
    caller, (_, hub) = allowed(name, names.HUB, field, roles)
    network = site.network(caller)
    return Till(caller, network, network.zone_of_hub(hub), hub)
