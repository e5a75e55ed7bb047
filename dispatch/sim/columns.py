"""The files of a day folder and their columns: one table, for reading and for writing.

The order of columns is the order in which they are written.
"""

from dispatch.sim.table import Columns

HEADER = "day.toml"
PARCELS = "parcels.csv"
COURIERS = "couriers.csv"
AVAILABILITY = "availability.csv"
HUBS = "hubs.csv"
HUB_HOURS = "hub_hours.csv"
COMPOUNDS = "compounds.csv"
GATES = "gates.csv"
ENTRANCES = "entrances.csv"
POSTS = "posts.csv"
CONSENTS = "consents.csv"

_DOOR = ("compound", "building", "entrance", "floor", "room", "lift")

FILES: dict[str, Columns] = {
    PARCELS: Columns(
        needed=("id", "created_at", "ready_at", "lat", "lon", "due_at", "grams", "ml"),
        optional=(
            "origin",
            "pickup_lat",
            "pickup_lon",
            "window_opens_at",
            "window_closes_at",
            *_DOOR,
            *(f"pickup_{part}" for part in _DOOR),
            "address",
            "household",
            "options",
            "carrier",
            "waybill",
            "piece",
            "return_to",
            "merchant",
            "value_cents",
            "cod_cents",
        ),
    ),
    COURIERS: Columns(
        needed=("id", "kind", "mode", "lat", "lon"),
        optional=(
            "capacity_grams",
            "capacity_ml",
            "end_lat",
            "end_lon",
            "host_of",
            "max_parcels",
            "allowance_min",
            "leash_min",
            "access",
            "skills",
            "carriers",
            "party",
            "pay_fixed_cents",
            "pay_per_min_cents",
        ),
    ),
    AVAILABILITY: Columns(
        needed=("courier_id", "opens_at", "closes_at"), optional=("post", "duty")
    ),
    HUBS: Columns(
        needed=("id", "kind", "operator", "lat", "lon", "slots_s", "slots_m", "slots_l"),
        optional=("compound", "host", "contracts", "attended"),
    ),
    HUB_HOURS: Columns(needed=("hub", "opens_at", "closes_at")),
    COMPOUNDS: Columns(
        needed=("id", "name"), optional=("property_company", "boundary"), optional_file=True
    ),
    GATES: Columns(
        needed=("id", "compound", "lat", "lon", "rule"),
        optional=("modes", "sign_in_s", "opens_at", "closes_at"),
        optional_file=True,
    ),
    ENTRANCES: Columns(
        needed=("compound", "building", "entrance", "lat", "lon", "floors", "lift"),
        optional_file=True,
    ),
    POSTS: Columns(needed=("id", "compound", "hub", "minimum"), optional_file=True),
    CONSENTS: Columns(
        needed=("kind", "target", "given_at", "evidence"),
        optional=("household", "parcel", "withdrawn_at"),
        optional_file=True,
    ),
}
"""Every CSV file of a day. Columns that are needed only in some rows count as optional."""

UNUSED_COLUMNS: dict[str, tuple[str, ...]] = {
    PARCELS: ("return_to", "value_cents", "cod_cents"),
    COURIERS: ("skills",),
}
"""What is read and checked, but changes nothing yet."""
