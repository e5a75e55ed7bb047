"""Events in the making: each one told at once shapes the state that the next rule reads.

A command often causes several events, and the later ones depend on the earlier (a delivery
may end a tour). A `Draft` keeps the list and a state of its own; the caller's stays as it is.
"""

from dispatch.core.messages import Event
from dispatch.core.model import Instant
from dispatch.core.state import State, evolve


class Draft:
    """The events of one command, and the state after them.

    Attributes
    ----------
    now
        Time of the command.
    """

    def __init__(self, state: State, *, now: Instant, command_id: str) -> None:
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self._command_id = command_id
        self._minted = 0

    def tell(self, event: Event) -> None:
        """Add an event."""
        self.state = evolve(self.state, event)
        self.events.append(event)

    def mint(self, prefix: str) -> str:
        """Return an id that follows from the command's id and an ordinal."""
        self._minted += 1
        return f"{prefix}{self._command_id}-{self._minted}"
