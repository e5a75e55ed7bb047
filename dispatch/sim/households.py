"""Simulated recipients: when they are at home, and when they fetch a parcel from a hub.

Presence is drawn by household and day as fixed stretches, whatever the parcel, the courier or the
attempt, so that two policies find the same people at home. All values are those of
`dispatch.sim.behaviour.Behaviour`.
"""

import math
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from dispatch.core.model import Instant, Parcel, Seconds
from dispatch.sim.behaviour import QUARTER_S, Behaviour
from dispatch.sim.draws import Draws

DAY_S, HOUR_S, MINUTE_S = 86_400, 3600, 60
SATURDAY, WEEK_DAYS = 5, 7


class Households:
    """Answers for all recipients of a day.

    Parameters
    ----------
    day, timezone
        Whose midnight the stretches of `Behaviour.absence` are counted from.
    starts_at
        From when the stretch of `Behaviour.away_s` is counted.

    Attributes
    ----------
    midnight
        When the day begins.
    """

    def __init__(
        self, behaviour: Behaviour, draws: Draws, *, day: date, timezone: str, starts_at: Instant
    ) -> None:
        self._values = behaviour
        self._draws = draws
        self._starts_at = starts_at
        self.midnight = int(datetime.combine(day, time(), ZoneInfo(timezone)).timestamp())
        self._weekday = day.weekday()

    def is_home(self, parcel: Parcel, at: Instant) -> bool:
        """Whether somebody opens."""
        if self._values.absence:
            return not self._is_out(parcel.recipient, at)
        return not self._is_away(parcel.recipient, at)

    def _is_out(self, household: str, at: Instant) -> bool:
        """Whether a household is out by the shares of each hour."""
        values = self._values
        day = (at - self.midnight) // DAY_S
        is_weekend = (self._weekday + day) % WEEK_DAYS >= SATURDAY
        hours = (is_weekend and values.weekend_absence) or values.absence
        edge_min = values.absence_edge_min * (
            2 * self._draws.uniform("edge of absence", household, day) - 1
        )
        minute = (at - self.midnight - day * DAY_S) / MINUTE_S - edge_min
        share = next((share for start, end, share in hours if start <= minute < end), 0.0)
        return self._draws.uniform("absence", household, day) < share

    def _is_away(self, household: str, at: Instant) -> bool:
        """Whether a household is out in its one stretch of the day, if it has one."""
        values = self._values
        day = (at - self._starts_at) // DAY_S
        if self._draws.uniform("away", household, day) >= values.away_share:
            return False
        latest = values.day_s - values.away_s
        begins = (
            self._starts_at
            + day * DAY_S
            + round(latest * self._draws.uniform("away from", household, day))
        )
        return bool(begins <= at < begins + values.away_s)

    def home_from(self, parcel: Parcel, after: Instant, until: Instant) -> Instant | None:
        """Return from when on somebody is at home, by the quarter of an hour; None for later."""
        for at in range(after, until, QUARTER_S):
            if self.is_home(parcel, at):
                return at
        return None

    def fetches_after_s(self, parcel: Parcel) -> Seconds | None:
        """Return how long a parcel waits in a hub for its recipient; None for ever."""
        values = self._values
        if self._draws.uniform("never", parcel.id) < values.never_collects_share:
            return None
        wait_s = self._draws.lognormal(
            values.collect_median_s, values.collect_sigma, "collect", parcel.id
        )
        return math.ceil(wait_s)

    def answers(self, parcel: Parcel, at: Instant) -> bool:
        """Whether a recipient answers a call, by household and hour."""
        chance = self._draws.uniform("phone", parcel.recipient, at // HOUR_S)
        return chance < self._values.phone_share

    def comes_down_after_s(self, parcel: Parcel, called_at: Instant) -> Seconds | None:
        """Return how long a recipient takes to the gate after a call; None for not at all."""
        if not (self.answers(parcel, called_at) and self.is_home(parcel, called_at)):
            return None
        values = self._values
        way_s = self._draws.lognormal(
            values.come_down_median_s,
            values.come_down_sigma,
            "comes down",
            parcel.recipient,
            called_at // HOUR_S,
        )
        return math.ceil(way_s)

    def comes_again_after_s(self, parcel: Parcel, at: Instant) -> Seconds:
        """Return after how long a recipient comes again who has found nobody at a booth."""
        share = self._draws.uniform("again", parcel.recipient, at // HOUR_S)
        return max(QUARTER_S, int(self._values.comes_again_s * share))

    def comes_after_opening_s(self, parcel: Parcel) -> Seconds:
        """Return how long after a hub has opened a recipient comes who had found it closed."""
        return int(self._values.after_opening_s * self._draws.uniform("opening", parcel.id))
