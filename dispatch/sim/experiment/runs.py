"""The file of runs: one line for each day and variant, so that a stopped experiment goes on."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

FILE = "runs.jsonl"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One replayed day.

    Attributes
    ----------
    digest
        Of all values that it depends on, its seed apart.
    figures
        As `dispatch.sim.experiment.figures` names them.
    unserved
        Parcels that were not delivered, by the code of why.
    gaps
        The first breaks in custody or presence, and couriers who were stuck; empty if all is well.
    wall_s
        What the replay took on this machine.
    """

    setting: str
    seed: int
    variant: str
    digest: str
    figures: dict[str, float]
    unserved: dict[str, int] = {}
    gaps: list[str] = []
    wall_s: float = 0.0

    @property
    def key(self) -> tuple[str, int, str]:
        """What a later line of the same replaces."""
        return self.setting, self.seed, self.variant


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A run that came to no end, with the last line of why."""

    setting: str
    seed: int
    variant: str
    why: str


def read(path: Path) -> Iterator[Run]:
    """Yield the runs of a file, none where there is none; half a last line is left out."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(line, type=Run)
        except msgspec.DecodeError:
            continue


def append(path: Path, run: Run) -> None:
    """Add a run, as one whole line."""
    line = msgspec.json.encode(run, order="deterministic") + b"\n"
    with path.open("rb+" if path.exists() else "wb") as file:
        end = file.seek(0, 2)
        if end:
            # A process that was killed while it wrote leaves half a line.
            file.seek(end - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.seek(0, 2)
        file.write(line)


def latest(found: Iterable[Run]) -> list[Run]:
    """Return the runs by setting, variant and seed, the later line of the same alone."""
    by_key = {run.key: run for run in found}
    return sorted(by_key.values(), key=lambda run: (run.setting, run.variant, run.seed))
