import pytest

from dispatch.core.errors import InvalidValue
from dispatch.wire import names


def test_names_are_put_together_and_taken_apart() -> None:
    """A name says its ids, and the ids make the name again."""
    name = names.joined(names.PARCEL, "n", "m", "p.1")
    assert name == "networks/n/merchants/m/parcels/p.1"
    assert names.split(name, names.PARCEL) == ("n", "m", "p.1")
    assert names.parcel_name("n", "m/p.1") == name
    assert names.leg_name("n", "m/p.1/2") == f"{name}/legs/2"
    assert names.leg_id("n", f"{name}/legs/2", "leg") == "m/p.1/2"


@pytest.mark.parametrize(
    "name",
    ["", "networks", "networks/n/merchants", "networks/n/merchants/m/parcels/", "networks/n/hubs/m",
     "networks/n/merchants/m/parcels/../p", "networks/n/merchants/-/parcels/p",
     "networks/n/merchants/m/parcels/p/legs/1"],
)  # fmt: skip
def test_what_is_no_parcels_name_is_refused(name: str) -> None:
    """Neither missing nor strange nor additional parts pass; the field is named."""
    assert names.split(name, names.PARCEL) is None
    with pytest.raises(InvalidValue) as caught:
        names.required(name, names.PARCEL, "parcel")
    assert [fault.field for fault in caught.value.faults] == ["parcel"]


def test_a_wildcard_stands_for_the_last_id_alone() -> None:
    """Lists may ask for every merchant of one network, not for every network."""
    assert names.split("networks/n/merchants/-", names.MERCHANT, wildcard=True) == ("n", "-")
    assert names.split("networks/-/merchants/m", names.MERCHANT, wildcard=True) is None
    assert names.split("networks/n/merchants/-", names.MERCHANT) is None


def test_a_leg_of_another_network_is_refused() -> None:
    """A courier's report cannot speak of another network's leg."""
    with pytest.raises(InvalidValue):
        names.leg_id("n", "networks/x/merchants/m/parcels/p/legs/1", "legs[0]")
