"""What `antmile compound check` prints of a compound: tables that people can read."""

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from dispatch.onboarding import Survey
    from maps.compounds import Compound, Gate

MOST_WALKS = 40
"""More entrances than these are told by their worst."""


def tables_of(found: "Survey") -> Iterator[Table]:
    """Yield the tables of a survey: gates, entrances, posts, and what the map knew."""
    for compound in found.compounds:
        yield _gates(compound)
        yield _entrances(found, compound)
    if found.coverage:
        yield _posts(found)
    if found.matches:
        yield _matches(found)


def _table(*headers: str, title: str = "") -> Table:
    """Return a table that folds long ids where the terminal is narrow."""
    table = Table(title=title)
    for header in headers:
        table.add_column(header, overflow="fold")
    return table


def _gates(compound: "Compound") -> Table:
    table = _table("gate", "rule", "who fits", "hours", "sign in", title=_title(compound))
    for gate in compound.gates:
        sign_in = "" if gate.sign_in_s is None else f"{gate.sign_in_s} s"
        table.add_row(gate.id, gate.rule.value, _modes(gate), _hours(gate), sign_in)
    return table


def _title(compound: "Compound") -> str:
    name = f"{compound.id} ({compound.name})" if compound.name else compound.id
    return f"{name}: gates"


def _modes(gate: "Gate") -> str:
    from maps.profiles import MODES

    return "all" if gate.modes == MODES else ", ".join(gate.modes)


def _hours(gate: "Gate") -> str:
    from maps.compounds import ALL_DAY

    if (gate.opens_s, gate.closes_s) == ALL_DAY:
        return "always"
    opens, closes = (
        f"{second // 3600:02}:{second % 3600 // 60:02}" for second in (gate.opens_s, gate.closes_s)
    )
    return f"{opens}-{closes}"


def _entrances(found: "Survey", compound: "Compound") -> Table:
    """Return the entrances, those with the longest walk first where they are many."""
    walks = {
        (walk.building, walk.entrance): walk for walk in found.walks if walk.compound == compound.id
    }
    doors = list(compound.entrances)
    title = f"{compound.id}: {len(doors)} entrances"
    if len(doors) > MOST_WALKS:
        title += f", the {MOST_WALKS} farthest"
        doors.sort(
            key=lambda door: (
                -its.seconds if (its := walks.get((door.building, door.entrance))) else 0.0
            )
        )
        doors = doors[:MOST_WALKS]
    table = _table("building", "entrance", "floors", "up by", "nearest gate", "walk", title=title)
    table.columns[5].justify = "right"
    for door in doors:
        walk = walks.get((door.building, door.entrance))
        how = "not known" if door.has_lift is None else ("lift" if door.has_lift else "stairs")
        table.add_row(
            door.building,
            door.entrance,
            "not known" if door.floors is None else str(door.floors),
            how,
            walk.gate if walk else "",
            "" if walk is None else f"{walk.seconds:.0f} s" if isfinite(walk.seconds) else "no way",
        )
    return table


def _posts(found: "Survey") -> Table:
    from dispatch.onboarding.rosters import hours

    read = found.onboarding
    table = _table("post", "hub", "least", "to be kept", "below", "somebody spare", "guards")
    table.title = f"posts, rosters of {read.calendar.day}"
    for its in found.coverage:
        table.add_row(
            its.post.id,
            its.post.hub,
            str(its.post.minimum),
            hours(read, its.spans),
            hours(read, its.below) or "never",
            hours(read, its.spare) or "never",
            str(len(its.guards)),
        )
    return table


def _matches(found: "Survey") -> Table:
    table = _table("compound", "on the map", "land in common", "gates moved", "entrances moved")
    table.title = "against the map"
    for match in found.matches:
        gates = _moved(match.gates)
        if match.left_out:
            gates += f"; left out {', '.join(match.left_out)}"
        table.add_row(
            match.compound,
            match.found or "new",
            "" if match.common is None else f"{match.common:.0f} %",
            gates,
            _moved(match.entrances),
        )
    return table


def _moved(things: tuple[tuple[str, float | None], ...]) -> str:
    """Return ``2 as found, b by 12 m, 1 new``."""
    at_least_m = 1.0
    known = [(name, metres) for name, metres in things if metres is not None]
    moved = [f"{name} by {metres:.0f} m" for name, metres in known if metres >= at_least_m]
    as_found, fresh = len(known) - len(moved), len(things) - len(known)
    words = [f"{as_found} as found"] if as_found else []
    words += moved[:5] + ([f"{len(moved) - 5} more"] if len(moved) > 5 else [])  # noqa: PLR2004
    words += [f"{fresh} new"] if fresh else []
    return ", ".join(words)
