"""Best cost over CPU seconds of every solver on one work, as a picture."""

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from benchmarks.solver.runs import Outcome

COLORS = {"ours": "#c0392b", "pyvrp": "#2471a3", "ortools": "#7d8a2e", "vroom": "#444444"}
NAMES = {"ours": "antmile", "pyvrp": "PyVRP", "ortools": "OR-Tools alone", "vroom": "VROOM"}


def draw(outcomes: Sequence[Outcome], work: str, title: str, path: Path) -> bool:
    """Draw a work's curves into a file; False where nothing was run on it.

    Lines are what a solver had found by then; VROOM, which has nothing before its end, is a point
    for each level of exploration.
    """
    found = [o for o in outcomes if o.run.work == work and o.is_valid]
    if not found:
        return False
    figure, axes = plt.subplots(figsize=(8.0, 4.2), dpi=110, layout="constrained")
    longest = {o.run.solver: max(_limits(found, o.run.solver)) for o in found}
    for outcome in found:
        solver = outcome.run.solver
        if solver == "vroom":
            axes.plot(outcome.cpu_s, outcome.cost / 1000, "o", color=COLORS[solver])
            axes.annotate(
                f"VROOM {outcome.run.options['level']}",
                (outcome.cpu_s, outcome.cost / 1000),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
            )
            continue
        is_longest = outcome.run.seconds == longest[solver]
        if solver != "ours" and not is_longest:
            continue
        trace = [(second, cost) for second, cost in outcome.trace if math.isfinite(cost)]
        if not trace:
            continue
        trace.append((max(outcome.cpu_s, trace[-1][0]), trace[-1][1]))
        axes.step(
            [second for second, _ in trace],
            [cost / 1000 for _, cost in trace],
            where="post",
            color=COLORS[solver],
            linestyle="-" if is_longest else ":",
            label=f"{NAMES[solver]}, limit {outcome.run.seconds * outcome.run.threads:.0f} CPU s",
        )
    axes.set_xscale("log")
    axes.margins(x=0.1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda second, _: f"{second:g}"))
    costs = sorted(o.cost / 1000 for o in found)
    axes.set_ylim(costs[0] * 0.97, min(costs[-1] * 1.15, costs[0] * 1.7))
    axes.set_xlabel("CPU seconds, compiled code ready")
    axes.set_ylabel("cost, thousands")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)
    return True


def _limits(outcomes: Sequence[Outcome], solver: str) -> list[float]:
    return [o.run.seconds for o in outcomes if o.run.solver == solver]
