"""Drawn compound days: repeatable, readable, manned at all hours, and played to their end."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.clock import SystemClock
from dispatch.core.model import CourierKind, Duty, HubKind, straight_line_m
from dispatch.core.policy import Policy
from dispatch.sim import report
from dispatch.sim.compound_day import CompoundDay, draw_compound_day
from dispatch.sim.day import Replay
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import Drawn
from maps.compounds import GateRule
from maps.land.compound_files import corrected
from maps.land.gated_land import marked
from maps.network import RoadNetwork
from maps.osm import import_osm, load_map
from maps.travel import TravelTimes

CITIES = ("jinan.osm.pbf", "beijing_5thring_2012.osm.pbf")
CAMPUS = "shanghai_university.osm"
HOUR = 3600


@pytest.fixture(scope="module")
def grid(grid_map: Path) -> RoadNetwork:
    return import_osm(grid_map)


def the_map(name: str) -> RoadNetwork:
    """Return a published map, or skip."""
    folder = os.environ.get("ANTMILE_DATA")
    if not folder:
        pytest.skip("ANTMILE_DATA is not set: no published maps")
    return load_map(Path(folder) / "osm" / name)


def read(drawn: Drawn, network: RoadNetwork, out: Path) -> Day:
    """Write a day and read it back, which checks everything."""
    write_day(out, drawn.header, drawn.tables)
    return read_day(out, roads=TravelTimes(network))


def written(drawn: Drawn, out: Path) -> dict[str, bytes]:
    """Return the bytes of a day's files."""
    write_day(out, drawn.header, drawn.tables)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def test_same_seed_same_bytes(grid: RoadNetwork, tmp_path: Path) -> None:
    """A day is a function of map, values and seed, to the byte."""
    first = written(draw_compound_day(grid, seed=5), tmp_path / "a")
    again = written(draw_compound_day(grid, seed=5), tmp_path / "b")
    other = written(draw_compound_day(grid, seed=6), tmp_path / "c")
    assert first == again
    assert first["parcels.csv"] != other["parcels.csv"]


@pytest.mark.parametrize("name", [*CITIES, CAMPUS])
@pytest.mark.parametrize("seed", [1, 17])
def test_it_lies_on_real_maps(name: str, seed: int, tmp_path: Path) -> None:
    """Read back with the map: every door, gate and counter is near a road that leads there."""
    network = the_map(name)
    day = read(draw_compound_day(network, seed=seed), network, tmp_path)
    assert day.is_generated
    assert len(day.parcels) > 50
    assert all(parcel.carrier for parcel in day.parcels)


@pytest.mark.parametrize("name", CITIES)
def test_towers_and_walk_ups(name: str, tmp_path: Path) -> None:
    """One compound has lifts and asks for permits, the other has stairs and a book to sign."""
    network = the_map(name)
    day = read(draw_compound_day(network, seed=3), network, tmp_path)
    towers, walk_ups = day.compounds
    assert {door.has_lift for door in towers.entrances} == {True}
    assert {door.has_lift for door in walk_ups.entrances} == {False}
    assert {gate.rule for gate in towers.gates} == {GateRule.PERMIT}
    assert GateRule.SIGN_IN in {gate.rule for gate in walk_ups.gates}
    station = next(hub.place for hub in day.hubs if hub.kind is HubKind.STATION)
    for hub in day.hubs:
        if hub.kind is HubKind.BOOTH:
            assert 150 <= straight_line_m(station, hub.place) <= 1600


def test_behind_a_real_gate(tmp_path: Path) -> None:
    """On a map that knows gated land its gates and boundary are those of the map."""
    network = the_map(CAMPUS)
    day = read(draw_compound_day(network, seed=1), network, tmp_path)
    real = {compound.id: compound for compound in network.compounds}
    for compound in day.compounds:
        known = {(gate.lat, gate.lon) for gate in real[compound.id].gates}
        assert {(gate.lat, gate.lon) for gate in compound.gates} == known


def test_every_post_is_manned_at_all_hours_by_the_roster(grid: RoadNetwork, tmp_path: Path) -> None:
    """Duties rotate and breaks follow each other: never fewer than the minimum say POST."""
    day = read(draw_compound_day(grid, seed=2), grid, tmp_path)
    for post in day.posts:
        slots = [slot for _, slot in day.availability if slot.post == post.id]
        first, last = min(its.opens_at for its in slots), max(its.closes_at for its in slots)
        night = range(first + 16 * HOUR, first + 24 * HOUR)
        for at in range(first, last, 600):
            there = [
                its for its in slots if its.duty is Duty.POST and its.opens_at <= at < its.closes_at
            ]
            assert len(there) >= post.minimum or at in night, (post.id, at)


def test_guards_have_the_companys_permit_and_riders_have_none(
    grid: RoadNetwork, tmp_path: Path
) -> None:
    """Who belongs to a compound may work there; a rider is known at the gate, and a stranger."""
    day = read(draw_compound_day(grid, seed=2), grid, tmp_path)
    permitted = {courier for _, courier in day.permits}
    kinds = {courier.id: courier.kind for courier in day.couriers}
    assert {kinds[courier] for courier in permitted} == {
        CourierKind.GUARD,
        CourierKind.NEIGHBOUR,
    }
    assert {kind for name, kind in kinds.items() if name not in permitted} == {CourierKind.RIDER}


def test_lorries_bring_parcels_in_bulk(grid: RoadNetwork, tmp_path: Path) -> None:
    """Two moments of creation, about seven in ten of the parcels at the first."""
    day = read(draw_compound_day(grid, seed=4, households=2000), grid, tmp_path)
    count = Counter(parcel.created_at for parcel in day.parcels)
    assert len(count) == 2
    assert 0.65 < count[min(count)] / len(day.parcels) < 0.79
    assert abs(len(day.parcels) / 2000 - 0.36) < 0.1


def test_another_consent_is_the_same_day(grid: RoadNetwork) -> None:
    """Values are changed one at a time: people, doors and parcels stay, more of them agree."""
    few, many = (
        draw_compound_day(grid, seed=4, values=replace(CompoundDay(), consent=consent))
        for consent in (0.2, 0.8)
    )
    assert few.tables["parcels.csv"] == many.tables["parcels.csv"]
    assert few.tables["couriers.csv"] == many.tables["couriers.csv"]
    agreed = [{row["household"] for row in its.tables["consents.csv"]} for its in (few, many)]
    assert agreed[0] < agreed[1]


def test_every_value_says_what_it_rests_on() -> None:
    """Whatever is drawn stands in the header, with its basis; the rest are assumptions."""
    table = CompoundDay().table()
    assert table["basis"]["otherwise"] == "A"
    assert table["absence"][0] == [540, 1020, 0.55]
    assert set(table["basis"]) - {"otherwise", "gate", "guard_per_min_cents"} <= set(table)


def test_a_day_is_played_to_its_end(grid: RoadNetwork, tmp_path: Path) -> None:
    """Guards carry, nobody leaves a post below its minimum, and custody has no gap."""
    day = read(draw_compound_day(grid, seed=1, households=120), grid, tmp_path)
    times = TravelTimes(marked(grid, corrected(grid.compounds, day.compounds)))
    policy = Policy(engine="insert")
    played = Replay(day, times, seed=1, policy=policy, clock=SystemClock()).run()
    result, custody = report.with_custody(played)
    result, presence = report.with_presence(result)
    assert not custody
    assert not presence
    assert not result.stuck
    assert result.kpis["post_below_minimum_s"] == 0
    assert result.kpis["delivered"] > 0.7 * len(day.parcels)
