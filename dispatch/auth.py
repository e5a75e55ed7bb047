"""Who is calling, and in which network they may act.

A token is a JSON Web Token signed with the service's secret. It carries a network, a role, a
subject and for a hub's counter a device, and nothing else: what a role may do stands where it is
done. Time comes from the caller, never from here. It must not import generated messages.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import jwt

from dispatch.core.errors import TokenInvalid
from dispatch.settings import DEV_MERCHANT, DEV_NETWORK, SHORTEST_SECRET, SettingsError

ALGORITHM = "HS256"
SECRET_FILE = "dev-secret"  # noqa: S105  a file's name
TOKENS_FILE = "dev-tokens.json"


class Role(StrEnum):
    """What a caller is to the network."""

    MERCHANT = "merchant"
    COURIER = "courier"
    DISPATCHER = "dispatcher"
    HUB_OPERATOR = "hub_operator"
    PROPERTY_COMPANY = "property_company"
    AUDITOR = "auditor"
    REPLAYER = "replayer"


_ROLES = {role.value: role for role in Role}
_COLLECTION = {
    Role.MERCHANT: "merchants",
    Role.COURIER: "couriers",
    Role.HUB_OPERATOR: "hubs",
    Role.PROPERTY_COMPANY: "propertyCompanies",
}
"""Those roles whose subject is a resource, and where in a name its id stands."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller.

    Attributes
    ----------
    network : str
        Id of the only network in which the caller may act.
    role : Role
        What the caller is to the network.
    subject : str
        Id of the merchant, courier, hub or property company; for other roles a name of the person
        or program.
    device : str
        Of a hub's counter: the till or the person, because several scan for one hub.
    """

    network: str
    role: Role
    subject: str
    device: str = ""

    @property
    def name(self) -> str:
        """Resource name, the same for all tokens of one caller."""
        collection = _COLLECTION.get(self.role, f"{self.role}s")
        name = f"networks/{self.network}/{collection}/{self.subject}"
        return f"{name}/devices/{self.device}" if self.device else name


@dataclass(frozen=True, slots=True)
class DevTokens:
    """The tokens of a service for trying out, and the secret that signed them."""

    merchant: str = field(repr=False)
    dispatcher: str = field(repr=False)
    secret: str = field(repr=False)


def issue(principal: Principal, secret: str, expires_at: int | None) -> str:
    """Make a token.

    Parameters
    ----------
    principal : Principal
        Whom it speaks for.
    secret : str
        The service's secret, at least 32 bytes.
    expires_at : int or None
        First instant at which it is no longer good, seconds since 1970-01-01 UTC; None: never.

    Returns
    -------
    str
        The token. The same arguments give the same token.
    """
    claims: dict[str, object] = {
        "network": principal.network,
        "role": principal.role.value,
        "sub": principal.subject,
    }
    if principal.device:
        claims["device"] = principal.device
    if expires_at is not None:
        claims["exp"] = expires_at
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def verify(token: str, secret: str, now: int) -> Principal:
    """Find out for whom a token speaks.

    Parameters
    ----------
    token : str
        What the caller sent after ``Bearer``.
    secret : str
        The service's secret.
    now : int
        The instant, seconds since 1970-01-01 UTC.

    Returns
    -------
    Principal
        The caller.

    Raises
    ------
    TokenInvalid
        When the token is none, was signed by somebody else, has expired or names no caller.
    """
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            # PyJWT would compare times with the machine's clock; callers have their own.
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.InvalidTokenError as error:
        raise TokenInvalid("the token is not one of this service") from error
    expires_at = claims.get("exp")
    if expires_at is not None and not (isinstance(expires_at, int) and now < expires_at):
        raise TokenInvalid("the token has expired")
    network, role, subject = (claims.get(name) for name in ("network", "role", "sub"))
    if not (isinstance(network, str) and network and isinstance(subject, str) and subject):
        raise TokenInvalid("the token names no caller")
    if not (isinstance(role, str) and role in _ROLES):
        raise TokenInvalid("the token names a role that this service does not know")
    device = claims.get("device", "")
    if not isinstance(device, str):
        raise TokenInvalid("the token names no device")
    return Principal(network, _ROLES[role], subject, device)


def may_act_in(principal: Principal, resource_name: str) -> bool:
    """Tell whether a name lies where a caller may act at all.

    The name must be in the caller's network; where it passes through a merchant, a courier or a
    hub, a merchant's token must be that merchant's, a courier's that courier's and a counter's
    that hub's. Whether the caller's role may do what is asked is for the method to say.

    Parameters
    ----------
    principal : Principal
        The caller.
    resource_name : str
        A resource's name or a parent's, such as ``networks/local/couriers/c1/offers/o1``.

    Returns
    -------
    bool
        False as well for what is no such name.
    """
    parts = resource_name.split("/")
    if parts[:2] != ["networks", principal.network] or len(parts) % 2 or "" in parts:
        return False
    owners = dict(zip(parts[2::2], parts[3::2], strict=True))
    collection = _COLLECTION.get(principal.role)
    return collection is None or owners.get(collection, principal.subject) == principal.subject


def dev_tokens(data_dir: Path) -> DevTokens:
    """Return the tokens of a service for trying out; make them where there are none.

    They never expire, so that a service that starts again on the same folder goes on with the
    clients that it has. Only the owner of the folder may read the files.

    Parameters
    ----------
    data_dir : Path
        The service's folder; made with the folders above it. It gets ``dev-secret`` and
        ``dev-tokens.json`` with the keys ``merchant`` and ``dispatcher``.

    Returns
    -------
    DevTokens
        Of ``networks/local``: its merchant ``default`` and a dispatcher.

    Raises
    ------
    SettingsError
        When a file cannot be written or read, or the secret is not one.
    """
    secret_file, tokens_file = data_dir / SECRET_FILE, data_dir / TOKENS_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        secret = _read_or_make(secret_file, lambda: secrets.token_urlsafe(SHORTEST_SECRET))
        if len(secret.encode()) < SHORTEST_SECRET:
            raise SettingsError(
                f"{secret_file}: is too short for a secret: delete it for a new one"
            )
        tokens = {
            "merchant": issue(Principal(DEV_NETWORK, Role.MERCHANT, DEV_MERCHANT), secret, None),
            "dispatcher": issue(Principal(DEV_NETWORK, Role.DISPATCHER, "dev"), secret, None),
        }
        content = json.dumps(tokens, indent=2) + "\n"
        if _read_or_make(tokens_file, lambda: content) != content:
            _write_aside(tokens_file, content).replace(tokens_file)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{data_dir}: the development tokens: {error}") from error
    return DevTokens(**tokens, secret=secret)


def _read_or_make(path: Path, content: Callable[[], str]) -> str:
    """Return a file's text; write it first where there is none, whole or not at all."""
    if not path.exists():
        aside = _write_aside(path, content())
        try:
            # A link fails where another process was first, and then its file counts.
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text(encoding="utf-8")


def _write_aside(path: Path, content: str) -> Path:
    """Write a file beside another one, on the disk and for its owner only; return its path."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return aside
