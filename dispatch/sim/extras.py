"""Columns of a day that are checked now and used by later engines.

They come with the day folders of partners. A bad cell in them is as bad as one elsewhere; a good
one changes nothing yet, and the notes say so.
"""

from collections.abc import Mapping

from dispatch.sim import columns
from dispatch.sim.table import Row

Tables = Mapping[str, list[Row]]


def unused_notes(tables: Tables) -> list[str]:
    """Say what was read and checked but changes nothing yet."""
    notes = []
    for file, names in columns.UNUSED_COLUMNS.items():
        for name in names:
            count = sum(row.text(name) not in {"", "0"} for row in tables[file])
            if count:
                notes.append(f"{file}: {name}: {count} values read and checked, not used yet")
    return notes
