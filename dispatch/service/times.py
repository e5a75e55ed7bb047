"""When a scanner scanned, by its own clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check, Instant

_OWN_NAMES = frozenset({"at", "event_time"})
"""What the rules call the time of a scan."""


class Scanned(Protocol):
    """A request that says when."""

    scan_time: Any

    def HasField(self, name: Any) -> bool:  # noqa: N802, ANN401 - the generated name
        """Say whether a field is set."""


def scan_time(request: Scanned, now: Instant) -> Instant:
    """Return when a scan was made; ``now`` where the request does not say.

    Raises
    ------
    InvalidValue
        If it is no time.
    """
    if not request.HasField("scan_time"):
        return now
    at: Instant = request.scan_time.seconds
    check = Check()
    check.instant(at, "scan_time")
    check.done()
    return at


@contextmanager
def scan_time_named() -> Iterator[None]:
    """Call the time of a scan as the requests do, where the rules refuse it."""
    try:
        yield
    except InvalidValue as error:
        faults = [
            Fault("scan_time" if fault.field in _OWN_NAMES else fault.field, fault.problem)
            for fault in error.faults
        ]
        raise InvalidValue(faults, subject=error.subject) from error
