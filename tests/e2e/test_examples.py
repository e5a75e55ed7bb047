"""What the examples send by default: it must lie on the map that the demo brings along."""

from collections.abc import Iterator

from dispatch.v1 import parcels_pb2
from examples.hand_in_parcels import parcel_request, parser_of_options

SOUTH, NORTH = 60.1642, 60.1791
WEST, EAST = 24.9352, 24.9534
"""Bounds of the demo's extract, degrees."""


def _requests() -> Iterator[parcels_pb2.CreateParcelRequest]:
    options = parser_of_options().parse_args([])
    for number in range(options.parcels):
        yield parcel_request(options, number)


def test_every_default_parcel_lies_on_the_demos_map() -> None:
    """Whoever starts both programs as they are sees a thousand successes."""
    points = [
        place.point for one in _requests() for place in (one.parcel.pickup, one.parcel.dropoff)
    ]
    assert len(points) == 2000
    assert all(SOUTH < point.latitude < NORTH for point in points)
    assert all(WEST < point.longitude < EAST for point in points)
