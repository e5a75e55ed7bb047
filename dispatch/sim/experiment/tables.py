"""What came out, as tables: Markdown to read, CSV to reckon with, JSON for programs."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from dispatch.sim.experiment.comparing import (
    RESAMPLES,
    Estimate,
    Means,
    by_variant,
    differences,
    means,
)
from dispatch.sim.experiment.figures import FIGURES
from dispatch.sim.experiment.runs import Run
from dispatch.sim.experiment.settings import DEFAULT
from dispatch.sim.experiment.variants import ALL, BY_NAME, OURS

COMPARED = (
    "delivered_share",
    "on_time_share",
    "first_attempt_share",
    "cost_cents",
    "margin_cents",
    "parcels_a_paid_minute",
    "paid_min",
    "absences_a_parcel",
    "returned_share",
    "shared_visit_share",
    "walked_min",
)
"""Figures whose differences stand in the text; the CSV has all."""
SWEPT_FIGURES = ("delivered_share", "cost_cents", "parcels_a_paid_minute")
MANY = 100
"""From this on numbers are shown without decimals."""


def said(value: float, unit: str) -> str:
    """Return a figure as it stands in a table."""
    if unit:
        return f"{100 * value:.1f}"
    return f"{value:.0f}" if abs(value) >= MANY or value == int(value) else f"{value:.2f}"


def spanned(its: Estimate | None, unit: str) -> str:
    """Return a mean and its interval as they stand in a table."""
    if its is None:
        return "-"
    low, high = said(its.low, unit), said(its.high, unit)
    return f"{said(its.mean, unit)} ({low} to {high})"


def markdown(runs: Sequence[Run]) -> str:
    """Return all tables."""
    lines: list[str] = []
    settings = list(dict.fromkeys(run.setting for run in runs))
    if DEFAULT in settings:
        its = _ordered(by_variant(runs, DEFAULT))
        lines += [*_means_table(its), "", *_differences_table(its), "", *_meant(its), ""]
        lines += [*_unserved_table(its), ""]
    swept = sorted(name for name in settings if name != DEFAULT)
    if swept:
        lines += [*_swept_table(runs, swept), ""]
    lines += _gaps(runs)
    return "\n".join(lines).rstrip() + "\n"


def _ordered(found: Mapping[str, dict[int, Run]]) -> dict[str, dict[int, Run]]:
    return {variant.name: found[variant.name] for variant in ALL if variant.name in found}


def _means_table(runs: Mapping[str, Mapping[int, Run]]) -> Iterator[str]:
    yield "Means over days."
    yield ""
    yield _row("", runs)
    yield "|---|" + "---:|" * len(runs)
    yield _row("days", [str(len(days)) for days in runs.values()])
    found = means(runs)
    for figure, (label, unit) in FIGURES.items():
        if any(figure in its for its in found.values()):
            cells = [
                said(its[figure].mean, unit) if figure in its else "-" for its in found.values()
            ]
            yield _row(_named(label, unit), cells)


def _differences_table(runs: Mapping[str, Mapping[int, Run]]) -> Iterator[str]:
    found = differences(runs)
    yield (
        f"Ours less each of the others, the same days, with 95 % intervals "
        f"(bootstrap, {RESAMPLES:,} resamples)."
    )
    yield ""
    yield _row("ours less", found)
    yield "|---|" + "---:|" * len(found)
    for figure in COMPARED:
        label, unit = FIGURES[figure]
        if any(figure in its for its in found.values()):
            cells = [spanned(its.get(figure), unit) for its in found.values()]
            yield _row(f"{label}, points" if unit else label, cells)


def _meant(names: Mapping[str, Any]) -> Iterator[str]:
    for name in names:
        yield f"- **{name}**: {BY_NAME[name].says}"


def _unserved_table(runs: Mapping[str, Mapping[int, Run]]) -> Iterator[str]:
    """Yield why parcels were not delivered, parcels a day; those never touched are not among."""
    count = {name: Counter[str]() for name in runs}
    for name, days in runs.items():
        for run in days.values():
            count[name].update(run.unserved)
    codes = sorted({code for its in count.values() for code in its})
    if not codes:
        return
    yield "Not delivered, parcels a day, by the last reason."
    yield ""
    yield _row("", runs)
    yield "|---|" + "---:|" * len(runs)
    for code in codes:
        cells = [said(count[name][code] / len(days), "") for name, days in runs.items()]
        yield _row(code or "OPEN", cells)


def _swept_table(runs: Sequence[Run], settings: Sequence[str]) -> Iterator[str]:
    yield "One value at a time off the default, the others as drawn; ours less each of the others."
    yield ""
    others = [its.name for its in ALL if its.name != OURS]
    others = [name for name in others if any(name in by_variant(runs, its) for its in settings)]
    heads = [f"{FIGURES[figure][0]}, ours" for figure in SWEPT_FIGURES]
    heads += [f"{FIGURES[figure][0]}, less {name}" for name in others for figure in SWEPT_FIGURES]
    yield _row("", ["days", *heads])
    yield "|---|" + "---:|" * (len(heads) + 1)
    for setting in settings:
        its = by_variant(runs, setting)
        mean, less = means(its).get(OURS, {}), differences(its)
        cells = [
            said(mean[figure].mean, FIGURES[figure][1]) if figure in mean else "-"
            for figure in SWEPT_FIGURES
        ]
        cells += [
            spanned(less.get(name, {}).get(figure), FIGURES[figure][1])
            for name in others
            for figure in SWEPT_FIGURES
        ]
        yield _row(setting, [str(len(its.get(OURS, {}))), *cells])


def _gaps(runs: Sequence[Run]) -> Iterator[str]:
    bad = [run for run in runs if run.gaps]
    total = {
        figure: round(sum(run.figures.get(figure, 0) for run in runs))
        for figure in ("custody_gaps", "presence_gaps", "post_below_minimum_s", "stuck")
    }
    told = ", ".join(f"{FIGURES[figure][0]} {count}" for figure, count in total.items())
    yield f"Checked, {len(runs)} logs: {told}."
    for run in bad[:10]:
        yield f"- {run.setting}, seed {run.seed}, {run.variant}: {run.gaps[0]}"


def _row(head: str, cells: Iterable[str]) -> str:
    return "| " + " | ".join([head, *cells]) + " |"


def _named(label: str, unit: str) -> str:
    return f"{label}, {unit}" if unit else label


# --- for programs ----------------------------------------------------------------------


def table_csv(runs: Sequence[Run]) -> str:
    """Return every figure of every setting and variant, one a line, with ours less it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heads = ("days", "mean", "low", "high")
    writer.writerow(["setting", "variant", "figure", *heads, *(f"ours_less_{h}" for h in heads)])
    for setting in dict.fromkeys(run.setting for run in runs):
        its = _ordered(by_variant(runs, setting))
        less = differences(its)
        for variant, figures in means(its).items():
            for figure, found in figures.items():
                other = less.get(variant, {}).get(figure)
                cells = [*_cells(found), *(_cells(other) if other else [""] * len(heads))]
                writer.writerow([setting, variant, figure, *cells])
    return text.getvalue()


def _cells(its: Estimate) -> list[str]:
    return [str(its.days), *(f"{value:.6g}" for value in (its.mean, its.low, its.high))]


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Return means and differences of all settings, with what the variants are."""
    found: dict[str, Any] = {}
    for setting in dict.fromkeys(run.setting for run in runs):
        its = _ordered(by_variant(runs, setting))
        found[setting] = {"means": _plain(means(its)), "ours_less": _plain(differences(its))}
    return {
        "resamples": RESAMPLES,
        "variants": {its.name: its.says for its in ALL},
        "figures": {key: {"label": label, "unit": unit} for key, (label, unit) in FIGURES.items()},
        "settings": found,
        "replay_s": round(sum(run.wall_s for run in runs), 1),
        "runs": len(runs),
    }


def _plain(found: Means) -> dict[str, Any]:
    return msgspec.convert(msgspec.to_builtins(found), dict[str, Any])
