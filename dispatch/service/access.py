"""Who may ask: the caller of a call, and where roles may act."""

from collections.abc import Container
from contextvars import ContextVar

from dispatch.auth import Principal, Role, may_act_in
from dispatch.core.errors import AccessDenied
from dispatch.wire import names

CALLER: ContextVar[Principal] = ContextVar("CALLER")
"""Whom the token of the call at hand speaks for; set by the guard before each call."""

DISPATCHERS = frozenset({Role.DISPATCHER})
MERCHANTS = frozenset({Role.DISPATCHER, Role.MERCHANT})
COURIERS = frozenset({Role.DISPATCHER, Role.COURIER})
COUNTERS = frozenset({Role.DISPATCHER, Role.HUB_OPERATOR})
COMPANIES = frozenset({Role.DISPATCHER, Role.PROPERTY_COMPANY})
DEVICES = frozenset({Role.HUB_OPERATOR})
AUDITORS = frozenset({Role.AUDITOR})
ALL = MERCHANTS | COURIERS


def allowed(
    name: str,
    shape: names.Shape,
    field: str,
    roles: Container[Role],
    *,
    wildcard: bool = False,
) -> tuple[Principal, tuple[str, ...]]:
    """Return the caller and the ids of a name on which the caller may act.

    Asked before anything else of the request is looked at, so that nobody learns from an
    error what exists elsewhere.

    Raises
    ------
    AccessDenied
        If it lies in another network, with another merchant, courier or hub, or is not for the
        caller's role.
    InvalidValue
        If the name is not of the shape; names ``field``.
    """
    caller = CALLER.get()
    if is_elsewhere(name, caller.network) or caller.role not in roles:
        raise denied(caller)
    ids = names.required(name, shape, field, wildcard=wildcard)
    if not may_act_in(caller, name):
        raise denied(caller)
    return caller, ids


def is_elsewhere(name: str, network: str) -> bool:
    """Whether a name lies in a network, and not in this one."""
    parts = name.split("/")
    return parts[0] == "networks" and len(parts) > 1 and parts[1] != network


def denied(caller: Principal) -> AccessDenied:
    """Return the error of a caller who may not; it does not say what is there."""
    return AccessDenied(f"{caller.name} may not do this, or it does not exist")
