"""Why something is done: texts that go into the log as they are."""

import re

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check
from dispatch.wire import scalars

LONGEST_REASON = 500

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,62}")


def coded(given: str, *, is_required: bool = False) -> str:
    """Return a merchant's or courier's reason: a code, because it goes into the log as it is.

    Raises
    ------
    InvalidValue
        If it is none, or missing where it is required.
    """
    if is_required and not given:
        raise InvalidValue([Fault("reason", "is required")])
    if given and not _CODE.fullmatch(given):
        raise InvalidValue([Fault("reason", "is no code: write it like `REGRET`")])
    return given


def said(given: str, *, is_required: bool = True) -> str:
    """Return a dispatcher's reason: a sentence.

    Raises
    ------
    InvalidValue
        If it is too long, holds control characters, or is missing where it is required.
    """
    check = Check()
    check.that(not is_required or bool(given.strip()), "reason", "is required: say why")
    scalars.plain_text(given, LONGEST_REASON, "reason", check)
    check.done()
    return given.strip()
