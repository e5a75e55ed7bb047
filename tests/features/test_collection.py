"""Collection: a parcel waits at a shop for its recipient, who brings a code.

One code is for all that waits there for the same recipient. A wrong code is counted against the
counter where it was told, never against the recipient. Somebody else may be let collect, until a
time, and be barred again. What nobody collects becomes overdue, and then goes back.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import (
    CounterLocked,
    CustodyMismatch,
    HubClosed,
    InvalidTransition,
    InvalidValue,
    NotFound,
    ProofMissing,
)
from dispatch.core.keeping import ReservationState, reservation_id
from dispatch.core.model import CustodianKind, LegKind, ParcelState, ProofKind, Purpose
from dispatch.core.state import replace
from tests.core.town import DAY, HOUR, Story, names, slot, window
from tests.features.street import a_shop, open_hub, serial_of, to_the_shop

WRONG = -1
KEPT_S = DAY
OVERDUE_S = DAY


def collect(
    parcel: str = "p1", serial: int = 0, counter: str = "hubs/shop", proxy: str = ""
) -> m.ReleaseParcel:
    """Give a counter's scan of a parcel for somebody who told a code."""
    return m.ReleaseParcel(
        hub="shop", parcel=f"m/{parcel}", actor=counter, code_serial=serial, proxy=proxy
    )


def refusal(events: tuple[m.Event, ...]) -> m.CodeRefused:
    """Return the one wrong code among events."""
    (found,) = events
    assert isinstance(found, m.CodeRefused)
    return found


# --- the code --------------------------------------------------------------------------


def test_at_the_shop_it_waits_and_a_code_is_minted(story: Story) -> None:
    """The event bears a serial, never the code."""
    to_the_shop(story, "p1")
    (minted,) = [event for event in story.events if isinstance(event, m.CodeMinted)]
    assert (minted.hub, minted.recipient, minted.serial) == ("shop", "lin", 1)
    kept = story.state.reservations[reservation_id("shop", "m/p1")]
    assert (kept.state, kept.purpose, kept.until) == (
        ReservationState.OCCUPIED,
        Purpose.COLLECTION,
        story.now + KEPT_S,
    )


def test_the_right_code_opens(story: Story) -> None:
    """Delivered: the recipient has it, the counter is the witness, the slot is free."""
    to_the_shop(story, "p1")
    (collected,) = story.do(collect(serial=story.code("shop", "p1")))
    assert isinstance(collected, m.ParcelCollected)
    assert collected.proof == "CODE"
    parcel = story.state.parcel("m/p1")
    last = parcel.custody[-1]
    assert parcel.state is ParcelState.DELIVERED
    assert (last.custodian.kind, last.witness) == (CustodianKind.RECIPIENT, "hubs/shop")
    assert story.state.hub_use["shop"] == (0, 0, 0)
    assert not story.state.reservations


def test_one_code_for_all_of_one_recipient(story: Story) -> None:
    """Three parcels of a household: one message, one code, in any order."""
    open_hub(story, a_shop(slots=(5, 5, 5)))
    to_the_shop(story, "p1", "p2", "p3")
    assert [event.serial for event in story.events if isinstance(event, m.CodeMinted)] == [1]
    for parcel in ("p2", "p1", "p3"):
        story.do(collect(parcel, serial=1))
        assert story.parcel_state(parcel) is ParcelState.DELIVERED


def test_another_recipient_has_another_code(story: Story) -> None:
    """The neighbours' code is for the neighbours' parcels, whatever its number."""
    to_the_shop(story, "p1")
    to_the_shop(story, "p2", household="wang", courier="bob")
    assert serial_of(story, "shop", "lin") == serial_of(story, "shop", "wang") == 1
    story.do(m.ReissueCode(hub="shop", parcel="m/p2"))
    story.do(collect("p2", serial=2))
    refusal(story.do(collect("p1", serial=2)))


def test_what_comes_after_all_was_collected_has_a_new_code(story: Story) -> None:
    """Last week's message opens nothing today."""
    to_the_shop(story, "p1")
    story.do(collect(serial=1))
    to_the_shop(story, "p2")
    assert story.code("shop", "p2") == 2
    refusal(story.do(collect("p2", serial=1)))


def test_no_code_at_all(story: Story) -> None:
    """Nobody told anything: that is no guess, and is not counted."""
    to_the_shop(story, "p1")
    story.refused(ProofMissing, collect(), "code: ")
    assert not story.state.sessions


def test_collected_twice(story: Story) -> None:
    """The second scan is told that it is gone; nothing is double."""
    to_the_shop(story, "p1")
    story.do(collect(serial=1))
    before = story.state
    story.refused(CustodyMismatch, collect(serial=1), "with a RECIPIENT, not with HUB shop")
    assert story.state is before


def test_only_what_is_here_for_its_recipient(story: Story) -> None:
    """Another counter does not have it; what starts at a counter is not there to be collected."""
    to_the_shop(story, "p1")
    open_hub(story, a_shop("corner"))
    elsewhere = m.ReleaseParcel(hub="corner", parcel="m/p1", actor="hubs/corner", code_serial=1)
    story.refused(CustodyMismatch, elsewhere, "is with another HUB, not with HUB corner")
    story.parcel("p2", origin_hub="shop")
    story.refused(InvalidTransition, collect("p2", serial=1), "not here for its recipient")


def test_a_closed_shop_gives_nothing(story: Story) -> None:
    """Before it opens, after it closes, and while it is paused."""
    open_hub(story, a_shop(hours=(window(0, HOUR), window(3 * HOUR, 4 * HOUR))))
    to_the_shop(story, "p1")
    story.now += HOUR + 1
    story.refused(HubClosed, collect(serial=1), "hub shop is closed")
    story.now += 2 * HOUR
    story.do(m.PauseHub(hub="shop", actor="users/dora", reason="flood"))
    story.refused(HubClosed, collect(serial=1), "paused: flood")
    story.do(m.ResumeHub(hub="shop", actor="users/dora"))
    story.do(collect(serial=1))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_scanner_that_is_behind(story: Story) -> None:
    """By its clock it left before it came: an hour is refused, a minute keeps the order."""
    to_the_shop(story, "p1")
    came_at = story.state.parcel("m/p1").custody[-1].since
    story.refused(InvalidValue, replace(collect(serial=1), at=came_at - HOUR), "lies before")
    story.do(replace(collect(serial=1), at=came_at - 60))
    assert story.state.parcel("m/p1").custody[-1].since == came_at


# --- guessed ---------------------------------------------------------------------------


def test_a_wrong_code_is_counted(story: Story) -> None:
    """The parcel stays, and the right code still opens and forgets the count."""
    to_the_shop(story, "p1")
    for count in (1, 2, 3, 4):
        event = refusal(story.do(collect(serial=WRONG)))
        assert (event.failures, event.locked_until) == (count, 0)
    assert story.parcel_state() is ParcelState.AWAITING_COLLECTION
    story.do(collect(serial=1))
    assert not story.state.sessions


def test_five_wrong_codes_lock_the_counter(story: Story) -> None:
    """For ten minutes it takes no code at all, not even the right one, for no parcel."""
    to_the_shop(story, "p1")
    to_the_shop(story, "p2", household="wang", courier="bob")
    for _ in range(5):
        event = refusal(story.do(collect(serial=WRONG)))
    assert event.locked_until == story.now + 600
    story.refused(CounterLocked, collect(serial=1), "try again in 600 s")
    story.refused(CounterLocked, collect("p2", serial=1))
    story.now += 599
    story.refused(CounterLocked, collect(serial=1), "try again in 1 s")
    story.now += 1
    story.do(collect(serial=1))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_the_recipient_is_not_locked(story: Story) -> None:
    """At the other counter of the same shop the right code opens at once."""
    to_the_shop(story, "p1")
    for _ in range(5):
        story.do(collect(serial=WRONG))
    story.do(collect(serial=1, counter="hubs/shop/2"))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_after_the_lock_counting_starts_again(story: Story) -> None:
    """The first wrong code after it is the first."""
    to_the_shop(story, "p1")
    for _ in range(5):
        story.do(collect(serial=WRONG))
    story.now += 600
    assert refusal(story.do(collect(serial=WRONG))).failures == 1


def test_guessing_at_many_parcels_is_still_guessing(story: Story) -> None:
    """The count is the counter's: five parcels with one guess each lock it."""
    open_hub(story, a_shop(slots=(9, 9, 9)))
    to_the_shop(story, "p1", "p2", "p3", "p4", "p5")
    for parcel in ("p1", "p2", "p3", "p4", "p5"):
        story.do(collect(parcel, serial=WRONG))
    story.refused(CounterLocked, collect(serial=1))


def test_a_courier_is_served_at_a_locked_counter(story: Story) -> None:
    """What needs no code goes on."""
    to_the_shop(story, "p1")
    story.parcel("p2", origin_hub="shop")
    for _ in range(5):
        story.do(collect(serial=WRONG))
    story.assign("bob", "p2")
    story.pick_up("bob", "p2")
    assert "ParcelPickedUp" in names(story.release("shop", "p2", courier="bob"))


# --- reissued --------------------------------------------------------------------------


def test_a_new_code_makes_the_old_one_worthless(story: Story) -> None:
    """For all parcels of the recipient there."""
    to_the_shop(story, "p1", "p2")
    (minted,) = story.do(m.ReissueCode(hub="shop", parcel="m/p1"))
    assert isinstance(minted, m.CodeMinted)
    assert minted.serial == 2
    refusal(story.do(collect("p2", serial=1)))
    for parcel in ("p1", "p2"):
        story.do(collect(parcel, serial=2))


def test_a_code_is_reissued_where_the_parcel_waits(story: Story) -> None:
    """Not at another hub, not for what nobody collects."""
    to_the_shop(story, "p1")
    open_hub(story, a_shop("corner"))
    story.parcel("p2")
    story.refused(CustodyMismatch, m.ReissueCode(hub="corner", parcel="m/p1"))
    story.refused(InvalidTransition, m.ReissueCode(hub="shop", parcel="m/p2"), "nobody collects")
    story.refused(NotFound, m.ReissueCode(hub="nowhere", parcel="m/p1"))


# --- somebody else ---------------------------------------------------------------------


def proxied(story: Story, until_s: int = HOUR) -> Story:
    """Have p1 wait at the shop, and let aunt May collect it for a while."""
    to_the_shop(story, "p1", "p2")
    story.do(m.GrantProxy(parcel="m/p1", proxy="may", until=story.now + until_s, contact="c-7"))
    return story


def test_a_proxy_collects(story: Story) -> None:
    """With a code of her own, and it is written down that it was she."""
    proxied(story)
    (collected,) = story.do(collect(proxy="may"))
    assert isinstance(collected, m.ParcelCollected)
    assert (collected.proof, collected.proxy) == ("PROXY", "may")
    assert story.state.parcel("m/p1").custody[-1].actor == "may"


def test_a_proxy_is_for_one_parcel(story: Story) -> None:
    """The recipient's other parcel is not hers; the try is counted like a wrong code."""
    proxied(story)
    assert refusal(story.do(collect("p2", proxy="may"))).failures == 1


def test_a_revoked_proxy_collects_nothing(story: Story) -> None:
    """From that moment on; revoked twice is revoked."""
    proxied(story)
    assert names(story.do(m.RevokeProxy(parcel="m/p1", proxy="may"))) == ["ProxyRevoked"]
    assert story.do(m.RevokeProxy(parcel="m/p1", proxy="may")) == ()
    refusal(story.do(collect(proxy="may")))
    story.do(collect(serial=1))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_proxy_ends_with_its_time(story: Story) -> None:
    """In the last second she may, after it she may not."""
    proxied(story)
    story.now += HOUR
    refusal(story.do(collect(proxy="may")))


def test_whom_nobody_let(story: Story) -> None:
    """An unknown proxy is a wrong code, not a hint that there is none."""
    to_the_shop(story, "p1")
    refusal(story.do(collect(proxy="zoe")))


def test_a_proxy_can_be_named_before_the_parcel_is_there(story: Story) -> None:
    """And prolonged; but not into the past, and not for what is over."""
    story.parcel("p1")
    story.parcel("p2")
    story.do(m.GrantProxy(parcel="m/p1", proxy="may", until=story.now + HOUR))
    story.do(m.GrantProxy(parcel="m/p1", proxy="may", until=story.now + DAY))
    assert story.state.proxies["may"].expires_at == story.now + DAY
    past = m.GrantProxy(parcel="m/p1", proxy="bea", until=story.now)
    story.refused(InvalidValue, past, "until: lies in the past")
    taken = m.GrantProxy(parcel="m/p2", proxy="may", until=story.now + HOUR)
    story.refused(InvalidValue, taken, "'may' is taken")
    story.refused(NotFound, m.RevokeProxy(parcel="m/p2", proxy="may"), "no proxy 'may'")
    story.do(m.CancelParcel(parcel="m/p1"))
    story.refused(
        InvalidTransition, m.GrantProxy(parcel="m/p1", proxy="bea", until=story.now + HOUR)
    )


@pytest.mark.parametrize("is_back", [False, True], ids=["goes back", "is back"])
def test_nobody_is_let_collect_what_goes_back(story: Story, *, is_back: bool) -> None:
    """On its way back to the sender nobody collects it any more."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.do(m.CancelParcel(parcel="m/p1"))
    if is_back:
        story.drop_off("ann", "p1")
    grant = m.GrantProxy(parcel="m/p1", proxy="may", until=story.now + HOUR)
    story.refused(InvalidTransition, grant, "nobody collects it")


# --- not collected ---------------------------------------------------------------------


def test_after_a_day_it_is_overdue(story: Story) -> None:
    """Told once, with the time at which it goes back; it can still be collected."""
    to_the_shop(story, "p1")
    assert story.wait(KEPT_S - 1) == ()
    (overdue,) = story.wait(1)
    assert isinstance(overdue, m.SlotOverdue)
    assert overdue.returns_at == story.now + OVERDUE_S
    assert story.wait(HOUR) == ()
    assert story.state.hub_use["shop"] == (1, 0, 0)
    story.do(collect(serial=1))
    assert story.parcel_state() is ParcelState.DELIVERED
    assert story.wait(2 * DAY) == ()


def test_after_another_day_it_goes_back(story: Story) -> None:
    """A leg back waits for a plan; the code opens nothing; its slot stays taken until then."""
    story.hub()
    to_the_shop(story, "p1", origin_hub="station")
    story.wait(KEPT_S)
    events = story.wait(OVERDUE_S)
    assert "LegReleased" in names(events)
    parcel = story.state.parcel("m/p1")
    leg = story.state.leg(parcel.leg)
    assert (parcel.state, leg.kind) == (ParcelState.RETURNING, LegKind.RETURN)
    assert leg.dropoff == story.state.hub("station").place
    story.refused(InvalidTransition, collect(serial=1), "RETURNING")
    story.do(m.AddAvailability(courier="bob", slots=(slot(2 * DAY, 2 * DAY + HOUR),)))
    story.assign("bob", "p1")
    story.pick_up("bob", "p1")
    story.release("shop", "p1", courier="bob")
    assert story.state.hub_use["shop"] == (0, 0, 0)
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.RETURNED


def test_cancelled_while_it_waits(story: Story) -> None:
    """The merchant wants it back: it goes back from the shop, uncollected."""
    to_the_shop(story, "p1")
    story.do(m.CancelParcel(parcel="m/p1"))
    assert story.parcel_state() is ParcelState.RETURNING
    story.refused(InvalidTransition, collect(serial=1), "RETURNING")


def test_no_proxy_for_what_only_its_recipient_may_have(story: Story) -> None:
    """Where the merchant asks for a signature nobody else collects it."""
    story.parcel("p1", proofs=(ProofKind.SIGNATURE,))
    grant = m.GrantProxy(parcel="m/p1", proxy="x1", until=story.now + HOUR)
    story.refused(ProofMissing, grant, "for its recipient alone")
