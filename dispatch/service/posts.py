"""Posts of compounds: set up, watched; their rosters, and how long guards were away from them."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from typing import Any

import grpc
from immutables import Map

from dispatch.core.compounds import MOST_AT_A_POST, Absence
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import CreatePost, Event, SetMinimum
from dispatch.core.model import Availability
from dispatch.core.zone import State
from dispatch.service.access import DISPATCHERS, allowed
from dispatch.service.couriers import chosen_id
from dispatch.service.grounds import check_post, ground_of
from dispatch.service.paging import page
from dispatch.service.site import Site
from dispatch.service.writing import rehearse, submit
from dispatch.v1 import compounds_pb2 as pb
from dispatch.wire import names
from dispatch.wire.compounds import absence_out, post_in, post_out
from dispatch.wire.couriers import availability_out

Context = grpc.aio.ServicerContext[object, object]


class Posts:
    """Where guards stand, by their company's word and by what happens."""

    _site: Site

    async def CreatePost(self, request: pb.CreatePostRequest, context: Context) -> pb.Post:
        """Take in a post."""
        allowed(request.parent, names.COMPOUND, "parent", DISPATCHERS)
        ground = ground_of(self._site, request.parent, names.COMPOUND, "parent")
        network = ground.network
        own = chosen_id(request.post_id, "post_id", self._site.mint("p"))
        post = post_in(request.post, own, ground.compound, network.id)
        command = CreatePost(post=post)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Post:
            return post_out(state, state.post(own), network.id, self._site.clock.now())

        if request.validate_only:
            return rehearse(ground.zone, command, build)
        with network.claims(_posts, "post", [own], ground.zone.name):
            answer, _ = await submit(
                self._site, ground.zone, ground.caller, request, command, build, pb.Post
            )
        return answer

    async def GetPost(self, request: pb.GetPostRequest, context: Context) -> pb.Post:
        """Return a post with who is there."""
        ground = ground_of(self._site, request.name, names.POST)
        own = request.name.rpartition("/")[2]
        check_post(ground, own, request.name)
        state = ground.zone.state
        return post_out(state, state.post(own), ground.network.id, self._site.clock.now())

    async def ListPosts(
        self, request: pb.ListPostsRequest, context: Context
    ) -> pb.ListPostsResponse:
        """List a compound's posts by name."""
        ground = ground_of(self._site, request.parent, names.COMPOUND, "parent")
        state, now = ground.zone.state, self._site.clock.now()
        keys, token = page(_of_compound(state, ground.compound), "posts", request)
        return pb.ListPostsResponse(
            posts=[post_out(state, state.post(key), ground.network.id, now) for key in keys],
            next_page_token=token,
        )

    async def SetPostMinimum(self, request: pb.SetPostMinimumRequest, context: Context) -> pb.Post:
        """Let a post have another minimum."""
        ground = ground_of(self._site, request.name, names.POST)
        own = request.name.rpartition("/")[2]
        check_post(ground, own, request.name)
        if not 0 <= request.minimum <= MOST_AT_A_POST:
            problem = f"{request.minimum} is not between 0 and {MOST_AT_A_POST}"
            raise InvalidValue([Fault("minimum", problem)])
        command = SetMinimum(post=own, minimum=request.minimum, actor=ground.caller.name)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Post:
            now = self._site.clock.now()
            return post_out(state, state.post(own), ground.network.id, now)

        answer, _ = await submit(
            self._site, ground.zone, ground.caller, request, command, build, pb.Post
        )
        return answer

    async def ListRosterSlots(
        self, request: pb.ListRosterSlotsRequest, context: Context
    ) -> pb.ListRosterSlotsResponse:
        """List the slots of a post's roster."""
        ground = ground_of(self._site, request.parent, names.POST, "parent", wildcard=True)
        own, state = request.parent.rpartition("/")[2], ground.zone.state
        posts = _of_compound(state, ground.compound)
        if own != names.ANY:
            check_post(ground, own, request.parent)
            posts = [own]
        found: dict[str, tuple[str, Availability]] = {
            f"{slot.opens_at:012d}~{courier}": (courier, slot)
            for post in posts
            for courier in state.guards.get(post, ())
            for slot in state.availability.get(courier, ())
            if slot.post == post
        }
        keys, token = page(sorted(found), "roster", request)
        network = ground.network.id
        slots = [found[key] for key in keys]
        return pb.ListRosterSlotsResponse(
            availability_windows=[
                availability_out(slot, courier, network) for courier, slot in slots
            ],
            next_page_token=token,
        )

    async def ListAbsences(
        self, request: pb.ListAbsencesRequest, context: Context
    ) -> pb.ListAbsencesResponse:
        """List how long guards were away from a compound's posts."""
        ground = ground_of(self._site, request.parent, names.COMPOUND, "parent")
        state, interval = ground.zone.state, request.interval
        posts = set(_of_compound(state, ground.compound))
        opens_at = interval.open_time.seconds if interval.HasField("open_time") else 0
        closes_at = interval.close_time.seconds if interval.HasField("close_time") else None
        found: dict[str, Absence] = {
            f"{absence.post}~{absence.opens_at:012d}~{absence.courier}": absence
            for absence in state.absences.values()
            if absence.post in posts
            and opens_at <= absence.opens_at
            and (closes_at is None or absence.opens_at < closes_at)
        }
        keys, token = page(sorted(found), "absences", request)
        return pb.ListAbsencesResponse(
            absences=[absence_out(found[key], ground.compound, ground.network.id) for key in keys],
            next_page_token=token,
        )


def _of_compound(state: State, compound: str) -> list[str]:
    return sorted(post.id for post in state.posts.values() if post.compound == compound)


def _posts(state: State) -> Map[str, Any]:
    return state.posts
