"""Pickup codes: six digits that nobody but the recipient is told.

A code is derived whenever it is needed, to be sent or to be compared, and is written down
nowhere: neither in the log nor in the state, where only its serial stands. Whoever reads both
and lacks the secret knows no code. Must not import anything of the package: the service and
the notifications both stand on it.
"""

import hashlib
import hmac

DIGITS = 6
PROXY = "proxy"


def code_of(secret: str, zone: str, key: str, serial: int) -> str:
    """Return a code.

    Parameters
    ----------
    secret
        The service's; another one makes all codes void.
    zone
        Full name, ``networks/{n}/zones/{z}``.
    key
        Whose code it is and where: `dispatch.core.keeping.code_key`, or `proxy_key`.
    serial
        Counts the codes of that key; a new one makes the old worthless.

    Returns
    -------
    str
        Six decimal digits, zeros in front among them.
    """
    # Lengths keep ("ab", "c") apart from ("a", "bc"); the first part, codes from hashes of doors.
    parts = ("pickup-code", zone, key, str(serial))
    message = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}d}"


def proxy_key(proxy: str) -> str:
    """Return the key of a proxy's code, whose serial is always 1."""
    return f"{PROXY}~{proxy}"


def matches(told: str, code: str) -> bool:
    """Say whether a code that was told is the right one, in a time that tells nothing of it.

    Blanks around it do not count.
    """
    return hmac.compare_digest(told.strip().encode(), code.encode())


def is_code(told: str) -> bool:
    """Say whether what was told could be a code at all; else it is a slip of the finger.

    Blanks around it do not count.
    """
    digits = told.strip()
    return len(digits) == DIGITS and digits.isascii() and digits.isdigit()
