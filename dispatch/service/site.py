"""What the servicers stand on: networks, their zones, and the way to a thing by its name."""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from typing import Any, Protocol, TypeVar

from immutables import Map
from numpy.typing import NDArray

from dispatch.auth import Principal
from dispatch.clock import Clock
from dispatch.core.errors import Conflict, NotFound
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.messages import Event
from dispatch.core.model import Instant, Mode, Place
from dispatch.core.state import State
from dispatch.log import EventLog
from dispatch.runtime import LiveLoop
from dispatch.service.status import Draining, OffRoad
from dispatch.settings import Network
from dispatch.wire import names
from dispatch.wire.moment import Fix, Moment
from dispatch.wire.places import Terms
from dispatch.wire.scalars import datum_number
from maps.network import MapError

HEARTBEAT_S = 15.0
CELLS_A_DEGREE = 1000
"""Cells of a map, by latitude and by longitude: no point is farther than 80 m from the centre."""
SURELY_NEAR_M = 400.0
"""Where a cell's centre is as near to a road, all of the cell is within the map's limit."""
KNOWN_CELLS = 200_000
"""Most cells that are remembered: a city has fewer."""

Result = TypeVar("Result")


def _cell(place: Place) -> tuple[int, int]:
    return round(place.lat * CELLS_A_DEGREE), round(place.lon * CELLS_A_DEGREE)


def _no_entrances(_compound: str) -> Iterable[tuple[str, str]]:
    return ()


class Roads(Protocol):
    """What the service has to know of the map."""

    def snap_distance_m(self, mode: str, points: Sequence[Place]) -> NDArray[Any]:
        """Return metres to the nearest road, inf beyond the limit."""

    def knows(self, closure: Closure) -> bool:
        """Say whether what a closure names is on the map: else it closes nothing."""


class Ways(Protocol):
    """What the service has to know of the ways between places: the map's own travel times."""

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes of travel, on foot first."""

    def closed(self, closures: Iterable[Closure]) -> "Ways":
        """Return the same while some streets, areas and gates are closed."""

    def snap_distance_m(
        self, mode: str, points: Sequence[Place], *, at: Instant | None = None
    ) -> NDArray[Any]:
        """Return metres to the nearest road of a mode, inf beyond the limit."""

    def matrix(
        self,
        mode: str,
        sources: Sequence[Place],
        targets: Sequence[Place],
        *,
        at: Instant | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return seconds and metres from every source to every target, inf for no way."""


class Mint:
    """Makes ids that no other process makes: a random beginning, then a count.

    The beginning is drawn once, because asking the system for randomness gives up the
    interpreter's lock, which is slow to come back where many threads work.
    """

    def __init__(self) -> None:
        self._beginning = secrets.token_hex(8)
        self._count = itertools.count()

    def __call__(self, prefix: str = "") -> str:
        """Return an id that was never made before."""
        return f"{prefix}{self._beginning}{next(self._count):x}"


class News:
    """Tells waiting streams that something has happened. Holds no messages: nobody is slow."""

    def __init__(self) -> None:
        self.version = 0
        self._is_closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    def sink(self, loop: asyncio.AbstractEventLoop) -> Callable[[Sequence[Event]], None]:
        """Return a sink for a runtime, whose commits happen on another thread."""

        def told(_events: Sequence[Event]) -> None:
            loop.call_soon_threadsafe(self.announce)

        return told

    def announce(self) -> None:
        """Wake everybody who waits."""
        self.version += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """End all waiting, now and later."""
        self._is_closed = True
        self.announce()

    async def later_than(self, version: int, timeout_s: float) -> bool:
        """Wait for news after ``version``; return whether there were any in time.

        Raises
        ------
        Draining
            If the service stops meanwhile.
        """
        if self.version == version and not self._is_closed:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                async with asyncio.timeout(timeout_s):
                    await future
            except TimeoutError:
                return False
            finally:
                self._waiting.discard(future)
        if self._is_closed:
            raise Draining("the service is about to stop")
        return True


class HostedZone:
    """A zone of this process."""

    def __init__(self, name: str, loop: LiveLoop) -> None:
        self.name = name
        self.id = name.rpartition("/")[2]
        self.loop = loop

    @property
    def state(self) -> State:
        """As of the last commit."""
        return self.loop.runtime.state


class HostedNetwork:
    """A network of this process: its zones, merchants and news."""

    def __init__(
        self, network: str, settings: Network, zones: Mapping[str, HostedZone], secret: str
    ) -> None:
        self.id = network
        self.settings = settings
        self.zones = dict(sorted(zones.items()))
        self.news = News()
        self.currency = settings.currency
        self._secret = secret
        self._claims: dict[tuple[str, str], str] = {}
        self._fixes: dict[str, Fix] = {}

    def terms(self, merchant: str = "") -> Terms:
        """Return what holds for a merchant's messages, or for the network's own."""
        known = self.settings.merchants.get(merchant)
        datum = "WGS84" if known is None else known.datum.value
        return Terms(self.id, self.currency, self._secret, datum_number(datum))

    def check_merchant(self, merchant: str) -> None:
        """Raise `NotFound` unless the network has the merchant."""
        if merchant not in self.settings.merchants:
            name = names.joined(names.MERCHANT, self.id, merchant)
            raise NotFound(f"there is no merchant {merchant!r}", subject=name)

    def moment(self, now: Instant) -> Moment:
        """Return the moment, for messages that tell when something is expected."""
        return Moment(now, self._fixes)

    def note_fix(self, courier: str, fix: Fix) -> bool:
        """Remember where a courier is, in memory alone; return whether that is news."""
        known = self._fixes.get(courier)
        if known is not None and known.at >= fix.at:
            return False
        self._fixes[courier] = fix
        return True

    def zone_at(self, *, lat: float, lon: float) -> HostedZone | None:
        """Return the zone in which a point lies."""
        found = self.settings.zone_at(lat=lat, lon=lon)
        return None if found is None else self.zones[found]

    def any_zone(self) -> HostedZone:
        """Return the first zone, for reading what will be refused anyway."""
        return next(iter(self.zones.values()))

    def zone_of_parcel(self, parcel: str) -> HostedZone:
        """Return the zone that holds a parcel, ``m/p``, or raise `NotFound`."""
        subject = names.parcel_name(self.id, parcel)
        return self._holding(lambda state: state.parcels, parcel, "parcel", subject)

    def zone_of_courier(self, courier: str) -> HostedZone:
        """Return the zone that a courier works in, or raise `NotFound`."""
        subject = names.joined(names.COURIER, self.id, courier)
        return self._holding(lambda state: state.couriers, courier, "courier", subject)

    def zone_of_hub(self, hub: str) -> HostedZone:
        """Return the zone that a hub stands in, or raise `NotFound`."""
        subject = names.joined(names.HUB, self.id, hub)
        return self._holding(lambda state: state.hubs, hub, "hub", subject)

    def zone_of_compound(self, compound: str) -> HostedZone:
        """Return the zone that a compound lies in, or raise `NotFound`."""
        subject = names.joined(names.COMPOUND, self.id, compound)
        return self._holding(lambda state: state.compounds, compound, "compound", subject)

    def _holding(
        self, things: Callable[[State], Map[str, Any]], key: str, noun: str, subject: str
    ) -> HostedZone:
        for zone in self.zones.values():
            if key in things(zone.state):
                return zone
        raise NotFound(f"there is no {noun} {key!r}", subject=subject)

    @contextmanager
    def claims(
        self, things: Callable[[State], Map[str, Any]], kind: str, keys: Iterable[str], zone: str
    ) -> Iterator[None]:
        """Hold new ids for one zone while it takes them: ids are unique in the whole network.

        Raises
        ------
        Conflict
            If another zone has one of them, or is just taking it.
        """
        if len(self.zones) == 1:
            yield
            return
        wanted = [(kind, key) for key in keys]
        for claim in wanted:
            holder = self._claims.get(claim, zone)
            others = (other for other in self.zones.values() if other.name != zone)
            if holder != zone or any(claim[1] in things(other.state) for other in others):
                raise Conflict(f"the id {claim[1]!r} belongs to another zone", subject=claim[1])
        fresh = [claim for claim in wanted if claim not in self._claims]
        self._claims.update(dict.fromkeys(fresh, zone))
        try:
            yield
        finally:
            for claim in fresh:
                del self._claims[claim]


class Site:
    """Everything of one process that answers calls.

    Attributes
    ----------
    heartbeat_s
        Longest silence on a stream, seconds.
    entrances
        Building and entrance of all that the map has of a compound, by its id or name.
    ways
        Between places that nobody has stored; None where there is no map.
    timezone
        In which times are told in words.
    """

    def __init__(  # noqa: PLR0913 (all that one process holds)
        self,
        *,
        networks: Mapping[str, HostedNetwork],
        log: EventLog,
        clock: Clock,
        roads: Roads,
        secret: str,
        courier_token_s: int,
        heartbeat_s: float = HEARTBEAT_S,
        entrances: Callable[[str], Iterable[tuple[str, str]]] = _no_entrances,
        ways: Ways | None = None,
        timezone: tzinfo = UTC,
    ) -> None:
        self.networks = dict(networks)
        self.log = log
        self.clock = clock
        self.secret = secret
        self.courier_token_s = courier_token_s
        self.heartbeat_s = heartbeat_s
        self.mint = Mint()
        self.entrances = entrances
        self.ways = ways
        self.timezone = timezone
        self._roads = roads
        self._cells: dict[tuple[int, int], bool] = {}

    def network(self, caller: Principal) -> HostedNetwork:
        """Return the caller's network, or raise `NotFound` where this process has it not."""
        found = self.networks.get(caller.network)
        if found is None:
            raise NotFound(
                f"there is no network {caller.network!r} here",
                subject=names.joined(names.NETWORK, caller.network),
            )
        return found

    def off_road(self, places: Sequence[tuple[str, Place]]) -> list[OffRoad]:
        """Return a fault for each place that no way leads to on foot.

        Parameters
        ----------
        places
            With the path of the message that each one was read from.
        """
        unsure = [item for item in places if not self._is_all_near(_cell(item[1]))]
        if not unsure:
            return []
        distance_m = self._roads.snap_distance_m("foot", [place for _, place in unsure])
        return [
            OffRoad(f"{path}.point", "lies off the map: no road leads there")
            for (path, _), metres in zip(unsure, distance_m.tolist(), strict=True)
            if metres == float("inf")
        ]

    def _is_all_near(self, cell: tuple[int, int]) -> bool:
        """Whether every point of a cell is near a road: so is its centre, and by a margin.

        A search costs more than all else of a new parcel, and cities have few cells.
        """
        known = self._cells.get(cell)
        if known is None:
            if len(self._cells) >= KNOWN_CELLS:
                self._cells.clear()
            lat, lon = (number / CELLS_A_DEGREE for number in cell)
            known = False
            if abs(lat) <= 90 and abs(lon) <= 180:  # noqa: PLR2004 - the earth's
                [distance_m] = self._roads.snap_distance_m("foot", [Place(lat=lat, lon=lon)])
                known = bool(distance_m <= SURELY_NEAR_M)
            self._cells[cell] = known
        return known

    def closes_something(self, closure: Closure) -> bool:
        """Whether a closure names anything that is on the map."""
        return self._roads.knows(closure)

    def has_gate(self, gate: str) -> bool:
        """Whether a gate is on the map, by its id."""
        asked = Closure(
            id="asked", kind=ClosureKind.GATE, until=0, actor="", reason="asked", ref=gate
        )
        return self._roads.knows(asked)

    def is_near_road(self, mode: Mode, place: Place) -> bool:
        """Whether somebody with this mode of travel can start from a place."""
        try:
            [distance_m] = self._roads.snap_distance_m(mode.value, [place]).tolist()
        except MapError:
            return False
        return bool(distance_m < float("inf"))

    async def read(self, ask: Callable[[], Result]) -> Result:
        """Ask the log on another thread: a disk must not hold up the network."""
        return await asyncio.get_running_loop().run_in_executor(None, ask)
