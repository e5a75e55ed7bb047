"""Files of a day that are checked now and used by later engines.

Gates, entrances, posts, compounds and consents come with the day folders of partners. A bad
row in them is as bad as one elsewhere; a good one changes nothing yet, and the notes say so.
"""

from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum

from dispatch.core.model import Mode
from dispatch.sim import columns
from dispatch.sim.rows import MERCHANT, Known, once, own_id, window_of
from dispatch.sim.table import Row

Tables = Mapping[str, list[Row]]


class GateRule(StrEnum):
    """Who may pass a gate."""

    OPEN = "OPEN"
    SIGN_IN = "SIGN_IN"
    PERMIT = "PERMIT"


class ConsentKind(StrEnum):
    """What a recipient consented to."""

    COLLECTION = "COLLECTION"
    PERSON = "PERSON"
    SAFE_PLACE = "SAFE_PLACE"


def check_extras(tables: Tables, known: Known) -> None:
    """Note what is wrong in the optional files."""
    compounds: dict[Hashable, int] = {}
    for row in tables[columns.COMPOUNDS]:
        own_id(row, compounds)
        row.needed("name")
    # Without a list of compounds their names are only names.
    names = frozenset(str(name) for name in compounds) if tables[columns.COMPOUNDS] else None
    _check_gates(tables[columns.GATES], known, names)
    _check_entrances(tables[columns.ENTRANCES], known, names)
    _check_posts(tables[columns.POSTS], known, names)
    _check_consents(tables, known)


def unused_notes(tables: Tables) -> list[str]:
    """Say what was read and checked but changes nothing yet."""
    notes = []
    for file in (
        columns.COMPOUNDS,
        columns.GATES,
        columns.ENTRANCES,
        columns.POSTS,
        columns.CONSENTS,
    ):
        if tables[file]:
            noun = file.removesuffix(".csv")
            notes.append(f"{file}: {len(tables[file])} {noun} read and checked, not used yet")
    for file, names in columns.UNUSED_COLUMNS.items():
        for name in names:
            count = sum(row.text(name) not in {"", "0", "door"} for row in tables[file])
            if count:
                notes.append(f"{file}: {name}: {count} values read and checked, not used yet")
    return notes


def _check_compound(row: Row, names: frozenset[str] | None) -> None:
    found = row.needed("compound")
    if found and names is not None and found not in names:
        row.note("compound", f"there is no compound {found[:80]!r}")


def _check_gates(rows: Iterable[Row], known: Known, names: frozenset[str] | None) -> None:
    seen: dict[Hashable, int] = {}
    modes = {mode.value for mode in Mode}
    for row in rows:
        own_id(row, seen)
        _check_compound(row, names)
        known.place(row)
        row.choice("rule", tuple(GateRule), GateRule.OPEN)
        if row.whole("sign_in_s", 0) < 0:
            row.note("sign_in_s", f"{row.text('sign_in_s')} is negative")
        for mode in row.items("modes"):
            if mode not in modes:
                row.note("modes", f"{mode[:80]!r} is none of {', '.join(Mode)}")
        if row.has("opens_at") or row.has("closes_at"):
            window_of(row)


def _check_entrances(rows: Iterable[Row], known: Known, names: frozenset[str] | None) -> None:
    seen: dict[Hashable, int] = {}
    for row in rows:
        _check_compound(row, names)
        parts = (row.text("compound"), row.needed("building"), row.needed("entrance"))
        if all(parts):
            once(row, "entrance", parts, " ".join(map(repr, parts)), seen)
        known.place(row)
        if row.whole("floors") < 0:
            row.note("floors", f"{row.text('floors')} is negative")
        row.needed("lift")
        row.flag("lift")


def _check_posts(rows: Iterable[Row], known: Known, names: frozenset[str] | None) -> None:
    seen: dict[Hashable, int] = {}
    for row in rows:
        own_id(row, seen)
        _check_compound(row, names)
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
