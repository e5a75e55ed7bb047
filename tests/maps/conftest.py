"""Road graphs drawn as ASCII, as OSM files."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from maps.earth import METRES_PER_DEGREE
from maps.network import RoadNetwork
from maps.osm import import_osm
from maps.travel import TravelTimes

FIRST_WAY = 100
"""Id of the first way; they count on in the alphabetical order of their letters."""

CELL_M = 50.0
"""Metres between two neighbouring characters, across and down."""

Tags = Mapping[str, str]
Turn = tuple[str, str, str, Tags | str]
"""From, via and to by their letters, several with commas; tags, or a restriction alone.

A way may be named from either end."""


@dataclass(frozen=True)
class Spot:
    """A bare coordinate."""

    lat: float
    lon: float


@dataclass(frozen=True)
class Drawing:
    """A drawn road graph: upper-case letters are nodes, lines between them ways."""

    path: Path
    cells: dict[str, tuple[int, int]] = field(repr=False)

    def at(self, name: str) -> Spot:
        """Return where a node is."""
        return self.along(name, name, 0.0)

    def along(self, a: str, b: str, share: float, *, north_m: float = 0.0) -> Spot:
        """Return a place on the straight line from a to b, moved north."""
        (column_a, row_a), (column_b, row_b) = self.cells[a], self.cells[b]
        column = column_a + share * (column_b - column_a)
        row = row_a + share * (row_b - row_a)
        # At the equator a degree of longitude is as long as one of latitude.
        return Spot(
            lat=(north_m - row * CELL_M) / METRES_PER_DEGREE,
            lon=column * CELL_M / METRES_PER_DEGREE,
        )

    def network(self) -> RoadNetwork:
        """Import the drawing."""
        return import_osm(self.path)

    def travel(self, **options: float) -> TravelTimes:
        """Return travel times on the drawing."""
        return TravelTimes(self.network(), **options)  # type: ignore[arg-type]


def _links(rows: list[str], cells: dict[str, tuple[int, int]]) -> list[str]:
    """Return pairs of letters, in the direction of their arrow; ``!`` marks a one-way."""
    names = {cell: name for name, cell in cells.items()}
    columns = ["".join(row[i] for row in rows) for i in range(len(rows[0]))]
    found = []
    for lines, forward, across in ((rows, "[->]", True), (columns, "[|v]", False)):
        backward = "[-<]" if across else "[|^]"
        for number, line in enumerate(lines):
            for match in re.finditer(rf"(?=([A-Z])(({forward})+|({backward})+)([A-Z]))", line):
                start, end = match.start(1), match.start(5)
                cell_a = (start, number) if across else (number, start)
                cell_b = (end, number) if across else (number, end)
                pair = names[cell_a] + names[cell_b]
                body = match.group(2)
                if set(body) & set("<^"):
                    pair = pair[::-1]
                found.append(pair + ("!" if set(body) & set("<>^v") else ""))
    return found


def _xml(
    drawing: Drawing,
    links: list[str],
    ways: Mapping[str, Tags],
    nodes: Mapping[str, Tags],
    turns: Sequence[Turn],
) -> str:
    lines = ['<osm version="0.6" generator="drawing">']
    number = {name: index for index, name in enumerate(sorted(drawing.cells), start=1)}
    for name, node_id in number.items():
        spot = drawing.at(name)
        tags = _tags(nodes.get(name, {}))
        lines.append(f'<node id="{node_id}" lat="{spot.lat!r}" lon="{spot.lon!r}">{tags}</node>')
    chosen: dict[str, Tags] = {}
    joined = {frozenset(pair) for way in ways for pair in pairwise(way)}
    for link in links:
        pair = link.removesuffix("!")
        if frozenset(pair) not in joined:
            chosen[pair] = {"oneway": "yes"} if link.endswith("!") else {}
    for way, extra in ways.items():
        one_way = {"oneway": "yes"} if f"{way}!" in links else {}
        chosen[way] = {**one_way, **extra}
    way_number = {way: way_id for way_id, way in enumerate(sorted(chosen), start=FIRST_WAY)}
    for way, tags_of_way in sorted(chosen.items()):
        refs = "".join(f'<nd ref="{number[name]}"/>' for name in way)
        tags = _tags({"highway": "residential", **tags_of_way})
        lines.append(f'<way id="{way_number[way]}">{refs}{tags}</way>')
    for relation_id, turn in enumerate(turns, start=500):
        lines.append(_relation(relation_id, turn, {**number, **way_number}))
    return "\n".join([*lines, "</osm>"])


def _relation(relation_id: int, turn: Turn, number: Mapping[str, int]) -> str:
    *named, given = turn
    members = []
    for role, names in zip(("from", "via", "to"), named, strict=True):
        for name in str(names).split(",") if names else ():
            kind = "node" if len(name) == 1 else "way"
            ref = number[name if name in number else name[::-1]]
            members.append(f'<member type="{kind}" ref="{ref}" role="{role}"/>')
    extra = {"restriction": given} if isinstance(given, str) else given
    body = "".join(members) + _tags({"type": "restriction", **extra})
    return f'<relation id="{relation_id}">{body}</relation>'


def _tags(tags: Tags) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in sorted(tags.items()))


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Drawing]:
    """Return a function that turns a drawing into an OSM file.

    ``ways`` gives tags to ways by their letters; ``ABC`` makes one way of the
    links AB and BC. An arrow in a link makes it one-way. ``turns`` adds turn restrictions.
    """

    def _draw(
        text: str,
        *,
        ways: Mapping[str, Tags] | None = None,
        nodes: Mapping[str, Tags] | None = None,
        turns: Sequence[Turn] = (),
    ) -> Drawing:
        rows = text.strip("\n").split("\n")
        indent = min(len(row) - len(row.lstrip()) for row in rows if row.strip())
        width = max(len(row) for row in rows)
        rows = [row.ljust(width)[indent:] for row in rows]
        cells = {
            char: (column, line)
            for line, row in enumerate(rows)
            for column, char in enumerate(row)
            if char.isupper()
        }
        drawing = Drawing(path=tmp_path / "drawing.osm", cells=cells)
        links = _links(rows, cells)
        drawing.path.write_text(_xml(drawing, links, ways or {}, nodes or {}, turns))
        return drawing

    return _draw
