"""Tags of entrances: made for printing, and read again when a phone has scanned one."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import grpc

from dispatch.codes import entrance_of, tag_id, tag_of
from dispatch.core.compounds import entrance_key
from dispatch.core.model import Place
from dispatch.core.zone import State
from dispatch.service.grounds import ground_of
from dispatch.service.paging import page
from dispatch.service.site import Site
from dispatch.v1 import compounds_pb2 as pb
from dispatch.wire import names
from dispatch.wire.compounds import entrances_in

FOREIGN = "?"
"""Stands in evidence for a tag that is none of ours."""
_BETWEEN = "\x1f"

Context = grpc.aio.ServicerContext[object, object]


class Tags:
    """What stands beside entrances."""

    _site: Site

    async def ListEntranceTags(
        self, request: pb.ListEntranceTagsRequest, context: Context
    ) -> pb.ListEntranceTagsResponse:
        """List the tags of a compound's entrances."""
        ground = ground_of(self._site, request.parent, names.COMPOUND, "parent")
        own, network = ground.compound, ground.network.id
        entrances = entrances_in(request.entrances)
        if not entrances:
            called = ground.zone.state.compound(own).name
            entrances = sorted(
                {one for it in {own, called} - {""} for one in self._site.entrances(it)}
            )
        found = {_BETWEEN.join(one): one for one in entrances}
        keys, token = page(sorted(found), "tags", request)
        message = pb.ListEntranceTagsResponse(next_page_token=token)
        for building, entrance in (found[key] for key in keys):
            key = _key(own, building, entrance)
            message.entrance_tags.add(
                entrance=pb.Entrance(building=building, entrance=entrance),
                tag_id=tag_id(key),
                text=tag_of(self._site.secret, network, key),
            )
        return message


def scanned_at(state: State, place: Place, tag: str, secret: str, network: str) -> str:
    """Return what a scanned tag stands for, as evidence has it; `FOREIGN` for none of ours.

    Addresses may call a compound by its name where tags know its id.
    """
    if not tag:
        return ""
    told = entrance_of(secret, network, tag)
    if not told:
        return FOREIGN
    compound, _, rest = told.partition(_BETWEEN)
    known = state.compounds.get(compound)
    here = entrance_key(place)
    is_called_so = known is not None and bool(known.name) and known.name == place.compound
    if is_called_so and here.partition(_BETWEEN)[2] == rest:
        return here
    return told


def _key(compound: str, building: str, entrance: str) -> str:
    """Return what names an entrance; where it lies on earth is no part of it."""
    return entrance_key(
        Place(lat=0.0, lon=0.0, compound=compound, building=building, entrance=entrance)
    )
