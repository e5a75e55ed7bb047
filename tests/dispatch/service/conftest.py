"""A service on a real port: memory for a log, straight lines for a map, a clock that stands."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from dispatch.core.policy import Policy
from dispatch.executors import Planner, ThreadedPlanner
from dispatch.runtime import LiveLoop, Runtime
from dispatch.service.server import Server
from dispatch.service.site import HostedNetwork, HostedZone, Site
from tests.dispatch.service.house import NETWORKS, SECRET, BreakableLog, House, Plain, StandingClock


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Serve the networks ``local`` and ``twin``; epochs close when a test says so."""
    log, clock, times = BreakableLog(), StandingClock(), Plain()
    count = itertools.count()
    policy = Policy(epoch_s=10_000_000, engine="insert", slack_s=100_000)

    def zone(name: str) -> HostedZone:
        runtime = Runtime(
            zone=name, log=log, clock=clock, mint=lambda: f"x{next(count)}", policy=policy
        )
        return HostedZone(name, LiveLoop(runtime, ThreadedPlanner(Planner(times, clock))))

    networks = {
        name: HostedNetwork(
            name,
            network,
            {own: zone(f"networks/{name}/zones/{own}") for own in network.zones},
            SECRET,
        )
        for name, network in NETWORKS.items()
    }
    site = Site(
        networks=networks, log=log, clock=clock, roads=times, secret=SECRET,
        courier_token_s=3600, heartbeat_s=0.2, ways=times,
    )  # fmt: skip
    loops = [zone.loop for network in networks.values() for zone in network.zones.values()]
    for network in networks.values():
        for hosted in network.zones.values():
            hosted.loop.runtime.subscribe(network.news.sink(asyncio.get_running_loop()))
            hosted.loop.start()
    server = Server(site)
    port = await server.start("127.0.0.1", 0)
    found = House(site, log, clock, port)
    yield found
    await found.channel.close(None)
    await server.stop(0)
    for loop in loops:
        await loop.stop()
