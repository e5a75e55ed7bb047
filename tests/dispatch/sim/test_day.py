import pytest

from dispatch.core.messages import OfferAccepted, OfferMade, OfferWithdrawn
from dispatch.core.model import Instant, Seconds
from dispatch.sim.behaviour import People
from tests.dispatch.sim.small_day import play, small_day


def test_an_answer_to_a_withdrawn_offer_comes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who leaves with an offer open loses it; the answer on its way does not end the day."""
    day = small_day(reply_median_s=40.0, reply_sigma=0.01, edge_sd_s=0.0, hassle_cents=1.0)
    offer = next(event.offer for event in play(day).events if isinstance(event, OfferMade))
    closes_at = {courier: slot.closes_at for courier, slot in day.availability}

    def edge_s(_people: People, courier: str, _slot: Instant, edge: str) -> Seconds:
        leaves = courier == offer.courier and edge == "goes"
        return offer.made_at + 5 - closes_at[courier] if leaves else 0

    monkeypatch.setattr(People, "edge_s", edge_s)
    events = play(day).events
    assert [event.offer for event in events if isinstance(event, OfferWithdrawn)] == [offer.id]
    assert all(event.offer != offer.id for event in events if isinstance(event, OfferAccepted))
