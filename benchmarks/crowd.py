"""What hubs and consent are worth on a day on which half of all households are out.

Days in Jinan, drawn on its real streets: from nine to five half of all households are out, in the
evening fewer (`dispatch.sim.scenario.at_work`). Each day is replayed without hubs (no contracts, so
that what cannot be handed over goes back), and with booths and shops where 20, 50 and 80 % of the
households have agreed to fetch parcels from a shop. The same seed has the same people, parcels and
chance in all of them, so the differences are paired.

Run: ANTMILE_DATA=... python -m benchmarks.crowd --seeds 30 --raw crowd.jsonl
Resumes from the raw file; ``--only-tables`` prints what is in it, ``--cases`` limits both.
"""

import argparse
import dataclasses
import json
import os
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from dispatch.clock import SystemClock
from dispatch.core import messages as m
from dispatch.core.model import OptionKind, Parcel
from dispatch.core.policy import Policy
from dispatch.sim import report
from dispatch.sim.day import Replay
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import generate
from dispatch.sim.scenario import Scenario, at_work
from dispatch.solver.warmup import warm_up
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

ABSENCE = 0.5
CONSENT = (0.2, 0.5, 0.8)
TIMEZONE = "Asia/Shanghai"
RESAMPLES = 1000
KEEPING_CENTS = 40
"""What a hub is paid for a parcel (A): replay's assumption is 30 to 50 fen. Couriers' pay alone
stands in the key figures, so it is added here."""

Row = dict[str, float]
FIGURES = {
    "delivered": ("delivered", "%"),
    "first": ("at the first attempt", "%"),
    "on_time": ("on time", "%"),
    "returned": ("returned", "%"),
    "visits": ("visits in vain a parcel", ""),
    "cost": ("fen a delivered parcel", ""),
    "km": ("km a delivered parcel", ""),
    "peak": ("most at once in one hub", ""),
    "peak_share": ("of its slots", "%"),
    "refused": ("turned away by hubs", ""),
}
MORE = {
    "relayed": ("handed on in hubs", "%"),
    "held": ("held for the next attempt", "%"),
    "for_recipients": ("left for recipients", "%"),
    "collected": ("fetched by them", "%"),
    "overdue": ("not fetched or taken on in time", "%"),
    "hours_p50": ("hours until fetched, half within", ""),
    "hours_p95": ("hours until fetched, 95 % within", ""),
}
NO_HUBS, BOOTHS = "no hubs", "no consent"
TOLD, FIRST = "50 %, planner told", "50 %, hub first"
"""BOOTHS: hubs with their contracts, and nobody who has agreed to any. TOLD: the planner's own
chance of nobody at home is the day's. FIRST: those who agreed put the hub before the door."""
LATER = {NO_HUBS: "no hubs, later", "50 %": "50 %, later"}
"""The next attempt three hours after the first instead of one, when more people are home."""
LATER_S = 10_800
WITH_HUBS = {f"{share:.0%}".replace("%", " %"): share for share in CONSENT}

CASES = (NO_HUBS, BOOTHS, *WITH_HUBS, TOLD, FIRST, *LATER.values())


def cases(
    network: RoadNetwork, parcels: int, couriers: int, seed: int
) -> Iterator[tuple[str, Day]]:
    """Yield a seed's day in all its versions."""
    for name, share in WITH_HUBS.items():
        scenario = Scenario(consent_share=share, absence=at_work(ABSENCE))
        drawn = generate(
            network,
            parcels=parcels,
            couriers=couriers,
            seed=seed,
            timezone=TIMEZONE,
            scenario=scenario,
        )
        with tempfile.TemporaryDirectory() as folder:
            write_day(Path(folder), drawn.header, drawn.tables)
            day = read_day(Path(folder))
        yield name, day
        if share == CONSENT[1]:
            yield TOLD, day
            yield FIRST, dataclasses.replace(day, parcels=tuple(map(hub_first, day.parcels)))
            closed = tuple(msgspec.structs.replace(hub, contracts=()) for hub in day.hubs)
            yield NO_HUBS, dataclasses.replace(day, hubs=closed)
            yield LATER[NO_HUBS], dataclasses.replace(day, hubs=closed)
            yield LATER["50 %"], day
            door = tuple(
                msgspec.structs.replace(parcel, options=parcel.options[:1])
                for parcel in day.parcels
            )
            yield BOOTHS, dataclasses.replace(day, parcels=door, consents=())


def hub_first(parcel: Parcel) -> Parcel:
    """Return a parcel whose recipient, having agreed to a hub, prefers it to the door."""
    ladder = sorted(parcel.options, key=lambda option: option.kind is not OptionKind.HUB)
    return msgspec.structs.replace(parcel, options=tuple(ladder))


def played(day: Day, times: TravelTimes, seed: int, policy: Policy) -> Row:
    """Replay a day and return its figures; a break in custody ends the benchmark."""
    result = Replay(day, times, seed=seed, policy=policy, clock=SystemClock()).run()
    result, gaps = report.with_custody(result)
    if gaps or result.stuck:
        raise SystemExit("\n".join([*gaps[:5], *map(str, result.stuck[:5])]))
    kpis, hubs = result.kpis, result.kpis["hubs"]
    created, delivered = kpis["created"], kpis["delivered"]
    kept = sum(hubs["received"].values())
    visits = sum(isinstance(event, m.AttemptFailed) and event.counts for event in result.events)
    return {
        "delivered": delivered / created,
        "first": kpis["first_attempt_success"],
        "on_time": kpis["on_time_share"],
        "returned": kpis["ended"].get("RETURNED", 0) / created,
        "visits": visits / created,
        "cost": (kpis["cost_cents"] + KEEPING_CENTS * kept) / delivered,
        "km": kpis["km_per_parcel"],
        "peak": hubs["peak_occupancy"],
        "peak_share": hubs["peak_occupancy_share"] or 0.0,
        "refused": hubs["refused_full"] + hubs["refused_closed"],
        "relayed": hubs["received"]["RELAY"] / created,
        "held": hubs["received"]["HOLD"] / created,
        "for_recipients": hubs["received"]["COLLECTION"] / created,
        "collected": hubs["collected"] / created,
        "overdue": hubs["overdue"] / created,
        "hours_p50": (hubs["dwell_s"]["COLLECTION"]["p50"] or 0) / 3600,
        "hours_p95": (hubs["dwell_s"]["COLLECTION"]["p95"] or 0) / 3600,
    }


def run(arguments: argparse.Namespace) -> None:
    """Replay what is not in the raw file yet."""
    network = load_map(Path(os.environ["ANTMILE_DATA"]) / "osm" / "jinan.osm.pbf")
    warm_up("routing")
    done = {(line["seed"], line["case"]) for line in read(arguments.raw)}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        times = TravelTimes(network, timezone=ZoneInfo(TIMEZONE))
        for name, day in cases(network, arguments.parcels, arguments.couriers, seed):
            if (seed, name) in done or name not in arguments.cases:
                continue
            policy = Policy(seed=seed)
            if name == TOLD:
                policy = Policy(seed=seed, absent_permille=round(1000 * ABSENCE))
            elif name in LATER.values():
                policy = Policy(seed=seed, reattempt_s=LATER_S)
            line = {"seed": seed, "case": name, "figures": played(day, times, seed, policy)}
            with arguments.raw.open("a") as file:
                file.write(json.dumps(line) + "\n")


def read(raw: Path) -> list[dict[str, object]]:
    """Return the lines of a raw file, none where there is none."""
    return [json.loads(line) for line in raw.read_text().splitlines()] if raw.exists() else []


def by_case(raw: Path) -> dict[str, dict[int, Row]]:
    """Return the figures by case and seed."""
    found: dict[str, dict[int, Row]] = {}
    for line in read(raw):
        figures = msgspec.convert(line["figures"], Row)
        found.setdefault(str(line["case"]), {})[int(str(line["seed"]))] = figures
    return found


def interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Return a mean and its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    values = np.array(differences)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def said(value: float, unit: str) -> str:
    """Return a figure as it stands in a table."""
    if unit:
        return f"{100 * value:.1f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def tables(figures: Mapping[str, Mapping[int, Row]]) -> Iterator[str]:
    """Yield the lines of the tables in Markdown: means, then paired differences."""
    names = [name for name in CASES if name in figures]
    yield "| | " + " | ".join(names) + " |"
    yield "|---|" + "---:|" * len(names)
    yield "| days | " + " | ".join(str(len(figures[name])) for name in names) + " |"
    for key, (label, unit) in {**FIGURES, **MORE}.items():
        means = [statistics.fmean(row[key] for row in figures[name].values()) for name in names]
        cells = " | ".join(said(mean, unit) for mean in means)
        yield f"| {label}{', %' if unit else ''} | {cells} |"
    yield ""
    yield "Paired differences with 95 % intervals."
    yield ""
    pairs = [(name, NO_HUBS) for name in (BOOTHS, *WITH_HUBS)] + [(TOLD, "50 %"), (FIRST, "50 %")]
    pairs += [(name, base) for base, name in LATER.items()]
    pairs = [(name, base) for name, base in pairs if name in figures and base in figures]
    yield "| | " + " | ".join(f"{name} less {base}" for name, base in pairs) + " |"
    yield "|---|" + "---:|" * len(pairs)
    for key, (label, unit) in FIGURES.items():
        told = []
        for name, base in pairs:
            rows, others = figures[name], figures[base]
            seeds = sorted(rows.keys() & others.keys())
            mean, low, high = interval([rows[seed][key] - others[seed][key] for seed in seeds])
            told.append(f"{said(mean, unit)} ({said(low, unit)} to {said(high, unit)})")
        yield f"| {label}{', points' if unit else ''} | " + " | ".join(told) + " |"


def main() -> None:
    """Replay, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--parcels", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=40)
    parser.add_argument("--raw", type=Path, default=Path("crowd.jsonl"))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--only-tables", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_tables:
        run(arguments)
    found = by_case(arguments.raw)
    for line in tables({case: found[case] for case in arguments.cases if case in found}):
        print(line)


if __name__ == "__main__":
    main()
