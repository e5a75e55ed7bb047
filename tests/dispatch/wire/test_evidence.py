import pytest

from dispatch.core.messages import Evidence
from dispatch.core.model import Check, ProofKind
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire.evidence import WORST_ACCURACY_M, evidence_in, told_in

Kind = types_pb2.ProofKind
HERE = {"latitude": 60.17, "longitude": 24.94}


def test_a_code_and_a_name_stay_out_of_the_evidence() -> None:
    """The command learns that there was a code and a name, and neither of them."""
    event = pb.StopEvent(
        point=HERE,
        accuracy_meters=7.2,
        contact_time={"seconds": 100},
        contact_receipt="call:17",
        proofs=[
            types_pb2.Proof(kind=Kind.PIN, value="123456"),
            types_pb2.Proof(kind=Kind.RECEIVER_NAME, value="Rita Recipient"),
        ],
    )
    check = Check()
    read = evidence_in(event, check, shift_s=3600)
    assert not check.faults
    assert read == Evidence(
        lat=60.17,
        lon=24.94,
        accuracy_m=8,
        contacted_at=3700,
        contact="call:17",
        proofs=(ProofKind.PIN, ProofKind.RECEIVER_NAME),
    )
    told = told_in(event)
    assert (told.pin, told.receiver) == ("123456", "Rita Recipient")
    assert "123456" not in repr(told)
    assert "Rita" not in repr(told)


def test_a_position_that_says_nothing_is_none() -> None:
    """Nobody widens the fence by claiming a fix that is kilometres wide."""
    check = Check()
    event = pb.StopEvent(point=HERE, accuracy_meters=WORST_ACCURACY_M + 1)
    assert evidence_in(event, check).lat is None
    assert not check.faults


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"point": {"latitude": 91}}, "point.latitude"),
        ({"accuracy_meters": -1}, "accuracy_meters"),
        ({"accuracy_meters": float("nan")}, "accuracy_meters"),
        ({"contact_receipt": "she said to call +358 40"}, "contact_receipt"),
        ({"contact_time": {"seconds": -1}, "contact_receipt": "call:1"}, "contact_time"),
        ({"contact_time": {"seconds": 9}}, "contact_receipt"),
        ({"proofs": [{"kind": 77}]}, "proofs[0].kind"),
        ({"proofs": [{"kind": Kind.PIN}]}, "proofs[0].value"),
        ({"proofs": [{"kind": Kind.RECEIVER_NAME, "value": " "}]}, "proofs[0].value"),
        ({"proofs": [{"kind": Kind.RECEIVER_NAME, "value": "n" * 201}]}, "proofs[0].value"),
        ({"proofs": [{"kind": Kind.PHOTO}, {"kind": Kind.PHOTO}]}, "proofs[1].kind"),
    ],
)
def test_bad_evidence_names_its_field(fields: dict[str, object], field: str) -> None:
    """A phone learns which field was wrong."""
    check = Check()
    evidence_in(pb.StopEvent(**fields), check)  # type: ignore[arg-type]
    assert [fault.field for fault in check.faults] == [field]
