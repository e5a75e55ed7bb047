"""Whom a property company lets work: permits of couriers, and compounds that are stopped."""

from dispatch.core.model import Availability
from dispatch.core.zone import State


def is_run(state: State, compound: str) -> bool:
    """Whether a property company runs a compound: then its permits count there, and no list."""
    found = state.compounds.get(compound)
    return found is not None and bool(found.company)


def is_permitted(state: State, compound: str, courier: str) -> bool:
    """Whether a courier has a compound's permit."""
    return courier in state.permits.get(compound, ())


def may_work(state: State, courier: str, slot: Availability) -> bool:
    """Whether a courier may be asked for a tour from the post that a slot of the roster names.

    A guard works with the company's permit, and not while the compound is stopped. Who keeps a hub
    of a stopped compound rests with it.
    """
    if not state.compounds:
        return True
    post = state.posts.get(slot.post)
    hub = state.hubs.get(state.couriers[courier].host_of)
    home = hub.place.compound if hub is not None else ""
    compounds = {home, post.compound if post is not None else ""}
    if any(compound in state.stopped for compound in compounds):
        return False
    if post is None or not is_run(state, post.compound):
        return True
    return is_permitted(state, post.compound, courier)
