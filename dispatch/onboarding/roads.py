"""Whether people get in: gates on roads, ways in for each mode, and the walk to every entrance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.onboarding.folder import Onboarding
from dispatch.onboarding.ground import note_at
from dispatch.sim import columns
from dispatch.sim.table import Problems
from maps.compounds import Compound, Gate
from maps.earth import haversine_m
from maps.network import RoadNetwork
from maps.profiles import MODES
from maps.snap import RoadIndex
from maps.travel import SNAP_LIMIT_M, TravelTimes

GATE_ROAD_M = 40.0
"""A gate farther from every road of a mode lets nobody of that mode in."""
DOOR_PATH_M = 60.0
"""An entrance farther from every path is reached over lawns: one is missing on the map."""
ROUNDABOUT = 4.0
"""A walk so many times the straight line, and longer than `LONG_WALK_M`, lacks a path."""
LONG_WALK_M = 400.0

_FOOT = "foot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The way from a gate to an entrance on foot.

    Attributes
    ----------
    gate
        Id of the nearest by time; empty where no gate leads there.
    seconds, metres
        inf where none does.
    """

    compound: str
    building: str
    entrance: str
    gate: str
    seconds: float
    metres: float


def check_ways_in(
    read: Onboarding, compounds: Sequence[Compound], problems: Problems, warnings: Problems
) -> None:
    """Check that those who work in a compound get in with what they ride."""
    post_of = {post.id: post.compound for post in read.posts}
    mode_of = {courier.id: courier.mode.value for courier in read.couriers}
    works = {(post_of[slot.post], who) for who, slot in read.availability if slot.post in post_of}
    works |= set(read.permits)
    for compound in compounds:
        fitting = {mode for gate in compound.gates for mode in gate.modes}
        if not fitting:
            continue
        used = {mode_of[who] for place, who in works if place == compound.id and who in mode_of}
        for mode in sorted(used - fitting):
            is_shut = _FOOT not in fitting
            words = f"no gate of {compound.id!r} lets {mode} in, which its couriers use"
            words += "" if is_shut else ": they leave it at the gate and walk"
            note_at(
                read.tables[columns.COMPOUNDS],
                compound.id,
                "id",
                words,
                problems if is_shut else warnings,
            )


def check_roads(
    read: Onboarding,
    network: RoadNetwork,
    compounds: Sequence[Compound],
    problems: Problems,
    warnings: Problems,
) -> tuple[Walk, ...]:
    """Check gates and entrances against the roads; return the walks to the entrances."""
    _check_gates(read, network, compounds, problems, warnings)
    times = TravelTimes(network)
    return tuple(
        walk
        for compound in compounds
        if compound.gates and compound.entrances
        for walk in _walks(read, times, compound, problems, warnings)
    )


def _check_gates(
    read: Onboarding,
    network: RoadNetwork,
    compounds: Sequence[Compound],
    problems: Problems,
    warnings: Problems,
) -> None:
    gates = [gate for compound in compounds for gate in compound.gates]
    if not gates:
        return
    lat, lon = np.array([gate.lat for gate in gates]), np.array([gate.lon for gate in gates])
    is_near = {}
    for number, mode in enumerate(MODES):
        edges = np.flatnonzero(network.speed_kmh[network.tag_set, number].any(axis=1))
        snapped = RoadIndex(network, edges).nearest(lat, lon, limit_m=GATE_ROAD_M)
        is_near[mode] = snapped.edge >= 0
    for index, gate in enumerate(gates):
        far = [mode for mode in gate.modes if not is_near[mode][index]]
        if not far:
            continue
        where = f"gate {gate.id!r}: no road for {', '.join(far)} within {GATE_ROAD_M:.0f} m"
        if len(far) == len(gate.modes):
            note_at(
                read.tables[columns.GATES],
                gate.id,
                "lat",
                f"{where}: move it to a road",
                problems,
            )
        else:
            note_at(
                read.tables[columns.GATES],
                gate.id,
                "modes",
                f"{where}: leave them out of its modes, or move it",
                warnings,
            )


def _walks(
    read: Onboarding,
    times: TravelTimes,
    compound: Compound,
    problems: Problems,
    warnings: Problems,
) -> list[Walk]:
    gates = [gate for gate in compound.gates if _FOOT in gate.modes] or list(compound.gates)
    doors = list(compound.entrances)
    off_m = times.snap_distance_m(_FOOT, doors)
    gate_off_m = times.snap_distance_m(_FOOT, gates)
    starts = [
        gate for gate, off in zip(gates, gate_off_m.tolist(), strict=True) if np.isfinite(off)
    ]
    found = []
    for door, off in zip(doors, off_m.tolist(), strict=True):
        name = f"{door.building} {door.entrance}".strip()
        walk = Walk(
            compound=compound.id,
            building=door.building,
            entrance=door.entrance,
            gate="",
            seconds=float("inf"),
            metres=float("inf"),
        )
        if starts and np.isfinite(off):
            time_s, distance_m = times.matrix(_FOOT, starts, [door])
            best = int(time_s[:, 0].argmin())
            walk = Walk(
                compound=compound.id,
                building=door.building,
                entrance=door.entrance,
                gate=starts[best].id,
                seconds=float(time_s[best, 0]),
                metres=float(distance_m[best, 0]),
            )
            words = _doubt(walk, starts[best], door.lat, door.lon, off)
            if words:
                _note_door(
                    read, compound.id, door.building, door.entrance, f"{name!r} {words}", warnings
                )
        else:
            _note_door(
                read,
                compound.id,
                door.building,
                door.entrance,
                f"{name!r} cannot be reached from any gate: no path within {SNAP_LIMIT_M:.0f} m",
                problems,
            )
        found.append(walk)
    return found


def _doubt(walk: Walk, gate: Gate, lat: float, lon: float, off_m: float) -> str:
    """Return what looks wrong with a walk; empty where nothing does."""
    if off_m > DOOR_PATH_M:
        return f"is {off_m:.0f} m from the nearest path: one may be missing on the map"
    straight_m = float(haversine_m(gate.lat, gate.lon, lat, lon))
    if walk.metres > max(LONG_WALK_M, ROUNDABOUT * straight_m):
        return (
            f"is {walk.metres:.0f} m from its nearest gate on foot, {straight_m:.0f} m as the crow "
            "flies: a path or a gate may be missing"
        )
    return ""


def _note_door(
    read: Onboarding, compound: str, building: str, entrance: str, text: str, to: Problems
) -> None:
    for row in read.tables[columns.ENTRANCES]:
        if (row.text("compound"), row.text("building"), row.text("entrance")) == (
            compound,
            building,
            entrance,
        ):
            to.add(row.file, text, line=row.line, column="lat")
            return
    to.add(columns.ENTRANCES, f"{compound}: {text}")
