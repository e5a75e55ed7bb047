import pytest

from dispatch.core.errors import InvalidValue
from dispatch.v1 import dispatching_pb2 as pb
from dispatch.wire.levers import closure_in, closure_out

ZONE = "networks/local/zones/all"
Kind = pb.Closure.Kind
END = {"seconds": 1_780_000_000}
CORNERS = [{"latitude": 60, "longitude": 24 + n / 100} for n in range(2)] + [
    {"latitude": 60.1, "longitude": 24}
]


def test_a_closure_comes_back_as_it_was_read() -> None:
    """An area keeps its corners, and says who closed it."""
    message = pb.Closure(kind=Kind.AREA, corners=CORNERS, end_time=END, reason="flood")
    read = closure_in(message, "c1", "networks/local/dispatchers/dora", 500)
    written = closure_out(read, ZONE)
    assert written.name == f"{ZONE}/closures/c1"
    assert written.actor == "networks/local/dispatchers/dora"
    assert list(written.corners) == list(message.corners)
    assert written.end_time == message.end_time


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"kind": 0}, {"closure.kind"}),
        ({"ref": ""}, {"closure.ref"}),
        ({"end_time": None}, {"closure.end_time"}),
        ({"reason": "  "}, {"closure.reason"}),
        ({"reason": "r" * 501}, {"closure.reason"}),
        ({"ref": "way\x07"}, {"closure.ref"}),
        ({"corners": CORNERS}, {"closure.corners"}),
        ({"kind": Kind.AREA, "ref": "", "corners": CORNERS[:2]}, {"closure.corners"}),
        (
            {"kind": Kind.AREA, "ref": "", "corners": [*CORNERS[:2], {"latitude": 91}]},
            {"closure.corners[2]"},
        ),
    ],
)
def test_a_bad_closure_names_its_fields(fields: dict[str, object], found: set[str]) -> None:
    """Every fault, by the names of the message."""
    given = {"kind": Kind.STREET, "ref": "4711", "end_time": END, "reason": "road works"}
    message = pb.Closure(**{**given, **fields})  # type: ignore[arg-type]
    with pytest.raises(InvalidValue) as caught:
        closure_in(message, "c1", "dora", 500)
    assert {fault.field for fault in caught.value.faults} == found
