"""When simulated recipients are at home, and when they come for a parcel."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from dispatch.core.model import Parcel
from dispatch.sim.behaviour import Behaviour
from dispatch.sim.draws import Draws
from dispatch.sim.households import Households
from dispatch.sim.scenario import at_work
from tests.core.town import a_parcel

MONDAY = date(2026, 3, 2)
MIDNIGHT = int(datetime(2026, 3, 1, 16, tzinfo=UTC).timestamp())
"""Of that Monday in Shanghai."""
HOUR = 3600
MANY = 2000


def households(seed: int = 1, **values: object) -> Households:
    """Give the recipients of a Monday in Shanghai."""
    behaviour = Behaviour.of({"behaviour": values})
    return Households(
        behaviour, Draws(seed), day=MONDAY, timezone="Asia/Shanghai", starts_at=MIDNIGHT
    )


def parcels() -> list[Parcel]:
    """Give one parcel for each of many households."""
    return [replace(a_parcel(f"p{i}"), household=f"h{i}") for i in range(MANY)]


def out_share(homes: Households, hour: float) -> float:
    """Return the share of households that are out, so many hours after Monday's midnight."""
    at = MIDNIGHT + round(hour * HOUR)
    return sum(not homes.is_home(parcel, at) for parcel in parcels()) / MANY


@pytest.mark.parametrize(
    ("hour", "share"), [(3, 0.0), (12, 0.55), (18, 0.4), (20, 0.2), (23, 0.0), (36, 0.55)]
)
def test_so_many_are_out_at_each_hour(hour: float, share: float) -> None:
    """By the clock of the day's zone, the next day too."""
    assert out_share(households(absence=at_work(0.55)), hour) == pytest.approx(share, abs=0.04)


def test_weekends_have_hours_of_their_own() -> None:
    """Saturday is another day than Friday; without own hours it is the same."""
    own = households(absence=at_work(0.55), weekend_absence=((0, 1440, 0.35),))
    same = households(absence=at_work(0.55))
    assert out_share(own, 4 * 24 + 12) == pytest.approx(0.55, abs=0.04)
    assert out_share(own, 5 * 24 + 12) == pytest.approx(0.35, abs=0.04)
    assert out_share(same, 5 * 24 + 12) == pytest.approx(0.55, abs=0.04)


def test_people_come_home_one_after_the_other() -> None:
    """Who is home at noon is home in the evening; more absence leaves nobody home who was out."""
    few, many = households(absence=at_work(0.2)), households(absence=at_work(0.5))
    noon, evening = MIDNIGHT + 12 * HOUR, MIDNIGHT + 20 * HOUR
    for parcel in parcels():
        assert many.is_home(parcel, evening) or not many.is_home(parcel, noon)
        assert few.is_home(parcel, noon) or not many.is_home(parcel, noon)


def test_presence_belongs_to_the_household() -> None:
    """Two parcels of one household find the same people; another seed finds others."""
    first, second = (replace(a_parcel(name), household="h") for name in ("a", "b"))
    homes = households(absence=at_work(0.5))
    hours = [MIDNIGHT + hour * HOUR for hour in range(48)]
    assert [homes.is_home(first, at) for at in hours] == [homes.is_home(second, at) for at in hours]
    shares = {out_share(households(seed, absence=at_work(0.5)), 12) for seed in (1, 2, 3)}
    assert len(shares) > 1


def test_called_ahead_few_are_out() -> None:
    """Without absence by hour about three in a hundred are out at any time."""
    assert out_share(households(), 5) == pytest.approx(0.03, abs=0.015)


def test_recipients_come_after_some_hours_or_never() -> None:
    """Half within the median, and a few never."""
    waits = [households().fetches_after_s(parcel) for parcel in parcels()]
    came = sorted(wait for wait in waits if wait is not None)
    assert 1 - len(came) / MANY == pytest.approx(0.02, abs=0.01)
    assert came[len(came) // 2] == pytest.approx(5 * HOUR, rel=0.1)
    assert all(
        0 <= households().comes_after_opening_s(parcel) <= 2 * HOUR for parcel in parcels()[:50]
    )
