"""Files of a day that are checked now and used by later engines.

Posts and consents come with the day folders of partners. A bad row in them is as bad as one
elsewhere; a good one changes nothing yet, and the notes say so.
"""

from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum

from dispatch.sim import columns
from dispatch.sim.compounds import check_compound, names_of
from dispatch.sim.rows import MERCHANT, Known, own_id, window_of
from dispatch.sim.table import Row

Tables = Mapping[str, list[Row]]


class ConsentKind(StrEnum):
    """What a recipient consented to."""

    COLLECTION = "COLLECTION"
    PERSON = "PERSON"
    SAFE_PLACE = "SAFE_PLACE"


def check_extras(tables: Tables, known: Known) -> None:
    """Note what is wrong in posts and consents."""
    _check_posts(tables[columns.POSTS], known, names_of(tables))
    _check_consents(tables, known)


def unused_notes(tables: Tables) -> list[str]:
    """Say what was read and checked but changes nothing yet."""
    notes = []
    for file in (columns.POSTS, columns.CONSENTS):
        if tables[file]:
            noun = file.removesuffix(".csv")
            notes.append(f"{file}: {len(tables[file])} {noun} read and checked, not used yet")
    for file, names in columns.UNUSED_COLUMNS.items():
        for name in names:
            count = sum(row.text(name) not in {"", "0", "door"} for row in tables[file])
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


def _check_consents(tables: Tables, known: Known) -> None:
    parcels = {
        name
        for row in tables[columns.PARCELS]
        for name in (row.text("id"), f"{row.text('merchant', MERCHANT)}/{row.text('id')}")
    }
    for row in tables[columns.CONSENTS]:
        if row.has("household") == row.has("parcel"):
            row.note("household", "give a household or a parcel, one of the two")
        elif row.has("parcel") and row.text("parcel") not in parcels:
            row.note("parcel", f"there is no parcel {row.text('parcel')[:80]!r}")
        kind = row.choice("kind", tuple(ConsentKind), ConsentKind.SAFE_PLACE)
        if kind is ConsentKind.COLLECTION:
            known.check_hub(row, "target")
        if kind is ConsentKind.PERSON:
            known.check_courier(row, "target")
        row.needed("evidence")
        if row.has("withdrawn_at"):
            window_of(row, "given_at", "withdrawn_at")
        else:
            row.instant("given_at", 0)
