"""What is known of compounds, to check a reading against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dispatch.addresses.text import name_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCompound:
    """A compound that lines may name.

    Attributes
    ----------
    id : str
        What a reading calls it.
    names : tuple of str
        Its name and what else people call it.
    city : str
        Without its rank; empty where unknown.
    entrances : mapping of str to mapping of str to (int or None)
        By building and entrance, the floors above the entrance's level, None where unknown.
        Empty where its buildings are unknown: then every building may be one of its own.
    """

    id: str
    names: tuple[str, ...] = ()
    city: str = ""
    entrances: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)


class CompoundBook:
    """Known compounds by all their names.

    A name that two compounds have means neither.

    Parameters
    ----------
    compounds : iterable of KnownCompound
    is_whole : bool
        Whether there are no others: then a line that names another one is doubted.
    """

    def __init__(self, compounds: Iterable[KnownCompound] = (), *, is_whole: bool = False) -> None:
        self.is_whole = is_whole
        self.by_id = {compound.id: compound for compound in compounds}
        found: dict[str, set[str]] = {}
        for compound in self.by_id.values():
            for name in (compound.id, *compound.names):
                found.setdefault(name_key(name), set()).add(compound.id)
        found.pop("", None)
        self._by_key = {key: next(iter(ids)) for key, ids in found.items() if len(ids) == 1}
        self._lengths = sorted({len(key) for key in self._by_key}, reverse=True)

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self.by_id)

    def find(self, name: str) -> KnownCompound | None:
        """Return the compound of exactly this name or id."""
        own = self.by_id.get(name) or self.by_id.get(self._by_key.get(name_key(name), ""))
        return own if name else None

    def find_in(self, text: str) -> KnownCompound | None:
        """Return the compound whose name a text ends in, or else holds; the longest name counts."""
        key = name_key(text)
        for length in self._lengths:
            if length <= len(key) and key[-length:] in self._by_key:
                return self.by_id[self._by_key[key[-length:]]]
        for length in self._lengths:
            for start in range(len(key) - length):
                if key[start : start + length] in self._by_key:
                    return self.by_id[self._by_key[key[start : start + length]]]
        return None
