"""``antmile replay``: a day again, with the engine of the live service, and a report of it."""

import difflib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.errors import fail, plain_errors
from cli.progress import told_of_compiling, working

if TYPE_CHECKING:
    from dispatch.core.policy import Policy
    from dispatch.sim.day import Result
    from dispatch.sim.folder import Day
    from maps.network import RoadNetwork
    from maps.travel import TravelTimes

MOST_WARNINGS = 10
"""So many faults of one kind are told in full."""


@plain_errors()
def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A day folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")],
    map_file: Annotated[
        Path | None, typer.Option("--map", help="An OpenStreetMap file; by default the day's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed is other chance on the same day.")] = 0,
    engine: Annotated[
        Literal["routing", "search", "insert"] | None,
        typer.Option(help="Who plans; by default the policy's own choice."),
    ] = None,
    policy_file: Annotated[
        Path | None, typer.Option("--policy", help="Values of the policy, as TOML or JSON.")
    ] = None,
) -> None:
    """Replay a day and report what became of every parcel."""
    values = read_policy(policy_file) if policy_file else {}
    if engine is not None:
        values["engine"] = engine
    play(folder, out, map_file=map_file, seed=seed, policy_values=values)


def play(
    folder: Path,
    out: Path,
    *,
    map_file: Path | None = None,
    seed: int = 0,
    policy_values: dict[str, Any] | None = None,
) -> None:
    """Read a day, replay it, write its report, and say how it went.

    All that can be refused is refused before the replay begins, and then nothing is written.

    Parameters
    ----------
    policy_values
        Fields of the policy that are not to have their default.
    """
    from dispatch.clock import SystemClock
    from dispatch.sim import report
    from dispatch.sim.day import Replay
    from dispatch.sim.folder import map_path, read_day
    from dispatch.solver.warmup import warm_up
    from maps.land.compound_files import corrected
    from maps.land.gated_land import marked
    from maps.osm import load_map
    from maps.travel import StraightLine

    console = Console(highlight=False, soft_wrap=True)
    map_file = map_file or map_path(folder)
    network = load_map(map_file) if map_file else None
    times = _times(network, folder) if network else StraightLine()
    day = read_day(folder, roads=times)
    if network and day.compounds:
        network = marked(network, corrected(network.compounds, day.compounds))
        times = _times(network, folder)
    if network is None:
        console.print("no map is given or named by the day: everybody goes in straight lines")
    drawn = day.scenario.get("policy", {})
    policy = _policy({"epoch_s": day.epoch_s, "seed": seed, **drawn, **(policy_values or {})})
    try:
        report.check_writable(out)
        try:
            playing = Replay(day, times, seed=seed, policy=policy, clock=SystemClock())
        except msgspec.ValidationError as error:
            fail(f"{folder / 'day.toml'}: scenario.behaviour: {error}")
        # Or the first epoch's latency would be that of the compiler.
        with working("loading the solver") as work, told_of_compiling(work, "dispatch.solver"):
            warm_up(policy.engine)
        with _bar(console) as bar:
            task = bar.add_task(f"{day.date}", total=1.0)
            result = playing.run(lambda share: bar.update(task, completed=share))
        result, gaps = report.with_custody(result)
        result, absences = report.with_presence(result)
        page = report.write(
            out, result, day, seed=seed, times=times, network=network, map_file=map_file
        )
    except report.ReportError as error:
        fail(str(error))
    console.print(_table(result, day))
    _warn(console, "custody is broken", gaps)
    _warn(console, "a post was left", absences)
    _warn(console, "a courier was stuck", [" ".join(line) for line in result.stuck])
    console.print(f"open {page}", markup=False)


def _warn(console: Console, title: str, lines: list[str]) -> None:
    """Tell of faults of the engine or of the replay itself, the first few in full."""
    for line in lines[:MOST_WARNINGS]:
        console.print(f"{title}: {line}", markup=False, style="red")
    if len(lines) > MOST_WARNINGS:
        console.print(f"{title}: and {len(lines) - MOST_WARNINGS} more", style="red")


def _times(network: "RoadNetwork", folder: Path) -> "TravelTimes":
    """Return travel times in the hours of a day."""
    from dispatch.sim.folder import local_hours
    from maps.travel import TravelTimes

    timezone, factors = local_hours(folder)
    return TravelTimes(
        network,
        timezone=ZoneInfo(timezone),
        factors={mode.value: by_hour for mode, by_hour in factors.items()},
    )


def read_policy(path: Path) -> dict[str, Any]:
    """Read a policy file; JSON by its name, else TOML."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        fail(f"{path}: is not {kind}: {error}")
    if not isinstance(values, dict):
        fail(f"{path}: is not a table of values")
    return values


def _policy(values: dict[str, Any]) -> "Policy":
    from dispatch.core.errors import Fault, InvalidValue
    from dispatch.core.policy import Policy

    try:
        return msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        known = [field.name for field in msgspec.structs.fields(Policy)]
        unknown = [
            f"{name} is none of its values" + _like(name, known)
            for name in values
            if name not in known
        ]
        told = unknown or [str(error)]
        raise InvalidValue([Fault("policy", problem) for problem in told]) from error


def _like(name: str, known: list[str]) -> str:
    alike = difflib.get_close_matches(name, known, n=1)
    return f": {alike[0]}?" if alike else ""


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("replaying {task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("of the day"),
        TimeElapsedColumn(),
        console=console,
    )


def _table(result: "Result", day: "Day") -> Table:
    """Return the main figures, undelivered first."""
    from dispatch.sim import words

    kpis = result.kpis
    door = kpis["click_to_door_s"]
    table = Table("generated day" if day.is_generated else "day", str(day.date))
    table.columns[1].justify = "right"
    for name, value in (
        ("parcels created", words.number(kpis["created"])),
        ("not delivered", words.share(kpis["undelivered_share"])),
        ("delivered", words.number(kpis["delivered"])),
        ("on time, of created", words.share(kpis["on_time_share"])),
        ("at the first attempt, of created", words.share(kpis["first_attempt_success"])),
        ("created to door, half within", words.duration(door["p50"])),
        ("created to door, 95 % within", words.duration(door["p95"])),
        ("cost a delivered parcel", words.money(kpis["cost_per_delivered_cents"], day.currency)),
        ("offers accepted", words.share(kpis["acceptance_rate"])),
        ("offers a tour", words.number(kpis["offers_per_assignment"], 2)),
        ("kilometres a delivered parcel", words.number(kpis["km_per_parcel"], 2)),
        ("planned again, moved to another courier", words.share(kpis["moved_share"])),
        *_hub_rows(kpis["hubs"]),
        *_compound_rows(kpis),
        ("breaks in custody", words.number(kpis["custody_gaps"])),
        ("the replay took", f"{words.number(result.system['wall_s'])} s"),
    ):
        table.add_row(name, value)
    for code, count in kpis["unserved_by_reason"].items():
        table.add_row(f"  not delivered: {words.reason(code)}", words.number(count))
    return table


def _hub_rows(hubs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what hubs were used for, nothing where no parcel came to any."""
    from dispatch.sim import words

    received = hubs["received"]
    if not any(received.values()):
        return []
    return [
        ("to hubs: on the way, held, for recipients", " / ".join(map(str, received.values()))),
        ("most at once in one hub", words.number(hubs["peak_occupancy"])),
    ]


def _compound_rows(kpis: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what guards and their posts did, nothing where the day has no post."""
    from dispatch.sim import words

    if not kpis["posts"]:
        return []
    away_s = sum(its["away_s"] for its in kpis["posts"].values())
    return [
        ("delivered by guards", words.number(kpis["guard_deliveries"])),
        ("handed over at gates", words.number(kpis["gate_handovers"])),
        ("parcels a visit of an entrance", words.number(kpis["parcels_per_visit"], 2)),
        ("of them on a shared visit", words.share(kpis["shared_visit_share"])),
        ("parcels a paid minute", words.number(kpis["parcels_per_paid_minute"], 3)),
        ("away from posts", words.duration(away_s)),
        ("posts below their minimum", words.duration(kpis["post_below_minimum_s"])),
        ("breaks in presence", words.number(kpis["presence_gaps"])),
    ]
