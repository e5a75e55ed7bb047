"""Ways of delivery: what a recipient agreed to, and what shows it."""

import re
from collections.abc import Sequence

from dispatch.core.errors import Fault
from dispatch.core.model import CONSENTED, Check, Contract, DeliveryOption, Instant, OptionKind
from dispatch.core.wishes import MOST_RUNGS
from dispatch.core.zone import State
from dispatch.v1 import parcels_pb2 as pb
from dispatch.wire import names, scalars

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/~#-]{0,99}")
_TARGETS = {OptionKind.HUB: names.HUB, OptionKind.PERSON: names.COURIER}


def reference(text: str, field: str, check: Check) -> str:
    """Return a reference that goes into the log as it is; note a fault of anything longer.

    A sentence could quote a name or a phone number, and would stay for good.
    """
    check.that(
        not text or bool(_REFERENCE.fullmatch(text)),
        field,
        "is no reference: up to 100 letters, digits and . _ : / ~ # -",
    )
    return text


def option_in(
    message: pb.DeliveryOption, path: str, network: str, now: Instant, check: Check
) -> DeliveryOption | None:
    """Read one way of delivery; None where it is none, with a fault."""
    known = len(check.faults)
    kind = scalars.member_of(
        OptionKind, pb.DeliveryOption.Kind, message.kind, f"{path}.kind", check
    )
    check.that(message.kind != 0, f"{path}.kind", "is required")
    target = target_in(message.target, kind, f"{path}.target", network, check)
    reference(message.consented_by, f"{path}.consented_by", check)
    reference(message.consent_evidence, f"{path}.consent_evidence", check)
    is_shown = not message.consented_by or bool(message.consent_evidence)
    problem = "is required: what message shows the consent?"
    check.that(is_shown or kind not in CONSENTED, f"{path}.consent_evidence", problem)
    at = now if message.consented_by else 0
    if message.HasField("consent_time"):
        at = message.consent_time.seconds
        check.instant(at, f"{path}.consent_time")
    if kind is None or len(check.faults) > known:
        return None
    return DeliveryOption(
        kind=kind,
        target=target,
        consented_by=message.consented_by,
        consented_at=at,
        evidence=message.consent_evidence,
    )


def target_in(name: str, kind: OptionKind | None, field: str, network: str, check: Check) -> str:
    """Return the id of the hub or courier that an option names, empty where it names none."""
    if not name or kind is None:
        return ""
    shape = _TARGETS.get(kind)
    ids = names.split(name, shape) if shape else None
    if shape is None:
        check.that(False, field, f"{kind} has no target: leave it empty")  # noqa: FBT003
    elif ids is None or ids[0] != network:
        check.that(False, field, f"{name[:200]!r} is no name of this network")  # noqa: FBT003
    return ids[-1] if ids else ""


def options_in(
    messages: Sequence[pb.DeliveryOption], path: str, network: str, now: Instant, check: Check
) -> tuple[DeliveryOption, ...]:
    """Read a ladder; what is no option is left out, with a fault."""
    check.that(len(messages) <= MOST_RUNGS, path, f"holds at most {MOST_RUNGS} options")
    read = [
        option_in(message, f"{path}[{index}]", network, now, check)
        for index, message in enumerate(messages[:MOST_RUNGS])
    ]
    return tuple(option for option in read if option is not None)


def target_faults(state: State, options: Sequence[DeliveryOption], path: str) -> list[Fault]:
    """Return a fault for each option whose hub or person is not there, or keeps no parcels."""
    found = [
        (index, _target_problem(state, option))
        for index, option in enumerate(options)
        if option.target
    ]
    return [Fault(f"{path}[{index}].target", problem) for index, problem in found if problem]


def _target_problem(state: State, option: DeliveryOption) -> str:
    """Return what is wrong with the hub or person that an option names; empty if nothing is."""
    known = {OptionKind.HUB: state.hubs, OptionKind.PERSON: state.couriers}
    if option.target not in known.get(option.kind, (option.target,)):
        return f"there is no {option.kind} {option.target!r} here"
    is_hub = option.kind is OptionKind.HUB
    if is_hub and Contract.COLLECTION not in state.hubs[option.target].contracts:
        return f"hub {option.target!r} has no contract for COLLECTION"
    return ""


def option_out(option: DeliveryOption, network: str) -> pb.DeliveryOption:
    """Write one way of delivery."""
    shape = _TARGETS.get(option.kind)
    message = pb.DeliveryOption(
        kind=option.kind.name,
        target=names.joined(shape, network, option.target) if shape and option.target else "",
        consented_by=option.consented_by,
        consent_evidence=option.evidence,
    )
    if option.consented_at:
        message.consent_time.CopyFrom(scalars.timestamp(option.consented_at))
    return message
