"""The live service put together: settings in, a server that answers out.

The composition root: the only module that knows map, log, zones and servicers at once. The
replay of a day has its own, in `dispatch.sim`.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
from functools import partial
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import msgspec

from dispatch.auth import dev_tokens
from dispatch.clock import Clock, SystemClock
from dispatch.core.model import Instant
from dispatch.core.policy import Policy
from dispatch.core.state import State
from dispatch.executors import Planner, ThreadedPlanner
from dispatch.log import EventLog, LogUnavailable, open_log
from dispatch.notices.delivery import Delivery, Manners
from dispatch.notices.senders import FileSender, Sender
from dispatch.runtime import LiveLoop, Runtime
from dispatch.service.server import Server
from dispatch.service.site import HEARTBEAT_S, HostedNetwork, HostedZone, Mint, Site
from dispatch.settings import Settings, SettingsError
from dispatch.solver.warmup import warm_up
from maps.network import MapError, RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

LOG_FILE = "log.sqlite3"
OUTBOX_FILE = "outbox.jsonl"
LOCK_FILE = "lock"
MAP_CACHE = "maps"
GRACE_S = 5.0
"""Time that calls have to finish when the service stops."""
SOLVE_GUARD_S = 10
"""Wall time after which a search is asked to stop."""
GARBAGE_THRESHOLDS = (50_000, 20, 100)
"""The interpreter looks for garbage after so many new objects; by default after 700."""
REQUESTS_KEPT_S = 7 * 86_400
"""How long a retry finds its first answer."""
MESSAGES_KEPT_S = 30 * 86_400
"""How long the receipts of messages are kept."""
LINES_KEPT_S = 30 * 86_400
"""How long an address line waits for somebody to read it."""
PRUNE_EVERY_S = 3600
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

logger = logging.getLogger(__name__)


class LiveService:
    """A service that runs: one process, one log, all networks of its settings.

    Parameters
    ----------
    secret
        Key of tokens, of hashes of doors and of requests. Another one makes old tokens void
        and doors of old parcels look like other doors.
    heartbeat_s
        Longest silence on a stream.
    sender
        Carries messages to people; by default they are written into a file beside the log.
    """

    def __init__(
        self,
        settings: Settings,
        secret: str,
        *,
        clock: Clock | None = None,
        heartbeat_s: float = HEARTBEAT_S,
        sender: Sender | None = None,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock or SystemClock()
        self._heartbeat_s = heartbeat_s
        self._sender = sender or FileSender(settings.data_dir / OUTBOX_FILE)
        self._loops: list[LiveLoop] = []
        self._log: EventLog | None = None
        self._lock: IO[str] | None = None
        self._server: Server | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> str:
        """Load the map, read the log, listen; return ``HOST:PORT``.

        Raises
        ------
        SettingsError, MapError, LogUnavailable, OSError
            With one line that says what to do.
        """
        settings = self._settings
        policy = _policy(settings)
        if settings.map_file is None:
            raise SettingsError("map_file: is required: name an OpenStreetMap file")
        # The log holds names, phones and rooms: it is nobody's but the service's.
        os.umask(0o077)
        self._lock = locked(settings.data_dir)
        network = load_map(settings.map_file, cache_dir=settings.data_dir / MAP_CACHE)
        made_by_hour = partial(
            TravelTimes,
            network,
            timezone=ZoneInfo(settings.timezone or "UTC"),
            factors={mode.value: hours for mode, hours in settings.time_factors.items()},
        )
        times = made_by_hour()
        _warm(times, self._clock.now())
        self._load_solver(policy)
        self._log = log = open_log(settings.data_dir / LOG_FILE)
        networks = {
            name: HostedNetwork(
                name,
                of_network,
                {
                    zone: self._zone(f"networks/{name}/zones/{zone}", log, times, policy)
                    for zone in of_network.zones
                },
                self._secret,
            )
            for name, of_network in settings.networks.items()
        }
        site = Site(
            networks=networks,
            log=log,
            clock=self._clock,
            # Not the planner's: a search of ways there would hold up every new parcel here.
            roads=TravelTimes(network),
            secret=self._secret,
            courier_token_s=settings.courier_token_s,
            heartbeat_s=self._heartbeat_s,
            entrances=partial(_entrances_of, network),
            # Nor these: what batches ask for odd hours would push out what the planner has ready.
            ways=made_by_hour(),
            timezone=ZoneInfo(settings.timezone or "UTC"),
        )
        running = asyncio.get_running_loop()
        delivery = self._delivery(log)
        for hosted in networks.values():
            for zone in hosted.zones.values():
                zone.loop.runtime.subscribe(hosted.news.sink(running))
                zone.loop.runtime.subscribe(delivery.sink(running))
                zone.loop.start()
        self._server = Server(site)
        port = await self._server.start(settings.host, settings.port)
        self._tasks = [
            asyncio.create_task(self._prune(log)),
            asyncio.create_task(delivery.run()),
        ]
        return f"{settings.host}:{port}"

    async def stop(self) -> None:
        """Finish what has begun, then let go of everything."""
        if self._server is not None:
            await self._server.stop(GRACE_S)
        for loop in self._loops:
            await loop.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._log is not None:
            self._log.close()
        if self._lock is not None:
            self._lock.close()

    def _load_solver(self, policy: Policy) -> None:
        """Compile what plans before the first epoch; no guard of time starts before that."""
        began = self._clock.monotonic()
        logger.info("loading the solver; on a fresh install it is compiled, which takes a minute")
        warm_up(policy.engine)
        logger.info("the solver is loaded: %.1f s", self._clock.monotonic() - began)

    def _zone(self, name: str, log: EventLog, times: TravelTimes, policy: Policy) -> HostedZone:
        runtime = Runtime(
            zone=name,
            log=log,
            clock=self._clock,
            mint=Mint(),
            policy=policy,
            notifies=True,
        )
        planner = ThreadedPlanner(Planner(times, self._clock, guard_s=SOLVE_GUARD_S))
        loop = LiveLoop(runtime, planner)
        self._loops.append(loop)
        return HostedZone(name, loop)

    def _delivery(self, log: EventLog) -> Delivery:
        runtimes = [loop.runtime for loop in self._loops]
        notifications = self._settings.notifications
        return Delivery(
            log=log,
            sender=self._sender,
            clock=self._clock,
            secret=self._secret,
            states={runtime.zone: partial(_state_of, runtime) for runtime in runtimes},
            manners=Manners(
                language=notifications.language,
                timezone=ZoneInfo(self._settings.timezone or "UTC"),
                quiet_from=notifications.quiet_from,
                quiet_until=notifications.quiet_until,
            ),
        )

    async def _prune(self, log: EventLog) -> None:
        while True:
            now = self._clock.now()
            try:
                await asyncio.to_thread(log.prune_requests, now - REQUESTS_KEPT_S)
                await asyncio.to_thread(log.prune_outbox, now - MESSAGES_KEPT_S)
                await asyncio.to_thread(log.prune_lines, now - LINES_KEPT_S)
            except LogUnavailable as problem:
                logger.warning("what is old could not be forgotten: %s", problem)
            await asyncio.sleep(PRUNE_EVERY_S)


def _entrances_of(network: RoadNetwork, compound: str) -> list[tuple[str, str]]:
    """Return building and entrance of what the map has of a compound, by its id or name."""
    return [
        (entrance.building, entrance.entrance)
        for land in network.compounds
        if compound in {land.id, land.name}
        for entrance in land.entrances
        if entrance.building or entrance.entrance
    ]


def _state_of(runtime: Runtime) -> State:
    return runtime.state


def locked(folder: Path) -> IO[str]:
    """Keep a second service off the folder for as long as the file that is returned is open.

    Two writers would acknowledge the same parcel twice. The kernel lets go of the lock when
    the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK_FILE).open("a", encoding="ascii")
    except OSError as error:
        raise SettingsError(f"data_dir: {folder}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise SettingsError(f"data_dir: {folder}: another service runs on it") from error
    return lock


def secret_of(settings: Settings, *, dev: bool) -> str:
    """Return the secret that signs tokens; write the tokens of a service for trying out.

    Raises
    ------
    SettingsError
        If there is none, or if a service for trying out would listen to strangers.
    """
    if dev:
        if settings.host not in LOOPBACK:
            raise SettingsError(f"host: {settings.host!r}: --dev listens on loopback only")
        return dev_tokens(settings.data_dir).secret
    if settings.token_secret is None:
        raise SettingsError("token_secret: is required: set ANTMILE_TOKEN_SECRET")
    return settings.token_secret.get_secret_value()


def settle_garbage() -> None:
    """Stop the interpreter from searching the whole state for garbage again and again.

    A state is made of many small values that live long and form no cycles. Searching them
    took more time than creating parcels (`benchmarks/ingest.py`). For the process that is
    the service; tests and replays keep the interpreter's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _policy(settings: Settings) -> Policy:
    values: dict[str, Any] = {"epoch_s": settings.epoch_s, **settings.policy}
    try:
        return msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise SettingsError(f"policy: {error}") from error


def _warm(times: TravelTimes, now: Instant) -> None:
    """Build what is built once, so that nobody's first parcel waits for it."""
    for mode in times.modes:
        # A map of footpaths has no road for cars; couriers who need one are refused by name.
        with contextlib.suppress(MapError):
            times.prepare(mode, at=now)
