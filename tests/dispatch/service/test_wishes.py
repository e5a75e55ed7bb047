import uuid
from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import hubs_pb2, types_pb2
from dispatch.v1 import parcels_pb2 as pb
from tests.dispatch.service.errands import (
    AGREED,
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
from tests.dispatch.service.house import (
    NETWORK,
    NOON,
    OFF_MAP_LAT,
    SHOP,
    SIGNED,
    House,
    parcel,
    place,
    refusal,
)

Code = grpc.StatusCode
Kind = pb.DeliveryOption.Kind
State = pb.Parcel.State
NOBODY = f"{SHOP}/parcels/nobody"
RITA = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")


def _consent(name: str, **fields: Any) -> pb.GiveConsentRequest:
    option = pb.DeliveryOption(**{"kind": Kind.HUB, **AGREED, **fields})
    return pb.GiveConsentRequest(name=name, delivery_option=option, request_id=str(uuid.uuid4()))


async def test_consent_stands_in_the_ladder_with_what_shows_it(house: House) -> None:
    """Who, when and by what message; a retry gives the same answer and one event."""
    await house.hub("mart")
    got = await house.create(1)
    ask = _consent(got.name, target=MART)
    answers = [await house.parcels.GiveConsent(ask, metadata=house.shop) for _ in range(2)]
    assert answers[0] == answers[1]
    door, hub = answers[0].delivery_options
    assert door.kind == Kind.DOOR
    assert (hub.kind, hub.target, hub.consented_by) == (Kind.HUB, MART, "recipient")
    assert (hub.consent_time.seconds, hub.consent_evidence) == (NOON, "sms:4711")
    assert house.types().count("ConsentGiven") == 1
    first = _consent(got.name, kind=Kind.SAFE_PLACE)
    first.position = 0
    seen = await house.parcels.GiveConsent(first, metadata=house.dispatcher)
    assert [one.kind for one in seen.delivery_options] == [Kind.SAFE_PLACE, Kind.DOOR, Kind.HUB]


async def test_consent_is_withdrawn_on_the_way(house: House) -> None:
    """A parcel that is being moved to the shop turns round; the shop's counter gets nothing."""
    one = await errand(house, delivery_options=[AT_DOOR, TO_MART])
    await absent(one)
    ask = pb.WithdrawConsentRequest(
        name=one.parcel, kind=Kind.HUB, evidence="sms:4712", request_id=str(uuid.uuid4())
    )
    for _ in range(2):
        seen = await house.parcels.WithdrawConsent(ask, metadata=house.shop)
        assert not any(option.consented_by for option in seen.delivery_options)
    assert house.types().count("ConsentWithdrawn") == 1
    seen = await house.seen(one.parcel)
    assert seen.legs[-1].purpose != types_pb2.Purpose.COLLECTION
    code, _, _ = await refusal(one.receive())
    assert code is Code.FAILED_PRECONDITION
    assert (await house.seen(one.parcel)).custody.custodian == CAI
    assert "CodeMinted" not in house.types()
    ask.request_id = str(uuid.uuid4())
    code, reason, _ = await refusal(house.parcels.WithdrawConsent(ask, metadata=house.shop))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "CONSENT_MISSING")


async def test_a_hub_without_the_contract_is_no_place_to_collect(house: House) -> None:
    """It would never be used, and nobody would know why."""
    got = await house.create(1)
    hub = hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.STATION, place=place())
    ask = hubs_pb2.CreateHubRequest(parent=NETWORK, hub_id="depot", hub=hub)
    await house.hubs.CreateHub(ask, metadata=house.dispatcher)
    consent = _consent(got.name, target=f"{NETWORK}/hubs/depot")
    code, _, found = await refusal(house.parcels.GiveConsent(consent, metadata=house.shop))
    assert (code, found) == (Code.INVALID_ARGUMENT, ["delivery_option.target"])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": 0}, "kind"),
        ({"kind": Kind.DOOR}, "kind"),
        ({"consented_by": ""}, "consented_by"),
        ({"consent_evidence": ""}, "consent_evidence"),
        ({"consent_evidence": "she said yes"}, "consent_evidence"),
        ({"consent_time": {"seconds": NOON + 60}}, "consent_time"),
        ({"target": "networks/twin/hubs/h"}, "target"),
        ({"target": f"{NETWORK}/hubs/none"}, "target"),
    ],
)
async def test_what_is_no_consent_names_its_field(
    house: House, fields: dict[str, Any], path: str
) -> None:
    """Without who and by what message there is nothing on record."""
    got = await house.create(1)
    ask = _consent(got.name, **fields)
    code, _, found = await refusal(house.parcels.GiveConsent(ask, metadata=house.shop))
    assert (code, found) == (Code.INVALID_ARGUMENT, [f"delivery_option.{path}"])


async def test_a_safe_place_and_a_neighbour_need_consent(house: House) -> None:
    """A photo alone is a safe place: CONSENT_MISSING; and PROOF_MISSING where nothing shows it."""
    one = await errand(house)
    house.clock.instant = NOON + 90
    photo = [types_pb2.Proof(kind=types_pb2.ProofKind.PHOTO)]
    await one.recorded(event(0, Action.PICK_UP))
    for proofs, wanted in (([], "PROOF_MISSING"), (photo, "CONSENT_MISSING")):
        [refused] = await one.report(event(1, Action.DROP_OFF, NOON + 60, proofs=proofs))
        assert wanted in str(refused.status)
    ask = _consent(one.parcel, kind=Kind.SAFE_PLACE)
    await house.parcels.GiveConsent(ask, metadata=house.shop)
    await one.recorded(event(1, Action.DROP_OFF, NOON + 70, proofs=photo))
    assert (await house.seen(one.parcel)).state == State.DELIVERED


async def test_a_parcel_goes_to_another_door(house: House) -> None:
    """The new door counts from now on; its contact is its merchant's, and not in the log."""
    got = await house.create(1)
    ask = pb.RedirectParcelRequest(
        name=got.name,
        dropoff=place(5, contact=RITA, room="9"),
        delivery_options=[AT_DOOR, TO_MART],
        reason="MOVED",
        etag=got.etag,
        request_id=str(uuid.uuid4()),
    )
    answers = [await house.parcels.RedirectParcel(ask, metadata=house.shop) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].dropoff.contact == RITA
    assert answers[0].dropoff.point == place(5).point
    assert answers[0].legs[-1].dropoff.point == place(5).point
    assert [one.kind for one in answers[0].delivery_options] == [Kind.DOOR, Kind.HUB]
    assert "Rita" not in str(house.log.read(limit=100))
    ask.request_id = str(uuid.uuid4())
    code, reason, _ = await refusal(house.parcels.RedirectParcel(ask, metadata=house.shop))
    assert (code, reason) == (Code.ABORTED, "ETAG_MISMATCH")


async def test_a_parcel_is_redirected_on_its_way(house: House) -> None:
    """Its courier's tour gains the new door, and shows whom to call there."""
    one = await errand(house, dropoff=place(2, contact=RITA))
    await one.recorded(event(0, Action.PICK_UP))
    nora = types_pb2.Contact(display_name="Nora", phone_number="+358407654321")
    ask = pb.RedirectParcelRequest(name=one.parcel, dropoff=place(6, contact=nora))
    await house.parcels.RedirectParcel(ask, metadata=house.shop)
    watch = house.phone.WatchWork(app.WatchWorkRequest(name=CAI), metadata=one.phone)
    async for message in watch:
        if message.HasField("tour"):
            watch.cancel()
            break
    assert message.tour.stops[-1].place.contact == nora
    house.clock.instant = NOON + 100
    last = len(message.tour.stops) - 1
    await one.recorded(event(last, Action.DROP_OFF, NOON + 90, proofs=SIGNED))
    assert (await house.seen(one.parcel)).state == State.DELIVERED


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "dropoff"),
        ({"dropoff": {}}, "dropoff.point"),
        ({"dropoff": {"point": {"latitude": 99}}}, "dropoff.point.latitude"),
        ({"dropoff": {"point": {"latitude": OFF_MAP_LAT + 1, "longitude": 24}}}, "dropoff.point"),
        ({"dropoff": place(1, hub=MART)}, "dropoff.hub"),
        ({"delivery_options": [{"kind": 0}]}, "delivery_options[0].kind"),
        ({"delivery_options": [{"kind": Kind.PERSON}]}, "delivery_options[0].target"),
        (
            {"delivery_options": [{"kind": Kind.HUB, "target": f"{NETWORK}/hubs/none"}]},
            "delivery_options[0].target",
        ),
        ({"delivery_options": [{"kind": Kind.DOOR}] * 11}, "delivery_options"),
        ({"dropoff": place(3), "reason": "she moved"}, "reason"),
    ],
)
async def test_a_bad_redirection_names_its_field(
    house: House, fields: dict[str, Any], path: str
) -> None:
    """Nothing is sent to a door that is none."""
    got = await house.create(1)
    ask = pb.RedirectParcelRequest(**{"name": got.name, **fields})
    code, _, found = await refusal(house.parcels.RedirectParcel(ask, metadata=house.shop))
    assert (code, found) == (Code.INVALID_ARGUMENT, [path])


async def test_another_time_is_promised(house: House) -> None:
    """By a deadline or a window; what is over already is refused by its name."""
    got = await house.create(1)
    window = {"open_time": {"seconds": NOON + 7200}, "close_time": {"seconds": NOON + 9000}}
    ask = pb.RescheduleParcelRequest(
        name=got.name, window=window, reason="RECIPIENT_ASKED", request_id=str(uuid.uuid4())
    )
    answers = [await house.parcels.RescheduleParcel(ask, metadata=house.shop) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].promise.deadline_time.seconds == NOON + 9000
    assert answers[0].windows[0].open_time.seconds == NOON + 7200
    for fields, path in (
        ({}, "deadline_time"),
        ({"deadline_time": {"seconds": NOON - 1}}, "deadline_time"),
        ({"window": {}}, "window.open_time"),
    ):
        bad = pb.RescheduleParcelRequest(name=got.name, **fields)
        code, _, found = await refusal(house.parcels.RescheduleParcel(bad, metadata=house.shop))
        assert code is Code.INVALID_ARGUMENT
        assert found == [path]


async def test_a_lost_parcel_is_written_off_by_a_dispatcher(house: House) -> None:
    """Who had it last answers for it; a merchant may not, and it asks why."""
    one = await at_mart(house)
    ask = pb.WriteOffParcelRequest(
        name=one.parcel, state=State.LOST, reason="not on the shelf", request_id=str(uuid.uuid4())
    )
    code, _, _ = await refusal(house.parcels.WriteOffParcel(ask, metadata=house.shop))
    assert code is Code.PERMISSION_DENIED
    for fields, path in (({"reason": " "}, "reason"), ({"state": State.DELIVERED}, "state")):
        given: dict[str, Any] = {"name": one.parcel, "state": State.LOST, "reason": "gone"}
        bad = pb.WriteOffParcelRequest(**{**given, **fields})
        _, _, found = await refusal(house.parcels.WriteOffParcel(bad, metadata=house.dispatcher))
        assert found == [path]
    for _ in range(2):
        gone = await house.parcels.WriteOffParcel(ask, metadata=house.dispatcher)
        assert gone.state == State.LOST
        assert gone.custody.custodian == MART


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"contact": {"display_name": "Nora"}}, "contact.phone_number"),
        ({"contact": {"phone_number": "1\x07"}}, "contact.phone_number"),
        ({"expire_time": None}, "expire_time"),
        ({"expire_time": {"seconds": NOON - 1}}, "expire_time"),
    ],
)
async def test_a_proxy_needs_a_phone_and_an_end(
    house: House, fields: dict[str, Any], path: str
) -> None:
    """The code goes to that phone, and not for ever."""
    got = await house.create(1)
    given = {
        "name": got.name,
        "contact": {"phone_number": "+358401"},
        "expire_time": {"seconds": NOON + 60},
    }
    ask = pb.GrantProxyRequest(**{**given, **fields})
    code, _, found = await refusal(house.parcels.GrantProxy(ask, metadata=house.shop))
    assert (code, found) == (Code.INVALID_ARGUMENT, [path])


async def test_nobody_changes_anothers_parcel(house: House) -> None:
    """Rivals, couriers, counters and other networks: PERMISSION_DENIED, there or not."""
    one = await errand(house)
    strangers = [
        house.rival,
        one.phone,
        one.till,
        house.token(Role.MERCHANT, "shop", "twin"),
        house.token(Role.AUDITOR, "ada"),
    ]
    for stranger in strangers:
        for name in (one.parcel, NOBODY):
            calls = [
                house.parcels.GiveConsent(_consent(name), metadata=stranger),
                house.parcels.WithdrawConsent(
                    pb.WithdrawConsentRequest(name=name), metadata=stranger
                ),
                house.parcels.RedirectParcel(
                    pb.RedirectParcelRequest(name=name), metadata=stranger
                ),
                house.parcels.RescheduleParcel(
                    pb.RescheduleParcelRequest(name=name), metadata=stranger
                ),
                house.parcels.GrantProxy(pb.GrantProxyRequest(name=name), metadata=stranger),
                house.parcels.RevokeProxy(
                    pb.RevokeProxyRequest(name=f"{name}/proxies/x"), metadata=stranger
                ),
                house.parcels.WriteOffParcel(
                    pb.WriteOffParcelRequest(name=name), metadata=stranger
                ),
            ]
            for call in calls:
                code, _, _ = await refusal(call)
                assert code is Code.PERMISSION_DENIED
    code, _, _ = await refusal(house.parcels.GiveConsent(_consent(NOBODY), metadata=house.shop))
    assert code is Code.NOT_FOUND


async def test_a_parcel_tells_when_it_is_expected_and_by_what_proofs(house: House) -> None:
    """Proofs, announcement, purpose and the expected arrival are in the merchant's answer."""
    one = await errand(house, dropoff_proofs=[types_pb2.ProofKind.SIGNATURE])
    seen = await house.seen(one.parcel)
    assert list(seen.dropoff_proofs) == [types_pb2.ProofKind.SIGNATURE]
    assert seen.legs[0].purpose == types_pb2.Purpose.DOOR
    assert seen.custody.start_time.seconds == NOON
    planned = seen.eta.p50_time.seconds
    assert planned >= NOON
    assert list(one.tour.stops[1].actions[0].proofs) == [types_pb2.ProofKind.SIGNATURE]
    house.clock.instant = NOON + 500
    await one.recorded(event(0, Action.PICK_UP, NOON + 500))
    assert (await house.seen(one.parcel)).eta.p50_time.seconds > planned
    assert parcel().announced is False


async def test_another_networks_dispatcher_sees_nothing(house: House) -> None:
    """A dispatcher of a twin network has no more right here than anybody."""
    got = await house.create(1)
    twin = house.token(Role.DISPATCHER, "tom", "twin")
    code, _, _ = await refusal(house.parcels.GiveConsent(_consent(got.name), metadata=twin))
    assert code is Code.PERMISSION_DENIED
    assert got.name.startswith(NETWORK)
