from typing import Any

import pytest

from dispatch.core.model import Check, DeliveryOption, OptionKind
from dispatch.v1 import parcels_pb2 as pb
from dispatch.wire.options import option_in, option_out, options_in, target_in

NOW = 1_780_000_000
Kind = pb.DeliveryOption.Kind
AGREED: dict[str, Any] = {"consented_by": "recipient", "consent_evidence": "sms:4711"}


def test_an_option_comes_back_as_it_was_read() -> None:
    """A hub, its consent, and what shows it survive the way in and out."""
    check = Check()
    message = pb.DeliveryOption(
        kind=Kind.HUB,
        target="networks/local/hubs/shop",
        consent_time={"seconds": NOW - 5},
        **AGREED,
    )
    read = option_in(message, "o", "local", NOW, check)
    assert not check.faults
    assert read == DeliveryOption(
        kind=OptionKind.HUB,
        target="shop",
        consented_by="recipient",
        consented_at=NOW - 5,
        evidence="sms:4711",
    )
    assert option_out(read, "local") == message


def test_consent_without_a_time_was_given_now() -> None:
    """And an option without consent has no time at all."""
    check = Check()
    read = options_in(
        [pb.DeliveryOption(kind=Kind.SAFE_PLACE, **AGREED), pb.DeliveryOption(kind=Kind.REATTEMPT)],
        "o",
        "local",
        NOW,
        check,
    )
    assert [(one.kind, one.consented_at) for one in read] == [
        (OptionKind.SAFE_PLACE, NOW),
        (OptionKind.REATTEMPT, 0),
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": 0}, "o.kind"),
        ({"kind": Kind.HUB, "target": "networks/other/hubs/h"}, "o.target"),
        ({"kind": Kind.HUB, "target": "networks/local/couriers/c"}, "o.target"),
        ({"kind": Kind.DOOR, "target": "networks/local/hubs/h"}, "o.target"),
        ({"kind": Kind.HUB, "consented_by": "recipient"}, "o.consent_evidence"),
        ({"kind": Kind.HUB, **AGREED, "consent_evidence": "call me, Rita"}, "o.consent_evidence"),
        ({"kind": Kind.HUB, **AGREED, "consented_by": "+358401234567"}, "o.consented_by"),
        ({"kind": Kind.HUB, **AGREED, "consent_time": {"seconds": -9}}, "o.consent_time"),
    ],
)
def test_a_bad_option_names_its_field(fields: dict[str, Any], field: str) -> None:
    """Sentences and phone numbers never get near the log."""
    check = Check()
    assert option_in(pb.DeliveryOption(**fields), "o", "local", NOW, check) is None
    assert [fault.field for fault in check.faults] == [field]


def test_only_hubs_and_persons_have_targets() -> None:
    """A target is an id of this network, or nothing."""
    check = Check()
    assert target_in("", OptionKind.SAFE_PLACE, "t", "local", check) == ""
    assert target_in("networks/local/couriers/n7", OptionKind.PERSON, "t", "local", check) == "n7"
    assert not check.faults
