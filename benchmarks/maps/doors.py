"""Doors of many compounds: what their matrix costs beside the road matrix of their entrances.

2,000 doors in 40 compounds put on the map of Porto, with few and with many entrances; both
matrices are computed from nothing, snapping included, in turns, and again with all places known.
The least of nine runs stands: these are milliseconds, in which a neighbour on the machine shows.
"""

from time import perf_counter

import numpy as np

from benchmarks.maps.setting import MAIN_MAP, machine, map_file
from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.doors import Door
from maps.earth import METRES_PER_DEGREE
from maps.land.gated_land import marked
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.profiles import MODES
from maps.travel import TravelTimes

COMPOUNDS = 40
DOORS = 2000
STAIRCASES = 3
RUNS = 9
MODE = "ebike"


class _Climb:
    """The rider of `dispatch.core.policy`, in round figures."""

    up_s_per_floor = 6.0
    down_s_per_floor = 6.0
    lift_wait_s = 30.0
    lift_s_per_floor = 2.5
    knock_s = 25.0


def main() -> None:
    """Print a row for each number of entrances."""
    network = load_map(map_file(MAIN_MAP))
    print(machine())
    print("doors  entrances  road_ms  doors_ms  ratio  known_ms")
    for buildings in (4, 8, 16):
        compounds = _compounds(network, buildings)
        doors = _doors(compounds)
        times = TravelTimes(marked(network, compounds))
        entrances = list({(door.lat, door.lon): door for door in doors}.values())
        times.prepare(MODE)
        rows = [_timed(times, doors, entrances) for _ in range(RUNS + 1)][1:]
        road, door, known = (min(row[part] for row in rows) for part in range(3))
        print(
            f"{len(doors):5}  {len(entrances):9}  {road:7.1f}  {door:8.1f}  {door / road:5.2f}"
            f"  {known:8.1f}",
            flush=True,
        )


def _timed(
    times: TravelTimes, doors: list[Door], entrances: list[Door]
) -> tuple[float, float, float]:
    """Return milliseconds of the road matrix, of the doors from nothing, and of doors known."""
    began = perf_counter()
    times.matrix(MODE, entrances, entrances)
    road = perf_counter()
    for kept in times._kept.values():  # noqa: SLF001 - no caller forgets, a benchmark has to
        kept.forget()
    fresh = perf_counter()
    times.doors(MODE, doors, _Climb())
    door = perf_counter()
    times.doors(MODE, doors, _Climb())
    known = perf_counter()
    return 1000 * (road - began), 1000 * (door - fresh), 1000 * (known - door)


def _compounds(network: RoadNetwork, buildings: int) -> tuple[Compound, ...]:
    """Put squares of land on streets, with rows of buildings of three staircases each."""
    rng = np.random.default_rng(5)
    longer = np.flatnonzero(network.length_dm > 300)
    found = []
    for number, edge in enumerate(rng.choice(longer, COMPOUNDS, replace=False).tolist()):
        first = network.shape_start[edge]
        lat, lon = float(network.shape_lat[first]), float(network.shape_lon[first])
        up = 1.0 / METRES_PER_DEGREE
        right = up / float(np.cos(np.radians(lat)))
        half = 40.0 + 9.0 * buildings / 2
        corners = ((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))
        ring = tuple((lat + a * half * up, lon + b * half * right) for a, b in corners)
        gate = Gate(
            id=f"gate-{number}", lat=lat - half * up, lon=lon, modes=MODES, rule=GateRule.OPEN
        )
        doors = tuple(
            Entrance(
                building=str(row),
                entrance=str(stair),
                lat=lat + (row - buildings / 2) * 9.0 * up,
                lon=lon + (stair - 1) * 25.0 * right,
                floors=12,
                has_lift=bool(row % 2),
            )
            for row in range(buildings)
            for stair in range(STAIRCASES)
        )
        found.append(
            Compound(id=f"compound-{number:02}", boundary=(ring,), gates=(gate,), entrances=doors)
        )
    return tuple(found)


def _doors(compounds: tuple[Compound, ...]) -> list[Door]:
    """Return doors behind the entrances in turn, each a room of its own."""
    found = []
    for index in range(DOORS):
        compound = compounds[index % COMPOUNDS]
        turn = index // COMPOUNDS
        entrance = compound.entrances[turn % len(compound.entrances)]
        found.append(
            Door(
                lat=entrance.lat,
                lon=entrance.lon,
                compound=compound.id,
                building=entrance.building,
                entrance=entrance.entrance,
                floor=1 + turn % 12,
                door_key=f"room-{index}",
            )
        )
    return found


if __name__ == "__main__":
    main()
