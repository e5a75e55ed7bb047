"""What the check of custody keeps while it reads a log: parcels, hubs, slots, and the gaps.

Like `dispatch.sim.custody_check`, which fills it, it must not import anything of `dispatch.core`.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SKEW_S = 120
"""How far a phone's clock may run ahead or behind, in seconds."""
HANDOVER_S, CORRECT_S = 900, 1800
"""How far two scans may lie apart and how late an outcome may be corrected, where the log's policy
does not say."""
NAMED = {"PIN", "SIGNATURE", "IDENTITY", "RECEIVER_NAME"}
"""What stands for a recipient at the door."""
AT_WORK = {"POST", "PATROL"}
"""Duties in which a guard keeps the booth of the post."""
PERSONAL = {"PIN", "SIGNATURE", "IDENTITY"}
"""What cannot be had in a safe place."""
RUNGS = {"COLLECTION": "HUB", "PERSON": "PERSON", "SAFE_PLACE": "SAFE_PLACE"}
"""Deliveries that need consent, and the rung of the ladder that stands for each."""

Holder = tuple[str, str]
Fields = dict[str, Any]
RECIPIENT: Holder = ("RECIPIENT", "")


class Rule(Enum):
    """What must hold in every log, by the name that a report uses."""

    LINE = "each line is an event of a parcel, a hub and a courier that the log has taken in"
    ONE_CUSTODIAN = "a parcel is taken in once, and is at one place"
    GIVER = "a parcel is taken from whoever has it"
    HOLDER = "only whoever has a parcel delivers it, brings it back or fails to"
    SCAN = "custody moves by somebody's scan"
    BOTH_SIDES = "between couriers and at attended hubs both sides scan, soon after each other"
    SINGLE_ACTOR = "one person on both sides is marked, and nobody else"
    ORIGIN = "a parcel is brought back to where it came from"
    RESERVATION = "a parcel comes into a hub on a slot that is held for it"
    SLOTS = "slots held and occupied are no more than the hub has"
    SLOT_LEFT = "a parcel that has left or ended holds no slot"
    OPEN = "a hub gives and takes while it is open and not paused; what comes back it takes always"
    CONTRACT = "a hub keeps a parcel only for what its operator has agreed to"
    CONSENT = "collection, neighbour and safe place need consent on record"
    PROOF = "at a door or a neighbour's something stands for the recipient"
    SAFE_PLACE = "a safe place is none for what needs a signature, a code or an identity"
    CODE = "what waits at a hub goes out by a code or to a proxy, known and valid"
    CORRECTION = "an outcome is corrected in time, by somebody, to what the ladder of hands allows"
    TERMINAL = "what has ended moves no more"
    TIME = "time runs forward, and so does custody"


@dataclass(frozen=True)
class Gap:
    """One broken rule: where in the log, of which parcel, and what is wrong."""

    rule: Rule
    line: int
    parcel: str
    problem: str

    def __str__(self) -> str:
        """One sentence."""
        return f"{self.rule.name}, line {self.line}: parcel {self.parcel or '-'} {self.problem}"


@dataclass
class HalfSeen:
    """One side's scan that waits for the other."""

    giver: Holder
    taker: Holder
    at: int


@dataclass
class ParcelSoFar:
    """What the log has told of one parcel so far."""

    created: Fields
    holder: Holder
    since: int
    options: list[Fields]
    door_key: str
    ended: str = ""
    is_old: bool = False
    half: HalfSeen | None = None
    outcome: str = ""
    outcome_at: int = 0

    @property
    def recipient(self) -> str:
        """Whose it is, as far as the log says."""
        return self.created.get("household") or self.door_key or self.created["id"]

    @property
    def origin(self) -> Holder:
        """Who has it before anybody has moved it."""
        hub = self.created.get("origin_hub", "")
        return ("HUB", hub) if hub else ("SENDER", self.created["merchant"])


@dataclass
class Books:
    """The log as far as it was read, and the gaps found in it."""

    line: int = 0
    at: int = 0
    gaps: list[Gap] = field(default_factory=list)
    policy: Fields = field(default_factory=dict)
    hubs: dict[str, Fields] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    post_hubs: dict[str, str] = field(default_factory=dict)
    rosters: dict[str, list[Fields]] = field(default_factory=dict)
    pauses: dict[str, tuple[int, int]] = field(default_factory=dict)
    parcels: dict[str, ParcelSoFar] = field(default_factory=dict)
    slots: dict[tuple[str, str], str] = field(default_factory=dict)
    used: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: set[tuple[str, str]] = field(default_factory=set)
    proxies: dict[tuple[str, str], int] = field(default_factory=dict)

    def that(self, holds: bool, rule: Rule, parcel: str, problem: str) -> None:  # noqa: FBT001
        """Note a gap unless ``holds``."""
        if not holds:
            self.gaps.append(Gap(rule, self.line, parcel, problem))

    def keeps(self, courier: str, hub: str) -> bool:
        """Whether a courier keeps a hub: for good, or now by the roster of one of its posts."""
        if not hub:
            return False
        if self.hubs[hub].get("host") == courier or self.hosts[courier] == hub:
            return True
        return any(
            slot["opens_at"] <= self.at < slot["closes_at"]
            and slot.get("duty") in AT_WORK
            and self.post_hubs.get(slot.get("post", "")) == hub
            for slot in self.rosters.get(courier, ())
        )

    def moving(self, event: Fields, verb: str) -> ParcelSoFar:
        """Return a parcel that an event moves; what has ended must not."""
        parcel = self.parcels[event["parcel"]]
        problem = f"was {verb}, but is {parcel.ended} since before"
        self.that(not parcel.ended, Rule.TERMINAL, event["parcel"], problem)
        return parcel

    def move(self, event: Fields, parcel: ParcelSoFar, to: Holder) -> None:
        """Put a parcel into other hands."""
        happened_at: int = event["happened_at"] if "happened_at" in event else event["at"]
        name = parcel.created["id"]
        self.that(
            parcel.since - SKEW_S <= happened_at <= event["at"] + SKEW_S,
            Rule.TIME,
            name,
            f"went to {said(to)} at {happened_at}, not between {parcel.since} and {event['at']}",
        )
        if parcel.holder[0] == "HUB":
            self.free(parcel.holder[1], name)
        parcel.holder = to
        if parcel.half is not None and parcel.half.giver != to:
            # A scan that waits for the late report of its giver's pickup is still good.
            parcel.half = None
        parcel.since = max(parcel.since, happened_at)

    def end(self, event: Fields, parcel: ParcelSoFar, state: str) -> None:
        """Note that nothing more can happen to a parcel, what it has done last, and when."""
        parcel.ended = parcel.outcome = state
        parcel.outcome_at = event["at"]

    def free(self, hub: str, parcel: str) -> None:
        """Give back a parcel's slot, if it had one."""
        size = self.slots.pop((hub, parcel), "")
        if size:
            self.used[hub, size] -= 1

    def at_counter(self, event: Fields, hub: str, parcel: str) -> None:
        """Look whether a hub gave or took while it might."""
        at = event["happened_at"]
        hours = self.hubs[hub].get("hours", [])
        is_open = any(its["opens_at"] <= at <= its["closes_at"] for its in hours) or not hours
        since, until = self.pauses.get(hub, (0, 0))
        # One side may have scanned just before the pause, by a clock that runs ahead.
        is_paused = bool(since) and since + SKEW_S < at and (not until or at < until)
        problem = f"passed the counter of {hub} at {at}, which was closed or paused"
        self.that(is_open and not is_paused, Rule.OPEN, parcel, problem)

    def consent(self, parcel: ParcelSoFar, purpose: str, hub: str = "") -> None:
        """Look for the recipient's consent to a kind of delivery, at a hub to this one or any."""
        rung = RUNGS.get(purpose)
        agreed = rung is None or any(
            option["kind"] == rung
            and option.get("consented_by")
            and (rung != "HUB" or option.get("target", "") in {"", hub})
            for option in parcel.options
        )
        problem = f"went to {purpose} {hub} without consent on record"
        self.that(agreed, Rule.CONSENT, parcel.created["id"], problem)

    def both_sides(self, event: Fields, parcel: ParcelSoFar, giver: Holder, taker: Holder) -> None:
        """Look for the other side's scan where both have to scan."""
        name, half = parcel.created["id"], parcel.half
        hub = next((who for kind, who in (giver, taker) if kind == "HUB"), "")
        courier = taker[1] if taker[0] == "COURIER" else giver[1]
        is_own = self.keeps(courier, hub)
        problem = f"was handed over by one person alone: {is_own}; the log says the opposite"
        marked = event.get("single_actor", False)
        self.that(marked == is_own, Rule.SINGLE_ACTOR, name, problem)
        is_between = {giver[0], taker[0]} == {"COURIER"}
        if is_own or not (is_between or (hub and self.hubs[hub].get("attended"))):
            return
        way = f"from {said(giver)} to {said(taker)}"
        witness = event.get("witness", "")
        agrees = half is not None and (half.giver, half.taker) == (giver, taker)
        self.that(agrees, Rule.BOTH_SIDES, name, f"went {way} with one side's scan alone")
        self.that(bool(witness), Rule.BOTH_SIDES, name, f"went {way} and names no witness")
        if half is not None:
            apart = abs(event["happened_at"] - half.at)
            soon = apart <= self.policy.get("handover_s", HANDOVER_S)
            problem = f"went {way} with scans {apart} s apart"
            self.that(soon, Rule.BOTH_SIDES, name, problem)


def said(holder: Holder) -> str:
    """Return a holder in words."""
    kind, who = holder
    return f"{kind.lower()} {who}".strip()


def holder_of(custodian: Fields) -> Holder:
    """Return who a custodian of the log is."""
    return custodian["kind"], custodian.get("id", "")
