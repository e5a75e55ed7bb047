"""Compound days for the command line: compounds drawn, the map's, or those of one's own folder."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from dispatch.sim.compound_day import CompoundDay, Own, draw_compound_day
from dispatch.sim.compound_day.values import Hours
from dispatch.sim.generate import DAY, Drawn, Table
from maps.network import RoadNetwork
from maps.osm import load_map


def draw(
    map_file: Path,
    *,
    seed: int,
    day: date | None,
    timezone: str,
    households: int | None,
    folder: Path | None,
    map_name: str,
    changes: Mapping[str, float | None],
) -> Drawn:
    """Draw a compound day; a folder's compounds, posts and people stand in for drawn ones."""
    network = load_map(map_file)
    return draw_compound_day(
        network,
        seed=seed,
        values=_changed(CompoundDay(), changes),
        households=households,
        day=day or DAY,
        timezone=timezone,
        map_name=map_name,
        own=None if folder is None else _surveyed(folder, network),
    )


def _surveyed(folder: Path, network: RoadNetwork) -> Own:
    """Return the compounds of a folder with what stands in their files."""
    from dispatch.onboarding import read_compound

    found = read_compound(folder, network)
    tables: dict[str, Table] = {
        file: [dict[str, object](row.cells) for row in rows]
        for file, rows in found.tables.items()
        if rows
    }
    return Own(lands=found.compounds, tables=tables)


def told(drawn: Drawn, seed: int) -> Iterator[str]:
    """Yield what to know of a drawn day: how much there is, and who can carry it."""
    scenario = drawn.header["scenario"]
    parcels, households = scenario["parcels"], scenario["households"]
    yield f"generated compound day: {parcels} parcels for {households} households, seed {seed}"
    kind = "real" if scenario["real_compounds"] else "drawn"
    count = len(drawn.tables["compounds.csv"])
    yield f"{count} {'compound' if count == 1 else 'compounds'}, {kind}"
    if not households:
        yield "no parcels: the compounds have no entrances; write them into entrances.csv"
        return
    needed, free = scenario["hours_needed"], scenario["hours_free"]
    rate = scenario["drawn"]["doors_per_h"]
    yield f"supply and demand: {parcels} parcels need {needed:.1f} hours at {rate} doors an hour;"
    yield (
        f"{free:.1f} hours of patrols, riders and neighbours are free, {free / needed:.0f} times "
        "as many: a guard is there all day and carries for little of it"
    )


def _changed(values: CompoundDay, changes: Mapping[str, float | None]) -> CompoundDay:
    share, consent, absence = (changes[name] for name in ("share", "consent", "absence"))
    if share is not None:
        values = replace(values, share=share)
    if consent is not None:
        values = replace(values, consent=consent)
    if absence is not None:
        values = replace(
            values,
            absence=_scaled(values.absence, absence),
            weekend_absence=_scaled(values.weekend_absence, absence),
        )
    return values


def _scaled(hours: Hours, daytime: float) -> Hours:
    """Return absence with another share by day, and the evening's in proportion."""
    first = hours[0][2]
    return tuple(
        (opens, closes, min(1.0, share * daytime / first)) for opens, closes, share in hours
    )
