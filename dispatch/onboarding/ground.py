"""Whether land, gates, entrances, booths and posts of a folder fit each other. Knows no roads."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import shapely

from dispatch.core.model import HubKind
from dispatch.onboarding.folder import Onboarding
from dispatch.sim import columns
from dispatch.sim.table import Problems, Row
from maps.compounds import Compound
from maps.earth import Bounds, LocalProjection, coordinates, haversine_m
from maps.land import outlines

GATE_BOUNDARY_M = 50.0
"""A gate farther from its compound's boundary was put in the wrong place."""
OUTSIDE_M = 15.0
"""An entrance farther outside the boundary was; boundaries are drawn by hand."""
BOOTH_M = 60.0
"""A booth farther from every gate of its compound is not where people pass."""
_TOUCHING = 0.02
"""Share of the smaller land that neighbours may have in common: outlines are drawn by hand."""
_WITHIN = 0.98
_SAME = 0.8


def check_land(read: Onboarding, problems: Problems, warnings: Problems) -> None:
    """Check a folder's compounds by themselves and against each other."""
    by_id = {compound.id: compound for compound in read.compounds}
    _check_gates(read.tables[columns.GATES], by_id, problems)
    _check_entrances(read.tables[columns.ENTRANCES], by_id, problems, warnings)
    _check_overlaps(read, problems, warnings)
    _check_posts(read, problems, warnings)
    _check_booths(read, warnings)


def check_merged(
    read: Onboarding, compounds: Iterable[Compound], problems: Problems, warnings: Problems
) -> None:
    """Check what has to be known of each compound, be it from the folder or from the map."""
    for compound in compounds:
        if not compound.gates:
            note_at(
                read.tables[columns.COMPOUNDS],
                compound.id,
                "id",
                f"{compound.id!r} has no gate, here or on the map: give at least one in "
                f"{columns.GATES}",
                problems,
            )
        if not compound.entrances:
            note_at(
                read.tables[columns.COMPOUNDS],
                compound.id,
                "id",
                f"{compound.id!r} has no entrance, here or on the map: doors are looked for where "
                "each parcel says",
                warnings,
            )


def check_neighbours(read: Onboarding, every: Sequence[Compound], warnings: Problems) -> None:
    """Warn of compounds of the map that overlap the folder's."""
    own = {compound.id for compound in read.compounds}
    others = [compound for compound in every if compound.id not in own]
    if not others or not read.compounds:
        return
    projection = _projection([*read.compounds, *others])
    lands = outlines.polygons(others, projection)
    tree = shapely.STRtree(lands)
    for compound in read.compounds:
        land = outlines.polygon(compound.boundary, projection)
        for index in tree.query(land, predicate="intersects").tolist():
            words = _overlap(land, lands[index])
            if words:
                note_at(
                    read.tables[columns.COMPOUNDS],
                    compound.id,
                    "boundary",
                    f"{compound.id!r} {words} {others[index].id!r} of the map "
                    f"({others[index].name or 'no name'})",
                    warnings,
                )


def note_at(rows: Iterable[Row], own: str, column: str, text: str, to: Problems) -> None:
    """Note something of the row with an id, or of the whole folder where no row has it."""
    for row in rows:
        if row.text("id") == own:
            to.add(row.file, text, line=row.line, column=column)
            return
    to.add(columns.COMPOUNDS, text)


def outline_m(compound: Compound, lat: float, lon: float) -> tuple[float, bool]:
    """Return metres from a point to a compound's boundary, and whether it lies inside."""
    projection = _projection([compound])
    land = outlines.polygon(compound.boundary, projection)
    point = shapely.points(projection.xy(lat, lon)[0])
    return float(shapely.distance(land.boundary, point)), bool(land.intersects(point))


def _check_gates(rows: Iterable[Row], by_id: dict[str, Compound], problems: Problems) -> None:
    for row in rows:
        compound = by_id.get(row.text("compound"))
        gate = (
            next((g for g in compound.gates if g.id == row.text("id")), None) if compound else None
        )
        if compound is None or gate is None or not compound.boundary or row.is_bad("lat"):
            continue
        far_m, _ = outline_m(compound, gate.lat, gate.lon)
        if far_m > GATE_BOUNDARY_M:
            problems.add(
                row.file,
                f"gate {gate.id!r} is {far_m:.0f} m from the boundary of {compound.id!r}: put it "
                f"within {GATE_BOUNDARY_M:.0f} m, or mend the boundary",
                line=row.line,
                column="lat",
            )


def _check_entrances(
    rows: Iterable[Row], by_id: dict[str, Compound], problems: Problems, warnings: Problems
) -> None:
    for row in rows:
        missing = [
            words
            for column, words in (("floors", "floors"), ("lift", "lift"))
            if not row.has(column)
        ]
        if missing:
            warnings.add(
                row.file,
                f"{' and '.join(missing)} not known: stairs from the ground are planned with",
                line=row.line,
                column=missing[0],
            )
        compound = by_id.get(row.text("compound"))
        doors = compound.entrances if compound else ()
        name = (row.text("building"), row.text("entrance"))
        door = next((door for door in doors if (door.building, door.entrance) == name), None)
        if compound is None or door is None or not compound.boundary or row.is_bad("lat"):
            continue
        far_m, is_inside = outline_m(compound, door.lat, door.lon)
        if not is_inside and far_m > OUTSIDE_M:
            problems.add(
                row.file,
                f"entrance {' '.join(name)!r} lies {far_m:.0f} m outside {compound.id!r}: move it, "
                "or widen the boundary",
                line=row.line,
                column="lat",
            )


def _check_overlaps(read: Onboarding, problems: Problems, warnings: Problems) -> None:
    lands = [compound for compound in read.compounds if compound.boundary]
    if not lands:
        return
    projection = _projection(lands)
    shapes = {compound.id: outlines.polygon(compound.boundary, projection) for compound in lands}
    for a, b in combinations(lands, 2):
        words = _overlap(shapes[a.id], shapes[b.id])
        if words:
            note_at(
                read.tables[columns.COMPOUNDS],
                b.id,
                "boundary",
                f"{b.id!r} {words} {a.id!r}",
                warnings if words == _NESTED else problems,
            )


_NESTED = "lies within, or holds,"


def _overlap(a: shapely.Geometry, b: shapely.Geometry) -> str:
    """Return how two lands overlap; empty where they merely touch."""
    smaller, larger = sorted((float(shapely.area(a)), float(shapely.area(b))))
    if not smaller:
        return ""
    common_m2 = float(shapely.area(shapely.intersection(a, b)))
    if common_m2 <= _TOUCHING * smaller:
        return ""
    if common_m2 >= _WITHIN * smaller:
        return "is the same land as" if smaller >= _SAME * larger else _NESTED
    return f"overlaps by {common_m2:.0f} m² with"


def _check_posts(read: Onboarding, problems: Problems, warnings: Problems) -> None:
    place_of = {hub.id: hub.place for hub in read.hubs}
    for row in read.tables[columns.POSTS]:
        hub, compound = row.text("hub"), row.text("compound")
        if not hub:
            if row.has("id"):
                warnings.add(
                    row.file,
                    f"post {row.text('id')!r} keeps no hub: nothing is handed in there",
                    line=row.line,
                    column="hub",
                )
            continue
        place = place_of.get(hub)
        if place is not None and place.compound and compound and place.compound != compound:
            problems.add(
                row.file,
                f"hub {hub!r} stands in {place.compound!r}, the post in {compound!r}",
                line=row.line,
                column="hub",
            )


def _check_booths(read: Onboarding, warnings: Problems) -> None:
    by_id = {compound.id: compound for compound in read.compounds}
    kept = {post.hub: post.compound for post in read.posts if post.hub}
    for hub in read.hubs:
        compound = by_id.get(kept.get(hub.id, hub.place.compound))
        if hub.kind is not HubKind.BOOTH or compound is None or not compound.gates:
            continue
        away_m = haversine_m(hub.place.lat, hub.place.lon, *coordinates(compound.gates))
        nearest = int(away_m.argmin())
        if away_m[nearest] > BOOTH_M:
            note_at(
                read.tables[columns.HUBS],
                hub.id,
                "lat",
                f"booth {hub.id!r} is {away_m[nearest]:.0f} m from its nearest gate, "
                f"{compound.gates[nearest].id!r}: people will pass without seeing it",
                warnings,
            )


def _projection(compounds: Sequence[Compound]) -> LocalProjection:
    points = [
        *(p for compound in compounds for ring in compound.boundary for p in ring),
        *((gate.lat, gate.lon) for compound in compounds for gate in compound.gates),
    ] or [(0.0, 0.0)]
    lat, lon = zip(*points, strict=True)
    return LocalProjection(Bounds(south=min(lat), west=min(lon), north=max(lat), east=max(lon)))
