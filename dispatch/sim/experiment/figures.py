"""The figures of one replayed day, as numbers that can be averaged over days.

Shares are of all parcels that the day was drawn with, also of those that a variant does not touch.
"""

from collections.abc import Mapping
from typing import Any

from dispatch.core.model import CourierKind
from dispatch.sim.day import Result
from dispatch.sim.experiment.minutes import Costs, costs_of
from dispatch.sim.folder import Day

Row = dict[str, float]

FIGURES: Mapping[str, tuple[str, str]] = {
    "created": ("parcels", ""),
    "delivered_share": ("delivered", "%"),
    "undelivered_share": ("not delivered", "%"),
    "on_time_share": ("on time", "%"),
    "first_attempt_share": ("at the first attempt", "%"),
    "absences_a_parcel": ("visits at which nobody was at home, a parcel", ""),
    "cost_cents": ("fen a delivered parcel", ""),
    "margin_cents": ("margin, fen a delivered parcel", ""),
    "parcels_a_paid_minute": ("parcels a paid minute", ""),
    "paid_min": ("paid minutes", ""),
    "guard_min": ("of these, guards on tours", ""),
    "rider_min": ("of these, riders on tours", ""),
    "other_min": ("of these, others on tours", ""),
    "counter_min": ("of these, scans and shelves at counters", ""),
    "sorting_min": ("of these, sorting", ""),
    "walked_min": ("minutes that recipients walked, beside", ""),
    "guard_share": ("handed over by guards", "%"),
    "collected_share": ("collected by recipients", "%"),
    "relayed_share": ("handed on in a booth", "%"),
    "gate_share": ("given to recipients at the gate", "%"),
    "returned_share": ("returned", "%"),
    "guard_deliveries": ("parcels by guards", ""),
    "relays": ("relays", ""),
    "gates": ("hand-overs at gates", ""),
    "absences": ("absences", ""),
    "collections": ("collections", ""),
    "returns": ("returns", ""),
    "not_let_in": ("couriers not let in at gates", ""),
    "shared_visit_share": ("on a visit with another parcel", "%"),
    "parcels_a_visit": ("parcels a visit of an entrance", ""),
    "away_min": ("minutes guards were away from posts", ""),
    "stayed_on_min": ("minutes guards stayed on for their relief", ""),
    "post_below_minimum_s": ("seconds that a post was below its minimum", ""),
    "km_a_parcel": ("km a delivered parcel", ""),
    "custody_gaps": ("breaks in custody", ""),
    "presence_gaps": ("breaks of presence at posts", ""),
    "stuck": ("couriers stuck", ""),
}
"""By key: what it is called, and its unit."""
MINUTE_S = 60


def figures_of(result: Result, played: Day, *, created: int, price_cents: int | None = None) -> Row:
    """Return the figures of a run.

    Parameters
    ----------
    played
        The day as the variant changed it.
    created
        Parcels that the day was drawn with.
    price_cents
        What a carrier pays for a delivered parcel; without it there is no margin.
    """
    kpis = result.kpis
    costs = costs_of(
        result.events,
        played,
        counters_s=kpis["paid_s"]["counters"],
        sorted_count=created,
        policy=result.policy,
    )
    return {
        **_service(kpis, created),
        **_money(costs, kpis["delivered"], price_cents),
        **_ways(kpis, costs, created),
        "away_min": sum(post["away_s"] for post in kpis["posts"].values()) / MINUTE_S,
        "stayed_on_min": kpis["stayed_on_s"] / MINUTE_S,
        "post_below_minimum_s": float(kpis["post_below_minimum_s"]),
        "km_a_parcel": kpis["km_per_parcel"] or 0.0,
        "custody_gaps": float(kpis["custody_gaps"]),
        "presence_gaps": float(kpis["presence_gaps"]),
        "stuck": float(len(result.stuck)),
    }


def _service(kpis: Mapping[str, Any], created: int) -> Row:
    played = kpis["created"]
    return {
        "created": float(created),
        "delivered_share": kpis["delivered"] / created,
        "undelivered_share": 1 - kpis["delivered"] / created,
        "on_time_share": kpis["on_time_share"] * played / created,
        "first_attempt_share": kpis["first_attempt_success"] * played / created,
        "returned_share": kpis["ended"].get("RETURNED", 0) / created,
        "returns": float(kpis["ended"].get("RETURNED", 0)),
    }


def _money(costs: Costs, delivered: int, price_cents: int | None) -> Row:
    known = {CourierKind.GUARD, CourierKind.RIDER}
    others_s = sum(its for kind, its in costs.tours_s.items() if kind not in known)
    found = {
        "paid_min": costs.paid_s / MINUTE_S,
        "guard_min": costs.tours_s.get(CourierKind.GUARD, 0) / MINUTE_S,
        "rider_min": costs.tours_s.get(CourierKind.RIDER, 0) / MINUTE_S,
        "other_min": others_s / MINUTE_S,
        "counter_min": costs.counters_s / MINUTE_S,
        "sorting_min": costs.sorting_s / MINUTE_S,
        "walked_min": costs.walked_s / MINUTE_S,
        "parcels_a_paid_minute": delivered * MINUTE_S / costs.paid_s if costs.paid_s else 0.0,
    }
    if delivered:
        found["cost_cents"] = costs.cents / delivered
        if price_cents is not None:
            found["margin_cents"] = price_cents - costs.cents / delivered
    return found


def _ways(kpis: Mapping[str, Any], costs: Costs, created: int) -> Row:
    counts = {
        "guard": kpis["guard_deliveries"],
        "collected": kpis["hubs"]["collected"],
        "relayed": kpis["relays"],
        "gate": kpis["gate_handovers"],
    }
    return {
        **{f"{name}_share": count / created for name, count in counts.items()},
        "guard_deliveries": float(counts["guard"]),
        "collections": float(counts["collected"]),
        "relays": float(counts["relayed"]),
        "gates": float(counts["gate"]),
        "absences": float(costs.absences),
        "absences_a_parcel": costs.absences / created,
        "not_let_in": float(costs.refused_at_gates),
        "shared_visit_share": kpis["shared_visit_share"] or 0.0,
        "parcels_a_visit": kpis["parcels_per_visit"] or 0.0,
    }
