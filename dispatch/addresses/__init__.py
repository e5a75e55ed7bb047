"""Address lines of Chinese compounds: compound, building, entrance, floor and room.

`parse` reads one line by rules; `dispatch.addresses.templates` learns what no rule reads from
corrections. Values only: no I/O and no clock. Lines are personal data: nothing here writes them
anywhere, and what an answer says in words quotes nothing of them.
"""

from dispatch.addresses.book import CompoundBook, KnownCompound
from dispatch.addresses.parser import parse
from dispatch.addresses.reading import Certainty, Reading
from dispatch.addresses.templates import Lesson, Lessons, lesson_of, read

__all__ = [
    "Certainty",
    "CompoundBook",
    "KnownCompound",
    "Lesson",
    "Lessons",
    "Reading",
    "lesson_of",
    "parse",
    "read",
]
