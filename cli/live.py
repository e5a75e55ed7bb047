"""What command lines share that speak to a running service: which one, who calls, what is wrong.

The caller is the token's, so nobody types a name of their own.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.errors import fail

if TYPE_CHECKING:
    from dispatch.service.client import CallError, Client

ADVICE = {
    "UNAUTHENTICATED": "set ANTMILE_TOKEN, or name a file with --token-file",
    "PERMISSION_DENIED": "look for a slip in the names, and in times (HH:MM is of today, UTC, "
    "without --date and --timezone); levers need a dispatcher's token of this network, and a "
    "property company's moves its own compounds",
    "NOT_FOUND": "names are listed by the service, and in its events",
    "ZONE_NOT_FOUND": "name it with --zone or ANTMILE_ZONE; each parcel says its zone",
    "DEADLINE_EXCEEDED": "the lever may have been pulled: look before pulling it again",
}
"""What to do, by the gRPC status, where the service's own words do not say it."""
NO_ZONE = "there is no zone "

Why = Annotated[str, typer.Option("--why", help="For those who read the log.")]


class Service(NamedTuple):
    """Which service is meant, and who calls."""

    address: str
    network: str
    token_file: Path | None

    def name(self, given: str, collection: str = "") -> str:
        """Return a full resource name for one that may be short.

        ``ann`` of the collection ``couriers`` and ``couriers/ann`` are both
        ``networks/{network}/couriers/ann``.
        """
        if collection and "/" not in given:
            given = f"{collection}/{given}"
        return given if given.startswith("networks/") else f"networks/{self.network}/{given}"


def remember(
    context: typer.Context,
    address: Annotated[
        str, typer.Option(envvar="ANTMILE_ADDRESS", help="HOST:PORT of the service.")
    ] = "localhost:50051",
    network: Annotated[
        str, typer.Option(envvar="ANTMILE_NETWORK", help="For names that do not say it.")
    ] = "local",
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="A file with the token, or dev-tokens.json of antmile serve --dev; "
            "by default what ANTMILE_TOKEN holds."
        ),
    ] = None,
) -> None:
    """Keep where the service is and who calls, for the command."""
    context.obj = Service(address, network, token_file)


def say(line: str) -> None:
    """Print a line."""
    typer.echo(line)


def pull(service: Service, method: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """Call a method and return its answer."""
    with connected(service) as client:
        return client.call(method, **fields)


@contextmanager
def connected(service: Service, faults: Callable[[str], str] = str) -> "Iterator[Client]":
    """Open a client; what it is refused ends the program with a line that says what to do.

    Parameters
    ----------
    faults
        Says a bad field of a request in the caller's own words.
    """
    from dispatch.service.client import CallError, Client

    with Client(service.address, _token(service)) as client:
        try:
            yield client
        except CallError as error:
            _refused(error, service.address, faults)


def _token(service: Service) -> str:
    """Return the token that was given; a file of development tokens has a dispatcher's."""
    text = os.environ.get("ANTMILE_TOKEN", "")
    if service.token_file is not None:
        text = service.token_file.read_text(encoding="utf-8").strip()
        if text.startswith("{"):
            try:
                text = str(json.loads(text)["dispatcher"])
            except (ValueError, KeyError):
                fail(f"{service.token_file}: holds no dispatcher's token")
    if not text or not text.isascii() or not text.isprintable():
        fail(f"there is no token: {ADVICE['UNAUTHENTICATED']}")
    return text


def _refused(error: "CallError", address: str, faults: Callable[[str], str]) -> None:
    said = str(error)
    if len(error.faults) > 1:
        for fault in error.faults:
            typer.echo(faults(fault), err=True)
        said = f"{len(error.faults)} bad fields"
    elif error.faults:
        said = faults(said)
    if error.code == "UNAVAILABLE" and not error.reason:
        fail(f"nobody answers at {address}: start antmile serve, or name another with --address")
    reason = f" ({error.reason})" if error.reason else ""
    advice = ADVICE.get("ZONE_NOT_FOUND" if str(error).startswith(NO_ZONE) else error.code)
    fail(f"{said}{reason}" + (f": {advice}" if advice else ""))
