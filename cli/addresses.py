"""``antmile address``: address lines read from a file, and those that wait in a running service."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import fail, plain_errors
from cli.live import Service, connected, pull, remember, say

if TYPE_CHECKING:
    from dispatch.addresses import CompoundBook, KnownCompound, Reading

app = typer.Typer(
    help="Read address lines of compounds; list and correct those that wait in a running service.",
    no_args_is_help=True,
)
app.callback()(remember)

COLUMNS = ("certainty", "compound", "building", "entrance", "floor", "room", "why", "line")
_LINE_COLUMNS = ("line", "address")
_PARTS = ("compound", "building", "entrance", "floor", "room")
_LESSONS = {
    "LEARNED": "learned: lines of this form are likely read so, after one more correction for "
    "certain",
    "CONFIRMED": "confirmed: lines of this form are certain from now on",
    "CONTRADICTED": "settled, but corrections of this form contradict each other: such lines wait "
    "until one reading leads",
    "NOT_LEARNED": "settled; nothing was learned, because the line does not hold what was said",
}


@app.command()
@plain_errors()
def parse(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="CSV with a column line or address, or plain lines; - reads standard input.",
        ),
    ],
    *,
    compounds: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="Known compounds: a folder with compounds.csv and entrances.csv, or GeoJSON.",
        ),
    ] = None,
    within: Annotated[
        str, typer.Option(help="The compound in which all of them lie, by its id or name.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A CSV file to write, in place of a table.")
    ] = None,
) -> None:
    """Read address lines: compound, building, entrance, floor and room, with how sure that is.

    Floor 0 is the level of the entrance: room 501 is on floor 4.

    Example: echo 阳光花园3号楼2单元501 | antmile address parse -
    """
    from dispatch.addresses import CompoundBook
    from dispatch.addresses import parse as read

    lines = _lines(_text(file), file)
    book = CompoundBook() if compounds is None else _book(compounds)
    if within and book and book.find(within) is None:
        raise typer.BadParameter(f"{within!r} is none of the compounds", param_hint="--within")
    counts: Counter[str] = Counter()

    def rows() -> Iterator[tuple[str, ...]]:
        for line in lines:
            reading = read(line, book, within)
            counts[reading.certainty.value] += 1
            yield _cells(reading, line)

    if out is None:
        _print_table(rows())
    else:
        with out.open("w", encoding="utf-8", newline="") as sink:
            writer = csv.writer(sink, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(rows())
    total = len(lines)
    shares = ", ".join(
        f"{counts[kind]} {kind.lower()} ({100 * counts[kind] / max(total, 1):.1f} %)"
        for kind in ("CERTAIN", "LIKELY", "UNREAD")
    )
    say(f"{total} lines: {shares}")


@app.command()
@plain_errors()
def queue(
    context: typer.Context,
    merchant: Annotated[str, typer.Argument(help="Whose lines; - for everybody's.")] = "-",
    compound: Annotated[str, typer.Option(help="Of this compound alone, by id or name.")] = "",
) -> None:
    """List the lines that wait for somebody to read them. They are personal data."""
    service: Service = context.obj
    parent = service.name(merchant, "merchants")
    with connected(service) as client:
        found = client.pages(
            "ListUnreadAddresses", "unread_addresses", parent=parent, compound=compound
        )
    for one in found:
        guess = one.get("guess", {})
        parts = " ".join(f"{part}={guess[part]}" for part in _PARTS if part in guess)
        say(f"{one['name']}  {one['line']}  {guess['certainty'].lower()}: {guess['why']}  {parts}")
    if not found:
        say(f"{parent}: no line waits")


@app.command()
@plain_errors()
def correct(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="LINE", help="Its name, as queue lists it.")],
    *,
    compound: Annotated[str, typer.Option(help="The compound, by its id or name.")],
    building: Annotated[str, typer.Option(help="As on its sign.")] = "",
    entrance: Annotated[str, typer.Option(help="As on its sign.")] = "",
    floor: Annotated[
        int | None, typer.Option(help="0 is the level of the entrance: room 501 is on floor 4.")
    ] = None,
    room: Annotated[str, typer.Option(help="As on its door.")] = "",
) -> None:
    """Say what a line means: it leaves the queue, and lines of its form are read from then on."""
    service: Service = context.obj
    parts: dict[str, Any] = {
        "compound": compound, "building": building, "entrance": entrance, "room": room,
    }  # fmt: skip
    if floor is not None:
        parts["floor"] = floor
    made = pull(service, "CorrectAddress", name=service.name(name), **parts)
    say(_LESSONS[made["lesson"]])


def _text(file: str) -> str:
    """Return the content of a file, or of standard input."""
    raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        # What spreadsheets in China write.
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        fail(f"{file}: is neither UTF-8 nor GB18030 text")


def _lines(text: str, file: str) -> list[str]:
    """Return the lines of a CSV's column, or the text's own lines."""
    rows = list(csv.reader(io.StringIO(text)))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    named = [header.index(name) for name in _LINE_COLUMNS if name in header]
    if named:
        return [row[named[0]] if len(row) > named[0] else "" for row in rows[1:] if row]
    if file.endswith(".csv") and len(header) > 1:
        fail(f"{file}: has no column {' or '.join(_LINE_COLUMNS)}")
    return [line for line in text.splitlines() if line.strip()]


def _cells(reading: "Reading", line: str) -> tuple[str, ...]:
    floor = "" if reading.floor is None else str(reading.floor)
    return (
        reading.certainty.value, reading.compound, reading.building, reading.entrance, floor,
        reading.room, reading.why, line,
    )  # fmt: skip


def _print_table(rows: Iterator[tuple[str, ...]]) -> None:
    """Print rows with tabs between their cells, for eyes and for other programs."""
    say("\t".join(COLUMNS))
    for row in rows:
        say("\t".join(map(_printable, row)))


def _printable(text: str, longest: int = 80) -> str:
    """Return a text that cannot move a terminal's cursor, and is not too long for it."""
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


def _book(path: Path) -> "CompoundBook":
    """Return known compounds: those are all that lines may name."""
    from dispatch.addresses import CompoundBook

    if path.is_dir():
        return CompoundBook(_of_tables(path), is_whole=True)
    from dispatch.sim.compounds import known_compound
    from maps.land.compound_files import read_corrections

    found = map(known_compound, read_corrections(path).compounds)
    return CompoundBook(found, is_whole=True)


def _of_tables(folder: Path) -> "Iterator[KnownCompound]":
    """Yield the compounds of a folder's tables; a column city is used where there is one."""
    from dispatch.addresses import KnownCompound

    entrances: dict[str, dict[str, dict[str, int | None]]] = {}
    if (folder / "entrances.csv").exists():
        for row in _table(folder / "entrances.csv", ("compound", "building", "entrance")):
            floors = row.get("floors") or ""
            by_building = entrances.setdefault(row["compound"], {})
            by_building.setdefault(row["building"], {})[row["entrance"]] = (
                int(floors) if floors.isdecimal() else None
            )
    for row in _table(folder / "compounds.csv", ("id", "name")):
        names = [row["name"], *(row.get("aliases") or "").split(";")]
        yield KnownCompound(
            id=row["id"],
            names=tuple(name.strip() for name in names if name.strip()),
            city=(row.get("city") or "").strip().removesuffix("市"),
            entrances=entrances.get(row["id"], {}),
        )


def _table(path: Path, needed: Sequence[str]) -> list[Mapping[str, str]]:
    rows = list(csv.DictReader(io.StringIO(_text(str(path)))))
    for column in needed:
        if rows and column not in rows[0]:
            fail(f"{path}: has no column {column}")
    return [{key: value or "" for key, value in row.items() if key} for row in rows]
