"""Pickup codes, PINs and tags."""

from collections import Counter

import pytest

from dispatch.codes import (
    TAG,
    code_of,
    entrance_of,
    is_code,
    matches,
    pin_of,
    proxy_key,
    tag_id,
    tag_of,
)

ZONE = "networks/local/zones/all"


def test_a_code_is_six_digits_and_always_the_same() -> None:
    """It is derived at sending and at comparing, and must be one code."""
    code = code_of("secret", ZONE, "booth~home-1", 1)
    assert code == code_of("secret", ZONE, "booth~home-1", 1)
    assert len(code) == 6
    assert code.isdecimal()


def test_zeros_in_front_stay() -> None:
    """About one code in ten begins with a zero and still has six digits."""
    codes = [code_of("secret", ZONE, "booth~home-1", serial) for serial in range(500)]
    assert {len(code) for code in codes} == {6}
    assert any(code.startswith("0") for code in codes)


def test_secret_zone_key_and_serial_count() -> None:
    """Nobody's code opens another one's parcel, and a reissued code replaces the old one."""
    codes = [
        code_of("secret", ZONE, "booth~home-1", 1),
        code_of("other", ZONE, "booth~home-1", 1),
        code_of("secret", f"{ZONE}2", "booth~home-1", 1),
        code_of("secret", ZONE, "booth~home-2", 1),
        code_of("secret", ZONE, "booth~home-1", 2),
        code_of("secret", ZONE, proxy_key("booth~home-1"), 1),
    ]
    assert len(set(codes)) == len(codes)


def test_codes_are_spread_evenly() -> None:
    """No first digit is much more frequent than another: a guess has no favourites."""
    codes = [code_of("secret", ZONE, "booth~home-1", serial) for serial in range(2000)]
    by_digit = Counter(code[0] for code in codes)
    assert len(by_digit) == 10
    assert max(by_digit.values()) < 1.5 * min(by_digit.values())


def test_a_told_code_is_compared_without_its_blanks() -> None:
    """What is typed with a blank is right; what is shorter, longer or no number is wrong."""
    assert matches(" 012345\n", "012345")
    for told in ("", "12345", "0123456", "543210", "零一二三四五"):
        assert not matches(told, "012345")


def test_what_could_be_a_code_has_six_digits() -> None:
    """Blanks around it do not count; digits of other scripts are none."""
    assert is_code(code_of("secret", ZONE, "booth~home-1", 1))
    assert is_code(" 012345 ")
    for told in (
        "",
        "12345",
        "1234567",
        "12 456",
        "abcdef",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
    ):
        assert not is_code(told)


def test_a_pin_is_no_pickup_code() -> None:
    """Even where the keys agree: a hub called `pin` tells nobody a guard's PIN."""
    told = [
        pin_of("secret", ZONE, "pin~ann", 1),
        pin_of("secret", ZONE, "pin~ann", 2),
        pin_of("secret", ZONE, "pin~ben", 1),
        pin_of("secret", f"{ZONE}2", "pin~ann", 1),
        code_of("secret", ZONE, "pin~ann", 1),
    ]
    assert len(set(told)) == len(told)
    assert all(is_code(pin) for pin in told)


STAIRS = "海棠苑\x1f3\x1f2"


def test_a_tag_says_its_entrance_and_who_made_it() -> None:
    """In letters that any square code holds, in any script."""
    tag = tag_of("secret", "local", STAIRS)
    assert tag.isascii()
    assert tag.startswith(TAG)
    assert entrance_of("secret", "local", f" {tag}\n") == STAIRS
    assert tag_of("secret", "local", STAIRS) == tag
    assert tag_id(STAIRS) != tag_id("海棠苑\x1f3\x1f1")


@pytest.mark.parametrize(
    "tag",
    [
        "",
        TAG,
        f"{TAG}.",
        f"{TAG}!!.!!",
        "海棠苑3号楼2单元",
        "\ud800",
        tag_of("another", "local", STAIRS),
        tag_of("secret", "twin", STAIRS),
        tag_of("secret", "local", STAIRS)[:-1],
        tag_of("secret", "local", STAIRS).removeprefix(TAG),
        tag_of("secret", "local", STAIRS).replace(".", ""),
        tag_of("secret", "local", "a").partition(".")[0]
        + "."
        + tag_of("secret", "local", STAIRS).partition(".")[2],
    ],
)
def test_a_tag_that_was_made_at_home_is_nobodys(tag: str) -> None:
    """Another secret, another network, half of it, another one's signature, anything else."""
    assert entrance_of("secret", "local", tag) == ""
