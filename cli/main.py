"""The ``antmile`` command. Each group of commands stands in a file of its own and is added here."""

import typer

from cli import (
    addresses,
    compound,
    compound_live,
    demo,
    experiment,
    generate,
    health,
    levers,
    maps,
    plan,
    replay,
    rosters,
    serve,
    solve,
    warmup,
)

app = typer.Typer(
    help="Parcels dispatched to people who are already there.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("experiment")(experiment.experiment)
app.command("generate")(generate.generate)
app.command("health")(health.health)
app.command("replay")(replay.replay)
app.command("serve")(serve.serve)
app.command("solve")(solve.solve)
app.command("warmup")(warmup.warmup)
app.add_typer(addresses.app, name="address")
app.add_typer(compound_live.app, name="company")
app.add_typer(compound.app, name="compound")
app.add_typer(levers.app, name="lever")
app.add_typer(maps.app, name="map")
app.add_typer(plan.app, name="plan")
app.add_typer(rosters.app, name="roster")
