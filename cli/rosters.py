"""``antmile roster``: guards' days in a running service, from a CSV file and by hand.

For dispatchers, and for property companies with their own guards. Times are ISO 8601 with an
offset, or HH:MM on a day in a time zone.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.errors import fail, plain_errors
from cli.live import Service, Why, connected, pull, remember, say

if TYPE_CHECKING:
    from dispatch.sim.table import Calendar, Row

app = typer.Typer(
    help="Rosters of a running service: import, list, swap, drop.", no_args_is_help=True
)
app.callback()(remember)

Day = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="Of times like 08:30; today."),
]
Zone = Annotated[str, typer.Option("--timezone", help="Of times like 08:30: an IANA name.")]
Opens = Annotated[str, typer.Argument(metavar="OPENS", help="When the slot begins.")]
_ROW = re.compile(r"rows\[(\d+)\]\.(\w+)[\w.]*")
_COLUMNS = {"courier": "courier_id", "interval": "opens_at"}


@app.command("import")
@plain_errors()
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help="CSV: courier_id, opens_at, closes_at, perhaps post, duty; UTF-8."),
    ],
    day: Day = None,
    timezone: Zone = "UTC",
    check: Annotated[bool, typer.Option("--check", help="Check only; add nothing.")] = False,
) -> None:
    """Add a whole roster, or nothing of it: every bad row is listed."""
    service: Service = context.obj
    lines, rows = _read(file, _calendar(day, timezone), service)
    parent = f"networks/{service.network}"
    with connected(service, _by_line(file, lines)) as client:
        made = client.call("ImportRoster", parent=parent, rows=rows, validate_only=check)
    added, known = made.get("added_count", 0), made.get("known_count", 0)
    what = "would be added" if check else "added"
    say(
        f"{file.name}: {added} slots {what}, {known} were there already, "
        f"{made.get('courier_count', 0)} couriers"
    )


@app.command("list")
@plain_errors()
def list_(
    context: typer.Context,
    compound: Annotated[str, typer.Argument(help="A compound's id.")],
    post: Annotated[str, typer.Option(help="Of this post alone.")] = "-",
    timezone: Zone = "UTC",
) -> None:
    """List the slots of a compound's posts, by their beginning."""
    service: Service = context.obj
    parent = f"{service.name(compound, 'compounds')}/posts/{post}"
    with connected(service) as client:
        found = client.pages("ListRosterSlots", "availability_windows", parent=parent)
    for one in found:
        opens, closes = (
            _local(one["interval"][end], _calendar(None, timezone).zone)
            for end in ("open_time", "close_time")
        )
        courier = one["name"].split("/")[3]
        say(f"{opens}  {closes}  {one['post']}  {one['duty']:<6}  {courier}")
    if not found:
        say(f"{parent}: nobody is rostered")


@app.command()
@plain_errors()
def swap(
    context: typer.Context,
    courier: Annotated[str, typer.Argument(help="Who gives a slot: an id or a name.")],
    opens: Opens,
    taker: Annotated[str, typer.Argument(help="Who takes it.")],
    given_for: Annotated[
        str, typer.Option("--for", help="When the taker's slot begins that is given for it.")
    ] = "",
    day: Day = None,
    timezone: Zone = "UTC",
) -> None:
    """Let a guard take another one's slot, and give one for it where --for names one."""
    service: Service = context.obj
    calendar = _calendar(day, timezone)
    who, other = service.name(courier, "couriers"), service.name(taker, "couriers")
    fields = {"name": _window(who, opens, calendar), "taker": other}
    if given_for:
        fields["taker_window"] = _window(other, given_for, calendar)
    pull(service, "SwapSlots", **fields)
    instead = f", and {who} that of {given_for}" if given_for else ""
    say(f"{other} has the slot of {opens}{instead}")


@app.command()
@plain_errors()
def drop(
    context: typer.Context,
    courier: Annotated[str, typer.Argument(help="Whose slots: an id or a name.")],
    opens: Annotated[list[str], typer.Argument(metavar="OPENS...", help="When they begin.")],
    why: Why,
    day: Day = None,
    timezone: Zone = "UTC",
) -> None:
    """Take slots out of a courier's days. A tour under way goes on."""
    service: Service = context.obj
    calendar, who = _calendar(day, timezone), service.name(courier, "couriers")
    windows = [_window(who, one, calendar) for one in opens]
    left = pull(service, "DropSlots", name=who, availability_windows=windows, reason=why)
    say(f"{who}: {len(left.get('availability_windows', []))} slots left")


# --- times and rows --------------------------------------------------------------------


def _calendar(day: datetime | None, timezone: str) -> "Calendar":
    from dispatch.clock import SystemClock
    from dispatch.sim.table import Calendar

    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        fail(f"--timezone: {timezone!r} is no time zone such as Asia/Shanghai")
    today: date = datetime.fromtimestamp(SystemClock().now(), zone).date()
    return Calendar(today if day is None else day.date(), zone)


def _window(courier: str, opens: str, calendar: "Calendar") -> str:
    """Return the name of a courier's slot by when it opens."""
    try:
        return f"{courier}/availabilityWindows/w{calendar.instant(opens)}"
    except ValueError as error:
        fail(str(error))


def _local(instant: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(instant).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _read(
    file: Path, calendar: "Calendar", service: Service
) -> tuple[list[int], list[dict[str, Any]]]:
    """Return the lines and rows of a roster's file; end the program where it is none."""
    from dispatch.sim.columns import AVAILABILITY, FILES
    from dispatch.sim.table import Problems, read_rows

    problems = Problems()
    rows = read_rows(file, FILES[AVAILABILITY], problems, calendar)
    found = [_row_out(row, service) for row in rows]
    if not problems and not rows:
        problems.add(file.name, "holds no row below its header")
    if problems:
        for line in problems.lines():
            typer.echo(line, err=True)
        fail(f"{len(problems)} problems in {file.name}: nothing was added")
    return [row.line for row in rows], found


def _row_out(row: "Row", service: Service) -> dict[str, Any]:
    from dispatch.core.model import Duty

    opens_at, closes_at = (row.instant(column, 0) for column in ("opens_at", "closes_at"))
    duty = row.choice("duty", list(Duty), Duty.IDLE) if row.has("duty") else Duty.IDLE
    return {
        "courier": service.name(row.needed("courier_id"), "couriers"),
        "interval": {"open_time": _instant(opens_at), "close_time": _instant(closes_at)},
        "post": row.text("post"),
        "duty": duty.name,
    }


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _by_line(file: Path, lines: list[int]) -> Callable[[str], str]:
    """Return what says a bad field of the request by the line and column of the file."""

    def said(fault: str) -> str:
        def place(found: re.Match[str]) -> str:
            return f"{file.name}:{lines[int(found[1])]}: {_COLUMNS.get(found[2], found[2])}"

        first = _ROW.match(fault)
        if first is None:
            return fault
        rest = re.sub(
            r"rows\[(\d+)\]", lambda found: f"line {lines[int(found[1])]}", fault[first.end() :]
        )
        return place(first) + rest

    return said
