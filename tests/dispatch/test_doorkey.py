"""Keyed hashes of doors."""

from dispatch.doorkey import door_key


def test_equal_doors_have_equal_keys() -> None:
    """Sameness is all that the key shows."""
    key = door_key("secret", compound="G", building="3", entrance="2", floor=5, room="501")
    again = door_key("secret", compound="G", building="3", entrance="2", floor=5, room="501")
    assert key == again
    assert len(key) == 16
    assert set(key) <= set("0123456789abcdef")


def test_every_part_and_the_secret_count() -> None:
    """Other parts, parts that run into each other and other secrets give other keys."""
    keys = [
        door_key("secret", compound="G", building="31", floor=5, room="501"),
        door_key("secret", compound="G3", building="1", floor=5, room="501"),
        door_key("secret", compound="G", building="31", floor=None, room="501"),
        door_key("secret", compound="G", building="31", floor=5, room="502"),
        door_key("secret", compound="G", entrance="31", floor=5, room="501"),
        door_key("other", compound="G", building="31", floor=5, room="501"),
    ]
    assert len(set(keys)) == len(keys)


def test_without_a_room_there_is_no_key() -> None:
    """Two parcels for one floor are not known to go to one door."""
    assert door_key("secret", compound="G", building="3", floor=5) == ""
