"""Pickup codes, guards' PINs and the tags of entrances: made from the service's secret.

Codes are six digits that nobody but the recipient is told; PINs are the same for a guard. Each is
derived whenever it is needed, to be sent or to be compared, and is written down nowhere: neither
in the log nor in the state, where only its serial stands. Whoever reads both and lacks the secret
knows no code. A tag says which entrance it belongs to, and that this service made it. Must not
import anything of the package: the service and the notifications both stand on it.
"""

import base64
import binascii
import hashlib
import hmac

DIGITS = 6
PROXY = "proxy"
TAG = "antmile-entrance:"
"""What every entrance's tag begins with."""
_MAC_BYTES = 16


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
    return _digits(_digest(secret, "pickup-code", zone, key, str(serial)))


def pin_of(secret: str, zone: str, key: str, serial: int) -> str:
    """Return a guard's PIN: six decimal digits.

    Parameters
    ----------
    secret, zone
        As in `code_of`.
    key
        Whose: `dispatch.core.compounds.pin_key`.
    serial
        Counts the guard's PINs; a new one makes the old worthless.
    """
    return _digits(_digest(secret, "guard-pin", zone, key, str(serial)))


def _digest(secret: str, *parts: str) -> bytes:
    # Lengths keep ("ab", "c") apart from ("a", "bc"); the first part, codes from hashes of doors.
    message = "".join(f"{len(part)}:{part}" for part in parts)
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()


def _digits(digest: bytes) -> str:
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}d}"


def tag_of(secret: str, network: str, entrance: str) -> str:
    """Return what an entrance's tag says, in letters that any square code holds.

    Parameters
    ----------
    network
        Id of the network.
    entrance
        Which one: `dispatch.core.compounds.entrance_key`.
    """
    mac = _digest(secret, "entrance-tag", network, entrance)[:_MAC_BYTES]
    return f"{TAG}{_letters(entrance.encode())}.{_letters(mac)}"


def entrance_of(secret: str, network: str, tag: str) -> str:
    """Return which entrance a tag belongs to; empty where this service did not make it."""
    told, dot, _ = tag.strip().removeprefix(TAG).partition(".")
    try:
        entrance = base64.b64decode(told + "=" * (-len(told) % 4), altchars=b"-_", validate=True)
        key = entrance.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    is_ours = hmac.compare_digest(tag.strip().encode(), tag_of(secret, network, key).encode())
    return key if dot and is_ours else ""


def tag_id(entrance: str) -> str:
    """Return eight letters by which people tell the tags of a compound apart; not a secret."""
    digest = hashlib.sha256(entrance.encode()).digest()
    letters = base64.b32encode(digest[:5]).decode()
    return f"{letters[:4]}-{letters[4:]}"


def _letters(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


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
