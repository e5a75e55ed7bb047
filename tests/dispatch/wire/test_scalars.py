import pytest
from google.type.money_pb2 import Money

from dispatch.core.errors import EtagMismatch
from dispatch.core.model import Check, FailureCode
from dispatch.v1 import types_pb2
from dispatch.wire import scalars


@pytest.mark.parametrize("minor", [0, 1, 99, 100, 12_345, -1, -250])
def test_money_is_the_same_there_and_back(minor: int) -> None:
    """Minor units survive, negative ones too, with the signs that google.type.Money wants."""
    message = scalars.money(minor, "EUR")
    assert message.units * message.nanos >= 0
    check = Check()
    assert scalars.cents(message, "EUR", "amount", check) == minor
    assert not check.faults


def test_foreign_and_broken_money_is_named() -> None:
    """Another currency and less than a minor unit are faults of their fields."""
    check = Check()
    scalars.cents(Money(currency_code="SEK", nanos=5), "EUR", "fee", check)
    assert [fault.field for fault in check.faults] == ["fee.currency_code", "fee.nanos"]


def test_texts_are_printable_and_short() -> None:
    """Control characters and more than is allowed are faults; notes may have lines."""
    check = Check()
    scalars.plain_text("Ylä-Malmi 7\u00a0B, \u6c34", 20, "address", check)
    scalars.plain_text("left\r\nthen right", 20, "note", check, has_lines=True)
    assert not check.faults
    for text in ("a\nb", "a\x00", "a\x7f", "a\x9b", "a" * 21):
        scalars.plain_text(text, 20, text[:9], check)
    scalars.plain_text("a\x07\n", 20, "note", check, has_lines=True)
    assert len(check.faults) == 6


def test_every_failure_code_has_its_twin() -> None:
    """The enums of protos and core bear the same names."""
    for code in FailureCode:
        check = Check()
        number = types_pb2.FailureCode.Value(code.name)
        found = scalars.member_of(FailureCode, types_pb2.FailureCode, number, "code", check)
        assert found is code
        assert not check.faults


def test_a_number_that_no_enum_knows_is_named() -> None:
    """A newer client's value is refused rather than taken for none."""
    check = Check()
    assert scalars.member_of(FailureCode, types_pb2.FailureCode, 99, "code", check) is None
    assert [fault.field for fault in check.faults] == ["code"]


def test_etags_are_ours_or_do_not_match() -> None:
    """An etag gives its version back; anything else never matches."""
    assert scalars.version_of(scalars.etag(7), "it") == 7
    assert scalars.version_of("", "it") == 0
    for strange in ("7", "v", "v0", "v-1", "W/7", "v७"):
        with pytest.raises(EtagMismatch):
            scalars.version_of(strange, "it")
