"""A property company permits couriers, and stops its compound with one call."""

from collections.abc import Sequence

import pytest

from dispatch.core import messages as m
from dispatch.core.compounds import GateRule, GateRuling, Post
from dispatch.core.errors import AlreadyExists, InvalidTransition, InvalidValue, NotFound
from dispatch.core.gates import CompanyWord, GateLike, Gates
from dispatch.core.model import CourierKind, LegState, Mode, ParcelState
from tests.core.town import AGate, Fenced, Story, names, place
from tests.features.compound import (
    BOOTH,
    COMPANY,
    COMPOUND,
    OWNER,
    POST,
    a_compound,
    a_parcel_at_the_booth,
    at_post,
    door,
    guard,
    on_patrol,
    set_out,
)

STOP = m.StopCompound(compound=COMPOUND, actor=OWNER, reason="fire drill")
RESUME = m.ResumeCompound(compound=COMPOUND, actor=OWNER)


def a_walled_compound(rule: str = "PERMIT", company: str = COMPANY) -> Story:
    """Have a compound behind one gate, a parcel for it, and a rider at the square."""
    story = a_compound(times=Fenced(lake=AGate(rule)), company=company)
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.courier("ann", mode=Mode.EBIKE, access=(COMPOUND,))
    return story


def goal(story: Story, courier: str) -> str:
    """Plan, and return where a courier is asked to bring the parcel; empty for nowhere."""
    story.do(m.RequestPlan())
    story.plan()
    offer = story.state.open_offer.get(courier)
    if offer is None:
        return ""
    action = story.state.offers[offer].itinerary.stops[-1].actions[0]
    _go_and_come(story, courier)
    return action.purpose.value


def _go_and_come(story: Story, courier: str) -> None:
    """Take the courier's offer back without a refusal."""
    story.do(m.GoOffline(courier=courier))
    story.do(m.GoOnline(courier=courier))


# --- permits -----------------------------------------------------------------------------


def test_without_the_companys_permit_a_guard_is_not_asked() -> None:
    """He keeps the post and nothing else."""
    story = a_compound(minimum=0)
    guard(story, "gus", permit=False)
    a_parcel_at_the_booth(story)
    story.plan()
    assert not story.state.open_offer
    story.do(m.PermitCourier(compound=COMPOUND, courier="gus", actor=OWNER))
    story.plan()
    assert list(story.state.open_offer) == ["gus"]


def test_where_a_company_runs_it_a_list_opens_nothing() -> None:
    """The rider's own papers say that she may enter; the company has not said so."""
    story = a_walled_compound()
    assert goal(story, "ann") == "GATE"
    story = a_walled_compound()
    story.do(m.PermitCourier(compound=COMPOUND, courier="ann", actor=OWNER))
    assert goal(story, "ann") == "DOOR"


def test_where_nobody_runs_it_the_list_counts() -> None:
    """Without a company a dispatcher's word is all there is."""
    assert goal(a_walled_compound(company=""), "ann") == "DOOR"


def test_a_permit_taken_back_gives_what_was_not_picked_up_to_others() -> None:
    """What she holds she brings to its end; the other leg waits for a plan, and bars nobody."""
    story = a_walled_compound()
    story.parcel("p2", origin_hub="station", dropoff=door(460, "p2"))
    story.do(m.PermitCourier(compound=COMPOUND, courier="ann", actor=OWNER))
    story.assign("ann", "p1", "p2")
    story.pick_up("ann", "p1")
    forbid = m.ForbidCourier(compound=COMPOUND, courier="ann", actor=OWNER, reason="COMPLAINT")
    assert names(story.do(forbid)) == ["CourierForbidden", "LegReassigned"]
    assert story.leg_state("p2") is LegState.PLANNED
    assert not story.state.leg("m/p2/1").declined_by
    story.drop_off("ann", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
    assert story.do(forbid) == ()


def test_a_permit_taken_back_takes_the_offer_back() -> None:
    """An open offer goes at once."""
    story = a_compound(minimum=0)
    guard(story, "gus")
    a_parcel_at_the_booth(story)
    story.offer("gus", "p1")
    told = m.ForbidCourier(compound=COMPOUND, courier="gus", actor=OWNER)
    assert names(story.do(told)) == ["CourierForbidden", "OfferWithdrawn"]


# --- stop ----------------------------------------------------------------------------------


def test_one_call_stops_all() -> None:
    """Hubs rest, offers go back, tours to come go to others, those under way go on."""
    story = a_compound(minimum=0)
    for name in ("gus", "guo", "gil"):
        guard(story, name, on_patrol())
    for name in ("p1", "p2", "p3"):
        a_parcel_at_the_booth(story, name)
    set_out(story, "gus", "p1")
    story.pick_up("gus", "p1")
    story.assign("guo", "p2")
    story.offer("gil", "p3")
    assert names(story.do(STOP)) == [
        "CompoundStopped",
        "OfferWithdrawn",
        "LegReassigned",
        "TourCompleted",
        "HubPaused",
    ]
    story.plan()
    assert not story.state.open_offer
    story.drop_off("gus", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
    story.do(m.ReturnToPost(courier="gus"))
    assert names(story.do(RESUME)) == ["CompoundResumed", "HubResumed"]
    story.plan()
    assert story.state.open_offer


def test_a_hub_that_was_paused_before_stays_so() -> None:
    """The company's call ends with it; the dispatcher's pause does not."""
    story = a_compound()
    story.do(m.PauseHub(hub=BOOTH, actor="dispatcher", reason="flood"))
    assert names(story.do(STOP)) == ["CompoundStopped"]
    assert names(story.do(RESUME)) == ["CompoundResumed"]
    assert BOOTH in story.state.paused_hubs


def test_stopping_says_why_and_happens_once() -> None:
    """Without a reason nothing stops; twice is told; resuming what goes on changes nothing."""
    story = a_compound()
    mute = m.StopCompound(compound=COMPOUND, actor=OWNER, reason=" ")
    story.refused(InvalidValue, mute, "reason")
    story.do(STOP)
    story.refused(InvalidTransition, STOP, "stopped already")
    story.do(RESUME)
    assert story.do(RESUME) == ()


def test_a_hub_that_a_dispatcher_has_paused_meanwhile_rests_on() -> None:
    """The company's word ends with its own pause: the flood in the booth is another matter."""
    story = a_compound()
    story.do(STOP)
    story.now += 60
    story.do(m.PauseHub(hub=BOOTH, actor="dispatchers/d", reason="flood"))
    story.do(RESUME)
    assert story.state.paused_hubs[BOOTH].reason == "flood"


# --- gates ---------------------------------------------------------------------------------


def rule(new: GateRule, **fields: object) -> m.RuleGate:
    """Give the company's word on its gates."""
    ruling = GateRuling(compound=COMPOUND, rule=new, **fields)  # type: ignore[arg-type]
    return m.RuleGate(ruling=ruling, actor=OWNER)


def test_a_gates_new_rule_counts_from_the_next_epoch() -> None:
    """An open gate that asks for permits from now on; what was offered before stays as it is."""
    story = a_walled_compound("OPEN")
    story.plan()
    before = story.state.open_offer["ann"]
    story.do(rule(GateRule.PERMIT))
    assert story.state.open_offer["ann"] == before
    _go_and_come(story, "ann")
    assert goal(story, "ann") == "GATE"
    story.do(rule(GateRule.OPEN))
    assert goal(story, "ann") == "DOOR"


@pytest.mark.parametrize(
    ("fields", "goes"),
    [
        ({"modes": (Mode.EBIKE,)}, "GATE"),
        ({"modes": (Mode.CAR,)}, "DOOR"),
        ({"gate": "gate"}, "GATE"),
        ({"gate": "another"}, "DOOR"),
    ],
    ids=["hers", "another mode's", "this gate's", "another gate's"],
)
def test_a_rule_is_of_modes_and_gates(fields: dict[str, object], goes: str) -> None:
    """Only whom it names."""
    story = a_walled_compound("OPEN")
    story.do(rule(GateRule.PERMIT, **fields))
    assert goal(story, "ann") == goes


def test_signing_in_takes_the_time_that_the_company_says() -> None:
    """Two minutes instead of the policy's 45 seconds."""
    spans = {}
    for seconds in (None, 120):
        story = a_walled_compound("OPEN")
        story.do(rule(GateRule.SIGN_IN, sign_in_s=seconds))
        story.plan()
        itinerary = story.state.offer(story.state.open_offer["ann"]).itinerary
        spans[seconds] = itinerary.ends_at - itinerary.departs_at
    assert spans[120] == spans[None] + 75


# --- bad input -----------------------------------------------------------------------------


def test_ids_are_taken_once_and_have_to_exist() -> None:
    """A second compound or post of the same name, and a post of nothing, at nothing."""
    story = a_compound()
    again = m.CreateCompound(compound=story.state.compound(COMPOUND))
    story.refused(AlreadyExists, again, "taken")
    story.refused(AlreadyExists, m.CreatePost(post=story.state.post(POST)), "taken")
    lost = m.CreatePost(post=Post(id="p9", compound="nowhere", hub="nohub"))
    story.refused(InvalidValue, lost, r"post.compound: .*post.hub: ")
    story.refused(NotFound, m.SetMinimum(post="p9", minimum=1, actor=OWNER), "no post")
    story.refused(NotFound, m.PermitCourier(compound="x", courier="y", actor=OWNER), "no compound")
    with pytest.raises(InvalidValue, match="minimum"):
        Post(id="p9", compound=COMPOUND, minimum=-1)


def test_a_neighbour_of_the_compound_passes_its_gate() -> None:
    """Who lives there needs no permit to go home, and none to carry."""
    story = a_walled_compound()
    story.courier(
        "nia",
        kind=CourierKind.NEIGHBOUR,
        mode=Mode.FOOT,
        home=place(400, 0, compound=COMPOUND, is_door=False),
    )
    story.do(m.GoOffline(courier="ann"))
    assert goal(story, "nia") == "DOOR"


def test_at_post_is_not_on_patrol() -> None:
    """A guard at the post of a stopped compound is asked for nothing either."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post())
    a_parcel_at_the_booth(story)
    story.do(STOP)
    story.do(m.ResumeHub(hub=BOOTH, actor="dispatcher"))
    story.plan()
    assert not story.state.open_offer


def test_everybody_who_keeps_a_hub_there_rests_with_it() -> None:
    """A keeper by her own papers, whom the hub does not name: her offer is taken back too."""
    story = a_compound()
    story.courier("zoe", host_of=BOOTH)
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.offer("zoe", "p1")
    assert "OfferWithdrawn" in names(story.do(STOP))
    assert not story.state.open_offer


class TwoGates(Fenced):
    """The lake with an open gate and one where strangers sign in."""

    def ways_in(self, compound: str, mode: str, *, at: int) -> Sequence[GateLike]:
        """Return both, the easiest first."""
        return AGate("OPEN", id="north"), AGate("SIGN_IN", id="south", lon=0.001)


@pytest.mark.parametrize(
    ("new", "gate", "expected"),
    [
        (GateRule.PERMIT, "north", ("south", "SIGN_IN")),
        (GateRule.SIGN_IN, "south", ("north", "OPEN")),
        (GateRule.PERMIT, "", ("north", "PERMIT")),
        (GateRule.PERMIT, "west", ("north", "OPEN")),
    ],
    ids=["the easiest shut", "the other", "all", "one that is not there"],
)
def test_of_several_gates_the_easiest_by_the_companys_word_is_taken(
    new: GateRule, gate: str, expected: tuple[str, str]
) -> None:
    """A rule for one gate sends couriers to another; one for no gate changes nothing."""
    times = TwoGates(lake=AGate("OPEN", id="north"))
    story = a_compound(times=times)
    story.do(rule(new, gate=gate))
    word = CompanyWord.of(story.state)
    gates = Gates(times, story.state.hubs, story.state.policy, story.now, word)
    found = gates.gate(COMPOUND, Mode.FOOT.value)
    assert found is not None
    assert (found.id, found.rule) == expected
