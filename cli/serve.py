"""``antmile serve``: the live service."""

import asyncio
import errno
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import fail, plain_errors

if TYPE_CHECKING:
    from dispatch.settings import Settings


@plain_errors()
def serve(
    dev: Annotated[
        bool, typer.Option("--dev", help="A local network on loopback, with its own tokens.")
    ] = False,
    settings: Annotated[Path, typer.Option(help="Settings file; not read with --dev.")] = Path(
        "antmile.toml"
    ),
    port: Annotated[int | None, typer.Option(min=0, help="0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the log and the tokens.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="OpenStreetMap file.")] = None,
    epoch_s: Annotated[
        int | None, typer.Option("--epoch-s", min=1, help="Seconds between two plans.")
    ] = None,
) -> None:
    """Serve until stopped; print ``ready HOST:PORT`` when the first call may come."""
    from dispatch.log import LogUnavailable
    from dispatch.settings import SettingsError, dev_settings, load_settings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    given = {"port": port, "data_dir": data, "map_file": map_file, "epoch_s": epoch_s}
    values = {key: value for key, value in given.items() if value is not None}
    if not dev and not settings.exists():
        fail(f"{settings}: there is no settings file; start with --dev to try it")
    try:
        found = dev_settings(**values) if dev else load_settings(settings, **values)
        if found.map_file is None:
            fail("--map is required: name an OpenStreetMap file")
        asyncio.run(_run(found, dev=dev))
    except (SettingsError, LogUnavailable) as error:
        fail(str(error))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        fail(f"port {found.port} is in use: choose another with --port")


async def _run(settings: "Settings", *, dev: bool) -> None:
    from dispatch.serve import LiveService, secret_of, settle_garbage

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    service = LiveService(settings, secret_of(settings, dev=dev))
    try:
        address = await service.start()
        settle_garbage()
        typer.echo(f"ready {address}")
        await stopped.wait()
    finally:
        await service.stop()
