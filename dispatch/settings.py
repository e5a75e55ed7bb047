"""What an operator decides before the service starts: a file and the environment.

Values come from ``antmile.toml`` and from variables that begin with ``ANTMILE_``; a variable
wins over the file, and a command's option over both. They are checked once, here, and never
change afterwards. What is wrong is named by its key. Types and defaults come from the modules
that own them, such as the public servers from `maps.download`; the service that starts with these
values must not be imported here.
"""

import tomllib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import shapely
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from dispatch.core.model import ID, Mode
from maps.datum import Datum
from maps.download import NOMINATIM_URL, OVERPASS_URL

PREFIX = "ANTMILE_"
SHORTEST_SECRET = 32
"""Bytes: a shorter key would weaken the tokens' HMAC-SHA256."""

DEV_NETWORK = "local"
DEV_ZONE = "all"
DEV_MERCHANT = "default"


class SettingsError(Exception):
    """Settings that cannot be used. One line for each fault, each naming its key."""


def _id(value: str) -> str:
    if not ID.fullmatch(value):
        raise ValueError(
            f"{value[:80]!r} is not an id: 1 to 63 letters, digits and . _ ~ -, "
            "the first a letter or digit"
        )
    return value


def _ring(value: object) -> object:
    """Read a polygon given as WKT; leave a list of pairs to pydantic."""
    if not isinstance(value, str):
        return value
    try:
        shape = shapely.from_wkt(value)
    except shapely.errors.GEOSException as error:
        raise ValueError(f"is not well-known text: {error}") from error
    if shape.geom_type != "Polygon" or shape.interiors:
        raise ValueError("is not one polygon without holes")
    return list(shape.exterior.coords)


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        # Not every bad name is merely unknown: some are paths or folders.
        raise ValueError(f"{value[:80]!r} is not a known time zone") from None
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value[:80]!r} is not an address such as https://host/path")
    return value


Id = Annotated[str, BeforeValidator(_id)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]

HOURS = 24
_Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
TimeFactors: TypeAlias = Mapping[
    Mode, Annotated[tuple[_Factor, ...], Field(min_length=HOURS, max_length=HOURS)]
]
"""By mode of travel and local hour: what free-flow times are multiplied by, 1.5 for half as
long again. A mode that is not named keeps its times."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Zone(_Frozen):
    """An area with its own state, plans and owner.

    Attributes
    ----------
    polygon : tuple of (float, float), optional
        Corners as (longitude, latitude), WGS84 degrees; a list of pairs or WKT in the file.
        None: everywhere, for a network with this zone only.
    """

    polygon: Annotated[tuple[tuple[Longitude, Latitude], ...] | None, BeforeValidator(_ring)] = None

    @field_validator("polygon")
    @classmethod
    def _is_simple(
        cls, corners: tuple[tuple[float, float], ...] | None
    ) -> tuple[tuple[float, float], ...] | None:
        if corners is None:
            return None
        if len(set(corners)) < 3:  # noqa: PLR2004  a triangle is the least polygon
            raise ValueError("needs at least 3 corners")
        shape = shapely.Polygon(corners)
        if not shape.is_valid:
            raise ValueError(f"is not simple: {shapely.is_valid_reason(shape)}")
        return corners


class Merchant(_Frozen):
    """Somebody who hands parcels in.

    Attributes
    ----------
    display_name : str
        What people call it.
    datum : Datum
        The system of its coordinates where a place does not say.
    """

    display_name: str = ""
    datum: Datum = Datum.WGS84


class Network(_Frozen):
    """One operator's world; nothing of it is seen from another.

    Attributes
    ----------
    currency : str
        ISO 4217 code of all its money.
    zones : mapping of str to Zone
        At least one.
    merchants : mapping of str to Merchant
        Those who may hand parcels in.
    """

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    zones: Annotated[Mapping[Id, Zone], Field(min_length=1)]
    merchants: Mapping[Id, Merchant] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _zones_are_apart(self) -> Self:
        shapes = {
            name: shapely.Polygon(zone.polygon)
            for name, zone in sorted(self.zones.items())
            if zone.polygon is not None
        }
        boundless = sorted(self.zones.keys() - shapes.keys())
        if boundless and len(self.zones) > 1:
            raise ValueError(f"zones.{boundless[0]}.polygon: is needed where there are more zones")
        names = list(shapes)
        for count, name in enumerate(names):
            for other in names[count + 1 :]:
                if shapely.relate_pattern(shapes[name], shapes[other], "T********"):
                    raise ValueError(f"zones.{name} and zones.{other} overlap")
        return self

    def zone_at(self, *, lat: float, lon: float) -> str | None:
        """Return the id of the zone in which a point lies.

        Parameters
        ----------
        lat, lon : float
            WGS84 degrees.

        Returns
        -------
        str or None
            On a common border the first by id; None outside every zone.
        """
        for name, zone in sorted(self.zones.items()):
            if zone.polygon is None or shapely.intersects_xy(
                shapely.Polygon(zone.polygon), lon, lat
            ):
                return name
        return None


class Notifications(_Frozen):
    """How recipients and merchants are written to.

    Attributes
    ----------
    language : str
        ``en`` or ``zh``.
    quiet_from, quiet_until : time, optional
        Local time, both or neither: what is not urgent waits from the first until the second,
        over midnight where that is earlier. Needs `Settings.timezone`.
    """

    language: Literal["en", "zh"] = "en"
    quiet_from: time | None = None
    quiet_until: time | None = None

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _is_local(cls, value: time | None) -> time | None:
        if value is not None and value.tzinfo is not None:
            raise ValueError("is a local time: leave the offset out")
        return value

    @model_validator(mode="after")
    def _begin_and_end(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet hours need both quiet_from and quiet_until")
        return self


class Settings(BaseSettings):
    """Everything that the service is told.

    Attributes
    ----------
    host : str
        The address to listen on.
    port : int
        The port to listen on; 0 lets the machine choose.
    data_dir : Path
        The folder of the log and of what belongs to it.
    map_file : Path, optional
        The OpenStreetMap file.
    timezone : str, optional
        IANA name of the map's time zone, in which roads and gates keep their hours; UTC where
        none is set.
    time_factors : TimeFactors
        How much slower or faster each hour is; needs ``timezone``.
    overpass_url, nominatim_url : str
        Servers that maps are downloaded from; the public ones by default.
    epoch_s : int
        Seconds between two plans of a zone.
    courier_token_s : int
        Seconds for which a courier's token is good.
    token_secret : SecretStr, optional
        The key that signs tokens; only from ``ANTMILE_TOKEN_SECRET``.
    networks : mapping of str to Network
        At least one.
    policy : mapping
        Values of the policy, handed on as they are.
    notifications : Notifications
        How people are written to.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 50_051
    data_dir: Path = Path("data")
    map_file: Path | None = None
    timezone: Annotated[str, AfterValidator(_timezone)] | None = None
    time_factors: TimeFactors = Field(default_factory=dict)
    overpass_url: WebAddress = OVERPASS_URL
    nominatim_url: WebAddress = NOMINATIM_URL
    epoch_s: Annotated[int, Field(ge=1, le=3_600)] = 60
    courier_token_s: Annotated[int, Field(ge=60)] = 30 * 86_400
    token_secret: SecretStr | None = None
    networks: Annotated[Mapping[Id, Network], Field(min_length=1)]
    policy: Mapping[str, Any] = Field(default_factory=dict)
    notifications: Notifications = Notifications()

    @field_validator("token_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"needs at least {SHORTEST_SECRET} bytes")
        return secret

    @field_validator("time_factors")
    @classmethod
    def _have_a_timezone(cls, factors: TimeFactors, others: ValidationInfo) -> TimeFactors:
        # A bad time zone is not among the others, and a fault of its own.
        if factors and others.data.get("timezone", "") is None:
            raise ValueError("need to know whose hours: set timezone as well")
        return factors

    @field_validator("notifications")
    @classmethod
    def _quiet_hours_have_a_timezone(
        cls, notifications: Notifications, others: ValidationInfo
    ) -> Notifications:
        if notifications.quiet_from is not None and others.data.get("timezone", "") is None:
            raise ValueError("quiet hours need to know whose: set timezone as well")
        return notifications


def load_settings(path: Path, **values: object) -> Settings:
    """Read a settings file and the environment.

    Parameters
    ----------
    path : Path
        A TOML file, by convention ``antmile.toml``.
    **values : object
        Fields of `Settings` that win over both, such as a command's options.

    Returns
    -------
    Settings
        Checked and frozen.

    Raises
    ------
    SettingsError
        When the file cannot be read or a value cannot be used; lists every fault.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    if "token_secret" in content:
        raise SettingsError(
            f"{path}: token_secret: a secret does not belong in a file: set {PREFIX}TOKEN_SECRET"
        )
    return _settings(content, values, source=path.name)


def dev_settings(**values: object) -> Settings:
    """Return the settings of a service for trying out: one network, one zone, one merchant.

    Parameters
    ----------
    **values : object
        Fields of `Settings` that win over the environment, such as a command's options.

    Returns
    -------
    Settings
        With ``networks/local``, its zone ``all`` (the whole map) and its merchant ``default``,
        and a policy that holds nothing back: who tries the service out wants to see an offer
        in the next epoch, not when others could have joined it.

    Raises
    ------
    SettingsError
        When a value cannot be used; lists every fault.
    """
    network: dict[str, object] = {"zones": {DEV_ZONE: {}}, "merchants": {DEV_MERCHANT: {}}}
    content = {"networks": {DEV_NETWORK: network}, "policy": {"most_held_s": 0}}
    return _settings(content, values, source="settings")


def checked_time_factors(value: object) -> TimeFactors:
    """Check time factors that stand elsewhere than in settings.

    Raises
    ------
    SettingsError
        When they cannot be used; lists every fault.
    """
    try:
        return TypeAdapter[TimeFactors](TimeFactors).validate_python(value)
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _settings(content: Mapping[str, Any], values: Mapping[str, Any], *, source: str) -> Settings:
    """Merge what is given, the environment and a file's content, the strongest first."""

    class Merged(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic's names
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, dict(content))

    try:
        return Merged(**values)
    except SourceError as error:
        raise SettingsError(f"environment: {error}") from error
    except ValidationError as error:
        raise SettingsError("\n".join(f"{source}: {line}" for line in _lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    faults = error.errors(include_input=False, include_url=False)
    return [_key(fault["loc"], fault["msg"]) for fault in faults]


def _key(path: tuple[int | str, ...], message: str) -> str:
    """Return a fault as ``key.of.it: what is wrong``."""
    parts = [str(part) for part in path if part != "[key]"]
    return f"{'.'.join(parts)}: {message.removeprefix('Value error, ')}"
