"""Who stood at each post, told again from ``events.jsonl`` alone, and every rule that it breaks.

A second opinion, as `dispatch.sim.custody_check` is one on parcels: it reads plain JSON and imports
nothing of the rules or their values. It follows rosters, comings and goings, tours and returns from
moment to moment. Who stood at a post until a slot ended is kept there until relieved: while the
post would lack somebody without this guard, unless the guard has gone offline or begun a tour or
another slot at a post.

Time is when the engine took note of something. A log without posts has no gaps.
"""

import json
from collections.abc import Callable, Iterable
from itertools import pairwise

from dispatch.sim.presence_books import Books, Fields, Gap, PostSoFar, Rule


def gaps(lines: Iterable[str]) -> list[str]:
    """Return every broken rule as a sentence with the post, the time and the line's number.

    Parameters
    ----------
    lines
        Events as `dispatch.core.codec` writes them, bare or as the rows of ``events.jsonl``.

    Returns
    -------
    list of str
        Empty for a good log. Lines count from 1; times are epoch seconds.
    """
    return [str(gap) for gap in check(lines)]


def check(lines: Iterable[str]) -> list[Gap]:
    """As `gaps`, by rule."""
    books = Books()
    for text in lines:
        read(books, text)
    for name, post in books.posts.items():
        books.close(name, post)
    return books.gaps


def read(books: Books, text: str) -> None:
    """Take one line, bare or as a row of the log with the event inside."""
    books.line += 1
    if not text.strip():
        return
    try:
        row = json.loads(text)
        event = row.get("event", row)
        books.advance(event["at"])
        told = _TOLD.get(event["type"])
        if told is not None:
            told(books, event)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        books.note(Rule.LINE, "log", f"cannot be read here: {type(error).__name__} {error}")


# --- what each event tells ---------------------------------------------------------------


def _post_set(books: Books, event: Fields) -> None:
    post = event["post"]
    minimum = post.get("minimum", 1)
    old = books.posts.get(post["id"])
    if old is None:
        books.posts[post["id"]] = PostSoFar(minimum, post["compound"], post.get("hub", ""))
    else:
        old.minimum = minimum
    books.is_dirty = True


def _hub_created(books: Books, event: Fields) -> None:
    if event["hub"].get("attended"):
        books.attended.add(event["hub"]["id"])


def _roster_told(books: Books, event: Fields) -> None:
    _roster(books, event["courier"], event["slots"])


def _swapped(books: Books, event: Fields) -> None:
    _roster(books, event["courier"], event["slots"])
    _roster(books, event["other"], event["other_slots"])


def _roster(books: Books, courier: str, slots: list[Fields]) -> None:
    ordered = sorted(slots, key=lambda slot: slot["opens_at"])
    for before, after in pairwise(ordered):
        if after["opens_at"] < before["closes_at"]:
            why = f"the slots of {before['opens_at']} and {after['opens_at']} overlap"
            books.note(Rule.TWO_PLACES, f"courier {courier}", why)
    books.rosters[courier] = ordered
    every = (slot for its in books.rosters.values() for slot in its)
    books.edges = sorted({edge for s in every for edge in (s["opens_at"], s["closes_at"])})
    slot = books.slot_of(courier)
    if slot is not None and slot.get("duty") == "POST":
        books.unstand(courier)
    books.is_dirty = True


def _online(books: Books, event: Fields) -> None:
    books.online.add(event["courier"])
    books.is_dirty = True


def _offline(books: Books, event: Fields) -> None:
    books.online.discard(event["courier"])
    _gone(books, event["courier"])


def _gone(books: Books, courier: str) -> None:
    """Take a courier from every counter and every post."""
    books.unstand(courier)
    for device in [device for device, who in books.signed_in.items() if who == courier]:
        del books.signed_in[device]


def _tour_started(books: Books, event: Fields) -> None:
    courier = event["courier"]
    if not books.is_guard(courier):
        return
    who = f"courier {courier}"
    if courier in books.out:
        books.note(Rule.AWAY, who, f"begins a tour and is on one since {books.out[courier]}")
    slot = books.slot_of(courier)
    name = slot.get("post", "") if slot is not None and slot.get("duty") == "POST" else ""
    if name in books.posts:
        others = [other for other in books.on_duty(name) if other != courier]
        minimum = books.posts[name].minimum
        if len(others) < minimum:
            why = f"{courier} leaves {len(others)} on duty, of {minimum}"
            books.note(Rule.LEFT, f"post {name}", why)
    for post, its in books.posts.items():
        if courier in its.stood and len(its.stood) - 1 < books.lacking(post):
            books.note(Rule.HELD, f"post {post}", f"{courier} is not relieved and begins a tour")
    books.out[courier] = event["happened_at"]
    _gone(books, courier)


def _returned(books: Books, event: Fields) -> None:
    courier = event["courier"]
    since = books.out.pop(courier, None)
    books.is_dirty = True
    if since is None:
        books.note(Rule.AWAY, f"courier {courier}", "comes back and was not away")
    elif event["away_s"] != event["happened_at"] - since:
        why = f"was away {event['happened_at'] - since} s; the log says {event['away_s']}"
        books.note(Rule.AWAY, f"courier {courier}", why)


def _signed_in(books: Books, event: Fields) -> None:
    courier = event["courier"]
    for device in [device for device, who in books.signed_in.items() if who == courier]:
        del books.signed_in[device]
    books.signed_in[event["hub"], event["device"]] = courier


def _signed_out(books: Books, event: Fields) -> None:
    books.signed_in.pop((event["hub"], event["device"]), None)


# --- counters ----------------------------------------------------------------------------


def _half_scanned(books: Books, event: Fields) -> None:
    """Remember that a guard who scans first was there when it was scanned."""
    half = event["half"]
    for side in ("giver", "taker"):
        hub = half[side].get("id", "") if half[side]["kind"] == "HUB" else ""
        if hub and books.has_posts(hub):
            actor = half["actor"].removeprefix("couriers/")
            books.halves[event["parcel"], half["actor"]] = books.is_there(actor, hub)


def _at_booth(books: Books, event: Fields, hub: str, actor: str) -> None:
    if event.get("single_actor") or not books.has_posts(hub):
        return
    was_there = books.halves.pop((event["parcel"], actor), False)
    is_there = books.is_there(actor.removeprefix("couriers/"), hub)
    if hub not in books.attended:
        is_there = books.somebody_is_there(hub)
    if not was_there and not is_there:
        why = (
            f"parcel {event['parcel']} passes by the scan of {actor or 'nobody'}, who is not there"
        )
        books.note(Rule.BOOTH, f"hub {hub}", why)


def _received(books: Books, event: Fields) -> None:
    _at_booth(books, event, event["hub"], event.get("actor", ""))


def _picked_up(books: Books, event: Fields) -> None:
    giver = event.get("giver") or {}
    if giver.get("kind") == "HUB":
        _at_booth(books, event, giver.get("id", ""), event.get("witness", ""))


def _brought_back(books: Books, event: Fields) -> None:
    if event["custodian"]["kind"] == "HUB":
        _at_booth(books, event, event["custodian"].get("id", ""), event.get("actor", ""))


_TOLD: dict[str, Callable[[Books, Fields], None]] = {
    "HubCreated": _hub_created,
    "PostSet": _post_set,
    "AvailabilityAdded": _roster_told,
    "SlotsDropped": _roster_told,
    "SlotsSwapped": _swapped,
    "CourierWentOnline": _online,
    "CourierWentOffline": _offline,
    "TourStarted": _tour_started,
    "CourierReturned": _returned,
    "SignedIn": _signed_in,
    "SignedOut": _signed_out,
    "HandoverScanned": _half_scanned,
    "ParcelReceivedAtHub": _received,
    "ParcelPickedUp": _picked_up,
    "ParcelBroughtBack": _brought_back,
    "ParcelCollected": _received,
}
