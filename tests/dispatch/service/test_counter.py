import asyncio
import uuid
from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.core.keeping import code_key
from dispatch.v1 import dispatching_pb2, parcels_pb2, types_pb2
from dispatch.v1 import hubs_pb2 as pb
from tests.dispatch.service.errands import (
    AT_DOOR,
    CAI,
    MART,
    TO_MART,
    Action,
    absent,
    at_mart,
    errand,
    event,
)
from tests.dispatch.service.house import NETWORK, NOON, SHOP, House, place, refusal

Code = grpc.StatusCode
State = parcels_pb2.Parcel.State
KEY = code_key("mart", "shop/p1")
RECIPIENT = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")


async def test_two_scans_bring_a_parcel_to_the_shop_and_a_code_takes_it(house: House) -> None:
    """Courier and counter scan in either order; the code alone hands it out, once."""
    one = await errand(house, delivery_options=[AT_DOOR, TO_MART])
    await absent(one)
    first = await one.receive(shelf="A7")
    assert not first.transferred
    assert (await house.seen(one.parcel)).custody.custodian == CAI
    await one.recorded(event(2, Action.DROP_OFF, NOON + 200))
    seen = await house.seen(one.parcel)
    assert (seen.state, seen.custody.custodian) == (State.AWAITING_COLLECTION, MART)
    inventory = await house.hubs.ListInventory(
        pb.ListInventoryRequest(parent=MART), metadata=one.till
    )
    [item] = inventory.items
    assert (item.parcel, item.shelf) == (one.parcel, "A7")
    assert item.purpose == types_pb2.Purpose.COLLECTION
    hub = await house.hubs.GetHub(pb.GetHubRequest(name=MART), metadata=one.till)
    assert hub.used_slot_counts.small_count == 1
    given = await one.release(code=f" {house.code(KEY)} ")
    assert given.transferred
    assert given.item.state == State.DELIVERED
    seen = await house.seen(one.parcel)
    assert seen.custody.holder == parcels_pb2.Custody.Holder.RECIPIENT
    code, reason, _ = await refusal(one.release(code=house.code(KEY)))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "CUSTODY_MISMATCH")


async def test_a_guessed_code_is_counted_and_locks_the_counter(house: House) -> None:
    """Five wrong codes lock this till for a while; the recipient's code stays good."""
    one = await at_mart(house)
    right = house.code(KEY)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(4):
        code, reason, _ = await refusal(one.release(code=wrong))
        assert (code, reason) == (Code.FAILED_PRECONDITION, "WRONG_CODE")
    for told in (wrong, right):
        code, reason, _ = await refusal(one.release(code=told))
        assert (code, reason) == (Code.RESOURCE_EXHAUSTED, "PIN_ATTEMPTS")
    assert house.types().count("CodeRefused") == 5
    house.clock.instant += 601
    assert (await one.release(code=right)).transferred


async def test_a_retried_wrong_code_counts_once(house: House) -> None:
    """The same request gets the same refusal, and the counter is no nearer to its lock."""
    one = await at_mart(house)
    again = str(uuid.uuid4())
    wrong = f"{(int(house.code(KEY)) + 1) % 10**6:06d}"
    for _ in range(7):
        _, reason, _ = await refusal(one.release(code=wrong, request_id=again))
        assert reason == "WRONG_CODE"
    assert house.types().count("CodeRefused") == 1


async def test_what_can_be_no_code_is_not_counted(house: House) -> None:
    """A digit too few is a slip of the finger: nobody comes nearer to the lock by it."""
    one = await at_mart(house)
    for told in ("1", "12345", "1234567", "abcdef", "12 456"):
        code, _, fields = await refusal(one.release(code=told))
        assert (code, fields) == (Code.INVALID_ARGUMENT, ["code"])
    assert "CodeRefused" not in house.types()
    assert (await one.release(code=f" {house.code(KEY)} ")).transferred


async def test_a_retried_release_gets_its_answer(house: House) -> None:
    """Whoever repeats a hand-out after a lost answer hears that it is done."""
    one = await at_mart(house)
    again = str(uuid.uuid4())
    first = await one.release(code=house.code(KEY), request_id=again)
    assert await one.release(code=house.code(KEY), request_id=again) == first


async def test_codes_are_nowhere_but_with_the_recipient(house: House) -> None:
    """Neither the log nor any answer to a counter, courier, merchant or dispatcher holds it."""
    one = await at_mart(house)
    code = house.code(KEY)
    told = [
        await house.seen(one.parcel),
        await house.parcels.GetParcel(
            parcels_pb2.GetParcelRequest(name=one.parcel), metadata=house.dispatcher
        ),
        await house.hubs.ListInventory(pb.ListInventoryRequest(parent=MART), metadata=one.till),
        await house.hubs.ReissueCode(
            pb.ReissueCodeRequest(name=MART, parcel=one.parcel), metadata=one.till
        ),
    ]
    assert code not in str(told)
    rows = house.log.read(limit=1000)
    assert not [row for row in rows if f'"{code}"' in row.payload]
    # The one before is worthless now.
    _, reason, _ = await refusal(one.release(code=code))
    assert reason == "WRONG_CODE"
    assert (await one.release(code=house.code(KEY))).transferred


async def test_a_proxy_collects_with_a_code_of_its_own(house: House) -> None:
    """Until it is revoked; the proxy's phone number reaches nobody."""
    one = await at_mart(house)
    ask = parcels_pb2.GrantProxyRequest(
        name=one.parcel,
        contact={"display_name": "Nora Neighbour", "phone_number": "+358407654321"},
        expire_time={"seconds": NOON + 9000},
        request_id=str(uuid.uuid4()),
    )
    proxies = [await house.parcels.GrantProxy(ask, metadata=house.shop) for _ in range(2)]
    assert proxies[0] == proxies[1]
    own = proxies[0].name.rpartition("/")[2]
    assert "Nora" not in str(house.log.read(limit=1000))
    _, reason, _ = await refusal(one.release(proxy_code=house.code(KEY)))
    assert reason == "WRONG_CODE"
    ask.request_id = str(uuid.uuid4())
    second = await house.parcels.GrantProxy(ask, metadata=house.shop)
    revoke = parcels_pb2.RevokeProxyRequest(name=second.name, request_id=str(uuid.uuid4()))
    for _ in range(2):
        await house.parcels.RevokeProxy(revoke, metadata=house.shop)
    _, reason, _ = await refusal(
        one.release(proxy_code=house.proxy_code(second.name.rpartition("/")[2]))
    )
    assert reason == "WRONG_CODE"
    assert (await one.release(proxy_code=house.proxy_code(own))).transferred
    assert "ParcelCollected" in house.types()


async def test_a_counter_sees_what_it_needs_and_nobodys_door(house: House) -> None:
    """Size, shelf, state and waybill; no name, phone or room, and no parcel by its own right."""
    dropoff = place(2, room="4711B", contact=RECIPIENT)
    one = await at_mart(house, dropoff=dropoff, carrier="acme", waybill="W1")
    answers = [
        await house.hubs.ListInventory(pb.ListInventoryRequest(parent=MART), metadata=one.till),
        await house.hubs.ListReservations(
            pb.ListReservationsRequest(parent=MART), metadata=one.till
        ),
        await one.receive(scan={"shipment": {"carrier": "acme", "waybill": "W1"}}),
    ]
    for secret in ("Rita", "1234567", "4711B", str(dropoff.point.latitude)):
        assert secret not in str(answers)
    assert answers[0].items[0].shipment.waybill == "W1"
    ask = parcels_pb2.GetParcelRequest(name=one.parcel)
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=one.till))
    assert code is Code.PERMISSION_DENIED


async def test_a_counter_acts_for_its_own_hub_alone(house: House) -> None:
    """Another hub, another network, a merchant and a courier: all PERMISSION_DENIED."""
    one = await at_mart(house)
    kiosk = await house.hub("kiosk", 9)
    strangers = [kiosk, house.shop, one.phone, house.token(Role.HUB_OPERATOR, "mart", "twin")]
    for stranger in strangers:
        calls = [
            house.hubs.ListInventory(pb.ListInventoryRequest(parent=MART), metadata=stranger),
            house.hubs.ListReservations(pb.ListReservationsRequest(parent=MART), metadata=stranger),
            house.hubs.ReceiveParcel(pb.ReceiveParcelRequest(name=MART), metadata=stranger),
            house.hubs.ReleaseParcel(pb.ReleaseParcelRequest(name=MART), metadata=stranger),
            house.hubs.ReceiveManifest(pb.ReceiveManifestRequest(name=MART), metadata=stranger),
            house.hubs.ReconcileInventory(
                pb.ReconcileInventoryRequest(name=MART), metadata=stranger
            ),
            house.hubs.ReserveSlot(pb.ReserveSlotRequest(name=MART), metadata=stranger),
            house.hubs.ReleaseReservation(
                pb.ReleaseReservationRequest(name=MART), metadata=stranger
            ),
            house.hubs.CreateHubToken(pb.CreateHubTokenRequest(parent=MART), metadata=stranger),
        ]
        for call in calls:
            code, _, _ = await refusal(call)
            assert code is Code.PERMISSION_DENIED
    reissue = pb.ReissueCodeRequest(name=MART, parcel=one.parcel)
    for stranger in (kiosk, one.phone, house.rival):
        code, _, _ = await refusal(house.hubs.ReissueCode(reissue, metadata=stranger))
        assert code is Code.PERMISSION_DENIED
    assert (await house.hubs.ReissueCode(reissue, metadata=house.shop)).HasField("mint_time")


async def test_the_till_stands_in_the_ledger(house: House) -> None:
    """Who had it when: one call, with the person who scanned on each side."""
    one = await at_mart(house)
    ask = parcels_pb2.ListCustodyEventsRequest(parent=one.parcel)
    lines = (await house.parcels.ListCustodyEvents(ask, metadata=house.shop)).custody_events
    holders = [line.to_custody.custodian for line in lines]
    assert holders == ["", CAI, MART]
    assert (lines[-1].actor, lines[-1].witness) == (f"{MART}/devices/till", CAI)
    assert lines[-1].from_custody.custodian == CAI
    ask.read_time.seconds = NOON + 100
    [then] = (await house.parcels.ListCustodyEvents(ask, metadata=house.shop)).custody_events
    assert then.to_custody.custodian == CAI
    ask.read_time.seconds = NOON - 100
    none = await house.parcels.ListCustodyEvents(ask, metadata=house.shop)
    assert not none.custody_events
    paged = parcels_pb2.ListCustodyEventsRequest(parent=one.parcel, page_size=2)
    page = await house.parcels.ListCustodyEvents(paged, metadata=house.shop)
    paged.page_token = page.next_page_token
    rest = await house.parcels.ListCustodyEvents(paged, metadata=house.shop)
    assert [*page.custody_events, *rest.custody_events] == list(lines)
    auditor = house.token(Role.AUDITOR, "ada")
    audited = await house.parcels.ListCustodyEvents(ask, metadata=auditor)
    assert not audited.custody_events
    for stranger in (house.rival, one.phone, one.till):
        code, _, _ = await refusal(house.parcels.ListCustodyEvents(ask, metadata=stranger))
        assert code is Code.PERMISSION_DENIED


async def test_a_manifest_says_what_came_and_what_did_not(house: House) -> None:
    """Received, unknown, missing and doubled, each once; the retry says the same."""
    till = await house.hub("mart")
    for number in range(3):
        await house.create(
            number, pickup={"hub": MART}, carrier="acme", waybill="W", piece=str(number),
            announced=True,
        )  # fmt: skip
    rows = [{"waybill": "W", "piece": piece} for piece in ("0", "1", "1", "9")]
    ask = pb.ReceiveManifestRequest(
        name=MART, carrier="acme", rows=rows, request_id=str(uuid.uuid4())
    )
    answer = await house.hubs.ReceiveManifest(ask, metadata=till)
    assert list(answer.received) == [f"{SHOP}/parcels/p{n}" for n in range(2)]
    assert [one.piece for one in answer.unknown] == ["9"]
    assert [one.piece for one in answer.missing] == ["2"]
    assert [one.piece for one in answer.doubled] == ["1"]
    assert await house.hubs.ReceiveManifest(ask, metadata=till) == answer
    assert (await house.seen(f"{SHOP}/parcels/p0")).custody.custodian == MART
    assert (await house.seen(f"{SHOP}/parcels/p2")).announced


async def test_every_bad_row_of_a_manifest_is_named(house: House) -> None:
    """Garbage takes nothing in, and the answer lists all of it."""
    till = await house.hub("mart")
    rows: list[dict[str, Any]] = [
        {"waybill": "W1"},
        {"waybill": "  "},
        {"waybill": "w" * 65},
        {"waybill": "W2", "piece": "\x00"},
        {"waybill": "W3", "carrier": "other"},
    ]
    ask = pb.ReceiveManifestRequest(name=MART, carrier="acme", rows=rows)
    code, _, found = await refusal(house.hubs.ReceiveManifest(ask, metadata=till))
    assert code is Code.INVALID_ARGUMENT
    assert found == [
        "rows[1].waybill",
        "rows[2].waybill",
        "rows[3].piece",
        "rows[4].carrier",
    ]
    worse: list[tuple[dict[str, Any], str]] = [
        ({"carrier": "acme"}, "rows"),
        ({"rows": rows[:1]}, "carrier"),
    ]
    for fields, path in worse:
        bad = pb.ReceiveManifestRequest(**{"name": MART, **fields})
        _, _, found = await refusal(house.hubs.ReceiveManifest(bad, metadata=till))
        assert path in found
    assert "ManifestReceived" not in house.types()


async def test_shelves_are_compared_with_the_books(house: House) -> None:
    """Missing, surplus and unknown; nothing moves."""
    one = await at_mart(house)
    other = await house.create(5)
    scans: list[dict[str, Any]] = [
        {"parcel": other.name},
        {"shipment": {"carrier": "acme", "waybill": "nobody"}},
    ]
    ask = pb.ReconcileInventoryRequest(name=MART, scans=scans, request_id=str(uuid.uuid4()))
    answer = await house.hubs.ReconcileInventory(ask, metadata=one.till)
    assert answer.counted_count == 2
    assert list(answer.missing) == [one.parcel]
    assert list(answer.surplus) == [other.name]
    assert list(answer.unknown) == ["acme nobody"]
    assert await house.hubs.ReconcileInventory(ask, metadata=one.till) == answer
    assert (await house.seen(one.parcel)).custody.custodian == MART
    odd: list[dict[str, Any]] = [{}, {"parcel": "p"}]
    bad = pb.ReconcileInventoryRequest(name=MART, scans=odd)
    _, _, found = await refusal(house.hubs.ReconcileInventory(bad, metadata=one.till))
    assert found == ["scans[0]", "scans[1].parcel"]


async def test_slots_are_kept_and_given_up(house: House) -> None:
    """Never more than there are; HUB_FULL says so, and a slot given up is free again."""
    till = await house.hub("mart", slot_counts={"small_count": 1})
    names = [
        (await house.create(number, delivery_options=[AT_DOOR, TO_MART])).name for number in (1, 2)
    ]
    purpose = types_pb2.Purpose.COLLECTION

    def reserve(parcel: str, **fields: Any) -> Any:
        ask = pb.ReserveSlotRequest(name=MART, parcel=parcel, purpose=purpose, **fields)
        return house.hubs.ReserveSlot(ask, metadata=till)

    held = await reserve(names[0], ttl={"seconds": 600})
    assert held.state == pb.Reservation.State.HELD
    assert held.expire_time.seconds == NOON + 600
    code, reason, _ = await refusal(reserve(names[1]))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "HUB_FULL")
    listed = await house.hubs.ListReservations(
        pb.ListReservationsRequest(parent=MART), metadata=till
    )
    assert [one.parcel for one in listed.reservations] == names[:1]
    give_up = pb.ReleaseReservationRequest(name=MART, parcel=names[0], request_id=str(uuid.uuid4()))
    for _ in range(2):
        freed = await house.hubs.ReleaseReservation(give_up, metadata=till)
        assert freed.state == pb.Reservation.State.RELEASED
    assert (await reserve(names[1])).parcel == names[1]
    worse: list[tuple[dict[str, Any], str]] = [
        ({"ttl": {"seconds": 0}}, "ttl"),
        ({"parcel": "p1"}, "parcel"),
        ({"purpose": types_pb2.Purpose.DOOR}, "purpose"),
    ]
    for fields, path in worse:
        bad = pb.ReserveSlotRequest(
            **{"name": MART, "parcel": names[1], "purpose": purpose, **fields}
        )
        _, _, found = await refusal(house.hubs.ReserveSlot(bad, metadata=till))
        assert found == [path]


async def test_without_contract_there_is_no_slot(house: House) -> None:
    """Whoever has not agreed to relays gets none."""
    till = await house.hub("mart", contracts=[pb.Hub.Contract.COLLECTION])
    got = await house.create(1)
    ask = pb.ReserveSlotRequest(name=MART, parcel=got.name, purpose=types_pb2.Purpose.RELAY)
    code, reason, _ = await refusal(house.hubs.ReserveSlot(ask, metadata=till))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "NO_CONTRACT")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"scan": {}}, "scan"),
        ({"scan": {"parcel": "p1"}}, "scan.parcel"),
        ({"scan": {"shipment": {"carrier": "acme"}}}, "scan.shipment.waybill"),
        ({"courier": ""}, "courier"),
        ({"courier": "networks/twin/couriers/cai"}, "courier"),
        ({"shelf": "s" * 41}, "shelf"),
        ({"scan_time": {"seconds": NOON + 9000}}, "scan_time"),
        ({"request_id": "7"}, "request_id"),
    ],
)
async def test_a_bad_scan_names_its_field(house: House, fields: dict[str, Any], path: str) -> None:
    """Whatever a scanner sends, the answer says what was wrong with it."""
    one = await errand(house, delivery_options=[AT_DOOR, TO_MART])
    await absent(one)
    code, _, found = await refusal(one.receive(**fields))
    assert (code, found) == (Code.INVALID_ARGUMENT, [path])


async def test_a_release_needs_somebody_who_takes_it(house: House) -> None:
    """No taker, an empty code and a foreign courier are named; an unknown label is NOT_FOUND."""
    one = await at_mart(house)
    for fields, path in (
        ({}, "taker"),
        ({"code": " "}, "code"),
        ({"proxy_code": "9" * 21}, "proxy_code"),
        ({"courier": "networks/twin/couriers/cai"}, "courier"),
    ):
        code, _, found = await refusal(one.release(**fields))
        assert (code, found) == (Code.INVALID_ARGUMENT, [path])
    code, _, _ = await refusal(one.release(code="1", scan={"parcel": f"{SHOP}/parcels/none"}))
    assert code is Code.NOT_FOUND


async def test_tokens_of_counters_are_made_by_dispatchers(house: House) -> None:
    """For a hub that there is, with a device that is an id, for a time that is sane."""
    await house.hub("mart")
    for fields, wanted in (
        ({"device": "till 2"}, ["device"]),
        ({"ttl": {"seconds": 0}}, ["ttl"]),
    ):
        ask = pb.CreateHubTokenRequest(parent=MART, **fields)
        _, _, found = await refusal(house.hubs.CreateHubToken(ask, metadata=house.dispatcher))
        assert found == wanted
    ask = pb.CreateHubTokenRequest(parent=f"{NETWORK}/hubs/none")
    code, _, _ = await refusal(house.hubs.CreateHubToken(ask, metadata=house.dispatcher))
    assert code is Code.NOT_FOUND
    made = await house.hubs.CreateHubToken(
        pb.CreateHubTokenRequest(parent=MART, ttl={"seconds": 60}), metadata=house.dispatcher
    )
    assert made.expire_time.seconds == NOON + 60


async def test_a_counter_gives_to_the_courier_who_accepted(house: House) -> None:
    """Both scan, in either order; one scan moves nothing, and a stranger gets nothing."""
    one = await errand(house, pickup={"hub": MART})
    await house.courier("bea")
    code, reason, _ = await refusal(one.release(courier=f"{NETWORK}/couriers/bea"))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "CUSTODY_MISMATCH")
    again = str(uuid.uuid4())
    first = await one.release(courier=CAI, request_id=again)
    assert not first.transferred
    await one.recorded(event(0, Action.PICK_UP))
    assert await one.release(courier=CAI, request_id=again) == first
    assert (await one.release(courier=CAI)).transferred
    seen = await house.seen(one.parcel)
    assert (seen.state, seen.custody.custodian) == (State.COLLECTED, CAI)


async def test_a_paused_hub_hands_nothing_out(house: House) -> None:
    """HUB_CLOSED until it is resumed; what stands inside stays whose it is."""
    one = await at_mart(house)
    pause = dispatching_pb2.PauseHubRequest(name=MART, reason="flooded")
    paused = await house.dispatch.PauseHub(pause, metadata=house.dispatcher)
    assert paused.pause.reason == "flooded"
    code, reason, _ = await refusal(one.release(code=house.code(KEY)))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "HUB_CLOSED")
    resume = dispatching_pb2.ResumeHubRequest(name=MART)
    resumed = await house.dispatch.ResumeHub(resume, metadata=house.dispatcher)
    assert not resumed.HasField("pause")
    assert (await one.release(code=house.code(KEY))).transferred


async def test_two_tills_hand_a_parcel_out_once(house: House) -> None:
    """The right code at five counters in one millisecond: one parcel, one hand-over."""
    one = await at_mart(house)
    code = house.code(KEY)
    answers = await asyncio.gather(
        *(one.release(code=code) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(answer, pb.ReleaseParcelResponse) for answer in answers) == 1
    assert house.types().count("ParcelCollected") == 1


async def test_a_hub_says_what_it_does_and_who_scans(house: House) -> None:
    """Booths and shops are attended unless they say otherwise; contracts need slots."""
    await house.hub("mart", attended=False)
    await house.hub("locker", kind=pb.Hub.Kind.LOCKER)
    await house.hub("booth", kind=pb.Hub.Kind.BOOTH)
    page = await house.hubs.ListHubs(pb.ListHubsRequest(parent=NETWORK), metadata=house.dispatcher)
    assert {hub.name.rpartition("/")[2]: hub.attended for hub in page.hubs} == {
        "booth": True,
        "locker": False,
        "mart": False,
    }
    assert len(page.hubs[0].contracts) == 3
    bad = pb.Hub(kind=pb.Hub.Kind.SHOP, place=place(), contracts=[pb.Hub.Contract.HOLD])
    ask = pb.CreateHubRequest(parent=NETWORK, hub=bad)
    _, _, found = await refusal(house.hubs.CreateHub(ask, metadata=house.dispatcher))
    assert found == ["hub.slot_counts"]
