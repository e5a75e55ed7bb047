"""One run of one solver on one work, in a process of its own, and its score."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.solver.instance import Routes
from benchmarks.solver.leftover import profitable_legs
from benchmarks.solver.works import generated, score_of

PEERS_PYTHON = Path(os.environ.get("BENCH_SOLVER_PYTHON", ".venv-bench-solver/bin/python"))
"""Where PyVRP and VROOM are installed; `make bench-solver` makes it."""
IN_PEERS_VENV = ("pyvrp", "vroom")
OWN_MODULES = ("ours", "start", "explained")
LACKS = {"pyvrp": ("posts", "parcels"), "vroom": ("posts",), "ortools": ("posts",)}
"""Rules of the street that are not held against who does not know them."""
VROOM_LEVELS = range(6)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be run.

    Parameters
    ----------
    row : str
        The row of the table that wants it.
    work : str
        See `benchmarks.solver.works`.
    solver : str
        ours, pyvrp, ortools or vroom; start measures how long ours takes to start, explained how
        long explanations take.
    seconds : float
        Limit: CPU seconds on each thread; none of VROOM's.
    threads, seed : int
        For the solver.
    options : dict
        Of the solver's process.
    look_for_profit : bool
        Count the legs left out that one insertion would serve at a profit.
    """

    row: str
    work: str
    solver: str
    seconds: float = 0.0
    threads: int = 1
    seed: int = 1
    options: dict[str, str] = field(default_factory=dict)
    look_for_profit: bool = False

    @property
    def label(self) -> str:
        """The solver as tables name it."""
        level = self.options.get("level")
        return self.solver if level is None else f"{self.solver} {level}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run; kept in the results.

    Parameters
    ----------
    run : Run
        What was run.
    error : str
        Why there is no answer; empty where there is one.
    cost, unassigned, vehicles, faults
        As in `benchmarks.solver.score.Score`.
    cpu_s, wall_s, rss_mb, claimed, iterations, notes, trace
        As in `benchmarks.solver.answer.Answer`.
    profitable : int
        Legs left out that one insertion would serve at a profit; -1: not looked for.
    """

    run: Run
    error: str = ""
    cost: float = float("nan")
    unassigned: int = 0
    vehicles: int = 0
    faults: tuple[str, ...] = ()
    cpu_s: float = 0.0
    wall_s: float = 0.0
    rss_mb: int = 0
    claimed: float | None = None
    iterations: int = 0
    notes: tuple[str, ...] = ()
    trace: tuple[tuple[float, float], ...] = ()
    profitable: int = -1

    @property
    def is_valid(self) -> bool:
        """Whether there is an answer and it breaks nothing."""
        return not self.error and not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Outcome":
        """Read what was kept."""
        lists = ("faults", "notes")
        kept = {**kept, **{name: tuple(kept[name]) for name in lists}}
        trace = tuple((float(second), float(cost)) for second, cost in kept["trace"])
        return cls(**{**kept, "run": Run(**kept["run"]), "trace": trace})


def outcome_of(run: Run, *, scale: float = 1.0) -> Outcome:
    """Run it and score it; what goes wrong is in `Outcome.error`.

    Parameters
    ----------
    run : Run
        What to run.
    scale : float
        Of its limit: to try the benchmark out.
    """
    python = PEERS_PYTHON if run.solver in IN_PEERS_VENV else Path(sys.executable)
    if not python.is_file():
        return Outcome(run=run, error=f"{python} is missing: make bench-solver installs it")
    module = run.solver if run.solver in OWN_MODULES else f"with_{run.solver}"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "answer.json")
        command = [str(python), "-m", f"benchmarks.solver.{module}", run.work, "--out", str(out)]
        command += ["--seconds", str(scale * run.seconds), "--seed", str(run.seed)]
        command += ["--threads", str(run.threads)]
        if run.options:
            command += ["--option", *(f"{name}={value}" for name, value in run.options.items())]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            return Outcome(run=run, error=lines[-1])
        answer = json.loads(out.read_text(encoding="utf-8"))
    return _scored(run, answer)


def _scored(run: Run, answer: dict[str, Any]) -> Outcome:
    routes = answer.pop("routes")
    trace = tuple((second, cost) for second, cost in answer.pop("trace"))
    answer["notes"] = tuple(answer["notes"])
    score = score_of(run.work, routes, without=LACKS.get(run.solver, ()))
    profitable = -1
    if run.look_for_profit:
        tours: Routes = [(who, [(leg, action) for leg, action in stops]) for who, stops in routes]
        profitable = len(profitable_legs(generated(run.work), tours))
    return Outcome(
        run=run,
        cost=score.cost,
        unassigned=score.unassigned,
        vehicles=score.vehicles,
        faults=score.faults[:5],
        trace=trace,
        profitable=profitable,
        **answer,
    )
