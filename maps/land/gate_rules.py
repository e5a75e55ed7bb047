"""From the tags of a gate to who passes it, by which rule, and when.

The one place for judgements about gates, as `maps.access` is for roads. ``access=private``
on a gate is not a wall: a courier has an errand to somebody behind it, and a guard lets him
in once he has signed. Only a permit or a residents' card shuts strangers out.

Pages of the OpenStreetMap wiki: Key:barrier, Key:entrance, Key:access, Key:opening_hours.
"""

import re
from collections.abc import Mapping, Sequence

from maps.access import MODES, PRIVATE_VALUES, blocked_modes, deciding
from maps.compounds import ALL_DAY, Gate, GateRule

SHUT_BARRIERS = frozenset(
    {
        "door",
        "full-height_turnstile",
        "gate",
        "hampshire_gate",
        "lift_gate",
        "sliding_beam",
        "sliding_gate",
        "swing_gate",
        "turnstile",
        "wicket_gate",
    }
)
"""Kinds of barrier that are shut until somebody opens."""

OPEN_BARRIERS = frozenset(
    {
        "bar",
        "block",
        "bollard",
        "chain",
        "cycle_barrier",
        "entrance",
        "kissing_gate",
        "motorcycle_barrier",
        "planter",
        "stile",
    }
)
"""Kinds of barrier that let pass whoever fits through."""

SIGNS_OF_A_WALL = SHUT_BARRIERS | {"entrance"}
"""Kinds of barrier that nobody puts up without a wall or a fence beside them."""

NO_ENTRANCE = frozenset({"emergency", "exit", "fire_exit", "garage", "no"})
"""Values of ``entrance`` that are no way in for a courier."""

_PERMIT_VALUES = frozenset({"permit", "residents"})
_SIGN_IN_VALUES = PRIVATE_VALUES - _PERMIT_VALUES - {"destination"}
_OPEN_VALUES = frozenset(
    {"designated", "destination", "dismount", "official", "permissive", "public", "yes"}
)

_DAILY = re.compile(r"(?:Mo-Su(?:,PH)? )?(\d\d):(\d\d)-(\d\d):(\d\d)")
_DAY_S = ALL_DAY[1]


def gates_at(
    osm_id: str,
    at: tuple[float, float],
    tags: Mapping[str, str],
    *,
    open_to: Sequence[bool],
    private_to: Sequence[bool],
    area: Mapping[str, str],
) -> tuple[Gate, ...]:
    """Return the gates at one point: one, or several where its rules differ by mode.

    Parameters
    ----------
    osm_id : str
        Becomes the id of the gate that serves the most modes; of the others each has its
        first mode behind it: ``n123`` and ``n123:foot``.
    at : (lat, lon)
        Degrees.
    tags : mapping
        Of the barrier or entrance; empty where a road just crosses the boundary.
    open_to, private_to : (M,) bool
        For each of `maps.access.MODES`, whether the road through it is open and private.
    area : mapping
        Tags of the compound: its ``access`` counts where gate and road say nothing.

    Returns
    -------
    tuple of Gate, by id
        Empty where nobody fits through.

    Notes
    -----
    An access tag of the gate decides: ``permit`` and ``residents`` are PERMIT; ``private``,
    ``customers`` and ``delivery`` SIGN_IN; ``yes``, ``permissive``, ``destination`` and the
    like OPEN; ``no`` leaves the mode out. Without one, a gate of a kind that is shut, a
    private road or a private area is SIGN_IN, and all else OPEN.
    """
    blocked = blocked_modes(tags)
    groups: dict[GateRule, list[str]] = {}
    for number, mode in enumerate(MODES):
        if open_to[number] and not blocked[number]:
            rule = _rule(tags, mode, is_private=bool(private_to[number]), area=area)
            groups.setdefault(rule, []).append(mode)
    # The largest group first; of two of one size the one with the earlier mode.
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), MODES.index(item[1][0])))
    opens_s, closes_s = daily_hours(tags.get("opening_hours", ""))
    gates = [
        Gate(
            id=f"{osm_id}:{modes[0]}" if number else osm_id,
            lat=at[0],
            lon=at[1],
            modes=tuple(modes),
            rule=rule,
            opens_s=opens_s,
            closes_s=closes_s,
        )
        for number, (rule, modes) in enumerate(ordered)
    ]
    return tuple(sorted(gates, key=lambda gate: gate.id))


def daily_hours(value: str) -> tuple[int, int]:
    """Read ``opening_hours`` that are the same every day.

    Returns
    -------
    (opens_s, closes_s) : seconds of the day
        `ALL_DAY` where the value says anything but one span for every day, as
        ``06:00-23:00`` or ``Mo-Su 06:00-00:00``.
    """
    match = _DAILY.fullmatch(re.sub(r"\s*([,-])\s*", r"\1", value.strip()))
    if match is None:
        return ALL_DAY
    from_hour, from_minute, to_hour, to_minute = (int(text) for text in match.groups())
    opens_s = from_hour * 3600 + from_minute * 60
    # The wiki writes a span over midnight as 22:00-02:00 or as 22:00-26:00.
    closes_s = to_hour * 3600 + to_minute * 60
    if closes_s > _DAY_S:
        closes_s -= _DAY_S
    closes_s = closes_s or _DAY_S
    if max(from_minute, to_minute) >= 60 or opens_s >= _DAY_S or closes_s > _DAY_S:  # noqa: PLR2004
        return ALL_DAY
    return ALL_DAY if opens_s == closes_s else (opens_s, closes_s)


def _rule(
    tags: Mapping[str, str], mode: str, *, is_private: bool, area: Mapping[str, str]
) -> GateRule:
    _, own = deciding(tags, mode)
    if own in _PERMIT_VALUES:
        return GateRule.PERMIT
    if own in _SIGN_IN_VALUES:
        return GateRule.SIGN_IN
    if own in _OPEN_VALUES:
        return GateRule.OPEN
    _, around = deciding(area, mode)
    if around in _PERMIT_VALUES:
        return GateRule.PERMIT
    is_shut = tags.get("barrier") in SHUT_BARRIERS
    if is_shut or is_private or around in _SIGN_IN_VALUES or around == "no":
        return GateRule.SIGN_IN
    return GateRule.OPEN
