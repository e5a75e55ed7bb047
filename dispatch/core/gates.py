"""Who passes which gate, and how long that takes.

The map knows where gates are, what their rule is and when they are open. Who a courier is to a
compound is known here: one of its own people, somebody whom its guard has seen before, or a
stranger. Must not import the map: a gate is whatever has a rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from immutables import Map
from msgspec.structs import replace
from numpy.typing import NDArray

from dispatch.core.compounds import GateRuling
from dispatch.core.model import Courier, CourierKind, Hub, Instant, Place, Seconds
from dispatch.core.policy import Policy
from dispatch.core.zone import State

SHUT = -1
"""Stands in arrays for a gate that somebody may not pass."""
EASIEST = ("OPEN", "SIGN_IN", "PERMIT")
"""Rules of gates, the easiest first."""
OUTSIDE = "\x1foutside"
"""After a compound's id: the place before its gate, where only those hand over who may not pass."""


class GateLike(Protocol):
    """A gate, as far as who passes depends on it."""

    @property
    def id(self) -> str:
        """Name of the gate in its compound."""

    @property
    def lat(self) -> float:
        """Degrees."""

    @property
    def lon(self) -> float:
        """Degrees."""

    @property
    def rule(self) -> str:
        """OPEN, SIGN_IN or PERMIT."""

    @property
    def sign_in_s(self) -> Seconds | None:
        """What signing in takes a stranger there; None where only the policy's figure is known."""


class GateMap(Protocol):
    """What the engine has to know of gates."""

    def gates(self, doors: Sequence[Place]) -> Sequence[str]:
        """Return the id of the compound with gates that each place lies behind, else ""."""

    def gate(self, compound: str, mode: str, *, at: Instant) -> GateLike | None:
        """Return the gate that couriers of a mode use at a moment; None where there is none."""

    def ways_in(self, compound: str, mode: str, *, at: Instant) -> Sequence[GateLike]:
        """Return all gates that they fit through and that are open then."""


def is_known(courier: Courier) -> bool:
    """Whether guards know who sent a courier: a rider in the service of somebody."""
    return courier.kind is CourierKind.RIDER and bool(courier.party)


def entry_s(
    gate: GateLike | None, policy: Policy, *, is_own: bool = False, is_known: bool = False
) -> Seconds | None:
    """Return what passing a gate takes; None where the courier may not pass.

    Parameters
    ----------
    gate
        None where the compound has none for the courier's mode that is open now.
    is_own
        The courier is one of the compound's own people: they pass at once, at all hours.
    is_known
        See the function of that name.
    """
    if is_own:
        return 0
    if gate is None:
        return None
    if gate.rule == "OPEN":
        return 0
    if gate.rule != "SIGN_IN":
        return None
    stranger_s = policy.sign_in_s if gate.sign_in_s is None else gate.sign_in_s
    return min(stranger_s, policy.sign_in_known_s) if is_known else stranger_s


def _effort(gate: GateLike) -> tuple[int, float, str]:
    usual_s = float("inf") if gate.sign_in_s is None else gate.sign_in_s
    return EASIEST.index(gate.rule), usual_s, gate.id


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledGate:
    """A gate of the map with a company's rule."""

    id: str
    lat: float
    lon: float
    rule: str
    sign_in_s: Seconds | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyWord:
    """What property companies say of gates and permits.

    Attributes
    ----------
    run
        Compounds that a company runs.
    permits
        By courier: the compounds that permit it.
    rulings
        By `GateRuling.id`.
    """

    run: frozenset[str] = frozenset()
    permits: Mapping[str, tuple[str, ...]] = Map()
    rulings: Mapping[str, GateRuling] = Map()

    @classmethod
    def of(cls, state: State) -> "CompanyWord":
        """Return the word that stands now."""
        permits: dict[str, tuple[str, ...]] = {}
        for compound in sorted(state.permits):
            for courier in state.permits[compound]:
                permits[courier] = (*permits.get(courier, ()), compound)
        return cls(
            run=frozenset(its.id for its in state.compounds.values() if its.company),
            permits=permits,
            rulings=state.gate_rulings,
        )

    def has_ruled(self, compound: str) -> bool:
        """Whether some gate of a compound has a company's rule."""
        return any(ruling.compound == compound for ruling in self.rulings.values())

    def ruled(self, compound: str, mode: str, gate: GateLike) -> GateLike:
        """Return a gate as it is for a mode by the company's word: of itself, else of all gates."""
        for name in (gate.id, ""):
            found = self.rulings.get(f"{compound}~{name}")
            if found is not None and found.compound == compound and mode in (found.modes or {mode}):
                return RuledGate(
                    id=gate.id,
                    lat=gate.lat,
                    lon=gate.lon,
                    rule=found.rule.value,
                    sign_in_s=found.sign_in_s,
                )
        return gate


class Gates:
    """The gates of one epoch. The map is asked once for each place, and for each gate and mode.

    Parameters
    ----------
    places
        The map.
    hubs
        All hubs, by id: who keeps one belongs to the compound that it stands in.
    now
        Gates are as they are at this moment, for the whole plan.
    word
        What property companies say of gates and permits.
    """

    def __init__(
        self,
        places: GateMap,
        hubs: Mapping[str, Hub],
        policy: Policy,
        now: Instant,
        word: "CompanyWord | None" = None,
    ) -> None:
        self._map = places
        self._word = word or CompanyWord()
        self._hubs = hubs
        self._hosted: dict[str, list[Place]] = {}
        for hub in hubs.values():
            self._hosted.setdefault(hub.host, []).append(hub.place)
        self._policy = policy
        self._now = now
        self._compound: dict[Place, str] = {}

    def behind(self, places: Iterable[Place]) -> list[str]:
        """Return the compound that each place lies behind the gates of; "" for open ground."""
        asked = list(places)
        new = [place for place in dict.fromkeys(asked) if place not in self._compound]
        if new:
            self._compound.update(zip(new, self._map.gates(new), strict=True))
        return [self._compound[place] for place in asked]

    def meets_at(self, place: Place, compound: str) -> None:
        """Let a place be the one before a compound's gate where recipients are met.

        Whoever may pass the gate has no business there: it is as shut to them as the gate is to
        the others.
        """
        self._compound[place] = compound + OUTSIDE

    def own(self, courier: Courier) -> frozenset[str]:
        """Return the compounds whose own people a courier belongs to.

        Those that ``access`` lists, by their id or as addresses call them, or for which the
        property company has given a permit; where he lives or keeps his post; where he is going
        anyway; and where a hub stands that he keeps.
        """
        places = [courier.home, *self._hosted.get(courier.id, ())]
        if courier.end is not None:
            places.append(courier.end)
        if courier.host_of in self._hubs:
            places.append(self._hubs[courier.host_of].place)
        # Where a company runs a compound, a list of whoever wrote it opens nothing.
        names = [name for name in courier.access if name not in self._word.run]
        names += self._word.permits.get(courier.id, ())
        # A name is understood as it would be in the address of a door.
        places += [replace(courier.home, compound=name) for name in names]
        # A booth at the gate stands before it, and its guard belongs to the land behind it.
        inside = [replace(place, is_door=True) for place in places]
        return frozenset({*names, *self.behind(inside)} - {""})

    def gate(self, compound: str, mode: str) -> GateLike | None:
        """Return the gate of a mode, with the rule that the company has given it, if it has.

        By the company's word another gate may be the easiest.
        """
        if not self._word.has_ruled(compound):
            return self._map.gate(compound, mode, at=self._now)
        there = self._map.ways_in(compound, mode, at=self._now)
        ruled = [self._word.ruled(compound, mode, gate) for gate in there]
        return min(ruled, key=_effort, default=None)

    def entries(self, couriers: Sequence[Courier], compounds: Sequence[str]) -> NDArray[np.int64]:
        """Return (C, G) seconds that each courier takes to get into each compound, or `SHUT`."""
        alike: dict[tuple[str, bool], list[int]] = {}
        for row, courier in enumerate(couriers):
            alike.setdefault((courier.mode.value, is_known(courier)), []).append(row)
        own = [self.own(courier) for courier in couriers]
        entries = np.full((len(couriers), len(compounds)), SHUT, np.int64)
        for column, compound in enumerate(compounds):
            if compound.endswith(OUTSIDE):
                inside = self.entries(couriers, [compound.removesuffix(OUTSIDE)])[:, 0]
                entries[:, column] = np.where(inside == SHUT, 0, SHUT)
                continue
            for (mode, known), rows in alike.items():
                gate = self.gate(compound, mode)
                for is_own in (False, True):
                    seconds = entry_s(gate, self._policy, is_own=is_own, is_known=known)
                    its = [row for row in rows if (compound in own[row]) is is_own]
                    entries[its, column] = SHUT if seconds is None else seconds
        return entries

    def may_carry(
        self,
        couriers: Sequence[Courier],
        starts: Sequence[Place],
        pickups: Sequence[Place],
        dropoffs: Sequence[Place],
    ) -> NDArray[np.bool_]:
        """Return (C, L): whether gates let a courier get to a leg's pickup and to its drop-off.

        Parameters
        ----------
        starts
            Where each courier is: whoever is inside needs no permit to get there.
        pickups, dropoffs
            Of each leg.
        """
        from_here, picked, dropped = (self.behind(places) for places in (starts, pickups, dropoffs))
        compounds = sorted({*picked, *dropped} - {""})
        if not compounds:
            return np.ones((len(couriers), len(pickups)), np.bool_)
        passes = np.ones((len(couriers), len(compounds) + 1), np.bool_)
        passes[:, 1:] = self.entries(couriers, compounds) != SHUT
        number = {name: index for index, name in enumerate(("", *compounds))}
        here, start, end = (
            np.array([number.get(name, -1) for name in names])
            for names in (from_here, picked, dropped)
        )
        may: NDArray[np.bool_] = (passes[:, start] | (here[:, None] == start)) & (
            passes[:, end] | (start == end)
        )
        return may

    def fields(
        self, couriers: Sequence[Courier], places: Sequence[Place], stops: Iterable[Place]
    ) -> dict[str, Any]:
        """Return the fields of a `Problem` that say all this; none where no stop has a gate.

        Couriers who pass the same gates alike share an access class.

        Parameters
        ----------
        places
            Of the problem, by number.
        stops
            Those of them where something is picked up or dropped off. The others are where tours
            start and end: only who belongs there ever goes there, and is let in at once. So their
            compounds are open ground, which keeps couriers alike who live in different ones.
        """
        behind = self.behind(places)
        compounds = sorted({*self.behind(stops)} - {""})
        if not compounds:
            return {}
        number = {name: index for index, name in enumerate(compounds)}
        classes, access = np.unique(self.entries(couriers, compounds), axis=0, return_inverse=True)
        return {
            "place_gate": np.array([number.get(name, -1) for name in behind]),
            "access": access.reshape(-1),
            "gate_entry": classes,
        }
