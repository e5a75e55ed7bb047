"""One day of one variant, played and measured: what a worker process does."""

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from dispatch.clock import SystemClock
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.policy import Policy
from dispatch.sim import report
from dispatch.sim.day import Replay
from dispatch.sim.experiment.figures import figures_of
from dispatch.sim.experiment.misjudging import misjudged
from dispatch.sim.experiment.runs import Run, latest
from dispatch.sim.experiment.settings import Setting
from dispatch.sim.experiment.variants import BY_NAME
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import Drawn
from maps.land.compound_files import corrected
from maps.land.gated_land import marked
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

REVISION = 1
"""Raised where what is measured changes, so that no older line is taken for a new one."""

MOST_GAPS = 5
"""So many breaks of a day are kept in words; all are counted."""

Draw = Callable[[RoadNetwork, Setting, int], Drawn]
"""Draws the day of a setting and a seed on a map."""
Values = Callable[[Setting], Mapping[str, Any]]
"""All values that a setting draws from."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What all runs have in common.

    Attributes
    ----------
    draw, values
        Functions of a module, so that other processes find them.
    policy
        Fields of the policy that are not to have their default, in all variants.
    price_cents
        What a carrier pays for a delivered parcel; None for no margin.
    """

    map_file: Path
    draw: Draw
    values: Values
    policy: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    price_cents: int | None = None

    def check(self) -> None:
        """Load the map and make the policy: raises what is wrong with them, before any work.

        Raises
        ------
        maps.network.MapError
            For a map that cannot be used.
        InvalidValue
            For a policy that cannot be.
        """
        load_map(self.map_file)
        try:
            msgspec.convert(dict(self.policy), Policy)
        except msgspec.ValidationError as error:
            raise InvalidValue([Fault("policy", str(error))]) from error

    def digest(self, setting: Setting, variant: str) -> str:
        """Return a digest of all values that a run depends on, its seed apart."""
        content = {
            "revision": REVISION,
            "map": hashlib.sha256(self.map_file.read_bytes()).hexdigest(),
            "setting": dataclasses.asdict(setting),
            "values": self.values(setting),
            "policy": {**self.policy, **BY_NAME[variant].policy},
            "variant": [variant, BY_NAME[variant].says],
            "price": self.price_cents,
        }
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """The runs of one seed in one setting: they share their day and their map."""

    setting: Setting
    seed: int
    variants: tuple[str, ...]

    def without(self, variant: str) -> "Batch":
        """Return what is left of it."""
        left = tuple(name for name in self.variants if name != variant)
        return dataclasses.replace(self, variants=left)


def missing(
    experiment: Experiment,
    settings: Iterable[Setting],
    seeds: Iterable[int],
    variants: Sequence[str],
    known: Iterable[Run],
) -> list[Batch]:
    """Return what is not among the known runs, or is there by other values; seed after seed."""
    digests = {run.key: run.digest for run in latest(known)}
    wanted = [
        (setting, name, experiment.digest(setting, name))
        for setting in settings
        for name in variants
    ]
    found = []
    for seed in seeds:
        for setting in dict.fromkeys(its for its, _, _ in wanted):
            names = tuple(
                name
                for its, name, digest in wanted
                if its == setting and digests.get((its.name, seed, name)) != digest
            )
            if names:
                found.append(Batch(setting, seed, names))
    return found


class Stage:
    """A map, and the days that are played on it one after the other."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._network = load_map(experiment.map_file)
        self._known: tuple[Setting, int] | None = None
        self._day: Day
        self._times: TravelTimes

    def play(self, setting: Setting, seed: int, variant: str) -> Run:
        """Play one variant of a day; its variants one after the other share day and map."""
        if (setting, seed) != self._known:
            self._day = self.day(setting, seed)
            self._times = self._times_of(self._day)
            self._known = (setting, seed)
        return self._run(setting, seed, variant)

    def day(self, setting: Setting, seed: int) -> Day:
        """Draw a day; its couriers are off the dispatcher's idea of them."""
        drawn = self._experiment.draw(self._network, setting, seed)
        with tempfile.TemporaryDirectory() as folder:
            write_day(Path(folder), drawn.header, drawn.tables)
            day = read_day(Path(folder))
        return misjudged(day, seed)

    def _times_of(self, day: Day) -> TravelTimes:
        compounds = corrected(self._network.compounds, day.compounds)
        return TravelTimes(marked(self._network, compounds), timezone=ZoneInfo(day.timezone))

    def _run(self, setting: Setting, seed: int, name: str) -> Run:
        variant, experiment, day = BY_NAME[name], self._experiment, self._day
        changed = variant.change(day)
        values = {"epoch_s": day.epoch_s, **experiment.policy, **variant.policy}
        policy = msgspec.convert({"seed": seed, **values}, Policy)
        replay = Replay(changed, self._times, seed=seed, policy=policy, clock=SystemClock())
        result, custody = report.with_custody(replay.run())
        result, presence = report.with_presence(result)
        gaps = [*custody, *presence, *(" ".join(line) for line in result.stuck)]
        return Run(
            setting=setting.name,
            seed=seed,
            variant=name,
            digest=experiment.digest(setting, name),
            figures=figures_of(
                result, changed, created=len(day.parcels), price_cents=experiment.price_cents
            ),
            unserved=result.kpis["unserved_by_reason"],
            gaps=gaps[:MOST_GAPS],
            wall_s=result.system["wall_s"],
        )
