"""OSM access tags and barriers: who may be on a way, and who gets past a node.

Access is read as the OpenStreetMap wiki has it (Key:access,
OSM_tags_for_routing/Access_restrictions, Key:barrier): the key closest to the mode decides.
Imports nothing of the package.
"""

from collections.abc import Mapping

MODES = ("foot", "bicycle", "ebike", "car")
"""The modes of travel. The order is the order of every per-mode array axis."""

ACCESS_KEYS: Mapping[str, tuple[str, ...]] = {
    "foot": ("foot", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "ebike": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
"""Most specific key first: the first that is set decides."""

CLOSED_VALUES = frozenset(
    {
        "no",
        "agricultural",
        "forestry",
        "military",
        "emergency",
        "psv",
        "bus",
        "taxi",
        "use_sidepath",
    }
)
"""Values that keep couriers out at all times."""

PRIVATE_VALUES = frozenset(
    {
        "private",
        "destination",
        "customers",
        "delivery",
        "permit",
        "residents",
        "members",
        "employees",
        "staff",
        "students",
    }
)
"""Values that let in whoever has an errand there, and nobody on the way to elsewhere.

A parcel is an errand, so the road is open to couriers; who else needs a permit is the gate's
business, not the road's.
"""

OPENING_VALUES = PRIVATE_VALUES | {"yes", "designated", "permissive", "official", "public"}
"""Values that let a mode onto a road whose class alone would close it."""

_BARRIER_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "bollard": ("car",),
    "block": ("car",),
    "bus_trap": ("car",),
    "sump_buster": ("car",),
    "cycle_barrier": ("car",),
    "motorcycle_barrier": ("car",),
    "planter": ("car",),
    "debris": ("car",),
    "jersey_barrier": ("car",),
    "chain": ("car",),
    "log": ("car",),
    "bar": ("car",),
    "rope": ("car",),
    "step": ("car",),
    "guard_rail": ("car",),
    "wicket_gate": ("car",),
    "kissing_gate": ("bicycle", "ebike", "car"),
    "turnstile": ("bicycle", "ebike", "car"),
    "full-height_turnstile": ("bicycle", "ebike", "car"),
    "stile": ("bicycle", "ebike", "car"),
    "horse_stile": ("bicycle", "ebike", "car"),
}
"""Modes that a barrier on a road stops. All others let everyone pass, gates too."""

NODE_KEYS = ("access", "barrier", "bicycle", "foot", "motor_vehicle", "motorcar", "vehicle")
"""Every tag of a node that a rule here reads, sorted."""


def deciding(tags: Mapping[str, str], mode: str) -> tuple[str, str]:
    """Return the most specific access key that is set, and its value.

    Parameters
    ----------
    tags : mapping
        Of a way or a node.
    mode : str
        One of `MODES`.

    Returns
    -------
    (key, value) : str
        Two empty strings where no key is set.
    """
    for key in ACCESS_KEYS[mode]:
        if key in tags:
            return key, tags[key]
    return "", ""


def private_modes(tags: Mapping[str, str]) -> tuple[bool, ...]:
    """Say for which modes a way is for errands only, one flag for each of `MODES`.

    The deciding access value is one of `PRIVATE_VALUES` (Tag:access=private,
    Tag:access=destination, Tag:access=customers, Tag:access=delivery, Tag:access=permit).
    A driveway or a parking aisle without access tags is not private: Tag:service=driveway
    speaks of a shape, not of a right.
    """
    return tuple(deciding(tags, mode)[1] in PRIVATE_VALUES for mode in MODES)


def blocked_modes(tags: Mapping[str, str]) -> tuple[bool, ...]:
    """Say which modes a node with these tags stops, one flag for each of `MODES`.

    Gates let everyone pass unless their access tags say ``no``; bollards stop cars, kissing
    gates and stiles all wheels. An access tag of the mode itself decides before the kind of
    barrier does. A private gate stops nobody: what lies behind it is for errands only where
    the roads there say so or belong to a compound, whose gate has a rule of its own.
    """
    barrier = tags.get("barrier")
    if barrier is None:
        return (False,) * len(MODES)
    stopped = _BARRIER_BLOCKS.get(barrier, ())
    return tuple(_is_stopped(tags, mode, by_default=mode in stopped) for mode in MODES)


def _is_stopped(tags: Mapping[str, str], mode: str, *, by_default: bool) -> bool:
    key, value = deciding(tags, mode)
    if value in CLOSED_VALUES:
        return True
    # access=yes on a bollard speaks of the road's public nature, not of cars
    # that could pass it: only a key of the mode itself opens a barrier.
    if key not in ("", "access") and value in OPENING_VALUES:
        return False
    return by_default
