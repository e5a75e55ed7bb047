"""Codes that somebody tells: compared here, so that commands hold serials alone.

A wrong code at a counter is counted by the rules. At a door it is no command at all, so that it
is counted here, in memory: a restart forgives, and five tries at a million codes gain nothing.
"""

from dispatch.codes import code_of, matches, proxy_key
from dispatch.core.errors import CounterLocked
from dispatch.core.keeping import code_key
from dispatch.core.model import Instant, Parcel
from dispatch.service.site import HostedZone

WRONG = -1
"""Serial of a code that is none."""


def told_serial(zone: HostedZone, secret: str, key: str, told: str) -> int:
    """Return the serial of the code that was told: the present one, or `WRONG`."""
    code = zone.state.codes.get(key)
    if code is None:
        return WRONG
    return code.serial if matches(told, code_of(secret, zone.name, key, code.serial)) else WRONG


def counter_serial(zone: HostedZone, secret: str, hub: str, parcel: Parcel, told: str) -> int:
    """Return the serial of a pickup code, or `WRONG`."""
    return told_serial(zone, secret, code_key(hub, parcel.recipient), told)


def door_serial(zone: HostedZone, secret: str, parcel: str, told: str) -> int:
    """Return the serial of a door code, or `WRONG`."""
    return told_serial(zone, secret, code_key("", parcel), told)


def told_proxy(zone: HostedZone, secret: str, parcel: str, told: str) -> str:
    """Return the id of the proxy whose code was told; empty where it is nobody's."""
    own = sorted(proxy.id for proxy in zone.state.proxies.values() if proxy.parcel == parcel)
    found = [
        proxy for proxy in own if matches(told, code_of(secret, zone.name, proxy_key(proxy), 1))
    ]
    return found[0] if found else ""


class DoorTries:
    """Wrong codes at doors, by zone and parcel: other networks may use the same ids."""

    def __init__(self) -> None:
        self._wrong: dict[tuple[str, str], tuple[int, Instant]] = {}

    def check(self, zone: str, parcel: str, now: Instant, lock_s: int, most: int) -> None:
        """Refuse to compare another code after too many wrong ones.

        Raises
        ------
        CounterLocked
            Until ``lock_s`` after the last of them.
        """
        count, last = self._wrong.get((zone, parcel), (0, 0))
        if count < most:
            return
        if now < last + lock_s:
            wait_s = last + lock_s - now
            msg = f"{count} wrong codes at this door: wait {wait_s} s"
            raise CounterLocked(msg, subject=parcel, wait_s=wait_s)
        del self._wrong[zone, parcel]

    def note(self, zone: str, parcel: str, serial: int, now: Instant) -> None:
        """Take note of a comparison."""
        key = zone, parcel
        if serial == WRONG:
            self._wrong[key] = (self._wrong.get(key, (0, 0))[0] + 1, now)
        else:
            self._wrong.pop(key, None)
