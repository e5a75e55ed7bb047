import textwrap
from datetime import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from dispatch.core.model import Mode
from dispatch.settings import Settings, SettingsError, dev_settings, load_settings
from maps.datum import Datum

TWO_ZONES = """
port = 7000

[networks.hel]
currency = "EUR"
[networks.hel.zones.east]
polygon = [[25, 60], [26, 60], [26, 61], [25, 61]]
[networks.hel.zones.west]
polygon = "POLYGON ((24 60, 25 60, 25 61, 24 61, 24 60))"
[networks.hel.merchants.shop]
display_name = "A shop"
datum = "GCJ02"

[policy]
max_legs = 200
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own variables out."""
    for name in (
        "PORT",
        "HOST",
        "DATA_DIR",
        "MAP_FILE",
        "EPOCH_S",
        "TOKEN_SECRET",
        "TIMEZONE",
        "TIME_FACTORS",
        "OVERPASS_URL",
        "NOMINATIM_URL",
    ):
        monkeypatch.delenv(f"ANTMILE_{name}", raising=False)


def written(folder: Path, text: str) -> Path:
    """Write a settings file and return its path."""
    path = folder / "antmile.toml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def faults(folder: Path, text: str) -> list[str]:
    """Return the lines of the error that a file causes."""
    with pytest.raises(SettingsError) as caught:
        load_settings(written(folder, text))
    return str(caught.value).splitlines()


def test_a_file_is_read(tmp_path: Path) -> None:
    """Values, networks and what is meant for the policy come out as written."""
    settings = load_settings(written(tmp_path, TWO_ZONES))
    network = settings.networks["hel"]
    assert (settings.port, settings.host, settings.epoch_s) == (7000, "127.0.0.1", 60)
    assert network.zones["east"].polygon == ((25, 60), (26, 60), (26, 61), (25, 61))
    assert network.merchants["shop"].datum is Datum.GCJ02
    assert settings.policy == {"max_legs": 200}


def test_options_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearer to the operator's hand, the stronger."""
    path = written(tmp_path, TWO_ZONES)
    monkeypatch.setenv("ANTMILE_PORT", "8000")
    monkeypatch.setenv("ANTMILE_NETWORKS__HEL__CURRENCY", "SEK")
    assert load_settings(path).port == 8000
    assert load_settings(path).networks["hel"].currency == "SEK"
    assert load_settings(path, port=9000).port == 9000


def test_the_secret_comes_from_the_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the file is refused, a short one too, and none is ever printed."""
    secret = "0123456789" * 4
    (line,) = faults(tmp_path, f'token_secret = "{secret}"' + TWO_ZONES)
    assert "antmile.toml: token_secret: a secret does not belong in a file" in line
    monkeypatch.setenv("ANTMILE_TOKEN_SECRET", "short")
    lines = faults(tmp_path, TWO_ZONES)
    assert lines == ["antmile.toml: token_secret: needs at least 32 bytes"]
    monkeypatch.setenv("ANTMILE_TOKEN_SECRET", secret)
    settings = load_settings(written(tmp_path, TWO_ZONES))
    assert settings.token_secret is not None
    assert settings.token_secret.get_secret_value() == secret
    assert secret not in repr(settings)


def test_every_fault_is_listed_with_its_key(tmp_path: Path) -> None:
    """One line for each thing that is wrong, so that one round of repair is enough."""
    lines = faults(
        tmp_path,
        """
        port = 70000
        epoch_s = "soon"
        speed = 3
        [networks.a.zones.z]
        polygon = [[24, 60], [25, 60]]
        [networks.b]
        currency = "euro"
        [networks."c d".zones.z]
        """,
    )
    keys = [line.split(": ")[1] for line in lines]
    assert sorted(keys) == [
        "epoch_s",
        "networks.a.zones.z.polygon",
        "networks.b.currency",
        "networks.b.zones",
        "networks.c d",
        "port",
        "speed",
    ]
    assert all(line.startswith("antmile.toml: ") for line in lines)


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ("[[24, 60], [25, 61], [25, 60], [24, 61]]", "is not simple: Self-intersection"),
        ("[[24, 60], [25, 60], [200, 61]]", "less than or equal to 180"),
        ("[[24, 60], [25, 60], [25, 91]]", "less than or equal to 90"),
        ("'POLYGON ((24 60, 25 60'", "is not well-known text"),
        ("'POINT (24 60)'", "is not one polygon without holes"),
        ("[[24, 60], [25, 60], [25, nan]]", "networks.n.zones.z.polygon"),
    ],
)
def test_a_bad_polygon_is_refused(tmp_path: Path, polygon: str, said: str) -> None:
    """A zone without a clear inside cannot own parcels."""
    (line,) = faults(tmp_path, f"[networks.n.zones.z]\npolygon = {polygon}")
    assert line.startswith("antmile.toml: networks.n.zones.z.polygon")
    assert said in line


def test_the_servers_of_maps_may_be_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file and from the environment; without either they are the public ones."""
    settings = load_settings(written(tmp_path, TWO_ZONES))
    assert settings.overpass_url == "https://overpass-api.de/api"
    assert settings.nominatim_url == "https://nominatim.openstreetmap.org/"
    own = 'overpass_url = "http://10.0.0.7:8080/api"\n' + TWO_ZONES
    monkeypatch.setenv("ANTMILE_NOMINATIM_URL", "http://10.0.0.8")
    settings = load_settings(written(tmp_path, own))
    assert settings.overpass_url == "http://10.0.0.7:8080/api"
    assert settings.nominatim_url == dev_settings().nominatim_url == "http://10.0.0.8"
    assert faults(tmp_path, 'overpass_url = "overpass.example"\n' + TWO_ZONES) == [
        "antmile.toml: overpass_url: 'overpass.example' is not an address such as https://host/path"
    ]


RUSH = [1.0] * 8 + [1.5, 1.4] + [1.0] * 14


def test_hours_may_be_slower_for_a_mode(tmp_path: Path) -> None:
    """24 factors by local hour; modes that are not named keep their times."""
    text = f'timezone = "Europe/Helsinki"\n{TWO_ZONES}[time_factors]\ncar = {RUSH}'
    settings = load_settings(written(tmp_path, text))
    assert settings.timezone == "Europe/Helsinki"
    assert settings.time_factors == {Mode.CAR: tuple(RUSH)}
    plain = load_settings(written(tmp_path, TWO_ZONES))
    assert (plain.timezone, plain.time_factors) == (None, {})


@pytest.mark.parametrize(
    ("zone", "factors", "key"),
    [
        ('timezone = "UTC"', f"plane = {RUSH}", "time_factors.plane"),
        ('timezone = "UTC"', f"car = {RUSH[1:]}", "time_factors.car"),
        ('timezone = "UTC"', f"car = {[*RUSH, 1.0]}", "time_factors.car"),
        ('timezone = "UTC"', f"car = {[0.0, *RUSH[1:]]}", "time_factors.car.0"),
        ('timezone = "UTC"', "car = 1.5", "time_factors.car"),
        ('timezone = "UTC"', f"car = [{'inf, ' * 24}]", "time_factors.car.0"),
        ('timezone = "Mars/Base"', f"car = {RUSH}", "timezone"),
        ("", f"car = {RUSH}", "time_factors"),
    ],
)
def test_bad_hours_are_named(tmp_path: Path, zone: str, factors: str, key: str) -> None:
    """Unknown modes, too few or too many hours, factors that stop the clock, no time zone."""
    first, *_ = faults(tmp_path, f"{zone}\n{TWO_ZONES}[time_factors]\n{factors}")
    assert first.startswith(f"antmile.toml: {key}: ")


def test_zones_may_touch_but_not_overlap(tmp_path: Path) -> None:
    """A pickup belongs to one zone; on a border the first by name has it."""
    network = load_settings(written(tmp_path, TWO_ZONES)).networks["hel"]
    assert network.zone_at(lat=60.5, lon=24.5) == "west"
    assert network.zone_at(lat=60.5, lon=25.5) == "east"
    assert network.zone_at(lat=60.5, lon=25.0) == "east"
    assert network.zone_at(lat=59.5, lon=25.0) is None
    overlapping = TWO_ZONES.replace("[[25, 60]", "[[24.9, 60]")
    assert faults(tmp_path, overlapping) == [
        "antmile.toml: networks.hel: zones.east and zones.west overlap"
    ]


def test_a_boundless_zone_is_alone(tmp_path: Path) -> None:
    """Everywhere and somewhere else cannot both be zones."""
    (line,) = faults(tmp_path, TWO_ZONES + "[networks.hel.zones.rest]")
    assert "networks.hel: zones.rest.polygon: is needed" in line


@pytest.mark.parametrize("content", [b"port = = 3", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    """One line with the file's name."""
    path = tmp_path / "antmile.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"antmile\.toml: is not TOML"):
        load_settings(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """One line with the file's name and what the machine says."""
    with pytest.raises(SettingsError, match=r"antmile\.toml: No such file"):
        load_settings(tmp_path / "antmile.toml")


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapping in a variable must be JSON."""
    monkeypatch.setenv("ANTMILE_POLICY", "{")
    with pytest.raises(SettingsError, match=r"environment: .*policy"):
        dev_settings()


def test_the_service_for_trying_out_has_one_of_each() -> None:
    """One network, one zone that is everywhere, one merchant."""
    settings = dev_settings(port=0, data_dir=Path("data"))
    network = settings.networks["local"]
    assert settings.port == 0
    assert sorted(network.merchants) == ["default"]
    assert network.zone_at(lat=-33.0, lon=-71.0) == "all"


def test_settings_do_not_change() -> None:
    """Nothing can be set once it has been checked."""
    settings: Settings = dev_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_quiet_hours_are_read(tmp_path: Path) -> None:
    """Local times of the map's time zone; without them messages go out at any hour."""
    hours = """
    timezone = "Asia/Shanghai"
    [networks.hel.zones.all]
    [notifications]
    language = "zh"
    quiet_from = "21:00"
    quiet_until = 07:30:00
    """
    notifications = load_settings(written(tmp_path, hours)).notifications
    assert notifications.language == "zh"
    assert (notifications.quiet_from, notifications.quiet_until) == (time(21), time(7, 30))
    plain = dev_settings().notifications
    assert (plain.language, plain.quiet_from, plain.quiet_until) == ("en", None, None)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('language = "fi"', "notifications.language"),
        ('quiet_from = "21:00"', "notifications: quiet hours need both"),
        ('quiet_from = "21:00Z"\nquiet_until = "07:00"', "notifications.quiet_from: is a local"),
        ('quiet_from = "21:00"\nquiet_until = "07:00"', "notifications: quiet hours need to know"),
    ],
)
def test_bad_notifications_are_named(tmp_path: Path, lines: str, fault: str) -> None:
    """Half an hour, an hour of nobody's day, a language without words."""
    text = f"[networks.hel.zones.all]\n[notifications]\n{lines}\n"
    assert any(fault in line for line in faults(tmp_path, text))
