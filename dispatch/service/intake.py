"""New parcels of one request, read with every fault of all of them at once.

Shape, zone, map and what the core would refuse are asked together, so that who sends 500
parcels hears of all that is wrong in one answer.
"""

from collections.abc import Sequence

from dispatch.auth import Principal
from dispatch.core.engine import SHIPMENT_TAKEN, creation_faults
from dispatch.core.errors import DispatchError, Fault, InvalidValue, NotFound, WaybillTaken
from dispatch.core.model import Check, Place
from dispatch.service.access import denied, is_elsewhere
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.status import AddressUnroutable
from dispatch.v1 import parcels_pb2 as pb
from dispatch.wire import names
from dispatch.wire.options import target_faults
from dispatch.wire.parcels import Intake, origin_hub, parcel_in
from dispatch.wire.places import spot_of

_UNREADABLE = "unreadable"
"""Stands for an id that is none, so that the rest of its parcel can be read."""


class Reader:
    """Reads the parcels of one request, collecting every fault of all of them.

    Attributes
    ----------
    missing
        Why the name of a hub means nothing to this caller, the first one of them.
    """

    def __init__(self, site: Site, network: HostedNetwork, caller: Principal, parent: str) -> None:
        self.intakes: list[Intake] = []
        self.zone: HostedZone | None = None
        self.missing: DispatchError | None = None
        self._site = site
        self._network = network
        self._caller = caller
        self._parent = parent
        self._merchant = parent.rpartition("/")[2]
        self._terms = network.terms(self._merchant)
        self._now = site.clock.now()
        self._first = ""
        self._prefixes: list[str] = []
        self._rows: list[int] = []
        self._faults: list[Fault] = []
        self._places: list[tuple[str, Place]] = []

    def read_batch(self, requests: Sequence[pb.CreateParcelRequest]) -> None:
        """Read all parcels of a batch."""
        for index, item in enumerate(requests):
            prefix = f"requests[{index}]."
            self._faults += _stray_fields(item, self._parent, prefix)
            self.read(item, prefix)

    def read(self, request: pb.CreateParcelRequest, prefix: str = "") -> None:
        """Read one parcel; ``prefix`` stands before the paths of its faults."""
        self._prefixes.append(prefix)
        own = request.parcel_id or self._site.mint("p")
        check = Check()
        check.identifier(own, f"{prefix}parcel_id")
        if check.faults:
            self._faults += check.faults
            own = _UNREADABLE
        if not request.HasField("parcel"):
            self._faults.append(Fault(f"{prefix}parcel", "is required"))
            return
        path = f"{prefix}parcel"
        zone = self._zone_of(request.parcel, path)
        zone_name = (zone or self._network.any_zone()).name
        parcel = f"{self._merchant}/{own}"
        ends = [("dropoff", request.parcel.dropoff)]
        if not request.parcel.pickup.hub:
            ends.insert(0, ("pickup", request.parcel.pickup))
        self._places += [
            (f"{path}.{end}", spot)
            for end, place in ends
            for spot in [spot_of(place, self._terms.datum)]
            if spot is not None
        ]
        try:
            intake = parcel_in(request.parcel, path, parcel, zone_name, self._terms, self._now)
        except InvalidValue as error:
            self._faults += error.faults
            return
        if own == _UNREADABLE:
            return
        self._rows.append(len(self._prefixes) - 1)
        self.intakes.append(intake)
        if zone is None:
            return
        options = intake.parcel.options
        self._faults += target_faults(zone.state, options, f"{path}.delivery_options")
        if self.zone is None:
            self.zone, self._first = zone, path
        elif zone is not self.zone:
            problem = f"lies in zone {zone.id}, and {self._first} in {self.zone.id}"
            self._faults.append(Fault(f"{path}.pickup", problem))

    def _zone_of(self, message: pb.Parcel, path: str) -> HostedZone | None:
        """Return the zone of a pickup; note a fault and return None where there is none."""
        if message.pickup.hub:
            try:
                return self._network.zone_of_hub(origin_hub(message, path, self._network.id))
            except InvalidValue as error:
                self._faults += error.faults
                if is_elsewhere(message.pickup.hub, self._network.id):
                    self.missing = self.missing or denied(self._caller)
            except NotFound as error:
                self._faults.append(Fault(f"{path}.pickup.hub", error.message))
                self.missing = self.missing or error
            return None
        spot = spot_of(message.pickup, self._terms.datum)
        if spot is None:
            return None
        zone = self._network.zone_at(lat=spot.lat, lon=spot.lon)
        if zone is None:
            problem = "lies outside every zone of the network"
            self._faults.append(Fault(f"{path}.pickup.point", problem))
        return zone

    def checked_one(self) -> HostedZone:
        """Return the zone of the only parcel.

        Raises
        ------
        AccessDenied, NotFound
            If its hub is another network's; if it is not there and nothing else is wrong.
        WaybillTaken
            If a parcel of another zone has its waybill; the core asks its own zone.
        InvalidValue
            With every fault.
        """
        is_alone = len(self._faults) == 1 and not self._site.off_road(self._places)
        if self.missing is not None and (is_alone or not isinstance(self.missing, NotFound)):
            raise self.missing
        if not self._faults and self._elsewhere():
            [intake] = self.intakes
            subject = names.parcel_name(self._network.id, intake.parcel.id)
            raise WaybillTaken(f"parcel.waybill: {SHIPMENT_TAKEN}", subject=subject)
        return self.checked()

    def checked(self) -> HostedZone:
        """Return the zone of all parcels.

        Raises
        ------
        InvalidValue
            With every fault of every parcel.
        """
        off = self._site.off_road(self._places)
        faults = self._faults + self._elsewhere()
        if self.zone is None or faults or off:
            faults += self._taken()
            if off and not faults:
                raise AddressUnroutable(off)
            rows = {prefix: row for row, prefix in enumerate(self._prefixes)}
            every = sorted(
                [*faults, *off], key=lambda fault: rows.get(f"{fault.field.split('.')[0]}.", 0)
            )
            raise InvalidValue(every or [Fault("requests", "is required")])
        return self.zone

    def _taken(self) -> list[Fault]:
        """Return what the core would refuse: it is asked only where nothing else is wrong."""
        state = (self.zone or self._network.any_zone()).state
        found = creation_faults(state, [intake.parcel for intake in self.intakes])
        return [
            Fault(f"{self._prefixes[self._rows[index]]}{fault.field}", fault.problem)
            for index, fault in found
            # A hub that is not there is a fault already.
            if fault.field != "parcel.origin_hub"
        ]

    def _elsewhere(self) -> list[Fault]:
        """Return a fault for each waybill that a parcel of another zone has."""
        own = self.zone or self._network.any_zone()
        others = [zone.state for zone in self._network.zones.values() if zone is not own]
        return [
            Fault(f"{self._prefixes[row]}parcel.waybill", SHIPMENT_TAKEN)
            for row, intake in zip(self._rows, self.intakes, strict=True)
            if any(intake.parcel.shipment in state.shipments for state in others)
        ]


def _stray_fields(item: pb.CreateParcelRequest, parent: str, prefix: str) -> list[Fault]:
    """Return the faults of what belongs to the batch and not to one of its requests."""
    faults = []
    if item.parent not in {"", parent}:
        faults.append(Fault(f"{prefix}parent", "is not the batch's"))
    if item.request_id:
        faults.append(Fault(f"{prefix}request_id", "belongs to the batch: leave it empty"))
    if item.validate_only:
        faults.append(Fault(f"{prefix}validate_only", "belongs to the batch: leave it empty"))
    return faults
