"""Who holds a parcel, and who held it when."""

from dispatch.core.model import Custodian, CustodianKind, Holding, Instant, Parcel
from dispatch.v1 import parcels_pb2 as pb
from dispatch.wire import names, scalars

RECIPIENT = "recipient"
"""Who scanned, where somebody told the recipient's own code."""
_SHAPES = {CustodianKind.COURIER: names.COURIER, CustodianKind.HUB: names.HUB}


def custody_out(parcel: Parcel, network: str) -> pb.Custody:
    """Write who holds a parcel now."""
    since = parcel.custody[-1].since if parcel.custody else parcel.created_at
    return _holder_out(parcel.custodian, since, network)


def _holder_out(custodian: Custodian, since: Instant, network: str) -> pb.Custody:
    shape = _SHAPES.get(custodian.kind)
    return pb.Custody(
        holder=custodian.kind.name,
        custodian=names.joined(shape, network, custodian.id) if shape else "",
        start_time=scalars.timestamp(since),
    )


def ledger_out(parcel: Parcel, network: str) -> list[pb.CustodyEvent]:
    """Write all changes of hands, the first one first."""
    lines = parcel.custody or (_first_of(parcel),)
    return [
        _line_out(parcel, line, before, network)
        for before, line in zip((None, *lines), lines, strict=False)
    ]


def line_at(parcel: Parcel, instant: Instant) -> int | None:
    """Return which line of the ledger held at an instant; None before the first."""
    lines = parcel.custody or (_first_of(parcel),)
    held = [number for number, line in enumerate(lines) if line.since <= instant]
    return held[-1] if held else None


def _first_of(parcel: Parcel) -> Holding:
    """Return the line of a parcel whose log did not write any."""
    return Holding(custodian=parcel.custodian, since=parcel.created_at, noted_at=parcel.created_at)


def _line_out(
    parcel: Parcel, line: Holding, before: Holding | None, network: str
) -> pb.CustodyEvent:
    message = pb.CustodyEvent(
        to_custody=_holder_out(line.custodian, line.since, network),
        ingest_time=scalars.timestamp(line.noted_at),
        actor=_scanner_out(line.actor, parcel, network),
        witness=_scanner_out(line.witness, parcel, network),
        proofs=[proof.name for proof in line.proofs],
        single_actor=line.single_actor,
        leg=names.leg_name(network, line.leg) if line.leg else "",
    )
    if before is not None:
        message.from_custody.CopyFrom(_holder_out(before.custodian, before.since, network))
    return message


def _scanner_out(scanner: str, parcel: Parcel, network: str) -> str:
    """Write who scanned as a resource name; the ledger has couriers and proxies in short."""
    if scanner in {"", RECIPIENT} or scanner.startswith("networks/"):
        return scanner
    if "/" in scanner:
        return f"networks/{network}/{scanner}"
    return names.joined(names.PROXY, network, *parcel.id.split("/"), scanner)
