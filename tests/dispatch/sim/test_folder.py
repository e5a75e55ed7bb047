"""Day folders: what is read and what is written."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.core.compounds import Compound, Post
from dispatch.core.model import (
    Contract,
    CourierKind,
    Duty,
    Mode,
    OptionKind,
    Place,
    SizeClass,
    straight_line_m,
)
from dispatch.sim.consents import said_later
from dispatch.sim.folder import Day, local_hours, map_path, read_day, write_day
from maps.compounds import ALL_DAY, Gate, GateRule
from maps.datum import Datum, point_to_wgs84

EIGHT = 1_772_409_600
"""2026-03-02T08:00:00+08:00"""


def test_good_day_is_read(good_day: Any) -> None:
    """A folder with the required columns alone becomes values of the model, in order."""
    day = read_day(good_day.write())
    assert (day.timezone, day.network, day.zone, day.currency) == (
        "Asia/Shanghai",
        "local",
        "east",
        "CNY",
    )
    assert (day.epoch_s, day.map, day.scenario, day.is_generated) == (60, None, {}, False)
    first, second = day.parcels
    assert first.id == "default/p1"
    assert first.created_at == EIGHT
    assert first.due_at == EIGHT + 7200
    assert first.origin_hub == "h1"
    assert first.pickup == day.hubs[0].place
    assert first.pickup.hub == "h1"
    assert not first.pickup.is_door
    assert first.dropoff.is_door
    assert second.origin_hub == ""
    assert (second.pickup.lat, second.pickup.is_door) == (36.66, True)
    rider, guard = day.couriers
    assert (rider.kind, rider.mode) == (CourierKind.RIDER, Mode.EBIKE)
    assert not rider.home.is_door
    assert (
        guard.capacity_grams
        == type(guard)(id="x", kind=guard.kind, mode=guard.mode, home=guard.home).capacity_grams
    )
    assert [courier for courier, _ in day.availability] == ["c1", "c2", "c2"]
    assert [(w.opens_at - EIGHT, w.closes_at - EIGHT) for w in day.hubs[0].hours] == [
        (-1800, 14_400),
        (18_000, 46_800),
    ]
    assert day.hubs[1].hours == ()


def test_optional_columns_are_read(good_day: Any) -> None:
    """Windows, doors, ladders, pieces, ends, leashes and duties reach the model."""
    day = read_day(
        good_day.write(
            parcels__csv=(
                "id,created_at,ready_at,origin,lat,lon,due_at,window_opens_at,window_closes_at,"
                "grams,ml,compound,building,entrance,floor,room,lift,household,options,carrier,"
                "waybill,piece,merchant,cod_cents\n"
                "p1,08:00,2026-03-02T00:10:00Z,h1,36.65,117.0,10:00,09:00,09:30,500,2000,"
                "Garden,3,2,5,501,yes,hh1,door>person:c2>hub:h2,sf,W1,1,acme,900\n"
            ),
            couriers__csv=(
                "id,kind,mode,lat,lon,end_lat,end_lon,host_of,capacity_grams,allowance_min,"
                "leash_min,access,pay_fixed_cents\n"
                "c1,student,bicycle,36.65,117.0,36.66,117.0,,9000,10,20,A;B,70\n"
                "c2,guard,foot,36.65,117.0,,,h2,,,,,\n"
            ),
            availability__csv="courier_id,opens_at,closes_at,duty\nc2,09:00,09:45,PATROL\n",
        )
    )
    (parcel,) = day.parcels
    assert parcel.id == "acme/p1"
    assert parcel.ready_at == EIGHT + 600
    assert parcel.window is not None
    assert parcel.window.closes_at == EIGHT + 5400
    assert (parcel.dropoff.floor, parcel.dropoff.has_lift) == (5, True)
    assert len(parcel.dropoff.door_key) == 16
    assert [option.kind for option in parcel.options] == [
        OptionKind.DOOR,
        OptionKind.PERSON,
        OptionKind.HUB,
    ]
    student, guard = day.couriers
    assert student.end is not None
    assert (student.allowance_s, student.leash_s, student.access) == (600, 1200, ("A", "B"))
    assert (student.pay_fixed_cents, guard.pay_fixed_cents) == (70, 100)
    assert guard.host_of == "h2"
    assert day.availability[0][1].duty is Duty.PATROL
    assert day.unused == ("parcels.csv: cod_cents: 1 values read and checked, not used yet",)


def test_rooms_do_not_reach_the_model(good_day: Any) -> None:
    """Rooms and addresses stay outside: the model holds a hash that is equal for equal doors."""
    head = "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml,floor,room,address\n"
    row = "{},08:00,08:10,h1,36.65,117.0,10:00,1,1,5,{},Secret Road 9\n"
    text = head + row.format("a", "room501") + row.format("b", "room501") + row.format("c", "502")
    a, b, c = read_day(good_day.write(parcels__csv=text)).parcels
    assert a.dropoff.door_key == b.dropoff.door_key != c.dropoff.door_key
    assert "room501" not in repr((a, b, c))
    assert "Secret" not in repr((a, b, c))


def test_byte_order_mark_and_blank_lines_are_borne(good_day: Any) -> None:
    """What spreadsheets add does no harm."""
    text = "\ufeff" + good_day.files["parcels.csv"].replace("\n", "\r\n") + "\r\n,,,,,,,,,,\r\n"
    assert len(read_day(good_day.write(parcels__csv=text)).parcels) == 2


def test_parcels_come_by_creation_and_id(good_day: Any) -> None:
    """The order of rows does not matter."""
    head, first, second = good_day.files["parcels.csv"].splitlines(keepends=True)
    day = read_day(good_day.write(parcels__csv=head + second + first))
    assert [parcel.id for parcel in day.parcels] == ["default/p1", "default/p2"]


def test_map_is_meant_from_the_folder(good_day: Any) -> None:
    """A day may travel together with its map."""
    folder = good_day.write(day__toml=good_day.toml + 'map = "../city.pbf"\n')
    assert map_path(folder) == folder / "../city.pbf"
    assert read_day(folder).map == folder / "../city.pbf"


def test_compounds_are_read(good_day: Any) -> None:
    """Boundary, gates and entrances become values of the map, each in its own order."""
    day = read_day(
        good_day.write(
            compounds__csv=(
                "id,name,boundary\n"
                'G,Garden,"POLYGON ((117 36.6, 117.01 36.6, 117.01 36.61, 117 36.6))"\n'
                "A,Annex,\n"
            ),
            gates__csv=(
                "id,compound,lat,lon,rule,modes,sign_in_s,opens_at,closes_at\n"
                "g2,G,36.61,117.01,SIGN_IN,ebike;foot,0,06:00,23:30\n"
                "g1,G,36.6,117.0,PERMIT,,,22:00,06:00\n"
                "g3,A,36.7,117.0,OPEN,,,,\n"
            ),
            entrances__csv=(
                "compound,building,entrance,lat,lon,floors,lift\n"
                "G,3,2,36.605,117.008,18,yes\nG,3,1,36.606,117.008,18,no\n"
            ),
        )
    )
    annex, garden = day.compounds
    assert (garden.id, garden.name, annex.name) == ("G", "Garden", "Annex")
    corners = ((36.6, 117.0), (36.6, 117.01), (36.61, 117.01), (36.6, 117.0))
    assert garden.boundary == (corners,)
    assert annex.boundary == ()
    every_mode = ("foot", "bicycle", "ebike", "car")
    assert garden.gates == (
        Gate(
            id="g1", lat=36.6, lon=117.0, modes=every_mode, rule=GateRule.PERMIT,
            opens_s=22 * 3600, closes_s=6 * 3600,
        ),
        Gate(
            id="g2", lat=36.61, lon=117.01, modes=("foot", "ebike"), rule=GateRule.SIGN_IN,
            sign_in_s=0, opens_s=6 * 3600, closes_s=23 * 3600 + 1800,
        ),
    )  # fmt: skip
    assert [(gate.id, gate.rule) for gate in annex.gates] == [("g3", GateRule.OPEN)]
    assert (annex.gates[0].opens_s, annex.gates[0].closes_s) == ALL_DAY
    assert [(item.entrance, item.floors, item.has_lift) for item in garden.entrances] == [
        ("1", 18, False),
        ("2", 18, True),
    ]
    assert [note for note in day.unused if "slots" not in note] == []


def test_a_gate_makes_its_compound(good_day: Any) -> None:
    """Without a list of compounds those that gates name are there all the same."""
    day = read_day(
        good_day.write(gates__csv="id,compound,lat,lon,rule\ng1,w17,36.65,117.0,SIGN_IN\n")
    )
    (compound,) = day.compounds
    assert (compound.id, compound.name, compound.boundary) == ("w17", "", ())
    assert compound.gates[0].sign_in_s is None


def test_hours_of_a_gate_are_those_of_the_days_zone(good_day: Any) -> None:
    """An instant with an offset is the clock time that it is there, whatever its date."""
    row = "g1,G,36.65,117.0,OPEN,2026-03-01T22:00:00Z,2026-03-03T16:00:00Z\n"
    day = read_day(good_day.write(gates__csv=f"id,compound,lat,lon,rule,opens_at,closes_at\n{row}"))
    (gate,) = day.compounds[0].gates
    assert (gate.opens_s, gate.closes_s) == (6 * 3600, 0)


@pytest.mark.parametrize("datum", ["GCJ02", "BD09"])
def test_coordinates_are_converted_when_read(good_day: Any, datum: str) -> None:
    """Parcels, couriers and hubs lie in WGS84 from the first value on; nothing else changes."""
    plain = read_day(good_day.write())
    day = read_day(good_day.write(day__toml=good_day.toml.replace("WGS84", datum)))
    assert day.datum == datum
    was = _places(plain)
    assert len(was) == 8
    for place, before in zip(_places(day), was, strict=True):
        expected = point_to_wgs84(Datum(datum), lat=before.lat, lon=before.lon)
        assert (place.lat, place.lon) == expected
        assert 300 < straight_line_m(place, before) < 2_000
        assert replace(place, lat=before.lat, lon=before.lon) == before


def _places(day: Day) -> list[Place]:
    ends = [place for parcel in day.parcels for place in (parcel.pickup, parcel.dropoff)]
    return ends + [thing.home for thing in day.couriers] + [hub.place for hub in day.hubs]


def test_hours_of_the_day_are_known_before_it_is_read(good_day: Any) -> None:
    """Travel times, on which the day is then read, need its zone and its slow hours."""
    rush = [1.0] * 8 + [1.5] + [1.0] * 15
    folder = good_day.write(day__toml=f"{good_day.toml}[time_factors]\nebike = {rush}\n")
    assert local_hours(folder) == ("Asia/Shanghai", {Mode.EBIKE: tuple(rush)})
    assert len(read_day(folder).parcels) == 2
    assert local_hours(good_day.write()) == ("Asia/Shanghai", {})


def test_coordinates_of_compounds_are_converted(good_day: Any) -> None:
    """Gates and boundary are in the day's datum like everything else."""
    day = read_day(
        good_day.write(
            day__toml=good_day.toml.replace("WGS84", "GCJ02"),
            compounds__csv=(
                "id,name,boundary\n"
                'G,Garden,"POLYGON ((117 36.6, 117.01 36.6, 117.01 36.61, 117 36.6))"\n'
            ),
            gates__csv="id,compound,lat,lon,rule\ng1,G,36.6,117.0,OPEN\n",
        )
    )
    (garden,) = day.compounds
    corner = point_to_wgs84(Datum.GCJ02, lat=36.6, lon=117.0)
    assert garden.boundary[0][0] == corner != (36.6, 117.0)
    assert (garden.gates[0].lat, garden.gates[0].lon) == corner


def test_lifts_of_known_entrances_are_filled_in(good_day: Any) -> None:
    """Only where the parcel says nothing itself, and only at its own entrance."""
    head = "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml,compound,building,entrance,lift\n"
    row = "{},08:00,08:10,h1,36.65,117.0,10:00,1,1,{}\n"
    doors = {"a": "G,3,2,", "b": "G,3,2,no", "c": "G,3,1,", "d": "H,3,2,", "e": ",,,"}
    day = read_day(
        good_day.write(
            parcels__csv=head + "".join(row.format(*door) for door in doors.items()),
            entrances__csv=(
                "compound,building,entrance,lat,lon,floors,lift\nG,3,2,36.605,117.008,18,yes\n"
            ),
        )
    )
    assert [parcel.dropoff.has_lift for parcel in day.parcels] == [True, False, None, None, None]
    assert {parcel.dropoff.floor for parcel in day.parcels} == {None}


def test_posts_and_companies_are_read(good_day: Any) -> None:
    """A post makes its compound one that is guarded; a company makes permits count there."""
    day = read_day(
        good_day.write(
            compounds__csv="id,name,property_company\nG,Garden,Acme\nL,Lake,\nM,Meadow,\n",
            posts__csv="id,compound,hub,minimum\nq1,G,h2,1\nq2,L,,2\n",
        )
    )
    assert day.posts == (
        Post(id="q1", compound="G", hub="h2", minimum=1),
        Post(id="q2", compound="L", minimum=2),
    )
    assert day.companies == (
        Compound(id="G", name="Garden", company="Acme"),
        Compound(id="L", name="Lake"),
    )
    assert day.unused == ()


HUBS = "id,kind,operator,lat,lon,slots_s,slots_m,slots_l"


def test_what_hubs_agreed_to_is_read(good_day: Any) -> None:
    """Contracts are a list; a booth and a shop scan at their counter unless the day says no."""
    text = (
        f"{HUBS},contracts,attended\n"
        "h1,station,us,36.652,117.003,10,5,1,,\n"
        "h2,shop,us,36.653,117.004,3,1,0,COLLECTION;HOLD,\n"
        "h3,booth,us,36.653,117.004,3,1,0,RELAY,no\n"
        "h4,locker,us,36.653,117.004,3,1,0,COLLECTION,yes\n"
    )
    hubs = read_day(good_day.write(hubs__csv=text)).hubs
    assert [(hub.contracts, hub.attended) for hub in hubs] == [
        ((), False),
        ((Contract.HOLD, Contract.COLLECTION), True),
        ((Contract.RELAY,), False),
        ((Contract.COLLECTION,), True),
    ]


def test_consent_given_before_stands_in_the_ladder(good_day: Any) -> None:
    """A rung that is there gets the consent, another comes after the last delivery."""
    day = read_day(
        good_day.write(
            parcels__csv=(
                "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml,household,options\n"
                "p1,08:00,08:10,h1,36.65,117.0,10:00,1,1,hh1,\n"
                "p2,08:00,08:10,h1,36.65,117.0,10:00,1,13000,,door>hub>safe_place>return\n"
            ),
            consents__csv=(
                "household,parcel,kind,target,given_at,withdrawn_at,evidence\n"
                "hh1,,COLLECTION,h2,07:00,,text-1\n"
                ",default/p2,COLLECTION,,07:00,,text-2\n"
                ",p2,PERSON,c1,07:30,,text-3\n"
                ",p2,SAFE_PLACE,,06:00,07:00,text-4\n"
            ),
        )
    )
    ladders = {
        parcel.id: [(rung.kind.value, rung.target, rung.evidence) for rung in parcel.options]
        for parcel in day.parcels
    }
    assert ladders == {
        "default/p1": [("DOOR", "", ""), ("HUB", "h2", "text-1")],
        "default/p2": [
            ("DOOR", "", ""),
            ("HUB", "", "text-2"),
            ("SAFE_PLACE", "", ""),
            ("PERSON", "c1", "text-3"),
            ("RETURN", "", ""),
        ],
    }
    assert [parcel.size_class for parcel in day.parcels] == [SizeClass.S, SizeClass.M]
    assert said_later(day.parcels, day.consents) == []


def test_consent_given_or_taken_back_later_is_said_then(good_day: Any) -> None:
    """What is said after the parcel came reaches the engine as commands, in order of time."""
    day = read_day(
        good_day.write(
            consents__csv=(
                "parcel,kind,target,given_at,withdrawn_at,evidence\n"
                "p1,COLLECTION,,09:00,09:30,text-1\n"
                "p1,SAFE_PLACE,,07:00,09:10,text-2\n"
            )
        )
    )
    assert [rung.kind for rung in day.parcels[0].options] == [
        OptionKind.DOOR,
        OptionKind.SAFE_PLACE,
    ]
    said = said_later(day.parcels, day.consents)
    assert [(at - EIGHT, type(command).__name__) for at, command in said] == [
        (3600, "GiveConsent"),
        (4200, "WithdrawConsent"),
        (5400, "WithdrawConsent"),
    ]


# --- what is written --------------------------------------------------------------------

HEADER = {
    "date": "2026-03-02",
    "timezone": "Asia/Shanghai",
    "network": "local",
    "zone": "east",
    "currency": "CNY",
    "datum": "WGS84",
    "epoch_s": 60,
    "scenario": {"generated": True, "note": 'a "quoted"\nüber \x7f', "deep": {"list": [1, 2.5]}},
}
TABLES = {
    "parcels.csv": [
        {
            "id": "p1",
            "created_at": "08:00",
            "ready_at": "08:10",
            "pickup_lat": 36.6,
            "pickup_lon": 117.0,
            "lat": 36.6,
            "lon": 117.0,
            "due_at": "10:00",
            "grams": 1,
            "ml": 1,
            "address": 'Gate "3", north\nside',
        }
    ],
    "couriers.csv": [],
    "availability.csv": [],
    "hubs.csv": [],
    "hub_hours.csv": [],
}


def test_written_day_is_read_back(tmp_path: Path) -> None:
    """What is written passes the checks, awkward text included, and says that it is generated."""
    write_day(tmp_path / "new" / "day", HEADER, TABLES)
    day = read_day(tmp_path / "new" / "day")
    assert day.scenario == HEADER["scenario"]
    assert day.is_generated
    assert len(day.parcels) == 1
    head = (tmp_path / "new" / "day" / "couriers.csv").read_text()
    assert head == "id,kind,mode,lat,lon\n"


def test_another_days_files_are_not_mixed_in(tmp_path: Path) -> None:
    """Writing over a day that has more files is refused: what stayed would be read as ours."""
    (tmp_path / "gates.csv").write_text("id\n")
    with pytest.raises(FileExistsError, match="belongs to another day"):
        write_day(tmp_path, HEADER, TABLES)
    assert not (tmp_path / "day.toml").exists()


def test_unknown_column_is_not_written(tmp_path: Path) -> None:
    """A slip of the pen in our own writers shows at once."""
    tables: dict[str, Any] = {**TABLES, "hubs.csv": [{"id": "h", "colour": "red"}]}
    with pytest.raises(ValueError, match=r"hubs\.csv has no column colour"):
        write_day(tmp_path, HEADER, tables)
