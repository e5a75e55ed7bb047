"""A day's address lines stand in for columns that are empty."""

from typing import Any

from dispatch.sim.folder import read_day

HEAD = "id,created_at,ready_at,origin,lat,lon,due_at,grams,ml,compound,building,entrance,floor,room"
ROW = "{},08:00,08:10,h1,36.65,117.0,10:00,1,1,{}\n"
COMPOUNDS = "id,name\nc1,阳光花园\n"
ENTRANCES = (
    "compound,building,entrance,lat,lon,floors,lift\n"
    "c1,3,1,36.65,117.0,5,no\nc1,3,2,36.65,117.0,5,no\n"
)


def test_a_line_gives_the_same_door_as_the_columns(good_day: Any) -> None:
    """Whoever sends lines and whoever sends columns mean one door, with the compound's id."""
    text = f"{HEAD},address\n" + "".join(
        ROW.format(id_, door)
        for id_, door in (
            ("a", "c1,3,2,4,501,"),
            ("b", ",,,,,阳光花园3号楼2单元501室(放门口)"),
            ("c", "c1,,,,,3-2-501"),
            ("d", ",,,,,阳光花园3号楼2单元502"),
        )
    )
    folder = good_day.write(parcels__csv=text, compounds__csv=COMPOUNDS, entrances__csv=ENTRANCES)
    day = read_day(folder)
    a, b, c, d = (parcel.dropoff for parcel in day.parcels)
    assert a == b == c
    assert (b.compound, b.building, b.entrance, b.floor) == ("c1", "3", "2", 4)
    assert d.door_key not in {"", a.door_key}
    assert not any("address" in note for note in day.unused)


def test_what_is_not_certain_is_not_used_and_said(good_day: Any) -> None:
    """A building that is not there, a line that no rule reads: the parcel has no door."""
    text = f"{HEAD},address\n" + "".join(
        ROW.format(id_, f",,,,,{line}")
        for id_, line in (("a", "阳光花园9号楼2单元501"), ("b", "阳光花园甲排3号"))
    )
    folder = good_day.write(parcels__csv=text, compounds__csv=COMPOUNDS, entrances__csv=ENTRANCES)
    day = read_day(folder)
    assert [parcel.dropoff.door_key for parcel in day.parcels] == ["", ""]
    assert day.unused[-1] == "parcels.csv: address: 2 lines say no door for certain, not used"


def test_columns_go_before_the_line(good_day: Any) -> None:
    """What a row says in columns stands, whatever its line says."""
    text = f"{HEAD},address\n" + ROW.format("a", "c1,7,,,,阳光花园3号楼2单元501")
    [parcel] = read_day(good_day.write(parcels__csv=text)).parcels
    assert (parcel.dropoff.building, parcel.dropoff.floor) == ("7", None)
