"""A problem as arrays, in the file format of ``antmile solve --format antmile``, as a request.

The keys are those of such a file, what they mean stands in ``docs/formats.md``; whatever is missing
is left to the service, which takes it as the file's reader does. A tick of the file is a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

from dispatch.v1 import batch_pb2 as pb

START = 1_800_000_000
"""Tick 0: which instant it is does not matter."""
NO_WAY, NO_LIMIT = 2**29, 2**40
SKILLS = tuple(str(bit) for bit in range(64))
"""A name for each bit."""
ACTIONS = (pb.BatchStop.Action.PICKUP, pb.BatchStop.Action.DROPOFF)

Row: TypeAlias = dict[str, Any]


def instant(tick: int) -> Timestamp:
    """Return an instant of the file."""
    return Timestamp(seconds=START + tick)


def span(ticks: int) -> Duration:
    """Return a length of time of the file."""
    return Duration(seconds=ticks)


def money(cost: int, times: int = 1) -> Money:
    """Return a cost, which is in thousandths of a cent, for so many of the file's units."""
    units, rest = divmod(cost * times, 100_000)
    return Money(units=units, nanos=rest * 10_000)


def cost_of(amount: Money) -> int:
    """Return money as a cost of the file."""
    return int(amount.units * 100_000 + amount.nanos // 10_000)


def request_of(problem: Mapping[str, Any], parent: str) -> pb.SolveBatchRequest:
    """Return a request of a file's arrays; legs, couriers and all else are known by their numbers.

    Parameters
    ----------
    problem
        A file as ``json.loads`` reads it.
    parent
        The network.
    """
    return pb.SolveBatchRequest(
        parent=parent,
        start_time=instant(0),
        skills=SKILLS,
        places=_places(problem),
        matrices=_matrices(problem),
        legs=_legs(problem),
        couriers=_couriers(problem),
        hubs=[
            pb.BatchHub(id=str(hub), free_slots=free)
            for hub, free in enumerate(problem.get("hub_slots_free", ()))
        ],
        size_class_count=_size_classes(problem),
        posts=[
            pb.BatchPost(
                id=str(post),
                steps=[
                    pb.BatchPostStep(start_time=instant(starts_at), most_away=most_away)
                    for starts_at, most_away in steps
                ],
            )
            for post, steps in enumerate(problem.get("post_steps", ()))
        ],
        gates=[
            pb.BatchGate(id=str(gate), entry_seconds=entries)
            for gate, entries in enumerate(zip(*problem.get("gate_entry", ()), strict=True))
        ],
    )


def _size_classes(problem: Mapping[str, Any]) -> int:
    rows = problem.get("hub_slots_free", ())
    largest = max(problem.get("leg_size", ()), default=0)
    return len(rows[0]) if rows else (largest and largest + 1)


def _places(problem: Mapping[str, Any]) -> list[pb.BatchPlace]:
    count = len(problem["travel"][0])
    gates = problem.get("place_gate", [-1] * count)
    return [pb.BatchPlace(gate=named(gate)) for gate in gates]


def _matrices(problem: Mapping[str, Any]) -> list[pb.BatchMatrix]:
    def flat(name: str, mode: int) -> list[int]:
        rows = problem.get(name) or ()
        return [value for row in rows[mode] for value in row] if rows else []

    return [
        pb.BatchMatrix(
            mode=str(mode),
            travel_seconds=[-1 if ticks >= NO_WAY else ticks for ticks in flat("travel", mode)],
            distance_meters=[-1 if m >= NO_WAY else m for m in flat("distance_m", mode)],
            arc_costs=flat("arc_cost", mode),
        )
        for mode in range(len(problem["travel"]))
    ]


def named(number: int) -> str:
    """Return the id of a number; none for -1."""
    return str(number) if number >= 0 else ""


def place(number: int) -> int | None:
    """Return a place's number; none for -1."""
    return number if number >= 0 else None


def away_since(tick: int) -> Timestamp | None:
    """Return when a courier has left; none where that is not so yet."""
    return instant(tick) if tick <= 0 else None


def skills(bits: int) -> list[str]:
    """Return the names of bits."""
    return [name for bit, name in enumerate(SKILLS) if bits >> bit & 1]


LEG_FIELDS = {
    "pickup_place": ("pickup_place", place),
    "on_board": ("on_board_courier", named),
    "pickup_opens": ("pickup_open_time", instant),
    "pickup_closes": ("pickup_close_time", instant),
    "pickup_service": ("pickup_duration", span),
    "must_courier": ("required_courier", named),
    "barred": ("barred_couriers", lambda row: [str(courier) for courier in row]),
    "after_leg": ("after_leg", named),
    "after_gap": ("after_duration", span),
    "load": ("loads", list),
    "leg_size": ("size_class", int),
    "leg_skills": ("skills", skills),
    "unassigned_cost": ("unassigned_cost", money),
    "lateness_cost": ("lateness_minute_cost", lambda cost: money(cost, 60)),
    "seen_courier": ("seen_courier", named),
    "move_cost": ("move_cost", money),
}
OPTION_FIELDS = {
    "option_place": ("place", place),
    "option_opens": ("open_time", instant),
    "option_due": ("due_time", instant),
    "option_closes": ("close_time", instant),
    "option_service": ("service_duration", span),
    "option_cost": ("cost", money),
    "option_hub": ("hub", named),
    "option_effort": ("effort_gram_floors", int),
}
COURIER_FIELDS = {
    "start_place": ("start_place", place),
    "end_place": ("end_place", place),
    "access": ("access_class", int),
    "courier_skills": ("skills", skills),
    "on_duty": ("duty_start_time", instant),
    "off_duty": ("duty_end_time", instant),
    "left": ("left_time", away_since),
    "leash": ("leash_duration", span),
    "allowance": ("allowance_duration", span),
    "return_reserve_permille": ("return_reserve_permille", int),
    "capacity": ("capacities", list),
    "most_parcels": ("most_parcels", int),
    "count": ("count", int),
    "mode": ("mode", str),
    "pickups_first": ("pickups_first", bool),
    "post": ("post", named),
}
PAY_FIELDS = {
    "fixed_cost": ("fixed_cost", 1),
    "cost_per_travel": ("travel_minute_cost", 60),
    "cost_per_away": ("away_minute_cost", 60),
    "cost_over_allowance": ("over_allowance_minute_cost", 60),
    "cost_per_m": ("kilometer_cost", 1000),
    "cost_per_parcel": ("parcel_cost", 1),
    "cost_per_effort": ("kilogram_floor_cost", 1000),
}


def _said(problem: Mapping[str, Any], fields: Mapping[str, Any], row: int) -> Row:
    """Return those fields of a message that the file has a value for."""
    return {
        name: write(problem[key][row])
        for key, (name, write) in fields.items()
        if problem.get(key) is not None
    }


def _options_of(problem: Mapping[str, Any]) -> list[list[int]]:
    """Return the numbers of each leg's options."""
    options: list[list[int]] = [[] for _ in problem["pickup_place"]]
    for option, leg in enumerate(problem["option_leg"]):
        options[leg].append(option)
    return options


def _legs(problem: Mapping[str, Any]) -> list[pb.BatchLeg]:
    return [
        pb.BatchLeg(
            id=str(leg),
            **_said(problem, LEG_FIELDS, leg),
            options=[
                pb.BatchOption(
                    at_tour_end=problem["option_place"][option] < 0,
                    **_said(problem, OPTION_FIELDS, option),
                )
                for option in options
            ],
        )
        for leg, options in enumerate(_options_of(problem))
    ]


def _couriers(problem: Mapping[str, Any]) -> list[pb.BatchCourier]:
    firsts = [options[0] if options else 0 for options in _options_of(problem)]
    frozen: Sequence[Any] = problem.get("frozen") or [()] * len(problem["start_place"])
    return [
        pb.BatchCourier(
            id=str(courier),
            **_said(problem, COURIER_FIELDS, courier),
            pay=pb.BatchPay(
                **{
                    name: money(problem[key][courier], times)
                    for key, (name, times) in PAY_FIELDS.items()
                    if problem.get(key) is not None
                }
            ),
            frozen_stops=[
                pb.BatchFrozenStop(
                    leg=str(leg),
                    action=ACTIONS[action],
                    option=option - firsts[leg] if action else 0,
                    not_before_time=instant(not_before),
                )
                for leg, action, option, not_before in frozen[courier]
            ],
        )
        for courier in range(len(problem["start_place"]))
    ]
