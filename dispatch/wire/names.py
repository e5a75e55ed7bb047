"""Resource names: ``networks/n/merchants/m/parcels/p`` to ids, and back.

Must not import generated messages.
"""

from typing import TypeAlias

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import ID

Shape: TypeAlias = tuple[str, ...]
"""The collections of a name, from the root on."""

NETWORK: Shape = ("networks",)
ZONE: Shape = ("networks", "zones")
MERCHANT: Shape = ("networks", "merchants")
PARCEL: Shape = ("networks", "merchants", "parcels")
LEG: Shape = ("networks", "merchants", "parcels", "legs")
PROXY: Shape = ("networks", "merchants", "parcels", "proxies")
COURIER: Shape = ("networks", "couriers")
WINDOW: Shape = ("networks", "couriers", "availabilityWindows")
OFFER: Shape = ("networks", "couriers", "offers")
TOUR: Shape = ("networks", "couriers", "tours")
HUB: Shape = ("networks", "hubs")
COMPOUND: Shape = ("networks", "compounds")
POST: Shape = ("networks", "compounds", "posts")
CLOSURE: Shape = ("networks", "zones", "closures")
DECISION: Shape = ("networks", "zones", "decisions")
RUN: Shape = ("networks", "dispatchRuns")
OPERATION: Shape = ("networks", "operations")

ANY = "-"
"""Stands for every id in the parent of a list."""


def joined(shape: Shape, *ids: str) -> str:
    """Return the name that these ids make."""
    return "/".join(f"{collection}/{own}" for collection, own in zip(shape, ids, strict=True))


def split(name: str, shape: Shape, *, wildcard: bool = False) -> tuple[str, ...] | None:
    """Return the ids of a name, None where it is not of this shape.

    Parameters
    ----------
    wildcard
        Whether `ANY` may stand for the last id.
    """
    parts = name.split("/")
    if len(parts) != 2 * len(shape) or tuple(parts[::2]) != shape:
        return None
    ids = tuple(parts[1::2])
    plain = ids[:-1] if wildcard and ids[-1] == ANY else ids
    return ids if all(ID.fullmatch(own) for own in plain) else None


def required(name: str, shape: Shape, field: str, *, wildcard: bool = False) -> tuple[str, ...]:
    """Return the ids of a name.

    Raises
    ------
    InvalidValue
        If it is empty or not of this shape; names ``field``.
    """
    ids = split(name, shape, wildcard=wildcard)
    if ids is None:
        pattern = "/".join(f"{collection}/*" for collection in shape)
        problem = f"{name[:200]!r} is not of the form {pattern}" if name else "is required"
        raise InvalidValue([Fault(field, problem)])
    return ids


def parcel_name(network: str, parcel: str) -> str:
    """Return the name of a parcel of the core, ``m/p``."""
    merchant, own = parcel.split("/")
    return f"networks/{network}/merchants/{merchant}/parcels/{own}"


def leg_name(network: str, leg: str) -> str:
    """Return the name of a leg of the core, ``m/p/1``."""
    parcel, _, number = leg.rpartition("/")
    return f"{parcel_name(network, parcel)}/legs/{number}"


def leg_id(network: str, name: str, field: str) -> str:
    """Return the core's id of a leg: ``m/p/1``; raises as `required`."""
    return own_id(network, name, LEG, field)


def parcel_id(network: str, name: str, field: str) -> str:
    """Return the core's id of a parcel: ``m/p``; raises as `required`."""
    return own_id(network, name, PARCEL, field)


def own_id(network: str, name: str, shape: Shape, field: str) -> str:
    """Return the ids of a name below its network, joined by slashes.

    Raises
    ------
    InvalidValue
        If it is empty, not of this shape or lies in another network; names ``field``.
    """
    found, *parts = required(name, shape, field)
    if found != network:
        raise InvalidValue([Fault(field, f"{name!r} lies in another network")])
    return "/".join(parts)
