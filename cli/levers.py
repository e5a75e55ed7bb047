"""``antmile lever``: what a dispatcher does by hand in a running service.

Each lever asks why, and who, when and why stand in the log. The caller is the token's, so nobody
types a name of their own.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.errors import fail, plain_errors
from cli.live import Service, Why, connected, remember
from cli.live import pull as _pull
from cli.live import say as _say

app = typer.Typer(
    help="Pull a lever of a running service: pin, reassign, rescue, pause a hub, close a street.",
    no_args_is_help=True,
)


class Kind(StrEnum):
    """What can be closed."""

    STREET = "street"
    AREA = "area"
    GATE = "gate"


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


app.callback()(remember)


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
    with connected(service) as client:
        found = client.pages("ListClosures", "closures", parent=parent)
    for one in found:
        what = one.get("ref") or f"{len(one.get('corners', []))} corners"
        _say(
            f"{one['name']}  {one['kind']} {what}  until {one['end_time']}  "
            f"{one['actor']}: {one['reason']}"
        )
    if not found:
        _say(f"{parent}: nothing is closed")


# --- instants and corners ------------------------------------------------------------------


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
