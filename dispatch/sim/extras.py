"""Files of a day that are checked now and used by later engines.

Posts come with the day folders of partners. A bad row in them is as bad as one elsewhere; a good
one changes nothing yet, and the notes say so.
"""

from collections.abc import Hashable, Iterable, Mapping

from dispatch.sim import columns
from dispatch.sim.compounds import check_compound, names_of
from dispatch.sim.rows import Known, own_id
from dispatch.sim.table import Row

Tables = Mapping[str, list[Row]]


def check_extras(tables: Tables, known: Known) -> None:
    """Note what is wrong in posts."""
    _check_posts(tables[columns.POSTS], known, names_of(tables))


def unused_notes(tables: Tables) -> list[str]:
    """Say what was read and checked but changes nothing yet."""
    notes = []
    posts = tables[columns.POSTS]
    if posts:
        notes.append(f"{columns.POSTS}: {len(posts)} posts read and checked, not used yet")
    for file, names in columns.UNUSED_COLUMNS.items():
        for name in names:
            count = sum(row.text(name) not in {"", "0"} for row in tables[file])
            if count:
                notes.append(f"{file}: {name}: {count} values read and checked, not used yet")
    return notes


def _check_posts(rows: Iterable[Row], known: Known, names: frozenset[str] | None) -> None:
    seen: dict[Hashable, int] = {}
    for row in rows:
        own_id(row, seen)
        check_compound(row, names)
        row.needed("hub")
        known.check_hub(row, "hub")
        if row.whole("minimum") < 0:
            row.note("minimum", f"{row.text('minimum')} is negative")
