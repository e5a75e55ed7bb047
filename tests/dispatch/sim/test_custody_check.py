import functools
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.model import (
    Contract,
    CourierKind,
    DeliveryOption,
    FailureCode,
    HubKind,
    OptionKind,
    ProofKind,
    Purpose,
)
from dispatch.sim import custody_books, custody_check
from dispatch.sim.custody_books import Rule
from dispatch.sim.custody_check import check, gaps
from tests.core.town import PHOTO, Story, a_relay_hub, consent, place

OLD_LOG = Path(__file__).parents[2] / "replay" / "logs" / "v1.jsonl"
DOOR = DeliveryOption(kind=OptionKind.DOOR)
BOSS: dict[str, Any] = {"actor": "dispatcher", "reason": "because"}
Log = list[dict[str, Any]]


@functools.cache
def a_good_day() -> tuple[str, ...]:
    """Give a log in which a parcel goes every way there is."""
    story = Story()
    for name in ("ann", "bob"):
        story.courier(name)
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub(host="gus")))
    story.courier("gus", kind=CourierKind.GUARD, home=place(350, 10, is_door=False))
    story.hub(
        "shop",
        kind=HubKind.SHOP,
        place=place(300, 0, hub="shop", is_door=False),
        slots=(2, 2, 2),
        contracts=(Contract.COLLECTION,),
        attended=True,
    )
    story.now += 300
    _relayed_then_collected(story)
    _delivered_and_corrected(story)
    _rescued(story)
    _left_in_a_safe_place(story)
    _collected_by_a_proxy(story)
    return tuple(codec.encode(event) for event in story.events)


def _relayed_then_collected(story: Story) -> None:
    """Station, booth, a closed door, shop: ``relayed``."""
    story.parcel("relayed", origin_hub="station", options=(DOOR, consent(OptionKind.HUB)))
    story.assign("ann", "relayed", hub="booth")
    story.pick_up("ann", "relayed")
    story.drop_off("ann", "relayed")
    story.now += 20
    story.receive("booth", "relayed", "ann")
    story.assign("gus", "relayed")
    story.pick_up("gus", "relayed")
    story.now += 60
    story.drop_off("gus", "relayed", FailureCode.ABSENT)
    story.drop_off("gus", "relayed")
    story.receive("shop", "relayed", "gus")
    story.now += 600
    story.release("shop", "relayed", code_serial=story.code("shop", "relayed"))


def _delivered_and_corrected(story: Story) -> None:
    """Give one at its door, and say of ``wrong`` that it was not given after all."""
    story.parcel("given", origin_hub="station", proofs=(ProofKind.SIGNATURE,))
    story.parcel("wrong", origin_hub="station", max_attempts=1)
    story.carry("ann", "given", "wrong")
    story.now += 60
    story.drop_off("ann", "given")
    story.now += 60
    tour = story.tour("ann").id
    leg = story.state.parcel("m/wrong").leg
    story.drop_off("ann", "wrong")
    door = story.state.parcel("m/wrong").dropoff
    rang = m.Evidence(lat=door.lat, lon=door.lon, contacted_at=story.now)
    story.now += 60
    absent: dict[str, Any] = {"failure": FailureCode.ABSENT, "evidence": rang}
    story.do(m.CorrectStop(courier="ann", tour=tour, leg=leg, **absent, **BOSS))
    story.drop_off("ann", "wrong")


def _rescued(story: Story) -> None:
    """Let Bob vanish with ``rescued``, and Ann take it from him."""
    story.parcel("rescued", origin_hub="station")
    story.carry("bob", "rescued")
    story.do(m.RescueTour(courier="bob", tour=story.tour("bob").id, **BOSS))
    story.assign("ann", "rescued")
    story.pick_up("ann", "rescued")
    story.now += 30
    story.do(m.GiveParcel(courier="bob", parcel="m/rescued", taker="ann", at=story.now))
    story.drop_off("ann", "rescued")


def _left_in_a_safe_place(story: Story) -> None:
    """Leave ``left`` where its recipient has agreed to."""
    story.parcel("left", options=(DOOR, consent(OptionKind.SAFE_PLACE)))
    story.carry("ann", "left")
    story.drop_off("ann", "left", evidence=PHOTO)


def _collected_by_a_proxy(story: Story) -> None:
    """Bring ``proxied`` to the shop at once, where a neighbour fetches it."""
    story.parcel("proxied", origin_hub="station", options=(DOOR, consent(OptionKind.HUB, "shop")))
    story.assign("ann", "proxied", hub="shop", purpose=Purpose.COLLECTION)
    story.pick_up("ann", "proxied")
    story.drop_off("ann", "proxied")
    story.receive("shop", "proxied", "ann")
    until = story.now + 600
    story.do(m.GrantProxy(parcel="m/proxied", proxy="x1", until=until))
    story.release("shop", "proxied", proxy="x1")


def find(log: Log, kind: str, parcel: str = "", number: int = 0) -> dict[str, Any]:
    """Return an event of the log by its type, parcel and number among those."""
    return [
        event
        for event in log
        if event["type"] == kind and (not parcel or parcel_of(event) == f"m/{parcel}")
    ][number]


def parcel_of(event: dict[str, Any]) -> str:
    """Return the parcel that an event is about."""
    parcel = event.get("parcel", "")
    return str(parcel["id"]) if isinstance(parcel, dict) else parcel


def dropped(kind: str, parcel: str = "", number: int = 0) -> Callable[[Log], None]:
    """Leave an event out."""
    return lambda log: log.remove(find(log, kind, parcel, number))


def told_twice(kind: str, parcel: str = "") -> Callable[[Log], None]:
    """Tell an event again, at the end."""
    return lambda log: log.append({**find(log, kind, parcel), "at": log[-1]["at"]})


def changed(
    kind: str, parcel: str = "", number: int = 0, /, **fields: Any
) -> Callable[[Log], None]:
    """Change fields of an event; dots lead into what it holds, None takes a field away."""

    def broken(log: Log) -> None:
        for path, value in fields.items():
            thing = find(log, kind, parcel, number)
            *inward, last = path.split("__")
            for step in inward:
                thing = thing[step]
            thing[last] = value
            if value is None:
                del thing[last]

    return broken


def slot_kept(log: Log) -> None:
    """Reserve a slot for a parcel that goes to its door, and never release it."""
    reserved = json.loads(json.dumps(find(log, "SlotReserved", "", 0)).replace("relayed", "given"))
    at = log.index(find(log, "ParcelCreated", "given")) + 1
    log.insert(at, {**reserved, "at": log[at - 1]["at"]})


def the_booth_with(**fields: Any) -> Callable[[Log], None]:
    """Change the booth as it was taken in."""

    def broken(log: Log) -> None:
        hubs = [event["hub"] for event in log if event["type"] == "HubCreated"]
        next(hub for hub in hubs if hub["id"] == "booth").update(fields)

    return broken


def the_booth_paused(log: Log) -> None:
    """Pause the booth for ever, right after it was taken in."""
    created = find(log, "HubCreated", "", 1)
    pause = {"type": "HubPaused", "hub": "booth", "until": 0, "actor": "a", "reason": "r"}
    log.insert(log.index(created) + 1, {**pause, "at": created["at"]})


SENDER = {"kind": "SENDER", "id": "m"}
UNAGREED = [{"kind": "DOOR"}, {"kind": "HUB"}]
IN_BOOTH = "HandoverScanned", "relayed", 0
MUTANTS: list[tuple[Rule, Callable[[Log], None]]] = [
    (Rule.LINE, changed("ParcelDelivered", "given", parcel="m/nobody's")),
    (Rule.LINE, changed("ParcelDelivered", "given", courier=None)),
    (Rule.LINE, dropped("HubCreated", number=1)),
    (Rule.ONE_CUSTODIAN, told_twice("ParcelCreated", "given")),
    (Rule.ONE_CUSTODIAN, changed("ParcelCreated", "given", parcel__custodian=SENDER)),
    (Rule.GIVER, changed("ParcelPickedUp", "rescued", 1, giver__id="gus")),
    (Rule.GIVER, changed("ParcelPickedUp", "given", giver__id="shop")),
    (Rule.HOLDER, changed("ParcelDelivered", "given", courier="bob")),
    (Rule.HOLDER, dropped("ParcelPickedUp", "given")),
    (Rule.HOLDER, dropped("ParcelReceivedAtHub", "proxied")),
    (Rule.HOLDER, changed("ParcelReceivedAtHub", "relayed", giver__id="bob")),
    (Rule.HOLDER, changed("AttemptFailed", "relayed", courier="ann")),
    (Rule.HOLDER, changed("ParcelBroughtBack", "wrong", courier="bob")),
    (Rule.SCAN, changed("ParcelReceivedAtHub", "relayed", actor="")),
    (Rule.SCAN, changed("ParcelCollected", "relayed", actor="")),
    (Rule.SCAN, changed("OutcomeCorrected", "wrong", actor="")),
    (Rule.BOTH_SIDES, dropped(*IN_BOOTH)),
    (Rule.BOTH_SIDES, dropped("HandoverScanned", "rescued")),
    (Rule.BOTH_SIDES, changed("ParcelReceivedAtHub", "relayed", witness=None)),
    (Rule.BOTH_SIDES, changed("ParcelPickedUp", "rescued", 1, witness=None)),
    (Rule.BOTH_SIDES, changed(*IN_BOOTH, half__at=1)),
    (Rule.BOTH_SIDES, changed(*IN_BOOTH, half__giver__id="bob")),
    (Rule.SINGLE_ACTOR, changed("ParcelPickedUp", "relayed", 1, single_actor=None)),
    (Rule.SINGLE_ACTOR, changed("ParcelPickedUp", "given", single_actor=True)),
    (Rule.ORIGIN, changed("ParcelBroughtBack", "wrong", custodian__id="shop")),
    (Rule.RESERVATION, dropped("SlotReserved", number=0)),
    (Rule.SLOTS, the_booth_with(slots=[0, 1, 1])),
    (Rule.SLOT_LEFT, slot_kept),
    (Rule.OPEN, the_booth_with(hours=[{"opens_at": 1, "closes_at": 2}])),
    (Rule.OPEN, the_booth_paused),
    (Rule.CONTRACT, the_booth_with(contracts=["HOLD"])),
    (Rule.CONSENT, changed("ParcelCreated", "relayed", parcel__options=UNAGREED)),
    (Rule.CONSENT, changed("ParcelCreated", "left", parcel__options=UNAGREED)),
    (Rule.CONSENT, changed("ParcelCreated", "proxied", parcel__options=UNAGREED)),
    (Rule.PROOF, changed("ParcelDelivered", "given", proofs=[])),
    (Rule.PROOF, changed("ParcelDelivered", "given", proofs=["RECEIVER_NAME"])),
    (Rule.SAFE_PLACE, changed("ParcelCreated", "left", parcel__proofs=["SIGNATURE"])),
    (Rule.CODE, dropped("CodeMinted", "relayed")),
    (Rule.CODE, dropped("ProxyGranted", "proxied")),
    (Rule.CODE, changed("ProxyGranted", "proxied", until=1)),
    (Rule.CODE, changed("ParcelCollected", "relayed", proof="SMILE")),
    (Rule.CORRECTION, changed("OutcomeCorrected", "wrong", was="ABSENT")),
    (Rule.CORRECTION, changed("OutcomeCorrected", "wrong", custodian__id="bob")),
    (Rule.CORRECTION, changed("PolicyAdopted", policy__correct_s=1)),
    (Rule.TERMINAL, told_twice("ParcelDelivered", "given")),
    (Rule.TERMINAL, told_twice("ParcelPickedUp", "left")),
    (Rule.TERMINAL, told_twice("ParcelReceivedAtHub", "relayed")),
    (Rule.TIME, changed("ParcelDelivered", "given", at=1)),
    (Rule.TIME, changed("ParcelDelivered", "given", happened_at=1)),
    (Rule.TIME, changed("ParcelPickedUp", "given", happened_at=4_000_000_000)),
]


def test_a_day_of_the_rules_has_no_gaps() -> None:
    """A log in which parcels go every way there is breaks no rule."""
    assert gaps(a_good_day()) == []


@pytest.mark.parametrize(("rule", "broken"), MUTANTS)
def test_a_broken_log_is_found(rule: Rule, broken: Callable[[Log], None]) -> None:
    """One thing changed in a good log: the rule that it breaks is named."""
    log = [json.loads(line) for line in a_good_day()]
    broken(log)
    found = check(json.dumps(event) for event in log)
    assert rule in {gap.rule for gap in found}
    assert all(str(gap).startswith(f"{gap.rule.name}, line {gap.line}: parcel ") for gap in found)


def test_each_rule_has_a_broken_log() -> None:
    """No rule of the check is never seen to find anything."""
    assert {rule for rule, _ in MUTANTS} == set(Rule)


@pytest.mark.parametrize("module", [custody_books, custody_check])
def test_it_shares_nothing_with_the_rules(module: ModuleType) -> None:
    """Neither of its files imports anything of the package but the other."""
    imported = {
        line.split()[1]
        for line in inspect.getsource(module).splitlines()
        if line.startswith(("from dispatch", "import dispatch"))
    }
    assert imported <= {"dispatch.sim.custody_books"}


def test_an_old_log_is_read_leniently() -> None:
    """A log from before hand-overs named their giver has no gaps."""
    assert gaps(OLD_LOG.read_text().splitlines()) == []


def test_old_custody_still_follows_the_events() -> None:
    """Without its pickups the same log tells of couriers who deliver what they never had."""
    lines = [line for line in OLD_LOG.read_text().splitlines() if '"ParcelPickedUp"' not in line]
    assert any(gap.startswith("HOLDER, line ") for gap in gaps(lines))


def test_what_is_no_event_is_named_by_its_line() -> None:
    """Garbage is a gap, not a crash."""
    found = gaps(["{", '{"type": "ParcelDelivered", "at": 1, "parcel": "m/x"}', "", "3"])
    assert [gap.split(":")[0] for gap in found] == ["LINE, line 1", "LINE, line 2", "LINE, line 4"]
    assert found[1].endswith("cannot be read here: KeyError 'm/x'")
