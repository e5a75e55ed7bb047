"""What would have served those that a day left out."""

import dataclasses
from pathlib import Path

from msgspec.structs import replace

from dispatch.core import messages as m
from dispatch.core.judging import Explained, SmallestFix
from dispatch.sim import report, report_fixes, words
from dispatch.sim.story import Chronicle
from tests.dispatch.sim.small_day import NINE, TIMES, a_day, play


def made(epoch: int, *its: Explained, gone: tuple[str, ...] = ()) -> m.PlanMade:
    """Return a plan that found something out."""
    return m.PlanMade(
        at=NINE + epoch,
        epoch=epoch,
        changes=0,
        tour_count=0,
        leg_count=0,
        held_count=0,
        reasons=tuple((leg, "") for leg in gone),
        replan_at=0,
        engine="insert",
        seed=0,
        digest="",
        cost=0,
        stopped_by="DONE",
        policy="p",
        explained=its,
    )


def late(leg: int, amount: int) -> Explained:
    """Return what serves a leg: somebody who works longer."""
    fix = SmallestFix(kind="COURIER_LATER_OFF", courier="r1", amount=amount, until=NINE + amount)
    return Explained(leg=f"m/p{leg}/1", reason="HOURS", courier="r1", slack=amount, fix=fix)


def test_a_day_of_heavy_parcels_says_what_was_missing(tmp_path: Path) -> None:
    """Nobody can carry 16 kg: the page says how much room would have done, and names nobody."""
    light = a_day(absence=())
    day = dataclasses.replace(
        light, parcels=tuple(replace(parcel, grams=16_000) for parcel in light.parcels)
    )
    result = play(day)
    assert result.kpis["delivered"] == 0
    html = report.write(tmp_path, result, day, seed=1, times=TIMES).read_text()
    assert report_fixes.TITLE in html
    assert "<td>4</td><td>a courier has room for 1000 g more</td>" in html
    # One by one, where couriers have names anyway.
    told = "r1 has no room for 1000 g more; served if r1 has room for 1000 g more</div>"
    assert html.count(told) == 4


def test_a_day_without_trouble_says_nothing_of_it(tmp_path: Path) -> None:
    """No parcel was left out, so no fix is told."""
    day = a_day(absence=())
    html = report.write(tmp_path, play(day), day, seed=1, times=TIMES).read_text()
    assert report_fixes.TITLE not in html


def test_alike_fixes_are_told_once_by_the_largest() -> None:
    """Each leg counts once, by what was found out last; what was served later does not."""
    day = a_day(absence=())
    heavy = dataclasses.replace(
        day, parcels=tuple(replace(parcel, grams=16_000) for parcel in day.parcels)
    )
    chronicle = Chronicle(play(heavy).events)
    events = [
        made(1, late(0, 60), late(1, 60), late(2, 60)),
        made(2, late(0, 600), gone=("m/p2/1",)),
    ]
    calendar = words.Calendar(NINE, "UTC")
    [group] = report_fixes.group(events, chronicle, calendar, "EUR")
    told = "a courier works 10 min longer, until 09:10 (less does for some)"
    assert group["rows"] == [(2, told)]
