from typing import Any

import grpc

from dispatch.auth import Role
from dispatch.v1 import compounds_pb2, couriers_pb2, types_pb2
from dispatch.v1 import courier_app_pb2 as app
from tests.dispatch.service.errands import Action, event
from tests.dispatch.service.house import NETWORK, NOON, House, place, refusal
from tests.dispatch.service.manor import (
    ANN,
    BEN,
    CLOSES_AT,
    GARDEN,
    OPENS_AT,
    Duty,
    Manor,
    fresh,
    manor,
    row,
    window,
)

Code = grpc.StatusCode
CAT = f"{NETWORK}/couriers/cat"
NIGHT_AT, MORNING_AT = CLOSES_AT + 3600, CLOSES_AT + 39_600


def _swap(one: Manor, token: Any, **fields: Any) -> Any:
    given = {"name": window(ANN), "taker": BEN, "request_id": fresh()}
    return one.house.couriers.SwapSlots(
        couriers_pb2.SwapSlotsRequest(**{**given, **fields}), metadata=token
    )


def _opens(windows: Any) -> list[int]:
    return [one.interval.open_time.seconds for one in windows]


async def test_a_roster_comes_in_whole_and_twice_is_once(house: House) -> None:
    """Rows that are there already are counted and left; nothing is added by a rehearsal."""
    one = await manor(house)
    rows = [row(ANN), row(ANN, NIGHT_AT, closes_at=NIGHT_AT + 60, duty=Duty.PATROL)]
    rehearsed = await one.imports(*rows, validate_only=True)
    assert (rehearsed.added_count, rehearsed.known_count) == (1, 1)
    asked = fresh()
    made = await one.imports(*rows, request_id=asked)
    assert (made.added_count, made.known_count, made.courier_count) == (1, 1, 1)
    count = len(house.types())
    assert await one.imports(*rows, request_id=asked) == made
    assert (await one.imports(*rows)).added_count == 0
    assert len(house.types()) == count
    slots = await house.compounds.ListRosterSlots(
        compounds_pb2.ListRosterSlotsRequest(parent=f"{GARDEN}/posts/-", page_size=2),
        metadata=one.company,
    )
    assert [found.name for found in slots.availability_windows] == [window(ANN), window(BEN)]
    rest = await house.compounds.ListRosterSlots(
        compounds_pb2.ListRosterSlotsRequest(
            parent=f"{GARDEN}/posts/gate", page_token="", page_size=1000
        ),
        metadata=one.company,
    )
    assert _opens(rest.availability_windows) == [OPENS_AT, OPENS_AT, NIGHT_AT]


async def test_every_bad_row_is_listed_and_none_is_taken(house: House) -> None:
    """Unknown people and posts, two places at once, ends before beginnings: all at once."""
    one = await manor(house)
    await one.guard("cat")
    await one.permits("cat")
    count = len(house.types())
    bad = [
        row(CAT),
        row(CAT, OPENS_AT + 60),
        row("cat", CLOSES_AT, closes_at=CLOSES_AT + 60),
        row(CAT, CLOSES_AT, closes_at=CLOSES_AT),
        row(CAT, CLOSES_AT, closes_at=CLOSES_AT + 60, duty=9),
        couriers_pb2.RosterRow(courier=CAT),
        row(CAT, CLOSES_AT, closes_at=CLOSES_AT + 60, post=""),
    ]

    def asked(*rows: couriers_pb2.RosterRow) -> Any:
        ask = couriers_pb2.ImportRosterRequest(parent=NETWORK, rows=rows)
        return house.couriers.ImportRoster(ask, metadata=house.dispatcher)

    assert (await refusal(asked(*bad)))[2] == [
        "rows[2].courier",
        "rows[3].interval.close_time",
        "rows[4].duty",
        "rows[5].interval.open_time",
        "rows[6].post",
    ]
    strangers = [
        row(f"{NETWORK}/couriers/nobody"),
        row(CAT, post="lodge"),
        row(ANN, OPENS_AT + 60),
        row(CAT, OPENS_AT + 60),
    ]
    code, reason, fields = await refusal(asked(*strangers))
    assert (code, reason) == (Code.INVALID_ARGUMENT, "FIELD_INVALID")
    assert fields == ["rows[0].courier", "rows[1].post", "rows[2].interval", "rows[3].interval"]
    assert (await refusal(asked()))[2] == ["rows"]
    assert len(house.types()) == count


async def test_a_company_rosters_its_own_people_at_its_own_posts(house: House) -> None:
    """A stranger's days and another's post are not its to fill; all bad rows are told at once."""
    one = await manor(house)
    await one.guard("cat")
    ask = couriers_pb2.ImportRosterRequest(
        parent=NETWORK,
        rows=[
            row(CAT),
            row(ANN, OPENS_AT + 60),
            row(ANN, CLOSES_AT, closes_at=CLOSES_AT + 60, post="lodge"),
        ],
    )
    found = await refusal(house.couriers.ImportRoster(ask, metadata=one.company))
    assert found[2] == ["rows[0].courier", "rows[1].interval", "rows[2].post"]
    denied = house.couriers.ImportRoster(ask, metadata=one.phones["ann"])
    assert (await refusal(denied))[0] is Code.PERMISSION_DENIED


async def test_guards_of_one_compound_swap(house: House) -> None:
    """Ann gives her night for Ben's morning, from her own phone; the answer shows both rosters."""
    one = await manor(house)
    await one.imports(
        row(ANN, NIGHT_AT, closes_at=NIGHT_AT + 60),
        row(BEN, MORNING_AT, closes_at=MORNING_AT + 60),
    )
    ask = couriers_pb2.SwapSlotsRequest(
        name=window(ANN, NIGHT_AT),
        taker=BEN,
        taker_window=window(BEN, MORNING_AT),
        request_id=fresh(),
    )
    done = await house.phone.SwapSlots(ask, metadata=one.phones["ann"])
    assert _opens(done.giver_windows) == [OPENS_AT, MORNING_AT]
    assert _opens(done.taker_windows) == [OPENS_AT, NIGHT_AT]
    count = len(house.types())
    assert await house.phone.SwapSlots(ask, metadata=one.phones["ann"]) == done
    assert len(house.types()) == count
    back = await _swap(
        one, one.company, name=window(ANN, MORNING_AT), taker_window=window(BEN, NIGHT_AT)
    )
    assert _opens(back.giver_windows) == [OPENS_AT, NIGHT_AT]


async def test_swaps_that_cannot_be(house: House) -> None:
    """With a stranger, with oneself, over another slot, of somebody else's slot, of none."""
    one = await manor(house)
    await one.guard("cat")
    ann = one.phones["ann"]
    assert (await refusal(_swap(one, ann, taker=CAT)))[:2] == (
        Code.FAILED_PRECONDITION,
        "NOT_PERMITTED",
    )
    assert (await refusal(_swap(one, ann, taker=ANN)))[2] == ["taker"]
    assert (await refusal(_swap(one, ann)))[2] == ["name"], "Ben is there already"
    assert (await refusal(_swap(one, ann, name=window(BEN), taker=ANN)))[0] is (
        Code.PERMISSION_DENIED
    )
    assert (await refusal(_swap(one, ann, taker_window=window(ANN))))[2] == ["taker_window"]
    for name in (window(ANN, 5), f"{ANN}/availabilityWindows/night"):
        assert (await refusal(_swap(one, ann, name=name)))[0] is Code.NOT_FOUND
    assert (await refusal(_swap(one, ann, name=ANN)))[2] == ["name"]
    assert (await refusal(_swap(one, one.till)))[0] is Code.PERMISSION_DENIED


async def test_a_company_moves_no_slot_of_anothers_post(house: House) -> None:
    """Not even one of its own guards': what Ann does elsewhere is not its business."""
    one = await manor(house)
    await house.couriers.CreateAvailabilityWindow(
        couriers_pb2.CreateAvailabilityWindowRequest(
            parent=ANN,
            availability_window=couriers_pb2.AvailabilityWindow(
                interval={
                    "open_time": {"seconds": NIGHT_AT},
                    "close_time": {"seconds": NIGHT_AT + 60},
                }
            ),
        ),
        metadata=one.phones["ann"],
    )
    for call in (
        _swap(one, one.company, name=window(ANN, NIGHT_AT)),
        _swap(one, one.company, name=window(ANN, 5)),
        _swap(one, one.company, name=window(CAT)),
        house.couriers.DropSlots(
            couriers_pb2.DropSlotsRequest(name=ANN, availability_windows=[window(ANN, NIGHT_AT)]),
            metadata=one.company,
        ),
        house.couriers.DropSlots(
            couriers_pb2.DropSlotsRequest(name=CAT, availability_windows=[window(CAT)]),
            metadata=one.company,
        ),
    ):
        assert (await refusal(call))[0] is Code.PERMISSION_DENIED


async def test_a_guard_is_sent_home_and_the_tour_goes_on(house: House) -> None:
    """The slot goes at once; what is in hand is brought to its end; nothing more is offered."""
    one = await manor(house)
    await one.online("ann", "ben")
    await house.create(1)
    tour = await one.accepts("ann")
    await one.report(tour, event(0, Action.PICK_UP))
    given = _swap(one, one.company)
    assert (await refusal(given))[0] in {Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT}
    drop = couriers_pb2.DropSlotsRequest(
        name=ANN, availability_windows=[window(ANN)], reason="is ill", request_id=fresh()
    )
    left = await house.couriers.DropSlots(drop, metadata=one.company)
    assert not left.availability_windows
    assert await house.couriers.DropSlots(drop, metadata=one.company) == left
    signed = [types_pb2.Proof(kind=types_pb2.ProofKind.SIGNATURE)]
    [done] = await one.report(tour, event(1, Action.DROP_OFF, proofs=signed))
    assert done.disposition == app.StopEventResult.Disposition.RECORDED
    await house.phone.ReturnToPost(
        app.ReturnToPostRequest(name=ANN, return_time={"seconds": NOON}),
        metadata=one.phones["ann"],
    )
    await house.create(2)
    assert not any("/ann/" in name for name in (await house.plan()).offers)


async def test_what_is_dropped_is_named(house: House) -> None:
    """Nothing, another one's slot, one that is not there."""
    one = await manor(house)

    def drop(*names: str) -> Any:
        ask = couriers_pb2.DropSlotsRequest(name=ANN, availability_windows=names)
        return house.couriers.DropSlots(ask, metadata=house.dispatcher)

    assert (await refusal(drop()))[2] == ["availability_windows"]
    assert (await refusal(drop(window(BEN))))[2] == ["availability_windows[0]"]
    assert (await refusal(drop(window(ANN, 5))))[0] is Code.NOT_FOUND
    assert (await refusal(drop("w5")))[2] == ["availability_windows[0]"]
    assert (
        await refusal(
            house.couriers.DropSlots(
                couriers_pb2.DropSlotsRequest(name=ANN, availability_windows=[window(ANN)]),
                metadata=one.phones["ann"],
            )
        )
    )[0] is Code.PERMISSION_DENIED


async def test_a_roster_stays_within_one_zone(house: House) -> None:
    """All or nothing needs one log: rows of another zone are named."""
    tokens = {"metadata": house.token(Role.DISPATCHER, "dora", network="twin")}
    for courier, lon in (("eve", 25.5), ("wim", 24.5)):
        await house.couriers.CreateCourier(
            couriers_pb2.CreateCourierRequest(
                parent="networks/twin",
                courier_id=courier,
                courier=couriers_pb2.Courier(
                    kind=couriers_pb2.Courier.Kind.GUARD,
                    home_anchor=place(point={"latitude": 60.5, "longitude": lon}),
                ),
            ),
            **tokens,
        )
    rows = [row(f"networks/twin/couriers/{own}", post="", duty=Duty.IDLE) for own in ("eve", "wim")]
    ask = couriers_pb2.ImportRosterRequest(parent="networks/twin", rows=rows)
    assert (await refusal(house.couriers.ImportRoster(ask, **tokens)))[2] == ["rows[1].courier"]
    for own in rows:
        one = couriers_pb2.ImportRosterRequest(parent="networks/twin", rows=[own])
        assert (await house.couriers.ImportRoster(one, **tokens)).added_count == 1


async def test_nobody_puts_oneself_on_a_posts_roster(house: House) -> None:
    """A courier's own window names no post: the post's roster is the company's word."""
    one = await manor(house)
    cat = await one.guard("cat")
    slot = couriers_pb2.AvailabilityWindow(duty=Duty.POST)
    slot.interval.open_time.FromSeconds(NIGHT_AT)
    slot.interval.close_time.FromSeconds(NIGHT_AT + 3600)
    for post in ("gate", "a post that may be there tomorrow"):
        slot.post = post
        asked = couriers_pb2.CreateAvailabilityWindowRequest(parent=CAT, availability_window=slot)
        found = await refusal(house.couriers.CreateAvailabilityWindow(asked, metadata=cat))
        assert found[0] is Code.PERMISSION_DENIED
    slot.post = ""
    slot.duty = Duty.IDLE
    asked = couriers_pb2.CreateAvailabilityWindowRequest(parent=CAT, availability_window=slot)
    await house.couriers.CreateAvailabilityWindow(asked, metadata=cat)
