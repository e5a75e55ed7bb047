"""Address lines of a network: read with what is known and taught, filled in, kept for a reader."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.addresses import (
    Certainty,
    CompoundBook,
    KnownCompound,
    Lesson,
    Lessons,
    Reading,
    read,
)
from dispatch.log import LessonRow, LineRow, LogUnavailable
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.v1 import parcels_pb2, types_pb2
from dispatch.wire.addresses import fill, has_line_alone

KEY_DIGITS = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads lines of one merchant."""

    book: CompoundBook
    lessons: Lessons

    def read(self, line: str, within: str = "") -> Reading:
        """Read one line."""
        return read(line, self.book, within, self.lessons)


@dataclass(frozen=True, slots=True)
class Unread:
    """A line of a request that was not filled in.

    Attributes
    ----------
    index
        Which parcel of the request.
    role
        Which end of it.
    """

    index: int
    role: str
    line: str
    guess: Reading


class Addresses:
    """What is known of a site's compounds, for reading lines."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._books: dict[str, tuple[list[Any], CompoundBook]] = {}

    async def reader(self, network: HostedNetwork, merchant: str) -> LineReader:
        """Return a reader with what was taught to a merchant, and to everybody."""
        rows = await self._site.read(lambda: self._site.log.lessons(network.id, merchant))
        return LineReader(self.book(network), lessons_of(rows))

    def book(self, network: HostedNetwork) -> CompoundBook:
        """Return the compounds that a network runs, with the entrances that the map has.

        They are not all that there are: a line may name another one.
        """
        known = [zone.state.compounds for zone in network.zones.values()]
        cached = self._books.get(network.id)
        if cached is not None and all(
            one is other for one, other in zip(cached[0], known, strict=True)
        ):
            return cached[1]
        book = CompoundBook(
            self._known(compound.id, compound.name)
            for compounds in known
            for compound in compounds.values()
        )
        self._books[network.id] = (known, book)
        return book

    def _known(self, compound: str, name: str) -> KnownCompound:
        entrances: dict[str, dict[str, int | None]] = {}
        for building, entrance in self._site.entrances(compound) or self._site.entrances(name):
            if building:
                entrances.setdefault(building, {})[entrance] = None
        return KnownCompound(id=compound, names=(name,) if name else (), entrances=entrances)

    async def filled(
        self,
        network: HostedNetwork,
        merchant: str,
        requests: Sequence[parcels_pb2.CreateParcelRequest],
    ) -> tuple[list[parcels_pb2.CreateParcelRequest], list[Unread]]:
        """Return requests whose doors are filled in where their lines say them for certain.

        Returns
        -------
        (requests, unread)
            Copies where something was filled in, and the lines that nothing was filled in from.
        """
        if not any(_ends_with_lines(request) for request in requests):
            return list(requests), []
        reader = await self.reader(network, merchant)
        filled, unread = [], []
        for index, request in enumerate(requests):
            roles = _ends_with_lines(request)
            copy = request
            if roles:
                copy = parcels_pb2.CreateParcelRequest()
                copy.CopyFrom(request)
            for role in roles:
                place: types_pb2.Place = getattr(copy.parcel, role)
                reading = reader.read(place.address, place.compound)
                if reading.certainty is Certainty.CERTAIN and reading.compound:
                    fill(place, reading)
                else:
                    unread.append(Unread(index, role, place.address, reading))
            filled.append(copy)
        return filled, unread

    async def keep(
        self, zone: HostedZone, merchant: str, parcels: Sequence[str], unread: Sequence[Unread]
    ) -> None:
        """Keep the lines of parcels that were taken in, for somebody to read.

        The parcels are durable already: a log that fails now loses no more than a guess.

        Parameters
        ----------
        parcels
            Ids ``m/p``, in the order of the requests.
        """
        if not unread:
            return
        network = zone.name.split("/")[1]
        now = self._site.clock.now()
        rows = []
        for one in unread:
            own = parcels[one.index].partition("/")[2]
            pointer = f"{zone.name}/merchants/{merchant}/parcels/{own}#{one.role}"
            rows.append(
                LineRow(
                    id=pointer,
                    key=hashlib.sha256(pointer.encode()).hexdigest()[:KEY_DIGITS],
                    network=network,
                    merchant=merchant,
                    compound=one.guess.compound,
                    line=one.line,
                    why=one.guess.why,
                    at=now,
                )
            )
        try:
            await self._site.read(lambda: self._site.log.keep_lines(rows))
        except LogUnavailable as problem:
            logger.warning("%d unread address lines could not be kept: %s", len(rows), problem)


def lessons_of(rows: Sequence[LessonRow]) -> Lessons:
    """Return what rows teach."""
    return Lessons(
        (Lesson(compound=row.compound, form=row.form, rule=row.rule), row.votes) for row in rows
    )


def _ends_with_lines(request: parcels_pb2.CreateParcelRequest) -> list[str]:
    """Return the ends of a parcel whose door is given as a line alone."""
    return [
        role
        for role in ("pickup", "dropoff")
        if request.parcel.HasField(role) and has_line_alone(getattr(request.parcel, role))
    ]
