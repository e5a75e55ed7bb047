"""Opaque tokens: where a page ended, where a stream may go on.

A token is bound to what was asked with it, so that it cannot be used for another question.
It holds nothing secret; whoever opens one learns only what its bearer was sent.
"""

import base64
import binascii
import hashlib
from typing import Any, TypeVar

import msgspec

from dispatch.core.errors import Fault, InvalidValue

Value = TypeVar("Value")
_BOUND_DIGITS = 12


def seal(value: object, *question: str) -> str:
    """Return a token that holds ``value`` for one question."""
    body = msgspec.json.encode([_digest(question), value])
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def unseal(token: str, field: str, kind: type[Value], *question: str) -> Value:
    """Return what a token holds.

    Raises
    ------
    InvalidValue
        If it is none, or was made for another question; names ``field``.
    """
    try:
        body = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        made_for, value = msgspec.json.decode(body, type=tuple[str, Any])
        found = msgspec.convert(value, kind)
    except (binascii.Error, UnicodeError, ValueError, msgspec.MsgspecError) as error:
        raise InvalidValue([Fault(field, "is not a token of this service")]) from error
    if made_for != _digest(question):
        raise InvalidValue([Fault(field, "was given for another request")])
    return found


def _digest(question: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(question).encode()).hexdigest()[:_BOUND_DIGITS]
