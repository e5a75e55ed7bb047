"""``antmile map``: maps built, looked at, corrected and asked for times.

Each command stands in the file of its subject and is added here.
"""

import typer

from cli import map_build, map_compounds, map_info, map_travel

app = typer.Typer(
    help="Build maps from OpenStreetMap and ask them for times and distances. "
    "All commands take OSM files (.osm, .osm.gz, .osm.bz2, .osm.pbf) in place of a built map.",
    no_args_is_help=True,
)
app.command("build")(map_build.build)
app.command("info")(map_info.info)
app.command("matrix")(map_travel.matrix)
# A southern latitude begins with a dash, which is no option.
app.command("route", context_settings={"ignore_unknown_options": True})(map_travel.route)
app.command("draw")(map_compounds.draw)
app.command("compounds")(map_compounds.compounds)
