"""``antmile company``: what a property company says of its compounds in a running service.

With a company's token, or a dispatcher's. Each word stands in the log with who said it.
"""

from collections import defaultdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.errors import plain_errors
from cli.live import Service, Why, connected, pull, remember, say

app = typer.Typer(
    help="Compounds of a running service: stop, resume, permit, forbid, minimum, gate, absences.",
    no_args_is_help=True,
)
app.callback()(remember)

Compound = Annotated[str, typer.Argument(metavar="COMPOUND", help="Its id or name.")]
CourierName = Annotated[str, typer.Argument(metavar="COURIER", help="An id or a name.")]


class Rule(StrEnum):
    """Who passes a gate."""

    OPEN = "open"
    SIGN_IN = "sign-in"
    PERMIT = "permit"


class Mode(StrEnum):
    """How somebody comes."""

    FOOT = "foot"
    BICYCLE = "bicycle"
    EBIKE = "ebike"
    CAR = "car"


@app.command()
@plain_errors()
def stop(context: typer.Context, compound: Compound, why: Why) -> None:
    """Stop everything in a compound; what is under way goes on to its end."""
    service: Service = context.obj
    name = service.name(compound, "compounds")
    made = pull(service, "StopCompound", name=name, reason=why)
    hubs = ", ".join(made["stoppage"].get("hubs", [])) or "no hub"
    say(f"{name}: stopped; {hubs} rests until it is resumed")


@app.command()
@plain_errors()
def resume(
    context: typer.Context,
    compound: Compound,
    why: Annotated[str, typer.Option("--why", help="For those who read the log.")] = "",
) -> None:
    """Let a compound go on."""
    service: Service = context.obj
    name = service.name(compound, "compounds")
    pull(service, "ResumeCompound", name=name, reason=why)
    say(f"{name}: goes on")


@app.command()
@plain_errors()
def permit(context: typer.Context, compound: Compound, courier: CourierName) -> None:
    """Let a courier work in a compound and pass its gates as one of its own."""
    service: Service = context.obj
    name, who = service.name(compound, "compounds"), service.name(courier, "couriers")
    pull(service, "PermitCourier", name=name, courier=who)
    say(f"{who}: permitted in {name}")


@app.command()
@plain_errors()
def forbid(context: typer.Context, compound: Compound, courier: CourierName, why: Why) -> None:
    """Take a permit back; what the courier has not picked up goes to others."""
    service: Service = context.obj
    name, who = service.name(compound, "compounds"), service.name(courier, "couriers")
    pull(service, "ForbidCourier", name=name, courier=who, reason=why)
    say(f"{who}: not permitted in {name} any more")


@app.command()
@plain_errors()
def minimum(
    context: typer.Context,
    compound: Compound,
    post: Annotated[str, typer.Argument(help="The post's id.")],
    number: Annotated[int, typer.Argument(min=0, help="So many are there at any moment.")],
) -> None:
    """Let a post have another minimum from now on."""
    service: Service = context.obj
    name = f"{service.name(compound, 'compounds')}/posts/{post}"
    made = pull(service, "SetPostMinimum", name=name, minimum=number)
    say(f"{name}: at least {made.get('minimum', 0)}; {_there(made)}")


@app.command()
@plain_errors()
def posts(context: typer.Context, compound: Compound) -> None:
    """List a compound's posts: who is there, who is away and since when."""
    service: Service = context.obj
    parent = service.name(compound, "compounds")
    with connected(service) as client:
        found = client.pages("ListPosts", "posts", parent=parent)
    for one in found:
        say(f"{one['name']}: at least {one.get('minimum', 0)}; {_there(one)}")
    if not found:
        say(f"{parent}: has no post")


@app.command()
@plain_errors()
def gate(
    context: typer.Context,
    compound: Compound,
    rule: Annotated[Rule, typer.Argument(help="Who passes.")],
    gate_id: Annotated[str, typer.Option("--gate", help="By the map's id; all by default.")] = "",
    mode: Annotated[list[Mode] | None, typer.Option(help="For whom; all by default.")] = None,
    sign_in_s: Annotated[
        int | None, typer.Option(min=0, help="What signing in takes a stranger, seconds.")
    ] = None,
) -> None:
    """Give a gate another rule, from the next plan on."""
    service: Service = context.obj
    ruling: dict[str, Any] = {
        "gate": gate_id,
        "rule": rule.name,
        "modes": [one.name for one in mode or ()],
    }
    if sign_in_s is not None:
        ruling["sign_in_duration"] = f"{sign_in_s}s"
    name = service.name(compound, "compounds")
    pull(service, "RuleGate", name=name, ruling=ruling)
    whom = ", ".join(one.value for one in mode or ()) or "everybody"
    say(f"{name}: {gate_id or 'all gates'} {rule.name} for {whom}, from the next plan on")


@app.command()
@plain_errors()
def absences(context: typer.Context, compound: Compound) -> None:
    """List the minutes away from each post, by slot and guard, and their sums."""
    service: Service = context.obj
    parent = service.name(compound, "compounds")
    with connected(service) as client:
        found = client.pages("ListAbsences", "absences", parent=parent)
    sums: dict[str, float] = defaultdict(float)
    for one in found:
        minutes = float(one.get("away_duration", "0s").rstrip("s")) / 60
        post, guard = (one[key].rpartition("/")[2] for key in ("post", "courier"))
        slot = datetime.fromisoformat(one["slot_time"]).strftime("%Y-%m-%d %H:%MZ")
        say(f"{post}  {slot}  {guard}  {minutes:.1f} min away, tours: {one.get('tour_count', 0)}")
        sums[post] += minutes
    for post, minutes in sorted(sums.items()):
        say(f"{post}: {minutes:.1f} min")
    if not found:
        say(f"{parent}: nobody was away")


def _there(post: dict[str, Any]) -> str:
    """Say who is at a post, and who is not."""
    there = [name.rpartition("/")[2] for name in post.get("present_couriers", [])]
    staying = {name.rpartition("/")[2] for name in post.get("staying_couriers", [])}
    told = [f"{name} (stays on)" if name in staying else name for name in there]
    away = [
        f"{one['courier'].rpartition('/')[2]} since {one['start_time']}"
        for one in post.get("away_guards", [])
    ]
    said = f"there: {', '.join(told) or 'nobody'}"
    return f"{said}; away: {', '.join(away)}" if away else said
