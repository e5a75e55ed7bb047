"""Drawn days: exact, repeatable, readable, and as near as they promise."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from dispatch.core.model import Contract, CourierKind, HubKind, OptionKind, straight_line_m
from dispatch.sim.behaviour import Behaviour
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import Drawn, generate
from dispatch.sim.scenario import Scenario, at_work
from dispatch.sim.workers import kind_counts
from maps.network import RoadNetwork
from maps.osm import import_osm, load_map
from maps.travel import TravelTimes


@pytest.fixture(scope="module")
def grid(grid_map: Path) -> RoadNetwork:
    return import_osm(grid_map)


def drawn_day(network: RoadNetwork, out: Path, *, parcels: int, couriers: int, seed: int) -> Day:
    """Draw, write and read back, which checks everything."""
    drawn = generate(network, parcels=parcels, couriers=couriers, seed=seed)
    write_day(out, drawn.header, drawn.tables)
    return read_day(out, roads=TravelTimes(network))


def written(drawn: Drawn, out: Path) -> dict[str, bytes]:
    """Return the bytes of a drawn day's files."""
    write_day(out, drawn.header, drawn.tables)
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def assert_near(day: Day) -> None:
    """Doors lie within 3 km of their origin, couriers within 1.5 km of some door."""
    for parcel in day.parcels:
        assert straight_line_m(parcel.pickup, parcel.dropoff) <= 3000, parcel.id
    for courier in day.couriers:
        nearest_m = min(straight_line_m(courier.home, parcel.dropoff) for parcel in day.parcels)
        assert nearest_m <= 1500, courier.id


def test_same_seed_same_bytes(grid: RoadNetwork, tmp_path: Path) -> None:
    """A day is a function of map, counts and seed, to the byte; another seed is another day."""
    first = written(generate(grid, parcels=40, couriers=12, seed=5), tmp_path / "a")
    again = written(generate(grid, parcels=40, couriers=12, seed=5), tmp_path / "b")
    other = written(generate(grid, parcels=40, couriers=12, seed=6), tmp_path / "c")
    assert first == again
    assert first["parcels.csv"] != other["parcels.csv"]
    assert first["couriers.csv"] != other["couriers.csv"]


@pytest.mark.parametrize(
    ("parcels", "couriers"), [(1, 1), (2, 9), (60, 3), (200, 40), (30, 60), (400, 5)]
)
def test_counts_are_exact_and_the_day_reads_back(
    grid: RoadNetwork, tmp_path: Path, parcels: int, couriers: int
) -> None:
    """Whatever the counts, the folder holds that many, passes every check and lies on the map."""
    day = drawn_day(grid, tmp_path, parcels=parcels, couriers=couriers, seed=1)
    assert (len(day.parcels), len(day.couriers)) == (parcels, couriers)
    assert {courier for courier, _ in day.availability} == {c.id for c in day.couriers}
    assert_near(day)


def test_defaults_are_those_of_the_design(grid: RoadNetwork, tmp_path: Path) -> None:
    """Promises, hours, shares and the ratio of capacity to demand lie where they should."""
    drawn = generate(grid, parcels=300, couriers=60, seed=2)
    write_day(tmp_path, drawn.header, drawn.tables)
    day = read_day(tmp_path)
    assert 1.2 <= drawn.capacity_to_demand <= 2.0
    assert day.scenario["capacity_to_demand"] == round(drawn.capacity_to_demand, 3)
    midnight = min(parcel.created_at for parcel in day.parcels) // 86_400 * 86_400 - 3600
    for parcel in day.parcels:
        assert 3600 <= parcel.due_at - parcel.ready_at <= 10_800
        assert 180 <= parcel.ready_at - parcel.created_at <= 2400
        assert 8 <= (parcel.created_at - midnight) / 3600 <= 20
    shops = sum("shop" in parcel.origin_hub for parcel in day.parcels)
    assert 0.2 <= shops / 300 <= 0.4
    assert set(Counter(courier.kind for courier in day.couriers)) == set(CourierKind)
    keys = Counter(parcel.dropoff.door_key for parcel in day.parcels if parcel.dropoff.door_key)
    assert max(keys.values()) > 1
    entrances = Counter(
        (parcel.dropoff.compound, parcel.dropoff.building, parcel.dropoff.entrance)
        for parcel in day.parcels
        if parcel.dropoff.compound
    )
    assert sum(count for count in entrances.values() if count > 1) > 100


def test_everything_says_that_it_is_generated(grid: RoadNetwork) -> None:
    """The header says so with every drawn value, and so do the ids of every row."""
    drawn = generate(grid, parcels=20, couriers=10, seed=3)
    assert drawn.header["scenario"]["generated"] is True
    assert drawn.header["scenario"]["seed"] == 3
    assert drawn.header["scenario"]["drawn"]["promise_min"] == (60, 180)
    assert drawn.header["scenario"]["drawn"]["couriers"]["rider"]["modes"] == ["ebike"]
    for file, key in {
        "parcels.csv": "id",
        "couriers.csv": "id",
        "availability.csv": "courier_id",
        "hubs.csv": "id",
        "hub_hours.csv": "hub",
        "compounds.csv": "id",
        "consents.csv": "household",
    }.items():
        assert all(str(row[key]).startswith("gen-") for row in drawn.tables[file]), file


def test_hubs_and_consent_are_drawn(grid: RoadNetwork, tmp_path: Path) -> None:
    """Booths of guards hold and relay, shops hold and hand out, with slots, and so on tomorrow."""
    day = drawn_day(grid, tmp_path, parcels=200, couriers=40, seed=1)
    contracts = {hub.kind: hub.contracts for hub in day.hubs}
    assert contracts == {
        HubKind.STATION: (),
        HubKind.SHOP: (Contract.HOLD, Contract.COLLECTION),
        HubKind.BOOTH: (Contract.HOLD, Contract.RELAY),
    }
    guards = {courier.id for courier in day.couriers if courier.kind is CourierKind.GUARD}
    assert {hub.host for hub in day.hubs if hub.kind is HubKind.BOOTH} <= guards
    shop = next(hub for hub in day.hubs if hub.kind is HubKind.SHOP)
    assert shop.hours[1].opens_at - shop.hours[0].opens_at == 86_400
    assert sum(shop.slots) > 0
    agreed = sum(parcel.options[-1].kind is OptionKind.HUB for parcel in day.parcels)
    assert agreed / 200 == pytest.approx(0.5, abs=0.1)
    assert "behaviour" not in day.scenario


def test_more_consent_is_the_same_people_and_more(grid: RoadNetwork) -> None:
    """Who agrees at 20 % agrees at 80 % too, and nothing else of the day differs."""
    few, many = (
        generate(
            grid,
            parcels=100,
            couriers=10,
            seed=1,
            scenario=Scenario(consent_share=share, absence=at_work(0.5)),
        )
        for share in (0.2, 0.8)
    )
    agreed = [{row["household"] for row in its.tables["consents.csv"]} for its in (few, many)]
    assert agreed[0] < agreed[1]
    assert few.tables["parcels.csv"] == many.tables["parcels.csv"]
    assert few.header["scenario"]["behaviour"] == {"absence": at_work(0.5)}


def test_absence_of_a_drawn_day_is_read_back(grid: RoadNetwork, tmp_path: Path) -> None:
    """What the scenario says of absence is what the people of the replay go by."""
    drawn = generate(grid, parcels=5, couriers=5, seed=1, scenario=Scenario(absence=at_work(0.5)))
    write_day(tmp_path, drawn.header, drawn.tables)
    assert Behaviour.of(read_day(tmp_path).scenario).absence == at_work(0.5)


def test_day_and_zone_can_be_chosen(grid: RoadNetwork) -> None:
    """Without a choice the zone follows from the longitude and the day is a fixed one."""
    plain = generate(grid, parcels=1, couriers=1, seed=0).header
    assert (plain["date"], plain["timezone"]) == (date(2026, 3, 2), "Etc/GMT-1")
    chosen = generate(
        grid,
        parcels=1,
        couriers=1,
        seed=0,
        day=date(2026, 7, 1),
        timezone="Europe/Vienna",
        map_name="../grid.osm",
    ).header
    assert (chosen["date"], chosen["timezone"]) == (date(2026, 7, 1), "Europe/Vienna")
    assert chosen["map"] == "../grid.osm"


def test_nothing_to_draw_is_refused(grid: RoadNetwork) -> None:
    """A day without parcels or without couriers is no day."""
    with pytest.raises(ValueError, match="at least one parcel"):
        generate(grid, parcels=0, couriers=1, seed=0)
    with pytest.raises(ValueError, match="at least one parcel"):
        generate(grid, parcels=1, couriers=0, seed=0)


@pytest.mark.parametrize("couriers", [1, 2, 5, 17, 60])
def test_kinds_add_up(couriers: int) -> None:
    """Shares are rounded so that the sum is exact; from five on every kind is there."""
    counts = kind_counts(couriers)
    assert sum(counts.values()) == couriers
    assert min(counts.values()) >= (1 if couriers >= 5 else 0)
    assert counts[CourierKind.RIDER] >= 1


@pytest.mark.slow
def test_day_on_a_published_map(data_dir: Path, tmp_path: Path) -> None:
    """A city's worth of real streets: counts, nearness and ratio hold there too."""
    network = load_map(data_dir / "osm" / "jinan.osm.pbf", cache_dir=tmp_path / "cache")
    day = drawn_day(network, tmp_path / "day", parcels=500, couriers=60, seed=41)
    assert (len(day.parcels), len(day.couriers)) == (500, 60)
    assert 1.2 <= day.scenario["capacity_to_demand"] <= 2.0
    assert_near(day)
