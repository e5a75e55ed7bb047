"""What the page shows of compounds: how parcels got in, their entrances, and posts over the day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dispatch.core import messages as m
from dispatch.core.compound_metrics import WAYS_IN
from dispatch.core.metrics import Figures
from dispatch.core.model import CourierKind, FailureCode, Hub, ParcelState
from dispatch.sim import compound_picture, words
from dispatch.sim.compound_picture import Entry, entrance_name
from dispatch.sim.folder import Day
from dispatch.sim.post_lanes import Rosters, lanes_of
from dispatch.sim.story import Chronicle, Story
from maps.compounds import Compound
from maps.network import RoadNetwork

MOST_COMPOUNDS = 8
"""So many are shown, those with the most parcels."""
LABELS: Mapping[str, str] = dict(
    zip(
        WAYS_IN,
        (
            "to the door, by a guard",
            "to the door, by a rider",
            "to the door, by others",
            "in person at the gate",
            "neighbour or safe place",
            "fetched from a hub",
            "returned",
            "not brought in",
        ),
        strict=True,
    )
)
_AT_HUB = frozenset({FailureCode.HUB_FULL, FailureCode.HUB_CLOSED})
_KINDS = {CourierKind.GUARD: "door_by_guard", CourierKind.RIDER: "door_by_rider"}
_ENDS = {"gate": "gate", "recipient": "collected"} | dict.fromkeys(
    ("neighbour", "safe place"), "neighbour_or_safe_place"
)


def figures(kpis: Figures) -> list[dict[str, object]]:
    """Return the group of figures on posts and visits, none on a day without posts."""
    posts = kpis["posts"]
    if not posts:
        return []
    number, duration = words.number, words.duration
    gaps = (("breaks in presence", number(kpis["presence_gaps"])),)
    return [
        {
            "title": "Compounds and posts",
            "rows": (
                ("delivered by guards", number(kpis["guard_deliveries"])),
                ("handed over at a gate", number(kpis["gate_handovers"])),
                ("visits of an entrance or gate", number(kpis["visits"])),
                ("parcels a visit", number(kpis["parcels_per_visit"], 2)),
                ("of them on a shared visit", words.share(kpis["shared_visit_share"])),
                ("parcels a paid minute", number(kpis["parcels_per_paid_minute"], 2)),
                ("guards away from posts", duration(sum(p["away_s"] for p in posts.values()))),
                ("posts below their minimum", duration(kpis["post_below_minimum_s"])),
                ("guards kept until relieved", duration(kpis["stayed_on_s"])),
                *(gaps if "presence_gaps" in kpis else ()),
            ),
        }
    ]


def sections(
    chronicle: Chronicle,
    events: Sequence[m.Event],
    day: Day,
    kpis: Figures,
    calendar: words.Calendar,
    network: RoadNetwork | None,
) -> list[dict[str, object]]:
    """Return what is to be said of each compound, those with the most parcels first."""
    posts: Figures = kpis["posts"]
    told = _Told(events)
    lands: dict[str, Compound] = {its.id: its for its in day.compounds}
    lands |= {its.id: its for its in (network.compounds if network is not None else ())}
    names = {its.id: its.name for its in day.companies if its.name}
    ours = {its.id for its in day.compounds} | {its.id for its in day.companies}
    ours |= {its["compound"] for its in posts.values()}
    ranked = sorted(ours & kpis["compounds"].keys(), key=lambda c: (-_parcels(kpis, c), c))
    rosters = Rosters(events)
    return [
        {
            "name": _name(compound, names, lands),
            "facts": _facts(kpis["compounds"][compound]),
            "ways": _ways(kpis["compounds"][compound]),
            "svg": compound_picture.draw(
                lands.get(compound) or Compound(id=compound),
                _entries(chronicle, compound, lands.get(compound)),
                told.hubs_of(compound, posts),
                told.rulings.get(compound, {}),
                LABELS,
                network,
            ),
            "posts": [
                lanes_of(post, its, rosters, calendar)
                for post, its in posts.items()
                if its["compound"] == compound
            ],
        }
        for compound in ranked[:MOST_COMPOUNDS]
    ]


class _Told:
    """Hubs and rulings, from the events."""

    def __init__(self, events: Iterable[m.Event]) -> None:
        self.hubs: dict[str, Hub] = {}
        self.rulings: dict[str, dict[str, str]] = {}
        for event in events:
            if isinstance(event, m.HubCreated):
                self.hubs[event.hub.id] = event.hub
            elif isinstance(event, m.GateRuled):
                its = self.rulings.setdefault(event.ruling.compound, {})
                its[event.ruling.gate] = event.ruling.rule.value

    def hubs_of(self, compound: str, posts: Figures) -> list[Hub]:
        """Return the hubs that stand in a compound or that its posts keep."""
        kept = {its["hub"] for its in posts.values() if its["compound"] == compound}
        return [
            hub
            for id_, hub in sorted(self.hubs.items())
            if id_ in kept or hub.place.compound == compound
        ]


def _name(compound: str, names: Mapping[str, str], lands: Mapping[str, Compound]) -> str:
    on_the_map = lands[compound].name if compound in lands else ""
    return names.get(compound) or on_the_map or compound


def _parcels(kpis: Figures, compound: str) -> int:
    return int(kpis["compounds"][compound]["parcels"])


def _facts(its: Figures) -> list[str]:
    return [
        words.counted(its["parcels"], "parcel"),
        words.counted(its["visits"], "visit"),
        f"{words.number(its['parcels_per_visit'], 2)} parcels a visit",
        f"{words.share(its['shared_visit_share'])} of them on a shared visit",
        f"{its['relayed']:,} through the booth on the way",
    ]


def _ways(its: Figures) -> list[dict[str, object]]:
    return [
        {
            "way": way,
            "label": label,
            "count": its[way],
            "share": words.share(its[way] / its["parcels"]),
        }
        for way, label in LABELS.items()
        if its[way]
    ]


def _entries(chronicle: Chronicle, compound: str, land: Compound | None) -> list[Entry]:
    """Return the entrances that parcels came for, each with how they got in."""
    known = {
        (its.building, its.entrance): (its.lat, its.lon)
        for its in (land.entrances if land is not None else ())
    }
    entries: dict[str, Entry] = {}
    for story in chronicle.parcels:
        place = story.parcel.dropoff
        if place.compound != compound:
            continue
        lat, lon = known.get((place.building, place.entrance), (place.lat, place.lon))
        name = entrance_name(place.building, place.entrance) or "an entrance nobody knows"
        key = name if place.building or place.entrance else f"{lat:.5f},{lon:.5f}"
        short = "-".join(filter(None, (place.building, place.entrance)))
        entry = entries.setdefault(key, Entry(name, lat, lon, short))
        entry.ways[way_in(story, chronicle)] += 1
        entry.vain += sum(failure not in _AT_HUB for failure in story.failures)
    return list(entries.values())


def way_in(story: Story, chronicle: Chronicle) -> str:
    """Return how a parcel got to its recipient, a key of `LABELS`."""
    if not story.delivered_at:
        return "returned" if story.ended == ParcelState.RETURNED else "not_in"
    last = story.way[-1]
    courier = chronicle.couriers.get(last.by)
    by = _KINDS.get(courier.kind, "door_by_others") if courier is not None else "door_by_others"
    return _ENDS.get(last.what, by)


def summary(kpis: Figures) -> str:
    """Say in one sentence how all compounds did."""
    ways: Counter[str] = Counter()
    for its in kpis["compounds"].values():
        ways.update({way: its[way] for way in WAYS_IN})
    got_in = ways.total() - ways["returned"] - ways["not_in"]
    return (
        f"{got_in:,} of {words.counted(ways.total(), 'parcel')} for doors behind gates got to "
        "their recipients. Each pie is an entrance: its area is how many parcels came for it, its "
        "slices are how they got in; a dashed ring marks visits in vain."
    )
