"""What the page shows of hubs: figures, how full each was, and the ways of what came through."""

from collections.abc import Sequence

from dispatch.core.metrics import Figures
from dispatch.sim import words
from dispatch.sim.story import Story
from dispatch.sim.telling import way

MOST_WAYS = 12
"""So many kinds of ways through hubs are shown."""
MOST_HUBS = 15


def figures(hubs: Figures) -> list[dict[str, object]]:
    """Return the group of figures on hubs, none where nothing came to any."""
    received = hubs["received"]
    if not any(received.values()):
        return []
    number = words.number
    return [
        {
            "title": "Hubs",
            "rows": (
                ("handed on to another courier", number(received["RELAY"])),
                ("kept until the next attempt", number(received["HOLD"])),
                ("left for their recipients", number(received["COLLECTION"])),
                ("fetched by their recipients", number(hubs["collected"])),
                ("stayed too long: nobody came for it", number(hubs["overdue"])),
                ("most at once in one hub", number(hubs["peak_occupancy"])),
                ("fullest hub, of its slots", words.share(hubs["peak_occupancy_share"])),
                ("turned away: full", number(hubs["refused_full"])),
                ("turned away: closed", number(hubs["refused_closed"])),
                ("fetched, half within", words.duration(hubs["dwell_s"]["COLLECTION"]["p50"])),
                ("fetched, 95 % within", words.duration(hubs["dwell_s"]["COLLECTION"]["p95"])),
            ),
        }
    ]


def table(hubs: Figures) -> list[dict[str, object]]:
    """Return the hubs that parcels came to, the fullest first."""
    by_hub = sorted(hubs["by_hub"].items(), key=lambda item: (-item[1]["peak"], item[0]))
    return [
        {
            "name": hub,
            "cells": (
                its["kind"],
                words.number(its["received"]),
                words.number(its["peak"]),
                words.number(its["slots"]),
            ),
            "full": round(100 * min(1.0, its["peak"] / its["slots"])) if its["slots"] else 0,
        }
        for hub, its in by_hub[:MOST_HUBS]
    ]


def note(stories: Sequence[Story]) -> str:
    """Say how many of all parcels came through hubs, and how to read their ways."""
    through = sum(story.hub_count > 0 for story in stories)
    return (
        f"{through:,} of {words.counted(len(stories), 'parcel')} came through a hub on the way. "
        "One parcel stands for each kind of way, the most frequent first. Each place with the time "
        "at which the parcel came there; between them who carried it, and since when."
    )


def through_hubs(stories: Sequence[Story], calendar: words.Calendar) -> list[dict[str, object]]:
    """Tell the ways through hubs, one parcel for each kind of way, the most frequent first."""
    kinds: dict[tuple[str, ...], list[Story]] = {}
    for story in stories:
        if story.hub_count:
            kinds.setdefault(tuple(hop.what for hop in story.way), []).append(story)
    ordered = sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        {
            "parcel": its[0].parcel.id,
            "count": words.counted(len(its), "parcel"),
            "way": way(its[0], calendar),
        }
        for _, its in ordered[:MOST_WAYS]
    ]
