"""The report as a page: a replay's figures, stories and pictures, put into words.

One HTML file without a script and without any request to elsewhere. The template escapes all
text; only the SVG of `picture` and `chart` goes in as it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dispatch.core.metrics import Figures
from dispatch.core.state import State, fold
from dispatch.sim import chart, compound_page, hub_page, picture, report_fixes, telling, words
from dispatch.sim.behaviour import NOT_SIMULATED
from dispatch.sim.day import Result
from dispatch.sim.folder import Day
from dispatch.sim.picture import Picture, Routes
from dispatch.sim.story import Chronicle, Story, troubles
from dispatch.solver.plan import Engine
from maps.network import RoadNetwork

MOST_TROUBLES = 50

CHOSEN = frozenset(
    {
        "version",
        "engine",
        "seed",
        "epoch_s",
        "iterations_per_leg",
        "most_iterations",
        "threads",
        "solution_limit",
        "max_legs",
        "max_couriers",
        "explained_legs",
    }
)
"""Values of the policy that are set, not believed: nothing to measure."""
SOURCED = frozenset({"offer_rider_s", "offer_s", "reply_median_s", "away_share"})
"""Values with a published source. All others of policy and behaviour are assumptions, and the
report says so beside each; a new value is one until a source is named here."""

ENGINES: dict[Engine, str] = {
    "routing": "OR-Tools with ruin and recreate inside",
    "search": "ruin and recreate",
    "insert": "cheapest insertion",
}

_SPREADS = (
    ("click_to_door_s", "created to door"),
    ("ready_to_door_s", "ready to door"),
    ("ready_to_assigned_s", "ready to accepted by a courier"),
    ("ready_to_pickup_s", "ready to pickup"),
    ("lateness_s", "promise to door, late parcels only"),
)

_BESIDE_MAP = {"tall": 3, "square": 1, "wide": 0}
"""How many charts there is room for beside a map of each shape."""

_TEMPLATES = Environment(
    loader=PackageLoader("dispatch.sim"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    result: Result,
    day: Day,
    settings: Mapping[str, Any],
    system: Mapping[str, Any],
    label: str,
    times: Routes,
    network: RoadNetwork | None,
) -> str:
    """Return the page.

    Parameters
    ----------
    settings, system
        As in ``report.json``.
    label
        What to say of a generated day; empty for a recorded one.
    times, network
        The map: ways along the streets, and the roads; None where there is no map.
    """
    chronicle = Chronicle(result.events)
    stories = chronicle.parcels
    calendar = words.Calendar(day.parcels[0].created_at, day.timezone)
    state = fold(State(zone=f"networks/{day.network}/zones/{day.zone}"), result.events)
    drawn = picture.draw(state, stories, calendar, times, network)
    wrong = troubles(chronicle)
    fixes = report_fixes.by_parcel(result.events, calendar, day.currency)
    charts = _charts(chronicle, calendar)
    beside = _BESIDE_MAP[drawn.shape]
    return _TEMPLATES.get_template("report.html").render(
        title=f"{day.date:%A}, {day.date.day} {day.date:%B %Y}",
        facts=_facts(day, settings),
        generated=label,
        outcome_total=words.counted(len(stories), "parcel"),
        outcome=_outcome(stories),
        tiles=_tiles(result.kpis, day.currency),
        picture=drawn,
        map_note=_map_note(drawn, network),
        kinds=_kinds(result.kpis, day.currency),
        charts=charts[:beside],
        more_charts=charts[beside:],
        figures=_figures(result.kpis, day.currency),
        spreads=_spreads(result.kpis),
        compounds=compound_page.sections(
            chronicle, result.events, day, result.kpis, calendar, network
        ),
        compounds_note=compound_page.summary(result.kpis),
        hubs=hub_page.table(result.kpis["hubs"]),
        ways=hub_page.through_hubs(stories, calendar),
        ways_note=hub_page.note(stories),
        reasons=[
            *telling.reasons(result.kpis, chronicle),
            *report_fixes.group(result.events, chronicle, calendar, day.currency),
        ],
        troubles=[telling.told(its, calendar, fixes) for its in wrong[:MOST_TROUBLES]],
        troubles_left=max(0, len(wrong) - MOST_TROUBLES),
        method=_method(result),
        not_simulated=NOT_SIMULATED,
        not_used=day.unused,
        settings=_settings(settings),
        system=_system(system),
        footer=_footer(settings, network),
    )


def _charts(chronicle: Chronicle, calendar: words.Calendar) -> list[dict[str, object]]:
    drawn = (
        (
            "Parcels created, picked up and delivered so far",
            chart.parcels_over_the_day(chronicle, calendar),
        ),
        ("Couriers on tours, and present", chart.couriers_over_the_day(chronicle, calendar)),
        ("Parcels kept in hubs", chart.hubs_over_the_day(chronicle, calendar)),
        ("How close to the promise parcels came", chart.promises_kept(chronicle)),
    )
    return [{"caption": caption, "svg": svg} for caption, svg in drawn if svg]


def _facts(day: Day, settings: Mapping[str, Any]) -> list[str]:
    source = settings["map"]["name"] if settings["map"] else "no map: straight lines"
    return [
        f"network {day.network}",
        f"zone {day.zone}",
        words.counted(len(day.parcels), "parcel"),
        words.counted(len(day.couriers), "courier"),
        words.counted(len(day.hubs), "hub"),
        source,
        f"seed {settings['seed']}",
    ]


def _outcome(stories: Sequence[Story]) -> list[dict[str, object]]:
    counts = Counter(story.status for story in stories)
    labels = {
        "on-time": "delivered on time",
        "late": "delivered late",
        "undelivered": "not delivered",
    }
    return [
        {
            "status": status,
            "label": label,
            "count": counts[status],
            "share": words.share(counts[status] / len(stories)),
        }
        for status, label in labels.items()
    ]


def _tiles(kpis: Figures, currency: str) -> list[dict[str, str]]:
    created, delivered = kpis["created"], kpis["delivered"]
    cost, _, unit = words.money(kpis["cost_per_delivered_cents"], currency).partition(" ")
    return [
        {
            "label": "Delivered",
            "value": words.share(delivered / created if created else None),
            "unit": "",
            "more": f"{delivered:,} of {created:,} created",
        },
        {
            "label": "On time",
            "value": words.share(kpis["on_time_share"]),
            "unit": "",
            "more": "of all created, by the promise",
        },
        {
            "label": "Not delivered",
            "value": words.share(kpis["undelivered_share"]),
            "unit": "",
            "more": words.counted(created - delivered, "parcel"),
        },
        {
            "label": "Cost a parcel",
            "value": cost,
            "unit": unit,
            "more": f"delivered; {words.money(kpis['cost_cents'], currency)} in all",
        },
        {
            "label": "Offers accepted",
            "value": words.share(kpis["acceptance_rate"]),
            "unit": "",
            "more": f"of those answered; {words.number(kpis['offers_per_assignment'], 2)} made "
            "for each tour",
        },
        {
            "label": "Way a parcel",
            "value": words.number(kpis["km_per_parcel"], 2),
            "unit": "km",
            "more": "delivered; empty ways included",
        },
    ]


def _map_note(drawn: Picture, network: RoadNetwork | None) -> str:
    tours = (
        f"All {words.counted(drawn.tours, 'tour')}"
        if drawn.tours_drawn == drawn.tours
        else f"The first {drawn.tours_drawn:,} of {drawn.tours:,} tours"
    )
    if network is None:
        return f"{tours}, as straight lines: the day has no map."
    return f"{tours}, along the streets. Map data © OpenStreetMap contributors, ODbL."


def _kinds(kpis: Figures, currency: str) -> list[dict[str, object]]:
    return [
        {
            "name": kind,
            "plural": plural,
            "figure": words.counted(its["tours"], "tour"),
            "cells": (
                words.number(its["couriers"]),
                words.number(its["tours"]),
                words.share(its["acceptance_rate"]),
                words.money(its["earned_cents"], currency),
                words.money(its["earned_cents_per_active_hour"], currency),
            ),
        }
        for kind, plural in words.KINDS.items()
        if (its := kpis["by_kind"].get(kind))
    ]


def _figures(kpis: Figures, currency: str) -> list[dict[str, object]]:
    share, number = words.share, words.number
    return [
        {
            "title": "Service",
            "rows": (
                ("parcels created", number(kpis["created"])),
                ("delivered", number(kpis["delivered"])),
                ("not delivered, of created", share(kpis["undelivered_share"])),
                ("on time, of created", share(kpis["on_time_share"])),
                ("on time, of delivered", share(kpis["on_time_share_of_delivered"])),
                ("at the first attempt, of created", share(kpis["first_attempt_success"])),
                *(
                    (("breaks in custody", number(kpis["custody_gaps"])),)
                    if "custody_gaps" in kpis
                    else ()
                ),
            ),
        },
        {
            "title": "Offers",
            "rows": (
                ("offers made", number(kpis["offers"])),
                ("offers for each accepted tour", number(kpis["offers_per_assignment"], 2)),
                ("accepted, of those answered", share(kpis["acceptance_rate"])),
                ("never answered", share(kpis["expired_offer_share"])),
                ("accepted, but never set out", share(kpis["no_show_share"])),
                ("tours with parcels handed back", number(kpis["hand_backs"])),
            ),
        },
        {
            "title": "Plans",
            "rows": (
                ("plans made", number(kpis["plans"])),
                ("legs planned again while they waited", number(kpis["replanned"])),
                ("of these, moved to another courier", share(kpis["moved_share"])),
                ("moves for each parcel created", number(kpis["moves_per_parcel"], 2)),
            ),
        },
        {
            "title": "Cost and distance",
            "rows": (
                ("paid to couriers", words.money(kpis["cost_cents"], currency)),
                ("a delivered parcel", words.money(kpis["cost_per_delivered_cents"], currency)),
                ("kilometres a delivered parcel", f"{number(kpis['km_per_parcel'], 2)} km"),
            ),
        },
        {
            "title": "Couriers",
            "rows": (
                ("parcels a tour, mean", number(kpis["parcels_per_tour"]["mean"])),
                ("parcels an hour of couriers' time away", number(kpis["parcels_per_active_hour"])),
                (
                    "inequality of earnings (Gini; 0: all the same)",
                    number(kpis["earnings_gini"], 2),
                ),
            ),
        },
        *hub_page.figures(kpis["hubs"]),
        *compound_page.figures(kpis),
    ]


def _spreads(kpis: Figures) -> list[tuple[str, ...]]:
    return [
        (label, *(words.duration(kpis[name][part]) for part in ("mean", "p50", "p90", "p95")))
        for name, label in _SPREADS
    ]


def _method(result: Result) -> str:
    return (
        "The day ran through the engine of the live service on a virtual clock: "
        f"{words.counted(len(result.events), 'event')}, "
        f"{words.counted(result.kpis['plans'], 'plan')} by {ENGINES[result.policy.engine]}, one "
        f"every {result.policy.epoch_s} s at most and only where something had changed. Couriers "
        "and recipients are simulated; their chance depends on the seed and on whose it is. The "
        "same day, seed and policy give the same events and key figures."
    )


def _settings(settings: Mapping[str, Any]) -> list[dict[str, object]]:
    policy, behaviour = settings["policy"], settings["behaviour"]
    rest = {
        key: value
        for key, value in settings.items()
        if key not in {"policy", "behaviour", "scenario"}
    }
    groups = [
        ("Day, map and versions", rest, frozenset()),
        (f"Policy {policy['version']}", policy, policy.keys() - CHOSEN - SOURCED),
        ("People", behaviour, behaviour.keys() - SOURCED),
        ("How the day was drawn", settings["scenario"], frozenset({"drawn"})),
    ]
    return [
        {
            "title": title,
            "rows": [
                {"name": name, "value": value, "assumed": name.partition(".")[0] in assumed}
                for name, value in _flat(values)
            ],
        }
        for title, values, assumed in groups
        if values
    ]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{key}", str(value)


def _system(system: Mapping[str, Any]) -> list[tuple[str, str]]:
    latency = system["epoch_latency_s"]
    return [
        ("the whole replay", f"{words.number(system['wall_s'])} s"),
        ("times faster than the day", words.number(system["times_real_time"])),
        ("plans", words.number(system["epochs"])),
        *(
            (f"a plan, {label}", f"{words.number(latency[part], 3)} s")
            for part, label in (("p50", "half within"), ("p95", "95 % within"), ("max", "longest"))
        ),
        ("Python", system["python"]),
        ("processors", words.number(system["processors"])),
    ]


def _footer(settings: Mapping[str, Any], network: RoadNetwork | None) -> str:
    version = settings["versions"]["antmile"]
    licence = " · map data © OpenStreetMap contributors, ODbL" if network is not None else ""
    return f"antmile {version} · events.jsonl and report.json lie beside this page{licence}"
