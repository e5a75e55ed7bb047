"""Sameness of doors without their addresses.

A keyed hash lets the engine see that two parcels go to the same door, while neither its
state nor its log holds a room number. Whoever lacks the secret cannot try out addresses.
Must not import anything of the package: day folders and the live service both stand on it.
"""

import hashlib
import hmac

KEY_DIGITS = 16
"""Hexadecimal digits that are kept: 64 bits, enough to keep the doors of a country apart."""


def door_key(
    secret: str,
    *,
    compound: str = "",
    building: str = "",
    entrance: str = "",
    floor: int | None = None,
    room: str = "",
) -> str:
    """Return the keyed hash of one door.

    Parameters
    ----------
    secret
        Key of the hash: the service's secret when live, the network's id in a replay.
    room
        Without one nobody can tell which door of the floor is meant.

    Returns
    -------
    str
        16 hexadecimal digits; empty where ``room`` is.
    """
    if not room:
        return ""
    # Lengths keep ("ab", "c") apart from ("a", "bc").
    parts = (compound, building, entrance, "" if floor is None else str(floor), room)
    address = "".join(f"{len(part)}:{part}" for part in parts)
    digest = hmac.new(secret.encode(), address.encode(), hashlib.sha256).hexdigest()
    return digest[:KEY_DIGITS]
