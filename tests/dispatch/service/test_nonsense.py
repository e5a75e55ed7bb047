import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from dispatch.core import codec
from dispatch.core.state import State, fold
from dispatch.sim.custody_check import gaps
from dispatch.v1 import (
    compounds_pb2,
    courier_app_pb2,
    couriers_pb2,
    dispatching_pb2,
    hubs_pb2,
    parcels_pb2,
)
from tests.dispatch.service.errands import AT_DOOR, CAI, MART, TO_MART, absent, errand
from tests.dispatch.service.house import NETWORK, NOON, SHOP, House
from tests.dispatch.service.manor import ANN, BEN, BOOTH, GARDEN, GATE, manor, window

OURS = frozenset(
    {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""What a caller may be told of nonsense; an INTERNAL error is a bug, UNAVAILABLE a lie."""
ROUNDS = 12
DEEPEST = 3
VARIETY = 5
TEXTS = (
    "", " ", "x", "é" * 70, "\x00", "000000", "REASON", "-", "v1", "acme",
    NETWORK, f"{NETWORK}/zones/all", f"{NETWORK}/zones/none", MART, f"{NETWORK}/hubs/none", CAI,
    f"{NETWORK}/couriers/none", SHOP, f"{SHOP}/parcels/p1", f"{SHOP}/parcels/none",
    f"{SHOP}/parcels/p1/legs/1", f"{SHOP}/parcels/p1/legs/9", f"{SHOP}/parcels/p1/proxies/x",
    f"{NETWORK}/zones/all/closures/c", "networks/twin/hubs/mart", "networks/local/hubs/",
    GARDEN, GATE, BOOTH, ANN, BEN, window(ANN), window(BEN), "gate", "garden", f"{GATE}x",
)  # fmt: skip
NUMBERS = (0, 1, 2, 5, 60, -1, NOON, NOON + 600, 2**31 - 1)


class _Draw:
    """Draws that are the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def share(self, permille: int) -> bool:
        """Say yes so often in a thousand."""
        return self._next() % 1000 < permille

    def choice(self, options: Sequence[Any]) -> Any:
        """Return one of them."""
        return options[self._next() % len(options)]

    def _next(self) -> int:
        self._count += 1
        key = f"{self._seed}/{self._count}".encode()
        return int.from_bytes(hashlib.sha256(key).digest()[:8])


def _methods(house: House) -> Iterator[tuple[str, Any, type[Message], bool]]:
    for module, stub in (
        (parcels_pb2, house.parcels),
        (hubs_pb2, house.hubs),
        (courier_app_pb2, house.phone),
        (dispatching_pb2, house.dispatch),
        (compounds_pb2, house.compounds),
        (couriers_pb2, house.couriers),
    ):
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                if not method.server_streaming:
                    kind = method.input_type._concrete_class
                    yield method.name, getattr(stub, method.name), kind, stub is house.phone


def _fill(message: Message, draw: _Draw, depth: int = 0) -> None:
    """Fill a message with what may be wrong, name by name what may be right."""
    fields: Sequence[Any] = message.DESCRIPTOR.fields
    for field in fields:
        if field.name == "request_id" or draw.share(250) or depth > DEEPEST:
            continue
        if field.is_repeated:
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                continue
            for _ in range(draw.choice((0, 1, 2))):
                if field.message_type is not None:
                    _fill(getattr(message, field.name).add(), draw, depth + 1)
                else:
                    getattr(message, field.name).append(_value(field, draw))
        elif field.message_type is not None:
            part = getattr(message, field.name)
            part.SetInParent()
            _fill(part, draw, depth + 1)
        else:
            setattr(message, field.name, _value(field, draw))


def _value(field: Any, draw: _Draw) -> Any:
    if field.enum_type is not None:
        return draw.choice([*(value.number for value in field.enum_type.values), 99])
    kinds = FieldDescriptor
    if field.type == kinds.TYPE_STRING:
        return draw.choice(TEXTS)
    if field.type == kinds.TYPE_BOOL:
        return draw.share(500)
    if field.type in {kinds.TYPE_DOUBLE, kinds.TYPE_FLOAT}:
        return draw.choice((0.0, 60.17, 24.94, -1.0, 91.0, float("nan"), float("inf")))
    return draw.choice(NUMBERS)


@pytest.mark.parametrize("seed", range(3))
async def test_nonsense_is_refused_by_name(house: House, seed: int) -> None:
    """Right and wrong names, odd numbers, control characters: a coded answer, and custody holds."""
    one = await errand(house, delivery_options=[AT_DOOR, TO_MART])
    await absent(one)
    ground = await manor(house)
    draw = _Draw(seed)
    told = set()
    for name, call, kind, is_phone in _methods(house):
        for _ in range(ROUNDS):
            request = kind()
            _fill(request, draw)
            first = request.DESCRIPTOR.fields[0].name
            if draw.share(700):
                setattr(request, first, _resource(name, kind, is_phone=is_phone))
            token = draw.choice(
                [house.dispatcher, house.shop, one.till, one.phone, ground.company, ground.till]
            )
            answer = call(request, metadata=token)
            code = await answer.code()
            assert code in OURS, (name, request, await answer.details())
            told.add(code)
    assert len(told) >= VARIETY
    zone = house.site.networks["local"].any_zone()
    rows = house.log.read(zone=zone.name, limit=100_000)
    events = [codec.decode_event(row.payload, row.version) for row in rows]
    assert fold(State(zone=zone.name), events) == zone.state
    assert gaps([row.payload for row in rows]) == []


def _resource(method: str, kind: type[Message], *, is_phone: bool) -> str:
    """Return a name that the method may be asked about."""
    if is_phone:
        return CAI
    if kind.DESCRIPTOR.file.name.endswith("hubs.proto"):
        if method == "IssuePin":
            return ANN
        return NETWORK if method in {"CreateHub", "ListHubs"} else MART
    if kind.DESCRIPTOR.file.name.endswith("couriers.proto"):
        known = {"SwapSlots": window(ANN), "DropSlots": BEN, "ListAvailabilityWindows": ANN}
        return known.get(method, NETWORK)
    if kind.DESCRIPTOR.file.name.endswith("compounds.proto"):
        known = {"GetPost": GATE, "SetPostMinimum": GATE, "ListRosterSlots": GATE}
        is_whole = method in {"CreateCompound", "ListCompounds", "CreateCompanyToken"}
        return NETWORK if is_whole else known.get(method, GARDEN)
    return {
        "CreateParcel": SHOP,
        "BatchCreateParcels": SHOP,
        "ListParcels": SHOP,
        "RunDispatch": NETWORK,
        "PauseDispatch": f"{NETWORK}/zones/all",
        "ResumeDispatch": f"{NETWORK}/zones/all",
        "CreateClosure": f"{NETWORK}/zones/all",
        "ListClosures": f"{NETWORK}/zones/all",
        "DeleteClosure": f"{NETWORK}/zones/all/closures/c",
        "PinLeg": f"{SHOP}/parcels/p1/legs/1",
        "UnpinLeg": f"{SHOP}/parcels/p1/legs/1",
        "ReassignLeg": f"{SHOP}/parcels/p1/legs/1",
        "PauseHub": MART,
        "ResumeHub": MART,
        "RevokeProxy": f"{SHOP}/parcels/p1/proxies/x",
    }.get(method, f"{SHOP}/parcels/p1")
