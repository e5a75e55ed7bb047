"""What the people of a replay act on: a virtual clock, an agenda, and the runtime of the zone.

Knows neither couriers nor recipients; whoever acts asks it for the state and hands it commands.
"""

import heapq
import itertools
from collections.abc import Callable

from dispatch.clock import VirtualClock
from dispatch.core.errors import Conflict, DispatchError, InvalidTransition
from dispatch.core.messages import Command
from dispatch.core.model import Instant
from dispatch.core.zone import State
from dispatch.runtime import Runtime, Submission

Act = Callable[[], None]


class Stage:
    """One zone on a virtual clock."""

    def __init__(self, runtime: Runtime, clock: VirtualClock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._agenda: list[tuple[Instant, int, Act]] = []
        self._order = itertools.count()
        self.pending_commands = 0

    @property
    def state(self) -> State:
        """The zone as it is."""
        return self._runtime.state

    @property
    def now(self) -> Instant:
        """Virtual time."""
        return self._clock.now()

    def at(self, at: Instant, act: Act) -> None:
        """Let something be done at an instant, now where that is past."""
        heapq.heappush(self._agenda, (max(at, self.now), next(self._order), act))

    def submit_at(self, at: Instant, command: Command) -> None:
        """Submit a command at an instant; until then it counts as pending."""

        def act() -> None:
            self.pending_commands -= 1
            self.submit(command)

        self.pending_commands += 1
        self.at(at, act)

    def submit(self, command: Command) -> DispatchError | None:
        """Submit as the service would; return why it was refused, None where it was taken.

        People may be late or stand before a closed door: such a refusal is a part of the day.

        Raises
        ------
        DispatchError
            If the command could not have been right at any time.
        """
        error = self._runtime.commit([Submission(command=command)])[0].error
        if error is not None and not isinstance(error, InvalidTransition | Conflict):
            raise error
        return error

    def play(self, told: Callable[[Instant], None]) -> None:
        """Do all that is on the agenda in order of time; ``told`` hears of each instant."""
        while self._agenda:
            at, _, act = heapq.heappop(self._agenda)
            self._clock.advance_to(at)
            act()
            told(at)
