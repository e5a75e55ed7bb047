import ast
import functools
import inspect
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.core import codec
from dispatch.core.metrics import Metrics
from dispatch.sim import presence_books, presence_check
from dispatch.sim.presence_books import Rule
from dispatch.sim.presence_check import check, gaps

Event = dict[str, Any]
Log = list[Event]
GUS, HAL, IDA = "gus", "hal", "ida"


def told(kind: str, at: int, **fields: Any) -> Event:
    """Give an event as the log writes it."""
    return {"type": kind, "at": at, **fields}


def slot(opens: int, closes: int, duty: str = "POST", post: str = "gate") -> Event:
    """Give a slot of a roster, by minutes."""
    return {"opens_at": 60 * opens, "closes_at": 60 * closes, "post": post, "duty": duty}


def roster(courier: str, *slots: Event) -> Event:
    """Give all of a courier's slots, told at the start."""
    return told("AvailabilityAdded", 0, courier=courier, slots=list(slots))


def comes(courier: str, at: int) -> Event:
    return told("CourierWentOnline", 60 * at, courier=courier, place={"lat": 0.0, "lon": 0.0})


def goes(courier: str, at: int) -> Event:
    return told("CourierWentOffline", 60 * at, courier=courier)


def leaves(courier: str, at: int) -> Event:
    return told("TourStarted", 60 * at, courier=courier, tour=f"t{at}", happened_at=60 * at)


def returns(courier: str, at: int, away: int) -> Event:
    return told(
        "CourierReturned",
        60 * at,
        courier=courier,
        happened_at=60 * at,
        away_s=60 * away,
        post="gate",
    )


def received(at: int, actor: str, parcel: str = "m/p1", **fields: Any) -> Event:
    """Give a parcel that comes into the booth."""
    scan = {"parcel": parcel, "hub": "booth", "actor": actor, "happened_at": 60 * at}
    return told("ParcelReceivedAtHub", 60 * at, **scan, **fields)


POST = {"id": "gate", "compound": "garden", "hub": "booth"}


def a_good_day() -> Log:
    """Give a day at a gate of one guard at a time, with a spare one and a late relief.

    Gus stands from 0 to 60, Hal patrols, tours from 10 to 25, and is back late, at 63, from a tour
    that began at 45: Gus stays on for three minutes and scans a parcel meanwhile. From 120 to 180
    both stand, and Gus tours.
    """
    return [
        told("HubCreated", 0, hub={"id": "booth", "attended": True}),
        told("PostSet", 0, post=POST),
        roster(GUS, slot(0, 60), slot(60, 120, "PATROL"), slot(120, 180)),
        roster(HAL, slot(0, 60, "PATROL"), slot(60, 180)),
        comes(GUS, 0),
        comes(HAL, 0),
        leaves(HAL, 10),
        received(12, "couriers/gus"),
        returns(HAL, 25, 15),
        leaves(HAL, 45),
        received(61, "couriers/gus"),
        returns(HAL, 63, 18),
        leaves(GUS, 70),
        received(71, "couriers/hal"),
        returns(GUS, 80, 10),
        leaves(GUS, 130),
        returns(GUS, 140, 10),
        goes(GUS, 180),
        goes(HAL, 181),
    ]


def lines(log: Log) -> list[str]:
    return [json.dumps(event) for event in log]


def test_a_good_day_has_no_gaps() -> None:
    """Tours from patrols, a late relief and a spare guard break nothing."""
    assert gaps(lines(a_good_day())) == []


def test_rows_of_the_log_and_a_day_without_posts_are_read() -> None:
    """Events stand inside rows in the log's file; free-text posts bind nobody."""
    rows = [json.dumps({"version": 3, "event": event}) for event in a_good_day()]
    assert gaps(rows) == []
    told_of_posts = {"PostSet", "CourierReturned"}
    without = [event for event in a_good_day() if event["type"] not in told_of_posts]
    assert gaps([*lines(without), ""]) == []


def changed(log: Log, index_of: Callable[[Event], bool], **fields: Any) -> Log:
    """Return a log in which the first event that matches has other fields."""
    index = next(i for i, event in enumerate(log) if index_of(event))
    log[index] = {**log[index], **fields}
    return log


def _late_and_nobody_stays(log: Log) -> Log:
    """Let Gus go home at 60 while his relief is on a tour until 63."""
    index = next(i for i, e in enumerate(log) if e["at"] == 3660)
    back, *rest = log[index + 1 :]
    return [*log[:index], goes(GUS, 60), back, comes(GUS, 64), *rest]


def _leaves_the_post(log: Log) -> Log:
    """Let Gus set out at 5, with Hal on patrol."""
    index = next(i for i, e in enumerate(log) if e["at"] == 600)
    return [*log[:index], leaves(GUS, 5), returns(GUS, 6, 1), *log[index:]]


def _not_relieved(log: Log) -> Log:
    """Let Gus set out at 61, before his relief is back."""
    index = next(i for i, e in enumerate(log) if e["at"] == 3660)
    return [*log[:index], leaves(GUS, 61), *log[index + 1 : -7], returns(GUS, 64, 3)]


def _is_minimum_of(minimum: int) -> Callable[[Log], Log]:
    """Let the post need more: two stand together from 120 on, until Gus sets out."""
    return lambda log: changed(
        log, lambda e: e["type"] == "PostSet", post={**POST, "minimum": minimum}
    )


def _swapped_into_two_places(log: Log) -> Log:
    swapped = told(
        "SlotsSwapped",
        0,
        courier=GUS,
        other=HAL,
        slots=[slot(0, 60), slot(30, 90)],
        other_slots=[slot(60, 180)],
    )
    return [*log[:4], swapped, *log[4:5], goes(GUS, 1)]


def _tours_twice(log: Log) -> Log:
    return [*log[:7], leaves(HAL, 11), *log[7:8], returns(HAL, 25, 14), *log[9:]]


def _comes_back_twice(log: Log) -> Log:
    return [*log[:9], returns(HAL, 26, 1), *log[9:]]


def _is_away_longer_than_told(log: Log) -> Log:
    return changed(log, lambda e: e["type"] == "CourierReturned", away_s=60)


def _scans_from_afar(log: Log) -> Log:
    """Let Hal scan at the booth while he is on a tour."""
    return changed(log, lambda e: e["at"] == 720, actor="couriers/hal")


def _scanned_by_nobody_known(log: Log) -> Log:
    return changed(log, lambda e: e["at"] == 720, actor="the booth")


def _fetched_from_an_unmanned_booth(log: Log) -> Log:
    fetched = {"parcel": "m/p1", "hub": "booth", "actor": "couriers/hal"}
    return [*log, told("ParcelCollected", 60 * 182, **fetched)]


def _given_out_by_a_guard_on_tour(log: Log) -> Log:
    out = told("ParcelPickedUp", 60 * 13, parcel="m/p1", witness="couriers/hal")
    return [*log[:8], {**out, "giver": {"kind": "HUB", "id": "booth"}}, *log[8:]]


def _taken_back_by_a_guard_on_tour(log: Log) -> Log:
    back = told("ParcelBroughtBack", 60 * 13, parcel="m/p1", actor="couriers/hal")
    return [*log[:8], {**back, "custodian": {"kind": "HUB", "id": "booth"}}, *log[8:]]


def _cannot_be_read(log: Log) -> Log:
    return [*log, told("CourierReturned", 60 * 200)]


MUTANTS: tuple[tuple[Rule, Callable[[Log], Log]], ...] = (
    (Rule.MINIMUM, _late_and_nobody_stays),
    (Rule.MINIMUM, _is_minimum_of(2)),
    (Rule.LEFT, _leaves_the_post),
    (Rule.HELD, _not_relieved),
    (Rule.TWO_PLACES, _swapped_into_two_places),
    (Rule.AWAY, _tours_twice),
    (Rule.AWAY, _comes_back_twice),
    (Rule.AWAY, _is_away_longer_than_told),
    (Rule.BOOTH, _scans_from_afar),
    (Rule.BOOTH, _scanned_by_nobody_known),
    (Rule.BOOTH, _fetched_from_an_unmanned_booth),
    (Rule.BOOTH, _given_out_by_a_guard_on_tour),
    (Rule.BOOTH, _taken_back_by_a_guard_on_tour),
    (Rule.LINE, _cannot_be_read),
)


@pytest.mark.parametrize(
    ("rule", "spoil"), MUTANTS, ids=lambda value: getattr(value, "__name__", value)
)
def test_each_broken_rule_is_found(rule: Rule, spoil: Callable[[Log], Log]) -> None:
    """One day spoilt in one way for each rule: the checker names the rule."""
    assert rule in {gap.rule for gap in check(lines(spoil(a_good_day())))}


def test_every_rule_has_a_mutant() -> None:
    """A rule that no spoilt day breaks would prove nothing."""
    assert {rule for rule, _ in MUTANTS} == set(Rule)


def test_a_gap_says_where_from_when_to_when_and_why() -> None:
    """The post was short from minute 60, when Gus went, until Hal was back at 63."""
    found = check(lines(_late_and_nobody_stays(a_good_day())))
    short = [gap for gap in found if gap.rule is Rule.MINIMUM]
    assert [(gap.where, gap.from_at, gap.to_at) for gap in short] == [("post gate", 3600, 3780)]
    assert "hal on a tour" in short[0].why
    assert str(short[0]).startswith("MINIMUM, line ")


def test_a_post_that_is_short_at_the_end_of_the_log_is_told() -> None:
    """A log that stops in the middle of a gap still has it."""
    log = [*a_good_day()[:10], goes(GUS, 55), comes(IDA, 70)]
    assert [(gap.from_at, gap.to_at) for gap in check(lines(log))] == [(3600, 4200)]


def test_who_is_late_for_work_is_no_fault_of_a_tour() -> None:
    """A post without its guard, nobody of it on a tour, is the company's own affair."""
    log = [e for e in a_good_day() if e.get("courier") != HAL or e["type"] == "AvailabilityAdded"]
    log = [e for e in log if e.get("actor") != "couriers/hal"]
    kept = [event for event in log if event["at"] <= 3660]
    assert gaps(lines([*kept, goes(GUS, 62), comes(HAL, 90)])) == []


def test_a_guard_who_scanned_first_and_left_was_there() -> None:
    """The keeper's half of a hand-over stands though the courier's scan comes later."""
    half = {
        "giver": {"kind": "COURIER", "id": "ann"},
        "taker": {"kind": "HUB", "id": "booth"},
        "actor": "couriers/hal",
    }
    scanned = told("HandoverScanned", 60 * 9, parcel="m/p2", half=half)
    log = a_good_day()
    hal_at_post = changed(
        log, lambda e: e.get("courier") == HAL, slots=[slot(0, 10), slot(60, 180)]
    )
    hal_at_post[6:6] = [scanned]
    hal_at_post[8:8] = [received(11, "couriers/hal", "m/p2")]
    assert gaps(lines(hal_at_post)) == []


def test_who_is_signed_in_scans_until_going_away() -> None:
    """A guard on patrol who signs in at the booth's device may scan there; on tour no more."""
    signed = told("SignedIn", 60, hub="booth", device="d", courier=HAL)
    log = a_good_day()
    log[6:6] = [signed, received(2, "couriers/hal", "m/p2")]
    assert gaps(lines(log)) == []
    log[9:9] = [received(11, "couriers/hal", "m/p3")]
    assert [gap.rule for gap in check(lines(log))] == [Rule.BOOTH]
    away = told("SignedOut", 90, hub="booth", device="d")
    log = [*a_good_day()[:6], signed, away, received(2, "couriers/hal", "m/p2")]
    assert [gap.rule for gap in check(lines(log))] == [Rule.BOOTH]


def test_a_locker_at_the_gate_needs_somebody_there() -> None:
    """Where nobody scans for the hub, somebody has to be at the post all the same."""
    log = changed(a_good_day(), lambda e: e["type"] == "HubCreated", hub={"id": "booth"})
    log = changed(log, lambda e: e["at"] == 720, actor="")
    assert gaps(lines(log)) == []
    log.append(received(190, ""))
    assert [gap.rule for gap in check(lines(log))] == [Rule.BOOTH]


def test_the_keeper_alone_is_no_matter_of_presence() -> None:
    """A guard who sets out with the booth's own parcel has scanned both sides alone."""
    out = told("ParcelPickedUp", 60 * 132, parcel="m/p9", witness="couriers/gus")
    giver = {"giver": {"kind": "HUB", "id": "booth"}, "single_actor": True}
    log = a_good_day()
    log[16:16] = [{**out, **giver}]
    assert gaps(lines(log)) == []


@st.composite
def rosters_and_walks(draw: st.DrawFn) -> Log:
    """Draw a day of three guards at one post who come, go and tour as no engine would let them."""
    log = [told("PostSet", 0, post={**POST, "minimum": draw(st.integers(1, 2))})]
    happenings: list[tuple[int, int, str, str]] = []
    for courier in (GUS, HAL, IDA):
        edges = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=5)))
        duty = st.sampled_from(("POST", "PATROL", "BREAK"))
        log.append(roster(courier, *(slot(a, b, draw(duty)) for a, b in pairwise(edges))))
        for at in draw(st.sets(st.integers(0, 60), max_size=6)):
            order = draw(st.integers(0, 9))
            happenings.append((at, order, courier, draw(st.sampled_from(("on", "out")))))
    is_on, out_since = set[str](), dict[str, int]()
    for at, _, courier, what in sorted(happenings):
        if what == "on":
            log.append(goes(courier, at) if courier in is_on else comes(courier, at))
            is_on ^= {courier}
        elif courier in out_since:
            log.append(returns(courier, at, at - out_since.pop(courier)))
        else:
            out_since[courier] = at
            log.append(leaves(courier, at))
    return [*log, told("PlanRequested", 60 * 70)]


@given(rosters_and_walks())
def test_the_checker_and_the_key_figure_agree(log: Log) -> None:
    """Two tellings of the same log, made apart, find the same seconds below the minimum."""
    events = [codec.decode_event(json.dumps(event), codec.VERSION) for event in log]
    short = [gap for gap in check(lines(log)) if gap.rule is Rule.MINIMUM]
    figure = Metrics().fold(events).kpis()["post_below_minimum_s"]
    assert sum(gap.to_at - gap.from_at for gap in short) == figure


@functools.cache
def _imports(module: Any) -> set[str]:
    tree = ast.parse(inspect.getsource(module))
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return found | {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }


@pytest.mark.parametrize("module", [presence_books, presence_check])
def test_the_checker_shares_nothing_with_the_rules(module: Any) -> None:
    """It imports nothing of the engine, so that a fault there cannot hide here."""
    ours = {name for name in _imports(module) if name.startswith(("dispatch", "maps"))}
    assert ours <= {"dispatch.sim.presence_books"}
