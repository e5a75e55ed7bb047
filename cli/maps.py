"""``antmile map``: look at a map before a day is built on it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.errors import plain_errors

app = typer.Typer(help="Look at OpenStreetMap files.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep ``info`` a command of the group although it is the only one."""


@app.command()
@plain_errors()
def info(file: Annotated[Path, typer.Argument(help="An OpenStreetMap file.")]) -> None:
    """Show how large a map is and how much of it each mode gets to."""
    from maps.graph import ModeGraph
    from maps.osm import load_map
    from maps.profiles import MODES

    network = load_map(file)
    bounds = network.bounds
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{file}: {network.edge_count} roads, {network.node_count} junctions", markup=False
    )
    console.print(
        f"latitude {bounds.south:.4f} to {bounds.north:.4f}, "
        f"longitude {bounds.west:.4f} to {bounds.east:.4f}"
    )
    table = Table("mode", "open km", "connected km")
    for mode in MODES:
        forward, backward = network.speeds(mode)
        open_dm = network.length_dm[(forward > 0) | (backward > 0)].sum()
        connected_dm = network.length_dm[ModeGraph(network, mode).edge].sum()
        table.add_row(mode, f"{open_dm / 10_000:.1f}", f"{connected_dm / 10_000:.1f}")
    console.print(table)
