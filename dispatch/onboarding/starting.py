"""A folder to begin with, from what the map knows: a newcomer corrects instead of typing.

Land, gates and entrances are the map's. A booth at the main gate, a post in it and four guards
with a rota are a suggestion, so that the folder can be checked and played at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from dispatch.core.model import Contract, CourierKind, Duty, HubKind, Mode
from dispatch.sim import columns
from maps.compounds import ALL_DAY, Compound, Gate, GateRule
from maps.earth import Bounds, LocalProjection, haversine_m
from maps.land import outlines
from maps.network import MapError, RoadNetwork
from maps.profiles import MODES, Rank

Table = list[dict[str, Any]]

NEAR_M = 500.0
"""A point farther from every compound of the map means none of them."""
SIDE_M = 160.0
"""Where the map has no compound, land of this width and depth is drawn around the point."""
_SAME_GATE_M = 20.0
_BOOTH_SLOTS = {"slots_s": 30, "slots_m": 20, "slots_l": 5}
_ROTA = (("07:00", "11:00"), ("11:00", "15:00"), ("15:00", "19:00"), ("19:00", "22:00"))
_GUARDS = 4
_LAST_SECOND = "23:59:59"


def compound_with_id(network: RoadNetwork, own: str) -> Compound:
    """Return a compound of the map.

    Raises
    ------
    MapError
        The map has none with that id; some that it has are named.
    """
    for compound in network.compounds:
        if compound.id == own:
            return compound
    some = ", ".join(f"{it.id} ({it.name or 'no name'})" for it in network.compounds[:8])
    raise MapError(f"no compound {own!r} in the map; it has {some or 'none: give --around'}")


def compound_around(network: RoadNetwork, *, lat: float, lon: float) -> Compound:
    """Return the map's compound at a point, the smallest; else a square whose roads are its gates.

    Raises
    ------
    MapError
        Neither compound nor road is near.
    """
    at = LocalProjection(Bounds(south=lat, west=lon, north=lat, east=lon))
    lands = outlines.polygons(network.compounds, at)
    if len(lands):
        away_m = shapely.distance(lands, shapely.points(0.0, 0.0))
        inside = np.flatnonzero(away_m == 0.0)
        if len(inside):
            return network.compounds[int(inside[np.argmin(shapely.area(lands[inside]))])]
    return _drawn(network, at, lat=lat, lon=lon)


def starting_tables(compound: Compound) -> Mapping[str, Table]:
    """Return the tables of a folder, by file, as `dispatch.sim.columns` has them."""
    gate = _main_gate(compound.gates)
    own = compound.id
    lat, lon = gate.lat, gate.lon
    booth, post = f"{own}-booth", f"{own}-gate-post"
    return {
        columns.COMPOUNDS: [
            {
                "id": own,
                "name": compound.name or own,
                "property_company": f"{own}-property",
                "boundary": _wkt(compound),
            }
        ],
        columns.GATES: [_gate_row(own, its) for its in compound.gates],
        columns.ENTRANCES: [
            {
                "compound": own,
                "building": door.building,
                "entrance": door.entrance,
                "lat": door.lat,
                "lon": door.lon,
                "floors": "" if door.floors is None else door.floors,
                "lift": "" if door.has_lift is None else ("yes" if door.has_lift else "no"),
            }
            for door in compound.entrances
        ],
        columns.HUBS: [
            {
                "id": booth,
                "kind": HubKind.BOOTH.value,
                "operator": f"{own}-property",
                "lat": lat,
                "lon": lon,
                "compound": own,
                **_BOOTH_SLOTS,
                "contracts": ";".join(Contract),
            }
        ],
        columns.HUB_HOURS: [{"hub": booth, "opens_at": _ROTA[0][0], "closes_at": _ROTA[-1][1]}],
        columns.POSTS: [{"id": post, "compound": own, "hub": booth, "minimum": 1}],
        columns.COURIERS: [
            {
                "id": guard,
                "kind": CourierKind.GUARD.value,
                "mode": Mode.FOOT.value,
                "lat": lat,
                "lon": lon,
                "host_of": booth if number == 0 else "",
                "party": f"{own}-property",
                "access": own,
            }
            for number, guard in enumerate(_guards(own))
        ],
        columns.AVAILABILITY: _roster(own, post),
    }


def _guards(own: str) -> list[str]:
    return [f"{own}-guard-{number}" for number in range(1, _GUARDS + 1)]


def _roster(own: str, post: str) -> Table:
    """Return a rota in which two stand at the post, one walks his rounds and one rests."""
    duties = (Duty.POST, Duty.POST, Duty.PATROL, Duty.BREAK)
    return [
        {
            "courier_id": guard,
            "opens_at": opens_at,
            "closes_at": closes_at,
            "post": post,
            "duty": duties[(number + turn) % len(duties)].value,
        }
        for number, guard in enumerate(_guards(own))
        for turn, (opens_at, closes_at) in enumerate(_ROTA)
    ]


def _main_gate(gates: Sequence[Gate]) -> Gate:
    """Return the gate that most modes fit through, one with a guard before one without."""
    return min(gates, key=lambda its: (-len(its.modes), its.rule is GateRule.OPEN, its.id))


def _gate_row(own: str, gate: Gate) -> dict[str, Any]:
    always = (gate.opens_s, gate.closes_s) == ALL_DAY
    return {
        "id": gate.id,
        "compound": own,
        "lat": gate.lat,
        "lon": gate.lon,
        "modes": "" if gate.modes == MODES else ";".join(gate.modes),
        "rule": gate.rule.value,
        "sign_in_s": "" if gate.sign_in_s is None else gate.sign_in_s,
        "opens_at": "" if always else _clock(gate.opens_s),
        "closes_at": "" if always else _clock(gate.closes_s),
    }


def _clock(second: int) -> str:
    if second >= ALL_DAY[1]:
        return _LAST_SECOND
    return f"{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}"


def _wkt(compound: Compound) -> str:
    parts = [
        "((" + ", ".join(f"{lon!r} {lat!r}" for lat, lon in ring) + "))"
        for ring in compound.boundary
    ]
    if not parts:
        return ""
    return f"POLYGON {parts[0]}" if len(parts) == 1 else f"MULTIPOLYGON ({', '.join(parts)})"


def _drawn(network: RoadNetwork, at: LocalProjection, *, lat: float, lon: float) -> Compound:
    """Return a square of land around a point; a gate stands where a road crosses its edge."""
    half = SIDE_M / 2
    square = shapely.box(-half, -half, half, half)
    gates: list[Gate] = []
    is_open = (network.speed_kmh > 0).max(axis=2)[network.tag_set]
    rank = network.rank[network.tag_set]
    for edge in _edges_near(network, at, half):
        shape = slice(network.shape_start[edge], network.shape_start[edge + 1])
        line = shapely.linestrings(at.xy(network.shape_lat[shape], network.shape_lon[shape]))
        modes = tuple(mode for mode, its in zip(MODES, is_open[edge], strict=True) if its)
        if rank[edge] in (Rank.MAJOR, Rank.FERRY) or not modes:
            continue
        crossed = shapely.get_coordinates(shapely.intersection(line, square.exterior))
        for its_lat, its_lon in zip(*at.lat_lon(crossed), strict=True):
            if all(
                haversine_m(its_lat, its_lon, gate.lat, gate.lon) > _SAME_GATE_M for gate in gates
            ):
                gates.append(
                    Gate(
                        id=f"gate-{len(gates) + 1}",
                        lat=round(float(its_lat), 7),
                        lon=round(float(its_lon), 7),
                        modes=modes,
                        rule=GateRule.SIGN_IN,
                    )
                )
    if not gates:
        raise MapError(
            f"no compound of the map lies at lat {lat:g}, lon {lon:g}, and no street crosses a "
            f"square of {SIDE_M:.0f} m around it: choose another point"
        )
    (boundary,) = outlines.rings(square, at)
    return Compound(id="new-compound", boundary=(boundary,), gates=tuple(gates))


def _edges_near(network: RoadNetwork, at: LocalProjection, half_m: float) -> list[int]:
    """Return the edges with an end within twice a distance of the origin, or that pass near it."""
    xy = at.xy(network.shape_lat, network.shape_lon)
    owner = np.repeat(np.arange(network.edge_count), np.diff(network.shape_start))
    lines = shapely.linestrings(xy, indices=owner)
    box = shapely.box(-half_m, -half_m, half_m, half_m)
    found: list[int] = np.flatnonzero(shapely.intersects(lines, box)).tolist()
    return found
