"""``antmile plan draw``: a plan on its map and over time, as one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.map_files import Mode, open_map, replacing
from cli.plan_files import PlanFile, places_of, read_plan, ticks_of
from cli.points import NamedPoint, told_of_exchange
from cli.problem_files import Case, Format, Rounding, format_of, read_case
from cli.progress import told_of_compiling, working

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maps.network import RoadNetwork

OUTCOME = "nothing was drawn"
NAMES_TOLD = 12


@plain_errors()
def draw(
    problem_file: Annotated[Path, typer.Argument(metavar="PROBLEM", help="What was planned.")],
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="What antmile solve wrote, or the like.")
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write, FILE.svg.")
    ] = Path("plan.svg"),
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="A map, or an OSM file; without, ways are straight."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Whose ways the map is asked for.")] = "ebike",
    format_: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Of PROBLEM; by default how it begins says."),
    ] = None,
    rounding: Annotated[
        Rounding | None,
        typer.Option(help="Of vrptw files; by default as PLAN says, or exact."),
    ] = None,
    couriers: Annotated[
        list[str] | None,
        typer.Option(
            "--courier",
            metavar="C",
            help="Only these: couriers, vehicles, numbers of routes, types of riders.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw a plan: its tours on the streets, their stops in order, and timelines below.

    Example: antmile plan draw problem.json plan.json --map city.osm.pbf -o plan.svg

    Squares are pickups, discs drop-offs, crosses legs left out with their reasons.
    Below are duty, travel, waiting, service, windows and lateness of each courier.
    In problems of our own, places says where the places lie.
    """
    _check_names(out, problem_file, plan_file)
    case = read_case(
        problem_file, format_ or format_of(problem_file), rounding=rounding, outcome=OUTCOME
    )
    read = read_plan(case, plan_file, outcome=OUTCOME, rounding=rounding)
    content = _drawn(case, read, problem_file, map_file, mode, _chosen(read, couriers or []))
    with replacing(out) as sink:
        sink.write(content.encode())
    for fault in read.faults:
        typer.echo(f"the plan breaks something: {fault}", err=True)
    Console(highlight=False, soft_wrap=True).print(f"{out}: open it in a browser", markup=False)


def _check_names(out: Path, *sources: Path) -> None:
    if out.suffix.lower() != ".svg":
        fail(f"{out}: end the name with .svg")
    if not out.parent.is_dir():
        fail(f"{out.parent}: no such folder: make it, or choose another")
    if any(out.exists() and source.exists() and out.samefile(source) for source in sources):
        fail(f"--out: {out} would destroy what is drawn: choose another name")


def _chosen(read: PlanFile, wanted: Sequence[str]) -> tuple[int, ...]:
    """Return the tours that options name, all where they name none."""
    every = range(len(read.who))
    if not wanted:
        return tuple(every)
    chosen = []
    for word in wanted:
        its = [k for k in every if word in (read.who[k].id, read.who[k].name)]
        if not its:
            ids = list(dict.fromkeys(who.id for who in read.who))
            known = ", ".join(ids[:NAMES_TOLD]) + ", ..." * (len(ids) > NAMES_TOLD)
            fail(f"--courier: {word} has no tour in the plan; tours have {known or 'none'}")
        chosen += its
    return tuple(sorted(set(chosen)))


def _drawn(
    case: Case,
    read: PlanFile,
    problem_file: Path,
    map_file: Path | None,
    mode: Mode,
    shown: tuple[int, ...],
) -> str:
    from dispatch.sim.plan_picture import plan_svg, straight_ways_of
    from dispatch.sim.plan_sheet import Sheet

    places, is_earth = _located(case, read, problem_file, shown)
    tours = [read.plan.tours[index] for index in shown]
    network = None
    if map_file is not None:
        if not is_earth:
            fail(f"{problem_file}: its places lie on a plane, not on the earth: leave out --map")
        network = open_map(map_file)
        lines = _on_streets(case, read, places, network, mode, shown)
    else:
        lines = straight_ways_of(case.problem, tours, places)
    sheet = Sheet(
        title=problem_file.name,
        worth=read.worth,
        problem=case.problem,
        plan=read.plan,
        names=tuple(who.name for who in read.who),
        shown=shown,
        leg_name=case.name,
        ticks=ticks_of(case),
        places=places,
        is_earth=is_earth,
        lines=lines,
        network=network,
        faults=tuple(read.faults),
    )
    return plan_svg(sheet)


def _located(
    case: Case, read: PlanFile, problem_file: Path, shown: tuple[int, ...]
) -> "tuple[NDArray[np.float64], bool]":
    """Return the coordinates of all places, and end the program where one that counts has none."""
    import numpy as np

    from dispatch.sim.plan_sheet import used_places

    found = places_of(case)
    if found is None:
        key = "locations" if hasattr(case, "model") else "places, a [lat, lon] for each"
        fail(f"{problem_file} has no coordinates: give {key}")
    places, is_earth = found
    for place in used_places(case.problem, read.plan, shown):
        if np.isnan(places[place]).any():
            fail(
                f"{problem_file}: {_place_name(case, place)} has no coordinates: give its location"
            )
    return places, is_earth


def _on_streets(
    case: Case,
    read: PlanFile,
    places: "NDArray[np.float64]",
    network: "RoadNetwork",
    mode: Mode,
    shown: tuple[int, ...],
) -> "list[list[NDArray[np.float64]]]":
    """Find the ways on the map; end the program where it does not cover a place."""
    import numpy as np

    from dispatch.sim.plan_picture import ways_of
    from dispatch.sim.plan_sheet import used_places
    from maps.travel import TravelTimes

    times = TravelTimes(network)
    points = [
        NamedPoint(id=f"{place}", lat=lat, lon=lon)
        for place, (lat, lon) in enumerate(np.nan_to_num(places).tolist())
    ]
    used = [points[place] for place in used_places(case.problem, read.plan, shown)]
    with working(f"finding the ways for {mode}") as work, told_of_compiling(work, "maps"):
        reach = times.snap_distance_m(mode, used) if used else np.zeros(0)
        off = [point for point, far in zip(used, reach, strict=True) if np.isinf(far)]
        if off:
            _refuse_off(case, off, network)
        tours = [read.plan.tours[index] for index in shown]
        return ways_of(case.problem, tours, points, mode, times)


def _refuse_off(case: Case, off: Sequence[NamedPoint], network: "RoadNetwork") -> None:
    first = off[0]
    name = _place_name(case, int(first.id))
    more = f", nor {len(off) - 1} other places" if len(off) > 1 else ""
    advice = told_of_exchange(off, network.bounds) or "give a map that does"
    fail(f"the map does not cover {name} at {first.lat:.5f}, {first.lon:.5f}{more}: {advice}")


def _place_name(case: Case, place: int) -> str:
    """Return a place with the first thing that is there."""
    problem = case.problem
    options = (problem.option_place == place).nonzero()[0].tolist()
    pickups = (problem.pickup_place == place).nonzero()[0].tolist()
    if options:
        what = f"the drop-off of leg {case.name(int(problem.option_leg[options[0]]))}"
    elif pickups:
        what = f"the pickup of leg {case.name(pickups[0])}"
    else:
        what = "where a courier starts or ends"
    return f"place {place} ({what})"
