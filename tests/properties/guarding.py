"""Rules of the state machine: what guards, their company and a booth's shared device do."""

import json

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.compounds import Compound, GateRule, GateRuling, Post
from dispatch.core.model import ActionKind, Duty, Mode, StopState, TourState
from dispatch.sim.presence_books import Rule
from dispatch.sim.presence_check import read
from tests.core.town import HOUR, NOON, a_parcel
from tests.core.town import slot as roster
from tests.properties.dispatching import Dispatching
from tests.properties.walking import CAREFUL
from tests.properties.zone import GUARDS, MANOR, POST, WATCH, choices, flat, pick

COMPANY = {"actor": "companies/blue"}
guards = st.sampled_from(GUARDS)
DEVICES = st.sampled_from(["tablet", "phone"])


class Guarding(Dispatching):
    """What happens behind the gate."""

    def open_the_manor(self, *, minimum: int) -> None:
        """Take in the compound, its post and its guards' permits."""
        self.do(m.CreateCompound(compound=Compound(id=MANOR, company="blue")))
        self.do(m.CreatePost(post=Post(id=POST, compound=MANOR, hub=WATCH, minimum=minimum)))
        for guard in GUARDS:
            self.do(m.PermitCourier(compound=MANOR, courier=guard, **COMPANY))
            self.do(m.IssuePin(courier=guard, **COMPANY))

    def ease_the_manor(self, *, until: int) -> None:
        """Let everybody go and come, and one keep the booth, so that all that has begun can end.

        ``until`` counts from now.
        """
        self.do(m.SetMinimum(post=POST, minimum=0, **COMPANY))
        self.do(m.ResumeCompound(compound=MANOR, **COMPANY))
        for guard in GUARDS:
            self.do(m.PermitCourier(compound=MANOR, courier=guard, **COMPANY))
            slots = self.state.availability[guard]
            gone = tuple(its.opens_at for its in slots if its.closes_at > self.now)
            if gone:
                self.do(m.DropSlots(courier=guard, opens_at=gone, **COMPANY))
        begins = self.now - NOON
        watch = roster(begins, begins + until, post=POST, duty=Duty.POST)
        self.do(m.AddAvailability(courier="hal", slots=(watch,)))
        self.do(m.GoOnline(courier="hal"))

    @rule(
        rooms=st.lists(st.integers(1, 3), min_size=1, max_size=4),
        hub=st.sampled_from(["station", WATCH]),
    )
    def parcels_for_one_entrance(self, rooms: list[int], hub: str) -> None:
        """Hand in parcels for some doors behind the manor's one entrance."""
        parcels = []
        for room in rooms:
            self.created += 1
            parcels.append(
                a_parcel(
                    f"p{self.created}",
                    dropoff=flat(room),
                    origin_hub=hub,
                    ready_at=self.now,
                    due_at=self.now + 2 * HOUR,
                )
            )
        self.do(m.CreateParcels(parcels=tuple(parcels)))

    @rule(
        rooms=st.lists(st.integers(1, 3), min_size=1, max_size=4),
        minimum=st.sampled_from([-1, 0, 1, 2]),
        gone=st.sampled_from(["", *GUARDS]),
        works=st.booleans(),
    )
    def between_yes_and_go(self, rooms: list[int], minimum: int, gone: str, works: bool) -> None:  # noqa: FBT001
        """Let guards say yes, change the post under them, and let them try to set out."""
        self.parcels_for_one_entrance(rooms, WATCH)
        self.close_an_epoch(["yes"] * len(self.state.couriers))
        if minimum >= 0:
            self.want_more_at_the_post(minimum)
        if gone:
            self.do(m.GoOffline(courier=gone))
        for guard in GUARDS:
            if guard in self.state.live_tour:
                tour = self.state.live_tour[guard]
                self.attempt(m.StartTour(courier=guard, tour=tour))
            while works and guard in self.state.live_tour and self.walk(guard):
                self.now += 20
        if gone:
            self.do(m.GoOnline(courier=gone))

    @rule(guard=guards, late_s=st.sampled_from([0, 0, 300, -60]))
    def come_back(self, guard: str, late_s: int) -> None:
        """Say that a guard is back, perhaps after the fact."""
        was_away = guard in self.state.away
        events = self.attempt(m.ReturnToPost(courier=guard, at=max(0, self.now - late_s)))
        assert was_away or not events

    @rule(guard=guards, other=guards, slot=choices, given=choices, swaps=st.booleans())
    def move_a_slot(self, guard: str, other: str, slot: int, given: int, swaps: bool) -> None:  # noqa: FBT001
        """Swap or hand over a slot, or send a guard home."""
        opens = [its.opens_at for its in self.state.availability.get(guard, ())]
        others = [0, *(its.opens_at for its in self.state.availability.get(other, ()))]
        if not opens:
            return
        if swaps:
            opens_at = opens[slot % len(opens)]
            # Mostly the same hour: another one would overlap what they have.
            same = opens_at if opens_at in others and given % 4 else others[given % len(others)]
            swap = m.SwapSlots(
                courier=guard, opens_at=opens_at, other=other, other_opens_at=same, **COMPANY
            )
            self.attempt(swap)
        elif slot % 3 == 0:
            self.attempt(
                m.DropSlots(courier=guard, opens_at=(opens[slot % len(opens)],), **COMPANY)
            )

    @rule(
        guard=guards,
        starts=st.integers(0, 12),
        hours=st.integers(1, 3),
        duty=st.sampled_from(list(Duty)),
    )
    def plan_a_roster(self, guard: str, starts: int, hours: int, duty: Duty) -> None:
        """Add a slot to a roster, refused where it overlaps another one."""
        begins = (self.now - NOON) // HOUR * HOUR + starts * HOUR
        its = roster(begins, begins + hours * HOUR, post=POST, duty=duty)
        self.attempt(m.ImportRoster(rows=(m.RosterRow(courier=guard, slot=its),)))

    @rule(guard=guards, device=DEVICES, is_right=st.sampled_from([True, True, False]))
    def stand_at_the_device(self, guard: str, device: str, is_right: bool) -> None:  # noqa: FBT001
        """Sign in with a right or a wrong PIN."""
        serial = self.state.pins[guard] if is_right else -1
        command = m.SignIn(hub=WATCH, device=device, courier=guard, pin_serial=serial)
        events = self.attempt(command)
        if not is_right:
            assert not any(isinstance(event, m.SignedIn) for event in events)

    @rule(device=DEVICES, guard=guards, anew=st.booleans())
    def leave_the_device(self, device: str, guard: str, anew: bool) -> None:  # noqa: FBT001
        """Sign out, or give a guard another PIN."""
        if anew:
            self.do(m.IssuePin(courier=guard, **COMPANY))
        else:
            self.do(m.SignOut(hub=WATCH, device=device))

    @rule(guard=guards, permits=st.sampled_from([True, True, False]))
    def give_a_permit(self, guard: str, permits: bool) -> None:  # noqa: FBT001 - drawn
        """Permit a guard, or take the permit back."""
        kind = m.PermitCourier if permits else m.ForbidCourier
        self.do(kind(compound=MANOR, courier=guard, **COMPANY))

    @rule(minimum=st.sampled_from([0, 1, 1, 2]))
    def want_more_at_the_post(self, minimum: int) -> None:
        """Change the post's minimum."""
        self.do(m.SetMinimum(post=POST, minimum=minimum, **COMPANY))

    @rule(
        new=st.sampled_from(GateRule),
        modes=st.sampled_from([(), (Mode.FOOT,), (Mode.EBIKE, Mode.CAR)]),
    )
    def rule_the_gate(self, new: GateRule, modes: tuple[Mode, ...]) -> None:
        """Give the gate another rule."""
        self.do(m.RuleGate(ruling=GateRuling(compound=MANOR, rule=new, modes=modes), **COMPANY))

    @rule(stops=st.sampled_from([True, False, False, False]))
    def stop_or_resume(self, stops: bool) -> None:  # noqa: FBT001 - drawn
        """Stop the compound with one call, or let it go on."""
        if stops:
            self.attempt(m.StopCompound(compound=MANOR, reason="fire drill", **COMPANY))
        else:
            self.do(m.ResumeCompound(compound=MANOR, **COMPANY))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, kind=st.sampled_from(ActionKind))
    def confirm_together(self, choice: int, kind: ActionKind) -> None:
        """Confirm all that is left of one kind at a stop at once: all of it, or none."""
        courier = pick(self.state.live_tour, choice)
        tour = self.tour_of(courier)
        for index, stop in enumerate(tour.stops):
            open_ = [
                its for its in stop.actions if its.state is StopState.PENDING and its.kind is kind
            ]
            if len(open_) < 2:
                continue
            report = m.StopReport(
                id=f"all{self.count}",
                at=self.now,
                stop=index,
                leg=open_[0].leg,
                legs=tuple(its.leg for its in open_[1:]),
                action=kind,
                evidence=self.evidence(stop, open_[0], None, CAREFUL),
            )
            events = self.attempt(m.RecordStop(courier=courier, tour=tour.id, report=report))
            # What is told before its pickup was heard of is kept until then; a pickup takes along
            # what was kept.
            told = {event.report for event in events if isinstance(event, m.StopReported)}
            told |= {event.kept.id for event in events if isinstance(event, m.ReportKept)}
            ours = {its for its in told if its.split("+")[0] == report.id}
            assert len(ours) in {0, len(open_)}, f"{told} of {report}"
            return

    # --- what must hold --------------------------------------------------------------------

    @invariant()
    def no_tour_leaves_a_post_below_its_minimum(self) -> None:
        """See that the independent reader of the log finds no rule of posts broken.

        A post may come to lack somebody whom no tour took: the company wants more there, or sends
        one home; a guard goes offline; one who is late on patrol should begin a watch. So what is
        asked of a tour is asked where it begins.
        """
        for line in self.lines[self.presence.line :]:
            event = json.loads(line)
            self.presence.advance(event["at"])
            before = self.missing()
            read(self.presence, line)
            if event["type"] == "TourStarted":
                assert self.missing() <= before, f"{event['courier']} leaves too few"
            if event["type"] == "OfferMade":
                courier = event["offer"]["courier"]
                assert courier not in self.presence.out, f"{courier} is asked while away"
                assert not self.is_kept(courier), f"{courier} is asked and not relieved"
        found = [str(gap) for gap in self.presence.gaps if gap.rule is not Rule.MINIMUM]
        assert not found, found

    def missing(self) -> int:
        """Return how many the post lacks of those who are on the roster and online."""
        its = self.presence.posts.get(POST)
        if its is None:
            return 0
        named = [guard for guard in self.presence.named(POST) if guard in self.presence.online]
        there = len(self.presence.on_duty(POST))
        there += min(len(its.stood), self.presence.lacking(POST))
        return max(0, min(its.minimum, len(named)) - there)

    def is_kept(self, courier: str) -> bool:
        """Whether a courier has to stay at the post until relieved, by the log."""
        its = self.presence.posts.get(POST)
        if its is None or courier not in its.stood:
            return False
        return len(its.stood) - 1 < self.presence.lacking(POST)

    @invariant()
    def the_log_tells_who_is_there(self) -> None:
        """Who is at the post by the rules is there by the log, and the other way round."""
        self.presence.advance(self.now)
        on_duty = self.presence.on_duty(POST)
        stood, lacking = self.presence.posts[POST].stood, self.presence.lacking(POST)
        present = posts.present(self.state, POST, self.now)
        told = f"{present}; by the log {on_duty}, and until relieved {stood}"
        assert set(on_duty) <= set(present) <= {*on_duty, *stood}, told
        assert len(present) == len(on_duty) + min(len(stood), lacking), told

    @invariant()
    def who_is_away_stands_at_no_device(self) -> None:
        """Nobody is on a tour and at a counter at once, and nobody is at two counters."""
        there = list(self.state.signed_in.values())
        assert len(set(there)) == len(there)
        assert not set(there) & set(self.state.away)
        assert set(there) <= set(self.state.online)

    @invariant()
    def absences_are_what_was_told(self) -> None:
        """Minutes away are those of the returns, by post."""
        told = sum(its.away_s for its in self.state.absences.values())
        assert told == self.away_told_s
        for guard in self.state.away:
            tour = self.state.live_tour.get(guard)
            is_out = tour is not None and self.state.tour(tour).state is TourState.ACTIVE
            assert is_out or self.state.left_at[guard] <= self.now

    @invariant()
    def nobody_is_asked_who_may_not_work(self) -> None:
        """No open offer to a guard of the manor without a permit, or while it is stopped."""
        for guard in GUARDS:
            if guard in self.state.open_offer:
                offer = self.state.offers[self.state.open_offer[guard]]
                slot = next(
                    its
                    for its in self.state.availability[guard]
                    if its.opens_at <= offer.made_at < its.closes_at
                )
                if slot.post == POST:
                    assert guard in self.state.permits.get(MANOR, ())
                    assert MANOR not in self.state.stopped
