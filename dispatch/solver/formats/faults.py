"""What is wrong with a file, by line or field."""

from collections.abc import Sequence


class FormatError(ValueError):
    """A file that is not what its format says.

    Parameters
    ----------
    faults : sequence of str
        One for each fault, each naming its line or field, as in
        ``line 17: expected 7 numbers, found 5``.

    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Faults:
    """Faults as they are found, so that all of them can be told at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, where: str, what: str) -> None:
        """Note a fault at a line or field."""
        self._found.append(f"{where}: {what}")

    def raise_any(self) -> None:
        """Stop here if anything was wrong so far.

        Raises
        ------
        FormatError
            With every fault noted.

        """
        if self._found:
            raise FormatError(self._found)
