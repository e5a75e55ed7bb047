"""Who had each parcel, told again from ``events.jsonl`` alone, and every rule that it breaks.

A second opinion: it reads plain JSON and imports nothing of the rules or their values, so that a
fault of theirs cannot hide here. It follows each parcel from hand to hand, each hub's slots,
consents, codes and proxies, and says where the log tells something that must not be.

Logs written before hand-overs named their giver are read leniently: custody follows the events,
and nobody asks for witnesses or proofs.
"""

import json
from collections.abc import Callable, Iterable

from dispatch.sim.custody_books import (
    CORRECT_S,
    NAMED,
    PERSONAL,
    RECIPIENT,
    Books,
    Fields,
    Gap,
    HalfSeen,
    ParcelSoFar,
    Rule,
    holder_of,
    said,
)


def gaps(lines: Iterable[str]) -> list[str]:
    """Return every broken rule of custody as a sentence with the parcel and the line's number.

    Parameters
    ----------
    lines
        Events as `dispatch.core.codec` writes them, bare or as the rows of ``events.jsonl``.

    Returns
    -------
    list of str
        Empty for a good log. Lines count from 1.
    """
    return [str(gap) for gap in check(lines)]


def check(lines: Iterable[str]) -> list[Gap]:
    """As `gaps`, by rule."""
    books = Books()
    for text in lines:
        read(books, text)
    for hub, parcel in sorted(books.slots):
        ended = books.parcels[parcel].ended if parcel in books.parcels else "unknown"
        problem = f"still holds a slot of {hub} at the end and is {ended}"
        books.that(not ended, Rule.SLOT_LEFT, parcel, problem)
    return books.gaps


def read(books: Books, text: str) -> None:
    """Take one line, bare or as a row of the log with the event inside."""
    books.line += 1
    if not text.strip():
        return
    try:
        row = json.loads(text)
        event = row.get("event", row)
        at, parcel = event["at"], event.get("parcel", "")
        books.that(at >= books.at, Rule.TIME, parcel, f"goes back from {books.at} to {at}")
        books.at = at
        told = _TOLD.get(event["type"])
        if told is not None:
            told(books, event)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        problem = f"cannot be read here: {type(error).__name__} {error}"
        books.that(False, Rule.LINE, "", problem)  # noqa: FBT003


# --- what each event tells ---------------------------------------------------------------


def _policy_adopted(books: Books, event: Fields) -> None:
    books.policy = event["policy"]


def _hub_created(books: Books, event: Fields) -> None:
    books.hubs[event["hub"]["id"]] = event["hub"]


def _hub_paused(books: Books, event: Fields) -> None:
    books.pauses[event["hub"]] = event["at"], event["until"]


def _hub_resumed(books: Books, event: Fields) -> None:
    books.pauses.pop(event["hub"], None)


def _courier_created(books: Books, event: Fields) -> None:
    books.hosts[event["courier"]["id"]] = event["courier"].get("host_of", "")


def _post_set(books: Books, event: Fields) -> None:
    books.post_hubs[event["post"]["id"]] = event["post"].get("hub", "")


def _roster_told(books: Books, event: Fields) -> None:
    books.rosters[event["courier"]] = event["slots"]
    if "other" in event:
        books.rosters[event["other"]] = event["other_slots"]


def _parcel_created(books: Books, event: Fields) -> None:
    created = event["parcel"]
    name = created["id"]
    books.that(name not in books.parcels, Rule.ONE_CUSTODIAN, name, "was taken in twice")
    parcel = ParcelSoFar(
        created=created,
        holder=holder_of(created.get("custodian", {"kind": "SENDER"})),
        since=0,
        options=created.get("options", []),
        door_key=created["dropoff"].get("door_key", ""),
    )
    expected = ("SENDER", created["merchant"]) if created.get("announced") else parcel.origin
    problem = f"was taken in with {said(parcel.holder)}, not {said(expected)}"
    books.that(parcel.holder == expected, Rule.ONE_CUSTODIAN, name, problem)
    books.parcels[name] = parcel


def _checked_in(books: Books, event: Fields) -> None:
    parcel = books.moving(event, "checked in")
    hub = ("HUB", event["hub"])
    problem = f"was checked in at {event['hub']} by {event['actor'] or 'nobody'}"
    books.that(bool(event["actor"]), Rule.SCAN, event["parcel"], problem)
    is_due = parcel.origin == hub and parcel.holder[0] == "SENDER"
    problem += f", but {said(parcel.holder)} had it"
    books.that(is_due, Rule.GIVER, event["parcel"], problem)
    books.move(event, parcel, hub)


def _picked_up(books: Books, event: Fields) -> None:
    parcel = books.moving(event, "picked up")
    taker = ("COURIER", event["courier"])
    books.that(bool(event["courier"]), Rule.SCAN, event["parcel"], "was picked up by nobody")
    if "giver" not in event:
        parcel.is_old = True
    giver = holder_of(event["giver"]) if "giver" in event else parcel.holder
    problem = f"was taken from {said(giver)}, but {said(parcel.holder)} had it"
    books.that(giver == parcel.holder, Rule.GIVER, event["parcel"], problem)
    problem = f"was taken by {said(taker)}, who had it"
    books.that(taker != parcel.holder, Rule.GIVER, event["parcel"], problem)
    if giver[0] == "HUB":
        books.at_counter(event, giver[1], event["parcel"])
    if not parcel.is_old:
        books.both_sides(event, parcel, giver, taker)
    books.move(event, parcel, taker)


def _from_courier(books: Books, event: Fields, verb: str) -> ParcelSoFar:
    """Return the parcel of a courier's event, who has to have it."""
    parcel = books.moving(event, verb)
    courier = ("COURIER", event["courier"])
    problem = f"was {verb} by {said(courier)}, but {said(parcel.holder)} had it"
    books.that(parcel.holder == courier, Rule.HOLDER, event["parcel"], problem)
    return parcel


def _delivered(books: Books, event: Fields) -> None:
    parcel = _from_courier(books, event, "delivered")
    _handed_out(books, event, parcel, event.get("purpose", "DOOR"))
    books.move(event, parcel, RECIPIENT)
    books.end(event, parcel, "DELIVERED")


def _handed_out(books: Books, event: Fields, parcel: ParcelSoFar, purpose: str) -> None:
    """Look for consent and proof of a delivery by a courier."""
    books.consent(parcel, purpose)
    asked, shown = set(parcel.created.get("proofs", [])), set(event.get("proofs", []))
    if purpose == "SAFE_PLACE":
        problem = f"was left in a safe place and needs {', '.join(sorted(asked & PERSONAL))}"
        books.that(not asked & PERSONAL, Rule.SAFE_PLACE, event["parcel"], problem)
    elif not parcel.is_old:
        problem = f"was delivered with {', '.join(sorted(shown)) or 'nothing'} as proof"
        books.that(bool(shown & NAMED), Rule.PROOF, event["parcel"], problem)
    if not parcel.is_old:
        missing = ", ".join(sorted(asked - shown))
        books.that(not missing, Rule.PROOF, event["parcel"], f"was delivered without {missing}")


def _attempt_failed(books: Books, event: Fields) -> None:
    parcel = _from_courier(books, event, "tried in vain")
    parcel.outcome, parcel.outcome_at = event["failure"], event["at"]


def _sent_on(books: Books, event: Fields) -> None:
    """Read that whoever has a parcel takes it elsewhere on the same tour."""
    _from_courier(books, {**event, "courier": event["leg"].get("courier", "")}, "sent on")


def _brought_back(books: Books, event: Fields) -> None:
    parcel = _from_courier(books, event, "brought back")
    to = holder_of(event["custodian"])
    problem = f"was brought to {said(to)}, but came from {said(parcel.origin)}"
    books.that(to == parcel.origin, Rule.ORIGIN, event["parcel"], problem)
    if not parcel.is_old:
        books.both_sides(event, parcel, parcel.holder, to)
    books.move(event, parcel, to)
    if "next_leg" not in event:
        books.end(event, parcel, "RETURNED")


def _half_scanned(books: Books, event: Fields) -> None:
    parcel, half = books.moving(event, "scanned"), event["half"]
    giver, taker = holder_of(half["giver"]), holder_of(half["taker"])
    problem = f"was scanned between {said(giver)} and {said(taker)} by nobody"
    books.that(bool(half["actor"]), Rule.SCAN, event["parcel"], problem)
    parcel.half = HalfSeen(giver, taker, half["at"])


def _received(books: Books, event: Fields) -> None:
    parcel, hub = books.moving(event, "received"), event["hub"]
    name, purpose, giver = event["parcel"], event["purpose"], holder_of(event["giver"])
    books.that(bool(event["actor"]), Rule.SCAN, name, f"came into {hub} by nobody's scan")
    books.at_counter(event, hub, name)
    problem = f"came into {hub} from {said(giver)}, but {said(parcel.holder)} had it"
    books.that(giver == parcel.holder, Rule.HOLDER, name, problem)
    agreed = purpose in books.hubs[hub].get("contracts", [])
    books.that(agreed, Rule.CONTRACT, name, f"is kept by {hub} for {purpose} without contract")
    books.consent(parcel, purpose, hub)
    held = (hub, name) in books.slots
    books.that(held, Rule.RESERVATION, name, f"came into {hub} without a slot held for it")
    books.both_sides(event, parcel, giver, ("HUB", hub))
    books.move(event, parcel, ("HUB", hub))


def _collected(books: Books, event: Fields) -> None:
    parcel, hub = books.moving(event, "collected"), event["hub"]
    name, by = event["parcel"], event["proof"]
    problem = f"was collected at {hub}, but {said(parcel.holder)} had it"
    books.that(parcel.holder == ("HUB", hub), Rule.HOLDER, name, problem)
    books.that(bool(event["actor"]), Rule.SCAN, name, f"was collected at {hub} without a scan")
    books.at_counter(event, hub, name)
    if by == "PROXY":
        until = books.proxies.get((name, event.get("proxy", "")), 0)
        problem = f"was collected by a proxy {event.get('proxy', '')!r} who might not"
        books.that(event["happened_at"] <= until, Rule.CODE, name, problem)
    else:
        minted = by == "CODE" and (hub, parcel.recipient) in books.codes
        books.that(minted, Rule.CODE, name, f"was collected at {hub} by {by} without a code")
    books.move(event, parcel, RECIPIENT)
    books.end(event, parcel, "DELIVERED")


def _corrected(books: Books, event: Fields) -> None:
    parcel, name = books.parcels[event["parcel"]], event["parcel"]
    to, was = holder_of(event["custodian"]), event["was"]
    problem = f"was said to be {was} and corrected, but the log says {parcel.outcome or 'nothing'}"
    books.that(was == parcel.outcome, Rule.CORRECTION, name, problem)
    late_s = event["at"] - parcel.outcome_at
    in_time = late_s <= books.policy.get("correct_s", CORRECT_S)
    books.that(in_time, Rule.CORRECTION, name, f"was corrected after {late_s} s")
    books.that(bool(event["actor"]), Rule.SCAN, name, "was corrected by nobody")
    expected = RECIPIENT if event["now"] == "DELIVERED" else ("COURIER", event["courier"])
    problem = f"is {event['now']} by its correction and with {said(to)}"
    books.that(to == expected, Rule.CORRECTION, name, problem)
    parcel.ended = ""
    books.move(event, parcel, to)
    parcel.outcome = event["now"]
    if event["now"] == "DELIVERED":
        parcel.ended = "DELIVERED"


def _ended(state: str) -> Callable[[Books, Fields], None]:
    def told(books: Books, event: Fields) -> None:
        parcel = books.moving(event, state.lower())
        books.that(
            parcel.holder == parcel.origin or parcel.holder[0] == "SENDER",
            Rule.HOLDER,
            event["parcel"],
            f"is {state}, but {said(parcel.holder)} had it",
        )
        books.end(event, parcel, state)

    return told


def _written_off(books: Books, event: Fields) -> None:
    parcel = books.moving(event, "written off")
    problem = f"was written off, but {said(parcel.holder)} had it"
    books.that(parcel.holder[0] in {"COURIER", "HUB"}, Rule.HOLDER, event["parcel"], problem)
    if parcel.holder[0] == "HUB":
        books.free(parcel.holder[1], event["parcel"])
    books.end(event, parcel, event["to"])


def _slot_reserved(books: Books, event: Fields) -> None:
    reservation = event["reservation"]
    hub, name, size = reservation["hub"], reservation["parcel"], reservation["size_class"]
    # A slot that is only held may be held longer; one that the parcel stands in may not.
    is_in = (hub, name) in books.slots and books.parcels[name].holder == ("HUB", hub)
    problem = f"was given a second slot of {hub}"
    books.that(not is_in, Rule.SLOTS, name, problem)
    books.free(hub, name)
    books.slots[hub, name] = size
    books.used[hub, size] += 1
    has = dict(zip("SML", books.hubs[hub].get("slots", (0, 0, 0)), strict=True))[size]
    used = books.used[hub, size]
    problem = f"was given a slot of {hub}, which has {has} of size {size} and {used} in use"
    books.that(used <= has, Rule.SLOTS, name, problem)
    ended = books.parcels[name].ended
    books.that(not ended, Rule.TERMINAL, name, f"was given a slot of {hub}, but is {ended}")


def _slot_released(books: Books, event: Fields) -> None:
    name, hub = event["parcel"], event["hub"]
    is_in = books.parcels[name].holder == ("HUB", hub)
    books.that(not is_in, Rule.SLOT_LEFT, name, f"stands in {hub} and lost its slot")
    books.free(hub, name)


def _ladder_told(books: Books, event: Fields) -> None:
    parcel = books.parcels[event["parcel"]]
    parcel.options = event["options"]
    if "dropoff" in event:
        parcel.door_key = event["dropoff"].get("door_key", "")


def _code_minted(books: Books, event: Fields) -> None:
    books.codes.add((event["hub"], event["recipient"]))


def _proxy_granted(books: Books, event: Fields) -> None:
    books.proxies[event["parcel"], event["proxy"]] = event["until"]


def _proxy_revoked(books: Books, event: Fields) -> None:
    books.proxies.pop((event["parcel"], event["proxy"]), None)


_TOLD: dict[str, Callable[[Books, Fields], None]] = {
    "PolicyAdopted": _policy_adopted,
    "HubCreated": _hub_created,
    "HubPaused": _hub_paused,
    "HubResumed": _hub_resumed,
    "CourierCreated": _courier_created,
    "PostSet": _post_set,
    "AvailabilityAdded": _roster_told,
    "SlotsDropped": _roster_told,
    "SlotsSwapped": _roster_told,
    "ParcelCreated": _parcel_created,
    "ParcelCheckedIn": _checked_in,
    "ParcelPickedUp": _picked_up,
    "ParcelDelivered": _delivered,
    "AttemptFailed": _attempt_failed,
    "ParcelDiverted": _sent_on,
    "ReturnPlanned": _sent_on,
    "ParcelBroughtBack": _brought_back,
    "HandoverScanned": _half_scanned,
    "ParcelReceivedAtHub": _received,
    "ParcelCollected": _collected,
    "OutcomeCorrected": _corrected,
    "ParcelCancelled": _ended("CANCELLED"),
    "ParcelExpired": _ended("EXPIRED"),
    "ParcelWrittenOff": _written_off,
    "SlotReserved": _slot_reserved,
    "SlotReleased": _slot_released,
    "ConsentGiven": _ladder_told,
    "ConsentWithdrawn": _ladder_told,
    "ParcelRedirected": _ladder_told,
    "CodeMinted": _code_minted,
    "ProxyGranted": _proxy_granted,
    "ProxyRevoked": _proxy_revoked,
}
