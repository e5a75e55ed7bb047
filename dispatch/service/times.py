"""When a scanner scanned, by its own clock; and what requests call what the rules refuse."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check, Instant

SCAN = {"at": "scan_time", "event_time": "scan_time"}
"""What the rules call the time of a scan, and what requests do."""


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
def faults_named(fields: Mapping[str, str]) -> Iterator[None]:
    """Name the rules' faults by the fields of a request.

    Parameters
    ----------
    fields
        By the rules' names, or their beginnings up to a bracket.

    Raises
    ------
    InvalidValue
        Where the block does, with the request's names.
    """
    try:
        yield
    except InvalidValue as error:
        faults = [Fault(_renamed(fault.field, fields), fault.problem) for fault in error.faults]
        raise InvalidValue(faults, subject=error.subject) from error


def _renamed(field: str, fields: Mapping[str, str]) -> str:
    first, bracket, rest = field.partition("[")
    return fields.get(field, fields.get(first, first) + bracket + rest)
