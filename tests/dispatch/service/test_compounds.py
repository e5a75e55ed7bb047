from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import couriers_pb2, dispatching_pb2, events_pb2, hubs_pb2, parcels_pb2, types_pb2
from tests.dispatch.service.errands import Action, Disposition, event
from tests.dispatch.service.house import NETWORK, NOON, SHOP, SIGNED, House, refusal
from tests.dispatch.service.manor import ANN, BEN, BOOTH, GARDEN, GATE, fresh, manor, row

Code = grpc.StatusCode
Rule = pb.GateRuling.Rule
PARK = f"{NETWORK}/compounds/park"


async def _park(house: House) -> None:
    """Take in a compound of another company, with a post."""
    await house.compounds.CreateCompound(
        pb.CreateCompoundRequest(
            parent=NETWORK, compound_id="park", compound=pb.Compound(company="rival")
        ),
        metadata=house.dispatcher,
    )
    await house.compounds.CreatePost(
        pb.CreatePostRequest(parent=PARK, post_id="lodge", post=pb.Post(minimum=1)),
        metadata=house.dispatcher,
    )


async def test_a_company_sees_and_moves_its_own_compounds_alone(house: House) -> None:
    """Another one's, and one that does not exist, are refused with the same words."""
    one = await manor(house)
    await _park(house)
    listed = await house.compounds.ListCompounds(
        pb.ListCompoundsRequest(parent=NETWORK), metadata=one.company
    )
    assert [found.name for found in listed.compounds] == [GARDEN]
    everything = await house.compounds.ListCompounds(
        pb.ListCompoundsRequest(parent=NETWORK), metadata=house.dispatcher
    )
    assert [found.name for found in everything.compounds] == [GARDEN, PARK]
    stub = house.compounds
    for name in (PARK, f"{NETWORK}/compounds/nowhere"):
        calls = [
            stub.GetCompound(pb.GetCompoundRequest(name=name), metadata=one.company),
            stub.StopCompound(
                pb.StopCompoundRequest(name=name, reason="mine"), metadata=one.company
            ),
            stub.ResumeCompound(pb.ResumeCompoundRequest(name=name), metadata=one.company),
            stub.RuleGate(pb.RuleGateRequest(name=name), metadata=one.company),
            stub.PermitCourier(
                pb.PermitCourierRequest(name=name, courier=ANN), metadata=one.company
            ),
            stub.ForbidCourier(
                pb.ForbidCourierRequest(name=name, courier=ANN), metadata=one.company
            ),
            stub.ListPermits(pb.ListPermitsRequest(parent=name), metadata=one.company),
            stub.GetPost(pb.GetPostRequest(name=f"{name}/posts/lodge"), metadata=one.company),
            stub.ListPosts(pb.ListPostsRequest(parent=name), metadata=one.company),
            stub.SetPostMinimum(
                pb.SetPostMinimumRequest(name=f"{name}/posts/lodge", minimum=0),
                metadata=one.company,
            ),
            stub.ListRosterSlots(
                pb.ListRosterSlotsRequest(parent=f"{name}/posts/-"), metadata=one.company
            ),
            stub.ListAbsences(pb.ListAbsencesRequest(parent=name), metadata=one.company),
            stub.ListEntranceTags(pb.ListEntranceTagsRequest(parent=name), metadata=one.company),
        ]
        for call in calls:
            assert (await refusal(call))[:2] == (Code.PERMISSION_DENIED, "ACCESS_DENIED")
    missing = stub.GetPost(pb.GetPostRequest(name=f"{GARDEN}/posts/lodge"), metadata=one.company)
    assert (await refusal(missing))[0] is Code.NOT_FOUND


async def test_a_company_learns_nothing_of_parcels_doors_and_people(house: House) -> None:
    """Its token opens no parcel, no courier, no event, no counter and no lever."""
    one = await manor(house)
    got = await house.create(1)
    calls: list[Any] = [
        house.parcels.GetParcel(parcels_pb2.GetParcelRequest(name=got.name), metadata=one.company),
        house.parcels.ListParcels(
            parcels_pb2.ListParcelsRequest(parent=SHOP), metadata=one.company
        ),
        house.couriers.GetCourier(couriers_pb2.GetCourierRequest(name=ANN), metadata=one.company),
        house.couriers.CreateCourierToken(
            couriers_pb2.CreateCourierTokenRequest(parent=ANN), metadata=one.company
        ),
        house.hubs.ListInventory(hubs_pb2.ListInventoryRequest(parent=BOOTH), metadata=one.company),
        house.hubs.CreateHubToken(
            hubs_pb2.CreateHubTokenRequest(parent=BOOTH), metadata=one.company
        ),
        house.dispatch.PauseHub(
            dispatching_pb2.PauseHubRequest(name=BOOTH, reason="mine"), metadata=one.company
        ),
        house.events.StreamEvents(
            events_pb2.StreamEventsRequest(parent=NETWORK), metadata=one.company
        ),
        house.phone.GoOnline(app.GoOnlineRequest(name=ANN), metadata=one.company),
        house.compounds.CreateCompanyToken(
            pb.CreateCompanyTokenRequest(parent=NETWORK, company="rival"), metadata=one.company
        ),
        house.compounds.CreatePost(pb.CreatePostRequest(parent=GARDEN), metadata=one.company),
        house.compounds.CreateCompound(
            pb.CreateCompoundRequest(parent=NETWORK, compound_id="mine"), metadata=one.company
        ),
    ]
    for call in calls:
        assert (await refusal(call))[0] is Code.PERMISSION_DENIED


async def test_nobody_else_speaks_for_a_compound(house: House) -> None:
    """Merchants, couriers and counters are refused, whatever they ask of it."""
    one = await manor(house)
    for token in (house.shop, one.phones["ann"], one.till):
        for call in (
            house.compounds.GetCompound(pb.GetCompoundRequest(name=GARDEN), metadata=token),
            house.compounds.StopCompound(
                pb.StopCompoundRequest(name=GARDEN, reason="why"), metadata=token
            ),
            house.compounds.ListAbsences(pb.ListAbsencesRequest(parent=GARDEN), metadata=token),
        ):
            assert (await refusal(call))[0] is Code.PERMISSION_DENIED


async def test_what_is_asked_twice_is_done_once(house: House) -> None:
    """Every verb with a request_id: the same answer, and no further event."""
    one = await manor(house)
    stub = house.compounds
    ruling = pb.GateRuling(rule=Rule.SIGN_IN, sign_in_duration={"seconds": 30})
    calls: list[tuple[Any, Any]] = [
        (
            stub.CreatePost,
            pb.CreatePostRequest(parent=GARDEN, post_id="back", request_id=fresh()),
        ),
        (
            stub.SetPostMinimum,
            pb.SetPostMinimumRequest(name=GATE, minimum=2, request_id=fresh()),
        ),
        (stub.RuleGate, pb.RuleGateRequest(name=GARDEN, ruling=ruling, request_id=fresh())),
        (
            stub.ForbidCourier,
            pb.ForbidCourierRequest(name=GARDEN, courier=BEN, request_id=fresh()),
        ),
        (
            stub.PermitCourier,
            pb.PermitCourierRequest(name=GARDEN, courier=BEN, request_id=fresh()),
        ),
        (
            stub.StopCompound,
            pb.StopCompoundRequest(name=GARDEN, reason="a burst pipe", request_id=fresh()),
        ),
        (stub.ResumeCompound, pb.ResumeCompoundRequest(name=GARDEN, request_id=fresh())),
    ]
    for call, request in calls:
        first = await call(request, metadata=house.dispatcher)
        count = len(house.types())
        assert await call(request, metadata=house.dispatcher) == first
        assert len(house.types()) == count
    reused = pb.StopCompoundRequest(
        name=GARDEN, reason="another", request_id=calls[-2][1].request_id
    )
    assert (await refusal(stub.StopCompound(reused, metadata=house.dispatcher)))[1] == (
        "REQUEST_ID_REUSED"
    )
    seen = await stub.GetCompound(pb.GetCompoundRequest(name=GARDEN), metadata=one.company)
    assert list(seen.gate_rulings) == [ruling]
    assert not seen.HasField("stoppage")


async def test_a_post_shows_who_is_there_and_its_minimum_holds(house: House) -> None:
    """One guard may walk, the second is refused until the first is back; absences are counted."""
    one = await manor(house)
    assert not (await one.post()).present_couriers
    await one.online("ann", "ben")
    assert list((await one.post()).present_couriers) == [ANN, BEN]
    await house.create(1)
    tour = await one.accepts("ann")
    await house.phone.StartTour(app.StartTourRequest(name=tour.name), metadata=one.phones["ann"])
    left = await one.post()
    assert list(left.present_couriers) == [BEN]
    assert [guard.courier for guard in left.away_guards] == [ANN]
    assert left.away_guards[0].start_time.seconds == NOON
    await house.create(2)
    assert not (await house.plan()).offers, "nobody is spare"
    house.clock.instant = NOON + 300
    for index, action in enumerate((Action.PICK_UP, Action.DROP_OFF)):
        [done] = await one.report(tour, event(index, action, NOON + 200, proofs=SIGNED))
        assert done.disposition == Disposition.RECORDED, done
    assert (await one.post()).away_guards, "the way back is away, too"
    back = await house.phone.ReturnToPost(
        app.ReturnToPostRequest(name=ANN, request_id=fresh()), metadata=one.phones["ann"]
    )
    assert not back.HasField("away_time")
    assert list((await one.post()).present_couriers) == [ANN, BEN]
    page = await house.compounds.ListAbsences(
        pb.ListAbsencesRequest(parent=GARDEN), metadata=one.company
    )
    [absence] = page.absences
    assert (absence.post, absence.courier, absence.tour_count) == (GATE, ANN, 1)
    assert absence.away_duration.seconds == 300
    before = types_pb2.TimeWindow(close_time={"seconds": NOON - 3600})
    page = await house.compounds.ListAbsences(
        pb.ListAbsencesRequest(parent=GARDEN, interval=before), metadata=one.company
    )
    assert not page.absences


async def test_a_tour_that_would_empty_a_post_does_not_start(house: House) -> None:
    """Accepted while two were there; when the other has gone home it is POST_MINIMUM."""
    one = await manor(house)
    await one.online("ann", "ben")
    await house.create(1)
    tour = await one.accepts("ann")
    await house.phone.GoOffline(app.GoOfflineRequest(name=BEN), metadata=one.phones["ben"])
    start = house.phone.StartTour(app.StartTourRequest(name=tour.name), metadata=one.phones["ann"])
    assert (await refusal(start))[:2] == (Code.FAILED_PRECONDITION, "POST_MINIMUM")
    [told] = await one.report(tour, event(0, Action.PICK_UP))
    assert told.disposition == Disposition.REJECTED
    await house.compounds.SetPostMinimum(
        pb.SetPostMinimumRequest(name=GATE, minimum=0), metadata=one.company
    )
    await house.phone.StartTour(app.StartTourRequest(name=tour.name), metadata=one.phones["ann"])


async def test_one_call_stops_a_compound(house: House) -> None:
    """Offers go, accepted tours that have not begun go, the booth rests; resumed, all go on."""
    one = await manor(house)
    await one.guard("cat")
    await one.permits("cat")
    await one.imports(row(f"{NETWORK}/couriers/cat"))
    await one.online("ann", "ben", "cat")
    await house.create(1)
    tour = await one.accepts("ann")
    await house.create(2)
    assert (await house.plan()).offers
    stopped = await house.compounds.StopCompound(
        pb.StopCompoundRequest(name=GARDEN, reason="a burst pipe", request_id=fresh()),
        metadata=one.company,
    )
    assert stopped.stoppage.reason == "a burst pipe"
    assert stopped.stoppage.actor == f"{NETWORK}/propertyCompanies/acme"
    assert list(stopped.stoppage.hubs) == [BOOTH]
    hub = await house.hubs.GetHub(hubs_pb2.GetHubRequest(name=BOOTH), metadata=house.dispatcher)
    assert hub.pause.reason == "a burst pipe"
    assert "OfferWithdrawn" in house.types()
    gone = house.phone.StartTour(app.StartTourRequest(name=tour.name), metadata=one.phones["ann"])
    assert (await refusal(gone))[0] is Code.FAILED_PRECONDITION
    assert not (await house.plan()).offers
    await house.compounds.ResumeCompound(
        pb.ResumeCompoundRequest(name=GARDEN, request_id=fresh()), metadata=one.company
    )
    hub = await house.hubs.GetHub(hubs_pb2.GetHubRequest(name=BOOTH), metadata=house.dispatcher)
    assert not hub.HasField("pause")
    assert (await house.plan()).offers


async def test_without_a_permit_no_guard_is_asked(house: House) -> None:
    """A permit that is taken back takes the offer back; what is listed says so."""
    one = await manor(house)
    await one.online("ann", "ben")
    await house.create(1)
    [offer] = (await house.plan()).offers
    courier = offer.partition("/offers/")[0]
    forbidden = await house.compounds.ForbidCourier(
        pb.ForbidCourierRequest(name=GARDEN, courier=courier, reason="left us"),
        metadata=one.company,
    )
    assert not forbidden.permitted
    refused = house.phone.AcceptOffer(
        app.AcceptOfferRequest(name=offer), metadata=one.phones[courier.rpartition("/")[2]]
    )
    assert (await refusal(refused))[:2] == (Code.ABORTED, "OFFER_TAKEN")
    listed = await house.compounds.ListPermits(
        pb.ListPermitsRequest(parent=GARDEN), metadata=one.company
    )
    assert [permit.courier for permit in listed.permits] == [({ANN, BEN} - {courier}).pop()]
    assert all(courier not in name for name in (await house.plan()).offers)


@pytest.mark.parametrize(
    ("ruling", "fields"),
    [
        ({}, ["ruling.rule"]),
        ({"rule": 9}, ["ruling.rule"]),
        ({"rule": Rule.OPEN, "modes": [0]}, ["ruling.modes[0]"]),
        ({"rule": Rule.OPEN, "gate": "n\x00"}, ["ruling.gate"]),
        ({"rule": Rule.OPEN, "gate": "404"}, ["ruling.gate"]),
        ({"rule": Rule.OPEN, "sign_in_duration": {"seconds": 5}}, ["ruling.sign_in_duration"]),
        ({"rule": Rule.SIGN_IN, "sign_in_duration": {"seconds": -5}}, ["ruling.sign_in_duration"]),
    ],
)
async def test_a_bad_ruling_names_its_field(
    house: House, ruling: dict[str, Any], fields: list[str]
) -> None:
    """A company learns what was wrong with its word."""
    one = await manor(house)
    ask = pb.RuleGateRequest(name=GARDEN, ruling=pb.GateRuling(**ruling))
    found = await refusal(house.compounds.RuleGate(ask, metadata=one.company))
    assert found == (Code.INVALID_ARGUMENT, "FIELD_INVALID", fields)


async def test_ids_are_taken_once_and_bad_ones_are_named(house: House) -> None:
    """A second compound or post of the same id, an unknown hub, a strange minimum, no company."""
    await manor(house)
    stub = house.compounds

    def post(**fields: Any) -> Any:
        ask = pb.CreatePostRequest(parent=GARDEN, post_id="x", post=pb.Post(**fields))
        return stub.CreatePost(ask, metadata=house.dispatcher)

    twice = pb.CreateCompoundRequest(parent=NETWORK, compound_id="garden")
    found = await refusal(stub.CreateCompound(twice, metadata=house.dispatcher))
    assert found[:2] == (Code.ALREADY_EXISTS, "COMPOUND_ID_TAKEN")
    again = pb.CreatePostRequest(parent=GARDEN, post_id="gate")
    found = await refusal(stub.CreatePost(again, metadata=house.dispatcher))
    assert found[:2] == (Code.ALREADY_EXISTS, "POST_ID_TAKEN")
    assert (await refusal(post(hub=f"{NETWORK}/hubs/none")))[2] == ["post.hub"]
    assert (await refusal(post(hub="booth")))[2] == ["post.hub"]
    assert (await refusal(post(minimum=101)))[2] == ["post.minimum"]
    nobody = pb.CreateCompoundRequest(parent=NETWORK)
    assert (await refusal(stub.CreateCompound(nobody, metadata=house.dispatcher)))[2] == [
        "compound_id"
    ]
    token = pb.CreateCompanyTokenRequest(parent=NETWORK, company="nobody")
    assert (await refusal(stub.CreateCompanyToken(token, metadata=house.dispatcher)))[2] == [
        "company"
    ]
    many = pb.SetPostMinimumRequest(name=GATE, minimum=101)
    assert (await refusal(stub.SetPostMinimum(many, metadata=house.dispatcher)))[2] == ["minimum"]


async def test_a_compounds_token_is_of_its_network(house: House) -> None:
    """The same company's name in another network opens nothing."""
    await manor(house)
    twin = house.token(Role.PROPERTY_COMPANY, "acme", network="twin")
    for name in (GARDEN, "networks/twin/compounds/garden"):
        call = house.compounds.GetCompound(pb.GetCompoundRequest(name=name), metadata=twin)
        assert (await refusal(call))[0] is Code.PERMISSION_DENIED


async def test_a_booth_rests_while_nobody_is_there(house: House) -> None:
    """With its last keeper off duty the hub neither receives nor releases."""
    one = await manor(house)
    ask = hubs_pb2.ReceiveManifestRequest(
        name=BOOTH, carrier="acme", rows=[hubs_pb2.Shipment(waybill="1")]
    )
    refused = await refusal(house.hubs.ReceiveManifest(ask, metadata=one.till))
    assert refused[:2] == (Code.FAILED_PRECONDITION, "HUB_CLOSED")
    await one.online("ann")
    refused = await refusal(house.hubs.ReceiveManifest(ask, metadata=one.till))
    assert refused[:2] == (Code.FAILED_PRECONDITION, "KEEPER_MISSING")
    assert (await one.sign_in("ann", await one.pin("ann"))).courier == ANN
    answer = await house.hubs.ReceiveManifest(ask, metadata=one.till)
    assert [shipment.waybill for shipment in answer.unknown] == ["1"]
