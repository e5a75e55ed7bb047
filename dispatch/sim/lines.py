"""Address lines of a day's parcels: they stand in for columns that are empty."""

from dataclasses import dataclass, field

from dispatch.addresses import Certainty, CompoundBook, Reading, parse


@dataclass(slots=True)
class DayLines:
    """Reads a day's lines, and counts those that are of no use.

    Attributes
    ----------
    book
        Compounds that they may name.
    unread_count
        How many lines were needed and say no door for certain.
    """

    book: CompoundBook = field(default_factory=CompoundBook)
    unread_count: int = 0

    def read(self, line: str, compound: str) -> Reading | None:
        """Return what a line says for certain; None where it does not."""
        if not line:
            return None
        found = parse(line, self.book, compound)
        if found.certainty is Certainty.CERTAIN:
            return found
        self.unread_count += 1
        return None

    def notes(self) -> tuple[str, ...]:
        """Say how many lines could not be used."""
        if not self.unread_count:
            return ()
        count = self.unread_count
        return (f"parcels.csv: address: {count} lines say no door for certain, not used",)
