"""Compounds, posts, gates' rulings, permits and absences: what a property company says and sees.

Nothing that is written here tells a parcel, a door or a name.
"""

from collections.abc import Sequence

from dispatch.core.compounds import Absence, Compound, GateRule, GateRuling, Post
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check, Instant, Mode
from dispatch.core.posts import present, staying_on
from dispatch.core.zone import State
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.places import renamed

LONGEST_NAME = 200
MOST_ENTRANCES = 1000
_LONGEST_GATE = 64
_LONGEST_SIGN_IN_S = 3600


def compound_in(message: pb.Compound, compound: str) -> Compound:
    """Read a new compound.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``compound``.
    """
    check = Check()
    scalars.plain_text(message.display_name, LONGEST_NAME, "compound.display_name", check)
    try:
        read = Compound(id=compound, name=message.display_name, company=message.company)
    except InvalidValue as error:
        check.faults += renamed(error, {}, "compound")
        check.done(compound)
        raise
    check.done(compound)
    return read


def compound_out(state: State, compound: Compound, network: str) -> pb.Compound:
    """Write a compound, with what its company says of it now."""
    rulings = sorted(state.gate_rulings.items())
    message = pb.Compound(
        name=names.joined(names.COMPOUND, network, compound.id),
        display_name=compound.name,
        company=compound.company,
        gate_rulings=[
            ruling_out(ruling) for _, ruling in rulings if ruling.compound == compound.id
        ],
    )
    stopped = state.stopped.get(compound.id)
    if stopped is not None:
        message.stoppage.CopyFrom(
            pb.Stoppage(
                start_time=scalars.timestamp(stopped.since),
                actor=stopped.actor,
                reason=stopped.reason,
                hubs=[names.joined(names.HUB, network, hub) for hub in stopped.hubs],
            )
        )
    return message


def ruling_in(message: pb.GateRuling, compound: str) -> GateRuling:
    """Read a gate's rule.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``ruling``.
    """
    check = Check()
    rule = scalars.member_of(GateRule, pb.GateRuling.Rule, message.rule, "ruling.rule", check)
    check.that(message.rule != 0, "ruling.rule", "is required")
    scalars.plain_text(message.gate, _LONGEST_GATE, "ruling.gate", check)
    modes = [
        scalars.member_of(Mode, types_pb2.TravelMode, number, f"ruling.modes[{index}]", check)
        for index, number in enumerate(message.modes)
    ]
    for index, number in enumerate(message.modes):
        check.that(number != 0, f"ruling.modes[{index}]", "is required")
    sign_in_s = None
    if message.HasField("sign_in_duration"):
        sign_in_s = message.sign_in_duration.seconds
        is_sane = 0 <= sign_in_s <= _LONGEST_SIGN_IN_S
        problem = f"{sign_in_s} s is not between 0 and {_LONGEST_SIGN_IN_S} s"
        check.that(is_sane, "ruling.sign_in_duration", problem)
        is_signed = rule is GateRule.SIGN_IN
        check.that(is_signed, "ruling.sign_in_duration", "goes with SIGN_IN only")
    check.done(compound)
    if rule is None:
        raise AssertionError("a missing rule is a fault")
    return GateRuling(
        compound=compound,
        rule=rule,
        gate=message.gate,
        modes=tuple(sorted({mode for mode in modes if mode is not None})),
        sign_in_s=sign_in_s,
    )


def ruling_out(ruling: GateRuling) -> pb.GateRuling:
    """Write a gate's rule."""
    message = pb.GateRuling(
        gate=ruling.gate,
        rule=ruling.rule.name,
        modes=[mode.name for mode in ruling.modes],
    )
    if ruling.sign_in_s is not None:
        message.sign_in_duration.CopyFrom(scalars.duration(ruling.sign_in_s))
    return message


def post_in(message: pb.Post, post: str, compound: str, network: str) -> Post:
    """Read a new post.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``post``.
    """
    check = Check()
    hub = ""
    if message.hub:
        try:
            hub = names.own_id(network, message.hub, names.HUB, "post.hub")
        except InvalidValue as error:
            check.faults += error.faults
    try:
        read = Post(id=post, compound=compound, hub=hub, minimum=message.minimum)
    except InvalidValue as error:
        check.faults += renamed(error, {}, "post")
        check.done(post)
        raise
    check.done(post)
    return read


def post_out(state: State, post: Post, network: str, now: Instant) -> pb.Post:
    """Write a post with who is there and who is away."""
    message = pb.Post(
        name=names.joined(names.POST, network, post.compound, post.id),
        minimum=post.minimum,
        present_couriers=couriers_out(present(state, post.id, now), network),
        staying_couriers=couriers_out(staying_on(state, post.id, now), network),
        away_guards=[
            pb.AwayGuard(
                courier=names.joined(names.COURIER, network, courier),
                start_time=scalars.timestamp(away.since),
            )
            for courier, away in sorted(state.away.items())
            if away.post == post.id
        ],
    )
    if post.hub:
        message.hub = names.joined(names.HUB, network, post.hub)
    return message


def couriers_out(couriers: Sequence[str], network: str) -> list[str]:
    """Write couriers by their names, in order."""
    return [names.joined(names.COURIER, network, courier) for courier in sorted(couriers)]


def permit_out(state: State, compound: str, courier: str, network: str) -> pb.Permit:
    """Write whether a courier may work in a compound."""
    return pb.Permit(
        compound=names.joined(names.COMPOUND, network, compound),
        courier=names.joined(names.COURIER, network, courier),
        permitted=courier in state.permits.get(compound, ()),
    )


def absence_out(absence: Absence, compound: str, network: str) -> pb.Absence:
    """Write how long a guard was away in a slot."""
    return pb.Absence(
        post=names.joined(names.POST, network, compound, absence.post),
        courier=names.joined(names.COURIER, network, absence.courier),
        slot_time=scalars.timestamp(absence.opens_at),
        away_duration=scalars.duration(absence.away_s),
        tour_count=absence.tours,
    )


def entrances_in(messages: Sequence[pb.Entrance]) -> list[tuple[str, str]]:
    """Read entrances, building and entrance of each, each once.

    Raises
    ------
    InvalidValue
        With every fault.
    """
    if len(messages) > MOST_ENTRANCES:
        problem = f"{len(messages)} entrances: at most {MOST_ENTRANCES}"
        raise InvalidValue([Fault("entrances", problem)])
    check = Check()
    for index, message in enumerate(messages):
        path = f"entrances[{index}]"
        for field in ("building", "entrance"):
            scalars.plain_text(getattr(message, field), LONGEST_NAME, f"{path}.{field}", check)
        named = bool(message.building.strip() or message.entrance.strip())
        check.that(named, path, "names neither a building nor an entrance")
    check.done()
    return sorted({(message.building, message.entrance) for message in messages})
