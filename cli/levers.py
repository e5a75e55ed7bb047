"""``antmile lever``: what a dispatcher does by hand in a running service.

Each lever asks why, and who, when and why stand in the log. The caller is the token's, so nobody
types a name of their own.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.errors import fail, plain_errors

if TYPE_CHECKING:
    from dispatch.service.client import CallError, Client

ADVICE = {
    "UNAUTHENTICATED": "set ANTMILE_TOKEN, or name a file with --token-file",
    "PERMISSION_DENIED": "levers need a dispatcher's token of this network",
    "NOT_FOUND": "names are listed by the service, and in its events",
    "ZONE_NOT_FOUND": "name it with --zone or ANTMILE_ZONE; each parcel says its zone",
    "DEADLINE_EXCEEDED": "the lever may have been pulled: look before pulling it again",
}
"""What to do, by the gRPC status, where the service's own words do not say it."""
NO_ZONE = "there is no zone "

app = typer.Typer(
    help="Pull a lever of a running service: pin, reassign, rescue, pause a hub, close a street.",
    no_args_is_help=True,
)


class Kind(StrEnum):
    """What can be closed."""

    STREET = "street"
    AREA = "area"
    GATE = "gate"


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


Why = Annotated[str, typer.Option("--why", help="For those who read the log.")]
Name = typer.Argument
LegName = Annotated[
    str, Name(metavar="LEG", help="merchants/M/parcels/P/legs/L, with or without its network.")
]
ParcelName = Annotated[str, Name(metavar="PARCEL", help="merchants/M/parcels/P.")]
HubName = Annotated[str, Name(metavar="HUB", help="Its id or name.")]
Until = Annotated[
    str | None, typer.Option("--until", help="An instant with its offset: 2026-05-01T18:00+08:00.")
]
Minutes = Annotated[
    int | None, typer.Option("--minutes", min=1, help="In place of --until, from now on.")
]
ZoneId = Annotated[
    str,
    typer.Option(
        "--zone", envvar="ANTMILE_ZONE", help="Id of the zone; antmile serve --dev has `all` alone."
    ),
]


@app.callback()
def _levers(
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
            help="A dispatcher's token, or dev-tokens.json of antmile serve --dev; "
            "by default what ANTMILE_TOKEN holds."
        ),
    ] = None,
) -> None:
    """Keep where the service is and who calls, for the lever."""
    context.obj = Service(address, network, token_file)


# --- legs and tours --------------------------------------------------------------------


@app.command()
@plain_errors()
def pin(
    context: typer.Context,
    leg: LegName,
    courier: Annotated[str, typer.Option(help="Who alone may have it: an id or a name.")],
    why: Why,
) -> None:
    """Let nobody but one courier have a leg."""
    service: Service = context.obj
    who = service.name(courier, "couriers")
    _pull(service, "PinLeg", name=service.name(leg), courier=who, reason=why)
    _say(f"{service.name(leg)}: for {who} alone")


@app.command()
@plain_errors()
def unpin(context: typer.Context, leg: LegName, why: Why) -> None:
    """Let anybody have a leg again."""
    service: Service = context.obj
    _pull(service, "UnpinLeg", name=service.name(leg), reason=why)
    _say(f"{service.name(leg)}: for anybody")


@app.command()
@plain_errors()
def reassign(
    context: typer.Context,
    leg: LegName,
    why: Why,
    courier: Annotated[
        str, typer.Option(help="Who gets it; by default whom the next plan chooses.")
    ] = "",
) -> None:
    """Take a leg that is not picked up from its courier, for another one or for anybody."""
    service: Service = context.obj
    who = service.name(courier, "couriers") if courier else ""
    _pull(service, "ReassignLeg", name=service.name(leg), courier=who, reason=why)
    _say(f"{service.name(leg)}: taken back, for {who or 'whom the next plan chooses'}")


@app.command()
@plain_errors()
def rescue(
    context: typer.Context,
    tour: Annotated[str, Name(metavar="TOUR", help="couriers/C/tours/T.")],
    why: Why,
) -> None:
    """Give up on a courier who has vanished; what the courier holds waits to be fetched."""
    service: Service = context.obj
    _pull(service, "RescueTour", name=service.name(tour), reason=why)
    _say(f"{service.name(tour)}: given up")


@app.command()
@plain_errors()
def attest(
    context: typer.Context,
    parcel: ParcelName,
    taker: Annotated[str, typer.Option(help="The courier who takes it: an id or a name.")],
    why: Why,
) -> None:
    """Stand for the scan that a courier who gives a parcel away cannot make."""
    service: Service = context.obj
    who = service.name(taker, "couriers")
    made = _pull(service, "AttestHandover", name=service.name(parcel), taker=who, reason=why)
    holder = made.get("custody", {}).get("custodian", "")
    if holder == who:
        _say(f"{made['name']}: {who} has it")
    else:
        _say(
            f"{made['name']}: {holder} has it until {who} scans it; your word stands for its giver"
        )


@app.command()
@plain_errors()
def override(context: typer.Context, parcel: ParcelName, why: Why) -> None:
    """Let a parcel's next failed attempt count without evidence."""
    service: Service = context.obj
    _pull(service, "OverrideAttempt", name=service.name(parcel), reason=why)
    _say(f"{service.name(parcel)}: the next failed attempt needs no evidence")


# --- hubs ------------------------------------------------------------------------------


@app.command("pause-hub")
@plain_errors()
def pause_hub(
    context: typer.Context,
    hub: HubName,
    why: Why,
    until: Until = None,
    minutes: Minutes = None,
) -> None:
    """Let a hub take and give nothing, until an instant or until it is resumed."""
    service: Service = context.obj
    name, end = service.name(hub, "hubs"), _end(until, minutes)
    given = {"end_time": end} if end else {}
    _pull(service, "PauseHub", name=name, reason=why, **given)
    _say(f"{name}: paused until {end or 'it is resumed'}")


@app.command("resume-hub")
@plain_errors()
def resume_hub(context: typer.Context, hub: HubName, why: Why) -> None:
    """Let a paused hub work again."""
    service: Service = context.obj
    name = service.name(hub, "hubs")
    _pull(service, "ResumeHub", name=name, reason=why)
    _say(f"{name}: works again")


# --- ways ------------------------------------------------------------------------------


@app.command()
@plain_errors()
def close(
    context: typer.Context,
    kind: Annotated[Kind, Name(help="What is closed.")],
    *,
    why: Why,
    ref: Annotated[
        str,
        Name(
            metavar="[REF]",
            help="street: id of an OpenStreetMap way. gate: id of a compound, of one of its "
            "gates, or of a node.",
        ),
    ] = "",
    corner: Annotated[
        list[str] | None, typer.Option(help="LAT,LON of an area's corners, in order.")
    ] = None,
    until: Until = None,
    minutes: Minutes = None,
    zone: ZoneId = "all",
    name: Annotated[str, typer.Option(help="Id of the closure; by default one is made.")] = "",
) -> None:
    """Close a street, an area or a gate until an instant: plans lead around it."""
    service: Service = context.obj
    end = _end(until, minutes)
    if not end:
        fail("--until or --minutes is required: when does it open again?")
    closure: dict[str, Any] = {"kind": kind.value.upper(), "end_time": end, "reason": why}
    if (kind is Kind.AREA) == bool(ref) or (kind is Kind.AREA) != bool(corner):
        fail("an area needs three --corner or more; a street or a gate needs its id")
    closure |= {"corners": [_corner(text) for text in corner]} if corner else {"ref": ref}
    parent = service.name(f"zones/{zone}")
    made = _pull(service, "CreateClosure", parent=parent, closure_id=name, closure=closure)
    _say(f"{made['name']}: closed until {made['end_time']}")


@app.command("open")
@plain_errors()
def open_(
    context: typer.Context,
    closure: Annotated[str, Name(metavar="CLOSURE", help="Its id, or zones/Z/closures/C.")],
    why: Why,
    zone: ZoneId = "all",
) -> None:
    """Open what is closed, before its time."""
    service: Service = context.obj
    name = service.name(closure, f"zones/{zone}/closures")
    _pull(service, "DeleteClosure", name=name, reason=why)
    _say(f"{name}: open")


@app.command()
@plain_errors()
def closures(context: typer.Context, zone: ZoneId = "all") -> None:
    """List what is closed, until when, by whom and why."""
    service: Service = context.obj
    parent = service.name(f"zones/{zone}")
    with _client(service) as client:
        found = client.pages("ListClosures", "closures", parent=parent)
    for one in found:
        what = one.get("ref") or f"{len(one.get('corners', []))} corners"
        _say(
            f"{one['name']}  {one['kind']} {what}  until {one['end_time']}  "
            f"{one['actor']}: {one['reason']}"
        )
    if not found:
        _say(f"{parent}: nothing is closed")


# --- what all share --------------------------------------------------------------------


def _say(line: str) -> None:
    typer.echo(line)


def _pull(service: Service, method: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    with _client(service) as client:
        return client.call(method, **fields)


@contextmanager
def _client(service: Service) -> "Iterator[Client]":
    """Open a client; what it is refused ends the program with a line that says what to do."""
    from dispatch.service.client import CallError, Client

    with Client(service.address, _token(service)) as client:
        try:
            yield client
        except CallError as error:
            _refused(error, service.address)


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


def _refused(error: "CallError", address: str) -> None:
    said = str(error)
    if len(error.faults) > 1:
        for fault in error.faults:
            typer.echo(fault, err=True)
        said = f"{len(error.faults)} bad fields"
    if error.code == "UNAVAILABLE" and not error.reason:
        fail(f"nobody answers at {address}: start antmile serve, or name another with --address")
    reason = f" ({error.reason})" if error.reason else ""
    advice = ADVICE.get("ZONE_NOT_FOUND" if str(error).startswith(NO_ZONE) else error.code)
    fail(f"{said}{reason}" + (f": {advice}" if advice else ""))


def _end(until: str | None, minutes: int | None) -> str:
    """Return an instant as JSON has it; empty where none was given."""
    if until is not None and minutes is not None:
        fail("--until and --minutes: give one of them")
    if minutes is not None:
        end = _now() + timedelta(minutes=minutes)
    elif until is None:
        return ""
    else:
        try:
            end = datetime.fromisoformat(until)
        except ValueError:
            fail(f"--until: {until!r} is not an instant such as 2026-05-01T18:00+08:00")
        if end.tzinfo is None:
            fail(f"--until: {until!r} does not say whose time it is: add an offset such as +08:00")
    return end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> datetime:
    from dispatch.clock import SystemClock

    return datetime.fromtimestamp(SystemClock().now(), UTC)


def _corner(text: str) -> dict[str, float]:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        fail(f"{text!r} is not a corner LAT,LON such as 31.2304,121.4737")
    return {"latitude": lat, "longitude": lon}
