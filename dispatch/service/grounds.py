"""For which compound somebody speaks: a dispatcher for all of a network, a company for its own."""

from dataclasses import dataclass

from dispatch.auth import Principal, Role
from dispatch.core.compounds import Compound
from dispatch.core.errors import NotFound
from dispatch.core.zone import State
from dispatch.service.access import COMPANIES, allowed, denied
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.wire import names


@dataclass(frozen=True, slots=True)
class Ground:
    """Who speaks, for which compound."""

    caller: Principal
    network: HostedNetwork
    zone: HostedZone
    compound: str


def ground_of(
    site: Site, name: str, shape: names.Shape, field: str = "name", *, wildcard: bool = False
) -> Ground:
    """Return the compound that a name means, or lies in.

    Raises
    ------
    AccessDenied, InvalidValue, NotFound
        If the caller does not speak for it, the name is none, or there is no such compound.
    """
    caller, ids = allowed(name, shape, field, COMPANIES, wildcard=wildcard)
    network = site.network(caller)
    if caller.role is Role.PROPERTY_COMPANY and not any(
        runs(caller, zone.state, ids[1]) for zone in network.zones.values()
    ):
        raise denied(caller)
    return Ground(caller, network, network.zone_of_compound(ids[1]), ids[1])


def check_post(ground: Ground, post: str, name: str) -> None:
    """Raise `NotFound` unless a post is one of the compound's."""
    found = ground.zone.state.posts.get(post)
    if found is None or found.compound != ground.compound:
        raise NotFound(f"there is no post {post!r}", subject=name)


def runs(caller: Principal, state: State, compound: str) -> bool:
    """Whether a caller speaks for a compound: a dispatcher, or the company that runs it."""
    found: Compound | None = state.compounds.get(compound)
    if found is None:
        return False
    return caller.role is Role.DISPATCHER or (
        caller.role is Role.PROPERTY_COMPANY and found.company == caller.subject
    )


def runs_post(caller: Principal, state: State, post: str) -> bool:
    """Whether a caller speaks for a post."""
    found = state.posts.get(post)
    return found is not None and runs(caller, state, found.compound)


def employs(caller: Principal, state: State, courier: str) -> bool:
    """Whether a courier works for a company: permitted in its compounds, or in its rosters."""
    return any(
        runs(caller, state, compound) and courier in permitted
        for compound, permitted in state.permits.items()
    ) or any(
        courier in guards and runs_post(caller, state, post)
        for post, guards in state.guards.items()
    )
