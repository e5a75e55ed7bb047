"""Values that steer decisions: when to batch, whom to offer, what to pay.

A policy is immutable and bears a version. It enters the log with `PolicyAdopted`, so that a
refold sees the values that each decision saw. Every default marked (A) is an assumption.
"""

from typing import get_args

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Cents, CourierKind, Meters, Mode, Seconds, Value
from dispatch.solver.locks import LockLevel
from dispatch.solver.plan import Engine

ENGINES = get_args(Engine)
NEVER_ZERO = (
    "epoch_s",
    "iterations_per_leg",
    "most_iterations",
    "threads",
    "solution_limit",
    "max_legs",
    "max_couriers",
    "code_attempts",
    "lock_relax_s",
)
LOCK_LEVELS = ("", *LockLevel)


class Climb(Value):
    """What the way from the street to a door costs one kind of courier (A).

    Attributes
    ----------
    up_s_per_floor, down_s_per_floor
        Stairs.
    lift_wait_s, lift_s_per_floor
        A lift, where there is one.
    knock_s
        Knocking and waiting, once a door.
    """

    up_s_per_floor: float
    down_s_per_floor: float
    lift_wait_s: float = 30.0
    lift_s_per_floor: float = 2.5
    knock_s: float = 25.0


CLIMBS = {
    CourierKind.RIDER: Climb(up_s_per_floor=6, down_s_per_floor=6),
    CourierKind.GUARD: Climb(up_s_per_floor=12, down_s_per_floor=8),
    CourierKind.NEIGHBOUR: Climb(up_s_per_floor=10, down_s_per_floor=10),
    CourierKind.SHOPKEEPER: Climb(up_s_per_floor=10, down_s_per_floor=10),
    CourierKind.STUDENT: Climb(up_s_per_floor=10, down_s_per_floor=10),
}
"""By kind of courier: riders from a courier's own timing, the others assumptions."""


class Policy(Value):
    """One immutable version of all values.

    Attributes
    ----------
    epoch_s
        Length of an epoch: how often waiting legs are planned.
    engine
        ``routing`` (OR-Tools with the compiled search inside), ``search`` (that search alone) or
        ``insert`` (cheapest insertion alone).
    iterations_per_leg, most_iterations
        Steps of the search in one epoch: so many for each leg of its problem, and no more than the
        second. A count, not a time, so that the same day gives the same plans on any machine.
    threads
        Searches side by side, each with so many steps. Two give other plans than one, the same on
        any machine.
    solution_limit
        Local optima that OR-Tools may visit in one epoch where it has to do without the search.
    seed
        Seed of the search.
    max_legs, max_couriers
        Most that enter one `Problem`, soonest due first.
    offer_s
        Time to answer an offer: riders, and all others.
    cooldown_s
        Pause after an offer that nobody answered.
    slack_s
        A tour is held back, so that more can join it, until the tightest of its promises has
        less slack than this (A).
    most_held_s
        No leg is held back longer than this after it became ready (A).
    others_later
        It is offered at once if its courier's slot ends before that and fewer others than
        this are on the roster for then (A).
    full_permille
        It is offered at once when it fills this share of the courier's capacity or span (A).
    least_slot_s
        A courier whose slot ends sooner gets no new tour (A).
    unassigned_cents
        Price of leaving a leg to the backup, a professional courier (A).
    lateness_cents_per_min
        Price of a minute after the promise (A).
    nuisance_cents
        Price of troubling somebody with an offer (A).
    nearest_couriers
        Of these around each pickup, the union enters the problem (A).
    give_up_s
        So long after its promise a parcel without a window expires (A).
    reattempt_s
        Earliest second attempt after the first failed (A).
    no_show_s
        A tour that has not begun so long after its departure is taken back (A).
    allowance_s, leash_s
        By kind: guard, shopkeeper, others; time away from a post that is free of extra cost,
        and the hard limit (A).
    over_allowance_cents_per_min
        Price of a minute above the allowance (A).
    scan_s, shelve_s, hand_over_s
        Service times: a scan, fetching from the shelf, handing over (A).
    sign_in_s, sign_in_known_s
        Signing in at a gate: a stranger, where the gate's own figure is not known; a rider whose
        party the guard knows (A).
    detour_permille
        Street length over straight line, for estimates without a map (A).
    geofence_m
        A hand-over or an attempt counts so near to its place, or within the fix's accuracy.
    forget_s
        A refusal holds so long: who declined a leg or gave it back is not asked meanwhile (A).
    absent_wait_s
        Between the later of arrival and contact and a failed attempt (A).
    handover_s
        The two scans of a hand-over lie at most so far apart (A).
    correct_s
        So long after it was reported an outcome can be corrected.
    keep_s, overdue_s
        A hub keeps a parcel for its recipient so long; and so long again before it goes back (A).
    reserve_s
        A slot is held so long after the planned arrival (A).
    code_attempts, code_lock_s
        So many wrong codes in a row lock a counter's session, for so long (A).
    relay_radius_m
        A relay hub serves doors in its compound, or so near to it (A).
    hub_radius_m
        A parcel goes no farther from its door than this to be collected or held (A).
    onward_cents
        Expected cost from a relay hub to the door, where no keeper is there to be planned (A).
    onward_s
        Time that a relay hub and a keeper need from the receiving scan to the door (A).
    keeping_cents
        What a hub is paid for a parcel, in the planner's eyes (A).
    walk_cents_per_km
        Price of a recipient's way to a hub (A).
    rung_cents
        Price of each rung down the recipient's ladder (A).
    late_return_permille
        Of a guard's time away, kept free before the roster wants the guard back: 1.65 standard
        deviations of travel times (A).
    gate_wait_s, gate_cents
        At a gate that keeps the courier out: until the recipient comes down, and what that way
        costs in the planner's eyes (A).
    absent_permille, failed_cents
        Chance of nobody at home, and what a visit in vain costs, in the planner's eyes (A).
    move_cents
        Price of giving a leg to another courier than the last plan did, or to none; 0 for no
        price (A).
    lock_level, lock_relax_s
        How much of what a plan gave a courier the next ones must keep: a level of
        `dispatch.solver.locks`, empty for nothing; and after how long each level is lost (A).
    arrival_sigma_permille
        Standard deviation of an arrival, of the time from the departure to it (A).
    explained_legs
        Of so many legs at most a plan finds out who comes nearest and what would serve them; of
        the others only the code.
    """

    version: str = "default-1"
    epoch_s: Seconds = 60
    engine: Engine = "routing"
    iterations_per_leg: int = 100
    most_iterations: int = 10_000
    threads: int = 1
    solution_limit: int = 40
    seed: int = 0
    max_legs: int = 200
    max_couriers: int = 80
    offer_rider_s: Seconds = 60
    offer_s: Seconds = 180
    cooldown_s: Seconds = 600
    slack_s: Seconds = 1800
    most_held_s: Seconds = 3600
    others_later: int = 2
    full_permille: int = 800
    least_slot_s: Seconds = 300
    unassigned_cents: Cents = 3000
    lateness_cents_per_min: Cents = 20
    nuisance_cents: Cents = 30
    nearest_couriers: int = 10
    give_up_s: Seconds = 14_400
    reattempt_s: Seconds = 3600
    no_show_s: Seconds = 600
    allowance_guard_s: Seconds = 900
    allowance_shopkeeper_s: Seconds = 1200
    allowance_other_s: Seconds = 3600
    leash_guard_s: Seconds = 1350
    leash_shopkeeper_s: Seconds = 1800
    leash_other_s: Seconds = 5400
    over_allowance_cents_per_min: Cents = 50
    scan_s: Seconds = 4
    shelve_s: Seconds = 8
    hand_over_s: Seconds = 10
    sign_in_s: Seconds = 45
    sign_in_known_s: Seconds = 5
    detour_permille: int = 1300
    geofence_m: Meters = 50
    forget_s: Seconds = 43_200
    absent_wait_s: Seconds = 120
    handover_s: Seconds = 900
    correct_s: Seconds = 1800
    keep_s: Seconds = 86_400
    overdue_s: Seconds = 86_400
    reserve_s: Seconds = 1800
    code_attempts: int = 5
    code_lock_s: Seconds = 600
    relay_radius_m: Meters = 300
    hub_radius_m: Meters = 1500
    onward_cents: Cents = 300
    onward_s: Seconds = 1800
    keeping_cents: Cents = 40
    walk_cents_per_km: Cents = 200
    rung_cents: Cents = 200
    late_return_permille: int = 330
    gate_wait_s: Seconds = 180
    gate_cents: Cents = 250
    absent_permille: int = 100
    failed_cents: Cents = 300
    move_cents: Cents = 30
    lock_level: str = ""
    lock_relax_s: Seconds = 600
    arrival_sigma_permille: int = 200
    explained_legs: int = 20

    def __post_init__(self) -> None:
        """Check that every measure is positive and the engine is one that exists."""
        faults = [
            Fault(name, f"{value} is negative")
            for name in self.__struct_fields__
            if isinstance(value := getattr(self, name), int) and value < 0
        ]
        if self.engine not in ENGINES:
            faults.append(Fault("engine", f"{self.engine!r} is none of {', '.join(ENGINES)}"))
        if self.lock_level not in LOCK_LEVELS:
            told = ", ".join(LockLevel)
            faults.append(Fault("lock_level", f"{self.lock_level!r} is none of {told}, nor empty"))
        faults += [
            Fault(name, "must be at least 1") for name in NEVER_ZERO if getattr(self, name) == 0
        ]
        if faults:
            raise InvalidValue(faults, subject="policy")

    def allowance_of(self, kind: CourierKind) -> Seconds:
        """Free time away for a kind of courier."""
        return {
            CourierKind.GUARD: self.allowance_guard_s,
            CourierKind.SHOPKEEPER: self.allowance_shopkeeper_s,
        }.get(kind, self.allowance_other_s)

    def leash_of(self, kind: CourierKind) -> Seconds:
        """Longest trip of a kind of courier."""
        return {
            CourierKind.GUARD: self.leash_guard_s,
            CourierKind.SHOPKEEPER: self.leash_shopkeeper_s,
        }.get(kind, self.leash_other_s)

    def iterations_of(self, legs: int) -> int:
        """Return the steps of the search for a problem of so many legs."""
        return min(self.iterations_per_leg * legs, self.most_iterations)

    def answer_s(self, kind: CourierKind) -> Seconds:
        """Time that a kind of courier has to answer an offer."""
        return self.offer_rider_s if kind is CourierKind.RIDER else self.offer_s

    def estimate(self, mode: Mode, straight_m: float) -> tuple[Seconds, Meters]:
        """Travel time and street length over a straight distance, without a map."""
        street_m = straight_m * self.detour_permille / 1000
        return round(street_m / SPEED_M_PER_S[mode]), round(street_m)


SPEED_M_PER_S = {Mode.FOOT: 1.35, Mode.BICYCLE: 4.2, Mode.EBIKE: 6.0, Mode.CAR: 7.0}
"""Door-to-door speeds in town for estimates without a map (A)."""
