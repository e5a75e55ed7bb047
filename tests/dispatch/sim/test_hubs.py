"""Whole small days with a booth, a shop and recipients who are out: what people do there."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from dispatch.core import messages as m
from dispatch.core.model import (
    Contract,
    CustodianKind,
    FailureCode,
    Instant,
    Place,
    ProofKind,
    Purpose,
    Seconds,
    TimeWindow,
    Tour,
)
from dispatch.sim import hub_page, report, words
from dispatch.sim.behaviour import People
from dispatch.sim.consents import Consent
from dispatch.sim.day import Result
from dispatch.sim.story import Chronicle
from tests.dispatch.sim.small_day import AGREED, DOOR, HOUR, NINE, TIMES, a_day, a_shop, play

Found = TypeVar("Found", bound=m.Event)


def of(result: Result, kind: type[Found]) -> Sequence[Found]:
    """Return a day's events of one kind; nobody may have been stuck, and custody is whole."""
    checked, gaps = report.with_custody(result)
    assert (gaps, result.stuck) == ([], ())
    assert checked.kpis["custody_gaps"] == 0
    return [event for event in result.events if isinstance(event, kind)]


def test_who_is_out_and_agreed_fetches_it_from_the_shop() -> None:
    """A visit in vain that counts, the next rung, two scans at the counter, the right code."""
    result = play(a_day(a_shop(), options=(DOOR, AGREED), collect_median_s=3600.0))
    failed = of(result, m.AttemptFailed)
    assert {(event.failure, event.counts) for event in failed} == {(FailureCode.ABSENT, True)}
    received = of(result, m.ParcelReceivedAtHub)
    assert len(received) == 4
    assert {(event.purpose, event.actor) for event in received} == {
        (Purpose.COLLECTION, "hubs/shop")
    }
    assert all(event.witness.startswith("couriers/") for event in received)
    assert {event.proof for event in of(result, m.ParcelCollected)} == {"CODE"}
    assert result.kpis["delivered"] == 4
    assert result.kpis["first_attempt_success"] == 0.0
    assert not of(result, m.CodeRefused)


def test_without_consent_it_goes_back() -> None:
    """The shop is there and takes parcels, but nobody agreed: no collection."""
    result = play(a_day(a_shop(contracts=(Contract.COLLECTION,))))
    assert not of(result, m.ParcelReceivedAtHub)
    assert result.kpis["delivered"] == 0


def test_a_shop_that_is_full_takes_no_more_than_it_has() -> None:
    """With one slot and nobody fetching, the second parcel goes another way."""
    result = play(a_day(a_shop(slots=(1, 0, 0)), options=(DOOR, AGREED), never_collects_share=1.0))
    assert len(of(result, m.ParcelReceivedAtHub)) == 1
    assert result.kpis["hubs"]["peak_occupancy_share"] == 1.0
    assert result.kpis["unserved_by_reason"]["NOT_COLLECTED"] == 1
    assert result.kpis["hubs"]["overdue"] == 1
    assert [event.reason for event in of(result, m.LegReleased)][-1] == "OVERDUE"


def test_recipients_come_when_the_shop_is_open() -> None:
    """Closed when they come, they come after it has opened again."""
    hours = tuple(
        TimeWindow(opens_at=NINE + start * HOUR, closes_at=NINE + end * HOUR)
        for start, end in ((0, 4), (20, 30))
    )
    shop = a_shop(hours=hours)
    result = play(
        a_day(shop, options=(DOOR, AGREED), collect_median_s=6.0 * HOUR, collect_sigma=0.01)
    )
    collected = of(result, m.ParcelCollected)
    assert collected
    assert all(20 * HOUR <= event.happened_at - NINE <= 22 * HOUR for event in collected)


@pytest.fixture
def slow_to_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every way to the shop take three hours, whatever was planned."""
    usual = People.way_s

    def way_s(people: People, planned_s: Seconds, to: Place, now: Instant) -> Seconds:
        return 3 * HOUR if to.hub == "shop" else usual(people, planned_s, to, now)

    monkeypatch.setattr(People, "way_s", way_s)


@pytest.mark.usefixtures("slow_to_the_shop")
def test_a_counter_that_has_closed_is_reported() -> None:
    """Who comes too late to a shop says so, and it is no attempt."""
    hours = (TimeWindow(opens_at=NINE, closes_at=NINE + 3 * HOUR),)
    result = play(a_day(a_shop(hours=hours), options=(DOOR, AGREED)))
    told = {(event.failure, event.counts) for event in of(result, m.AttemptFailed)}
    assert told == {(FailureCode.ABSENT, True), (FailureCode.HUB_CLOSED, False)}
    assert result.kpis["hubs"]["refused_closed"] >= 1


@pytest.mark.usefixtures("slow_to_the_shop")
def test_a_counter_that_is_full_is_reported() -> None:
    """A slot that was held has lapsed, another parcel stands there: the next way is found."""
    day = a_day(a_shop(slots=(1, 0, 0)), options=(DOOR, AGREED), never_collects_share=1.0)
    result = play(day)
    told = {(event.failure, event.counts) for event in of(result, m.AttemptFailed)}
    assert told == {(FailureCode.ABSENT, True), (FailureCode.HUB_FULL, False)}
    assert result.kpis["hubs"]["refused_full"] >= 1


def test_the_keeper_of_a_shop_scans_once() -> None:
    """Taking from one's own shop is marked; nobody else scans."""
    day = a_day(a_shop(host="n1"), absence=())
    parcels = tuple(
        replace(parcel, origin_hub="shop", pickup=day.hubs[1].place) for parcel in day.parcels
    )
    day = dataclasses.replace(
        day,
        parcels=parcels,
        couriers=tuple(
            replace(courier, host_of="shop" if courier.id == "n1" else "")
            for courier in day.couriers
        ),
    )
    result = play(day)
    for event in of(result, m.ParcelPickedUp):
        assert event.single_actor == (event.courier == "n1")
        assert bool(event.witness) == (event.courier != "n1")


def test_doors_get_what_the_merchant_asks_for() -> None:
    """A code where one is asked for, and always a name."""
    day = a_day(absence=())
    day = dataclasses.replace(
        day, parcels=tuple(replace(parcel, proofs=(ProofKind.PIN,)) for parcel in day.parcels)
    )
    delivered = of(play(day), m.ParcelDelivered)
    assert len(delivered) >= 3
    assert {event.proofs for event in delivered} == {(ProofKind.PIN, ProofKind.RECEIVER_NAME)}


def test_what_is_handed_back_goes_to_another() -> None:
    """Who thinks better of it gives all of it back before setting out."""
    result = play(a_day(absence=(), hand_back_share=1.0))
    assert of(result, m.LegsHandedBack)
    assert not of(result, m.TourStarted)


def test_a_courier_who_vanishes_is_rescued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher gives up on the first one; another fetches what is there, and it is attested."""
    gone: set[str] = set()

    def vanishes(_people: People, tour: Tour) -> bool:
        gone.add(tour.courier) if not gone else None
        return tour.courier in gone

    monkeypatch.setattr(People, "vanishes", vanishes)
    result = play(a_day(absence=(), rescue_after_s=600))
    assert len(gone) == 1
    assert result.kpis["rescues"] == 1
    assert result.kpis["no_show_share"] == 0
    fetched = [
        event
        for event in of(result, m.ParcelPickedUp)
        if event.giver is not None and event.giver.kind is CustodianKind.COURIER
    ]
    assert fetched
    assert {event.witness for event in fetched} == {"dispatcher"}


def test_consent_is_taken_back_on_the_way() -> None:
    """What recipients say during the day reaches the engine when they say it."""
    day = a_day(a_shop(), options=(DOOR,))
    parcel = day.parcels[-1].id
    said = Consent(
        household="",
        parcel=parcel,
        option=replace(AGREED, consented_at=NINE + 2 * HOUR),
        withdrawn_at=NINE + 2 * HOUR + 60,
    )
    result = play(dataclasses.replace(day, consents=(said,)))
    assert [event.at - NINE for event in of(result, m.ConsentGiven)] == [2 * HOUR]
    assert [event.at - NINE for event in of(result, m.ConsentWithdrawn)] == [2 * HOUR + 60]


def test_the_report_shows_ways_and_hubs(tmp_path: Path) -> None:
    """Each kind of way is a line of places; the hubs have a chart, figures and a table."""
    day = a_day(a_shop(), options=(DOOR, AGREED))
    result = play(day)
    result, _ = report.with_custody(result)
    html = report.write(tmp_path, result, day, seed=1, times=TIMES).read_text()
    assert "Through hubs" in html
    assert "Parcels in hubs over the day" in html
    assert "<b>shop shop</b>" in html
    assert "breaks in custody" in html
    assert json.loads((tmp_path / "report.json").read_text())["kpis"]["custody_gaps"] == 0
    stories = Chronicle(result.events).parcels
    told = hub_page.through_hubs(stories, words.Calendar(NINE, "Europe/Helsinki"))
    (kind,) = told
    assert kind["count"] == "4 parcels"
    way = kind["way"]
    assert isinstance(way, list)
    assert [hop["place"] for hop in way] == ["station h1", "door", "shop shop", "its recipient"]
    assert way[1]["why"] == "nobody was at home"
