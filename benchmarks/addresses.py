"""How fast address lines are read: 100,000 of them on one core, with and without known compounds.

The lines are the thousand of the tests, over and over with other rooms, so that no two are the
same.

Run: python -m benchmarks.addresses [--lines 100000]
"""

import argparse
import csv
import re
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dispatch.addresses import Certainty, CompoundBook, KnownCompound, parse

LINES = Path(__file__).parents[1] / "tests" / "dispatch" / "address_lines.csv"
LIMIT_S = 5.0
COMPOUNDS = 500
ROOM = re.compile(r"\d{3,4}(?!.*\d{3,4})")


def lines_of(count: int) -> tuple[list[str], list[str]]:
    """Return so many lines, and the names of their compounds."""
    with LINES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for number in range(count):
        line = rows[number % len(rows)]["line"]
        room = f"{1 + number // len(rows) % 30}{1 + number % 9:02d}"
        lines.append(ROOM.sub(room, line))
    return lines, sorted({row["compound"] for row in rows} - {""})


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=100_000)
    count = options.parse_args().lines
    lines, names = lines_of(count)
    books = {
        "none": CompoundBook(),
        f"{COMPOUNDS}": CompoundBook(
            KnownCompound(
                id=f"c{number}",
                names=(names[number] if number < len(names) else f"第{number}家园",),
                entrances={str(one): {str(two): 33 for two in range(1, 7)} for one in range(1, 39)},
            )
            for number in range(COMPOUNDS)
        ),
    }
    table = Table("known compounds", "lines", "CPU seconds", "lines a second", "certain")
    for name, book in books.items():
        began = time.process_time()
        certain = sum(parse(line, book).certainty is Certainty.CERTAIN for line in lines)
        took_s = time.process_time() - began
        table.add_row(
            name, f"{count:,}", f"{took_s:.2f}", f"{count / took_s:,.0f}", f"{certain / count:.1%}"
        )
    Console().print(table)
    Console().print(f"at most {LIMIT_S:.0f} s for 100,000 lines is what we want")


if __name__ == "__main__":
    main()
