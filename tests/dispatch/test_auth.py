import json
import stat
from pathlib import Path

import jwt
import pytest

from dispatch.auth import DevTokens, Principal, Role, dev_tokens, issue, may_act_in, verify
from dispatch.core.errors import TokenInvalid
from dispatch.settings import SettingsError

SECRET = "a secret of thirty-two bytes or more"
NOW = 1_700_000_000
MERCHANT = Principal("local", Role.MERCHANT, "default")
COURIER = Principal("local", Role.COURIER, "c1")
DISPATCHER = Principal("local", Role.DISPATCHER, "ana")


@pytest.mark.parametrize("role", Role)
def test_a_token_speaks_for_its_caller(role: Role) -> None:
    """Whoever it was issued to comes back, whatever the role."""
    caller = Principal("local", role, "someone")
    assert verify(issue(caller, SECRET, None), SECRET, NOW) == caller
    assert issue(caller, SECRET, NOW) == issue(caller, SECRET, NOW)


def test_a_counters_token_names_its_hub_and_its_device() -> None:
    """Several scan for one hub: each is an actor of its own, and none acts for another hub."""
    till = Principal("local", Role.HUB_OPERATOR, "booth", "till-2")
    assert verify(issue(till, SECRET, None), SECRET, NOW) == till
    assert till.name == "networks/local/hubs/booth/devices/till-2"
    assert Principal("local", Role.HUB_OPERATOR, "booth").name == "networks/local/hubs/booth"
    assert may_act_in(till, "networks/local/hubs/booth")
    assert not may_act_in(till, "networks/local/hubs/shop")
    assert not may_act_in(till, "networks/twin/hubs/booth")


def test_a_companys_token_names_the_company() -> None:
    """Which compounds are its own is for the service to say: a name alone does not tell."""
    company = Principal("local", Role.PROPERTY_COMPANY, "acme")
    assert company.name == "networks/local/propertyCompanies/acme"
    assert may_act_in(company, "networks/local/compounds/garden")
    assert not may_act_in(company, "networks/local/propertyCompanies/rival")
    assert not may_act_in(company, "networks/twin/compounds/garden")


def test_a_token_ends_at_its_instant() -> None:
    """Time is the caller's: good until the instant, not good from it on."""
    token = issue(COURIER, SECRET, NOW + 10)
    assert verify(token, SECRET, NOW + 9) == COURIER
    with pytest.raises(TokenInvalid, match="expired"):
        verify(token, SECRET, NOW + 10)


def signed(**claims: object) -> str:
    """Return a token with any claims, signed with the right secret."""
    return jwt.encode(claims, SECRET, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        "ключ",
        issue(MERCHANT, SECRET.upper(), None),
        issue(MERCHANT, SECRET, None)[:-2],
        jwt.encode({"network": "local", "role": "merchant", "sub": "x"}, "", algorithm="none"),
        signed(role="merchant", sub="default"),
        signed(network="local", role="merchant", sub=7),
        signed(network="local", role="merchant", sub=""),
        signed(network="local", role="king", sub="default"),
        signed(network="local", role=["merchant"], sub="default"),
        signed(network="local", role="merchant", sub="default", exp="tomorrow"),
        signed(network="local", role="hub_operator", sub="booth", device=7),
    ],
)
def test_a_token_that_proves_nothing_is_refused(token: str) -> None:
    """No, foreign, cut, unsigned and odd tokens are one error, and none crashes."""
    with pytest.raises(TokenInvalid):
        verify(token, SECRET, NOW)


@pytest.mark.parametrize(
    ("caller", "name", "allowed"),
    [
        (MERCHANT, "networks/local", True),
        (MERCHANT, "networks/local/merchants/default/parcels/p1", True),
        (MERCHANT, "networks/local/merchants/other/parcels/p1", False),
        (MERCHANT, "networks/local/merchants/-", False),
        (MERCHANT, "networks/local/hubs/h1", True),
        (MERCHANT, "networks/other/merchants/default", False),
        (COURIER, "networks/local/couriers/c1/offers/o1", True),
        (COURIER, "networks/local/couriers/c10", False),
        (COURIER, "networks/local/couriers/-", False),
        (DISPATCHER, "networks/local/merchants/-", True),
        (DISPATCHER, "networks/local/couriers/c1", True),
        (DISPATCHER, "networks/locally/couriers/c1", False),
        (DISPATCHER, "networks/local/couriers", False),
        (DISPATCHER, "networks/local//couriers", False),
        (DISPATCHER, "networks/-", False),
        (DISPATCHER, "", False),
    ],
)
def test_a_caller_acts_in_the_own_network_only(
    caller: Principal, name: str, *, allowed: bool
) -> None:
    """Network, merchant and courier in a name must be the caller's."""
    assert may_act_in(caller, name) is allowed


def test_a_caller_has_one_name() -> None:
    """The name is that of the resource where there is one."""
    assert MERCHANT.name == "networks/local/merchants/default"
    assert COURIER.name == "networks/local/couriers/c1"
    assert DISPATCHER.name == "networks/local/dispatchers/ana"


def test_dev_tokens_stay_the_same(tmp_path: Path) -> None:
    """A second start on the same folder gives the same tokens, and they are good."""
    folder = tmp_path / "deep" / "data"
    tokens = dev_tokens(folder)
    assert dev_tokens(folder) == tokens
    assert verify(tokens.merchant, tokens.secret, NOW) == MERCHANT
    assert verify(tokens.dispatcher, tokens.secret, NOW).role is Role.DISPATCHER
    assert json.loads((folder / "dev-tokens.json").read_text()) == {
        "merchant": tokens.merchant,
        "dispatcher": tokens.dispatcher,
    }


def test_dev_tokens_are_for_their_owner(tmp_path: Path) -> None:
    """Nobody else can read the files, nothing is left beside them, and no repr shows them."""
    tokens = dev_tokens(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"dev-secret": 0o600, "dev-tokens.json": 0o600}
    assert repr(tokens) == "DevTokens()"


def test_dev_tokens_are_made_again_where_they_are_missing(tmp_path: Path) -> None:
    """A lost or damaged file of tokens is written anew from the secret."""
    tokens = dev_tokens(tmp_path)
    (tmp_path / "dev-tokens.json").write_text("{")
    assert dev_tokens(tmp_path) == tokens
    (tmp_path / "dev-tokens.json").unlink()
    assert dev_tokens(tmp_path) == tokens
    assert json.loads((tmp_path / "dev-tokens.json").read_text())["merchant"] == tokens.merchant


def test_another_folder_has_another_secret(tmp_path: Path) -> None:
    """A token of one service is nothing to another."""
    one, other = dev_tokens(tmp_path / "one"), dev_tokens(tmp_path / "other")
    assert isinstance(one, DevTokens)
    with pytest.raises(TokenInvalid):
        verify(one.merchant, other.secret, NOW)


def test_a_damaged_secret_is_named(tmp_path: Path) -> None:
    """An empty secret is an error that says what to do, never a weak key."""
    (tmp_path / "dev-secret").write_text("")
    with pytest.raises(SettingsError, match="dev-secret: is too short"):
        dev_tokens(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the folder's place is an error of one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="development tokens"):
        dev_tokens(tmp_path / "file" / "data")
