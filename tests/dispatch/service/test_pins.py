from typing import Any

import grpc

from dispatch.v1 import compounds_pb2
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import hubs_pb2 as pb
from tests.dispatch.service.errands import Action, event
from tests.dispatch.service.house import NETWORK, NOON, SIGNED, House, refusal
from tests.dispatch.service.manor import ANN, BEN, BOOTH, GATE, fresh, manor

Code = grpc.StatusCode


def _wrong(pin: str) -> str:
    """Return another PIN."""
    return f"{(int(pin) + 1) % 1_000_000:06d}"


async def test_a_guard_signs_in_with_a_pin_that_stands_nowhere(house: House) -> None:
    """The PIN is told once and is in no event, no request's answer and no state."""
    one = await manor(house)
    await one.online("ann", "ben")
    ask = pb.IssuePinRequest(name=ANN, request_id=fresh())
    made = await house.hubs.IssuePin(ask, metadata=one.phones["ann"])
    assert len(made.pin) == 6
    assert await house.hubs.IssuePin(ask, metadata=one.phones["ann"]) == made
    session = await one.sign_in("ann", f" {made.pin}")
    assert (session.hub, session.device, session.courier) == (BOOTH, "till", ANN)
    log = "".join(row.payload for row in house.log.read(limit=1000))
    kept = "".join(str(row.response) for row in house.log._requests.values())
    assert made.pin not in log + kept
    assert '"serial":1' in log
    out = await house.hubs.SignOut(
        pb.SignOutRequest(name=BOOTH, request_id=fresh()), metadata=one.till
    )
    assert out.courier == ""


async def test_a_new_pin_makes_the_old_one_worthless(house: House) -> None:
    """Its company or a dispatcher may issue it; a retry that comes too late is told no PIN."""
    one = await manor(house)
    ask = pb.IssuePinRequest(name=ANN, request_id=fresh())
    old = await house.hubs.IssuePin(ask, metadata=one.company)
    new = await house.hubs.IssuePin(pb.IssuePinRequest(name=ANN), metadata=house.dispatcher)
    assert (old.serial, new.serial) == (1, 2)
    assert old.pin != new.pin
    late = await house.hubs.IssuePin(ask, metadata=one.company)
    assert (late.serial, late.pin) == (1, "")
    assert (await refusal(one.sign_in("ann", old.pin)))[1] == "WRONG_PIN"
    assert (await one.sign_in("ann", new.pin)).courier == ANN


async def test_pins_are_nobody_elses_business(house: House) -> None:
    """Not another guard's, not a stranger company's, not a counter's, not a merchant's."""
    one = await manor(house)
    await one.guard("cat")
    ask = pb.IssuePinRequest(name=ANN)
    for token in (one.phones["ben"], one.till, house.shop):
        assert (await refusal(house.hubs.IssuePin(ask, metadata=token)))[0] is (
            Code.PERMISSION_DENIED
        )
    for stranger in (f"{NETWORK}/couriers/cat", f"{NETWORK}/couriers/nobody"):
        call = house.hubs.IssuePin(pb.IssuePinRequest(name=stranger), metadata=one.company)
        assert (await refusal(call))[0] is Code.PERMISSION_DENIED


async def test_a_guessed_pin_locks_the_device(house: House) -> None:
    """Five wrong ones, whoever they are for; a slip of the finger and a retry do not count."""
    one = await manor(house)
    pins = {own: await one.pin(own) for own in ("ann", "ben")}
    assert (await refusal(one.sign_in("ann", "12345")))[2] == ["pin"]
    asked = fresh()
    for _ in range(3):
        again = one.sign_in("ann", _wrong(pins["ann"]), request_id=asked)
        assert (await refusal(again))[:2] == (Code.FAILED_PRECONDITION, "WRONG_PIN")
    for own in ("ben", "ann", "ben"):
        assert (await refusal(one.sign_in(own, _wrong(pins[own]))))[1] == "WRONG_PIN"
    locked = await refusal(one.sign_in("ann", _wrong(pins["ann"])))
    assert locked[:2] == (Code.RESOURCE_EXHAUSTED, "PIN_ATTEMPTS")
    locked = await refusal(one.sign_in("ben", pins["ben"]))
    assert locked[:2] == (Code.RESOURCE_EXHAUSTED, "PIN_ATTEMPTS"), "right, and too late"
    house.clock.instant += 1800
    assert (await one.sign_in("ben", pins["ben"])).courier == BEN


async def test_who_does_not_keep_the_booth_signs_in_nowhere(house: House) -> None:
    """A guard without a slot at its posts is refused; so are dispatchers and nameless devices."""
    one = await manor(house)
    await one.guard("cat")
    pin = await one.pin("cat")
    assert (await refusal(one.sign_in("cat", pin)))[:2] == (
        Code.FAILED_PRECONDITION,
        "KEEPER_MISSING",
    )
    ask = pb.SignInRequest(name=BOOTH, courier=ANN, pin=await one.pin("ann"))
    for token in (house.dispatcher, one.phones["ann"], house.shop, one.company):
        assert (await refusal(house.hubs.SignIn(ask, metadata=token)))[0] is (
            Code.PERMISSION_DENIED
        )


async def test_scans_are_by_whoever_signed_in(house: House) -> None:
    """A parcel that a rider brings is taken by Ben, by name; without him nobody takes it."""
    one = await manor(house)
    await one.online("ann", "ben")
    ask = pb.ReceiveManifestRequest(
        name=BOOTH, carrier="acme", rows=[pb.Shipment(waybill="1")], request_id=fresh()
    )
    refused = await refusal(house.hubs.ReceiveManifest(ask, metadata=one.till))
    assert refused[:2] == (Code.FAILED_PRECONDITION, "KEEPER_MISSING")
    await one.sign_in("ben", await one.pin("ben"))
    await house.hubs.ReceiveManifest(ask, metadata=one.till)
    [row] = [row for row in house.log.read(limit=1000) if row.type == "ManifestReceived"]
    assert '"couriers/ben"' in row.payload
    other = await house.hubs.CreateHubToken(
        pb.CreateHubTokenRequest(parent=BOOTH, device="tablet"), metadata=house.dispatcher
    )
    tablet = [("authorization", f"Bearer {other.token}")]
    ask.request_id = fresh()
    refused = await refusal(house.hubs.ReceiveManifest(ask, metadata=tablet))
    assert refused[1] == "KEEPER_MISSING", "each device asks for itself"


async def test_signing_in_brings_a_guard_back(house: House) -> None:
    """Who signs in at the booth after a tour is back at the post; on a tour nobody can."""
    one = await manor(house)
    await one.online("ann", "ben")
    await house.create(1)
    tour = await one.accepts("ann")
    await one.report(tour, event(0, Action.PICK_UP))
    pin = await one.pin("ann")
    assert (await refusal(one.sign_in("ann", pin)))[:2] == (
        Code.FAILED_PRECONDITION,
        "INVALID_TRANSITION",
    )
    early = house.phone.ReturnToPost(app.ReturnToPostRequest(name=ANN), metadata=one.phones["ann"])
    assert (await refusal(early))[1] == "INVALID_TRANSITION"
    await one.report(tour, event(1, Action.DROP_OFF, proofs=SIGNED))
    house.clock.instant = NOON + 240
    await one.sign_in("ann", pin)
    found: Any = await one.post()
    assert (list(found.present_couriers), list(found.away_guards)) == ([ANN, BEN], [])
    page = await house.compounds.ListAbsences(
        compounds_pb2.ListAbsencesRequest(parent=GATE.rpartition("/posts/")[0]),
        metadata=one.company,
    )
    assert [one.away_duration.seconds for one in page.absences] == [240]
