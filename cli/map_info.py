"""``antmile map info``: what is in a map, what was left out of it, and whether points fit it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from cli.errors import plain_errors
from cli.map_files import MapFile, counted, open_map
from cli.points import NamedPoint, read_points, told_of_exchange
from cli.progress import working

if TYPE_CHECKING:
    from maps.datum import Fit
    from maps.network import RoadNetwork

NAMES_SHOWN = 8
"""So many compounds are named."""


@plain_errors()
def info(
    file: MapFile,
    points_file: Annotated[
        Path | None,
        typer.Option("--points", help="CSV with id, lat, lon: which datum are these in?"),
    ] = None,
) -> None:
    """Show how large a map is, what each mode gets to, and what was left out or mended.

    Example: antmile map info jinan.map --points parcels.csv
    """
    points = read_points(points_file) if points_file else []
    network = open_map(file)
    console = Console(highlight=False, soft_wrap=True)
    _tell_extent(console, file, network)
    with working("connecting the roads of each mode"):
        table = _modes(network)
    console.print(table)
    _tell_hours(console, network)
    _tell_compounds(console, network)
    _tell_repairs(console, network)
    if points:
        _tell_datum(console, network, points)


def _tell_extent(console: Console, file: Path, network: "RoadNetwork") -> None:
    from maps.earth import haversine_m

    box = network.bounds
    middle = (box.south + box.north) / 2.0
    wide_km = float(haversine_m(middle, box.west, middle, box.east)) / 1000.0
    high_km = float(haversine_m(box.south, box.west, box.north, box.west)) / 1000.0
    console.print(
        f"{file}: {counted(network.edge_count, 'road')}, {counted(network.node_count, 'junction')}",
        markup=False,
    )
    console.print(
        f"latitude {box.south:.4f} to {box.north:.4f}, "
        f"longitude {box.west:.4f} to {box.east:.4f}: {wide_km:.1f} km by {high_km:.1f} km"
    )


def _modes(network: "RoadNetwork") -> Table:
    """Return what each mode has: all that is open, what of it is connected, what for errands."""
    from maps.profiles import MODES

    table = Table("mode")
    for name in ("open km", "connected km", "private km", "nodes", "arcs", "turn bans"):
        table.add_column(name, justify="right")
    for mode in MODES:
        table.add_row(mode, *_mode_figures(network, mode))
    return table


def _mode_figures(network: "RoadNetwork", mode: str) -> list[str]:
    from maps.graph import ModeGraph
    from maps.network import MapError
    from maps.profiles import MODES

    forward, backward = network.speeds(mode)
    open_km = network.length_dm[(forward > 0) | (backward > 0)].sum() / 10_000
    bans = f"{network.ban_mode[:, MODES.index(mode)].sum()}"
    try:
        graph = ModeGraph(network, mode)
    except MapError:
        # A map without, say, any road for cars is of use to all others.
        return [f"{open_km:.1f}", "0.0", "0.0", "0", "0", bans]
    connected_km = network.length_dm[graph.edge].sum() / 10_000
    private_km = graph.length_dm[graph.ground >= 0].sum() / 10_000
    nodes = np.union1d(network.tail[graph.edge], network.head[graph.edge])
    arcs = int((graph.arc_ms >= 0).sum())
    figures = f"{open_km:.1f}", f"{connected_km:.1f}", f"{private_km:.1f}"
    return [*figures, f"{len(nodes)}", f"{arcs}", bans]


def _tell_hours(console: Console, network: "RoadNetwork") -> None:
    """Say how much changes with the hour."""
    from maps.network import ALWAYS

    roads = int(np.isin(network.tag_set, network.hours_tag_set).sum())
    bans = int((network.ban_minute != ALWAYS).any(axis=1).sum())
    console.print(
        f"{counted(roads, 'road')} with hours of their own, "
        f"{counted(bans, 'banned turn')} at some hours only"
    )


def _tell_compounds(console: Console, network: "RoadNetwork") -> None:
    compounds = network.compounds
    if not compounds:
        console.print("no compound with gates was found")
        return
    gates = [gate for compound in compounds for gate in compound.gates]
    by_rule = Counter(gate.rule.value for gate in gates)
    rules = ", ".join(f"{rule} {by_rule[rule]}" for rule in sorted(by_rule)) or "none"
    entrances = sum(len(compound.entrances) for compound in compounds)
    console.print(
        f"{counted(len(compounds), 'compound')} with {counted(len(gates), 'gate')} "
        f"({rules}) and {counted(entrances, 'entrance')}"
    )
    gateless = sum(not compound.gates for compound in compounds)
    if gateless:
        console.print(f"  {gateless} without any known gate")
    names = [compound.name or compound.id for compound in compounds]
    more = ", ..." if len(names) > NAMES_SHOWN else ""
    console.print(f"  {', '.join(names[:NAMES_SHOWN])}{more}", markup=False)


def _tell_repairs(console: Console, network: "RoadNetwork") -> None:
    if not network.repairs:
        console.print("nothing was left out or mended")
        return
    table = Table("left out or mended", title_justify="left")
    table.add_column("count", justify="right")
    for what, count in sorted(network.repairs.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(what, f"{count}")
    console.print(table)


def _tell_datum(console: Console, network: "RoadNetwork", points: Sequence[NamedPoint]) -> None:
    """Compare points with the map under each datum, the best first."""
    from maps.datum import NEAR_M, distinct, fits
    from maps.earth import coordinates

    spots = distinct(*coordinates(points))
    count = len(spots[0])
    with working(f"comparing {counted(count, 'distinct point')} with the map"):
        rows = fits(network, *spots)
    console.print(f"{counted(len(points), 'point')}, {count} distinct, read as each datum:")
    table = Table("datum")
    for name in ("half within", "90 % within", f"within {NEAR_M:.0f} m", "moved by"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.datum.value,
            _metres(row.median_m),
            _metres(row.p90_m),
            f"{100.0 * row.near:.0f} %",
            _metres(row.shift_m),
        )
    console.print(table)
    if not np.isfinite(rows[0].median_m):
        who = "the point lies" if len(points) == 1 else "most points lie"
        advice = told_of_exchange(points, network.bounds) or "is this the right map?"
        console.print(f"{who} more than a kilometre from every road: {advice}")
    else:
        console.print(_verdict(rows, count))


def _verdict(rows: "Sequence[Fit]", count: int) -> str:
    """Say which datum it is, or why nobody can tell; ``count`` points are distinct."""
    from maps.datum import CLEAR_M, FEWEST_POINTS, is_clear

    best, *others = rows
    if all(row.shift_m == 0 for row in rows):
        return "the points lie outside China, where all three are the same: WGS84"
    if count < FEWEST_POINTS:
        return f"too few points to tell the datum: give {FEWEST_POINTS} distinct ones or more"
    if not is_clear(rows):
        return (
            f"too close to tell the datum: half within {_metres(best.median_m)} of a road as "
            f"{best.datum}, and another differs by less than {CLEAR_M:.0f} m"
        )
    rest = ", ".join(f"{row.datum} {_metres(row.median_m)}" for row in others)
    return f"{best.datum} fits best, half within {_metres(best.median_m)} of a road; {rest}"


def _metres(value: float) -> str:
    return f"{value:.1f} m" if np.isfinite(value) else "over 1 km"
