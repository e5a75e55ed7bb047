"""What guards, their companies and booths do in the busy zone: a post for every fifth hub.

Only the first post keeps a hub, a booth: scans there have to be a guard's.
"""

from benchmarks.engine.load import Load
from benchmarks.engine.town import BEGINS, DAY, DAYS, HOUR, spot
from dispatch.core import messages as m
from dispatch.core.compounds import Compound, GateRule, GateRuling, Post
from dispatch.core.model import Availability, Courier, CourierKind, Duty, HubKind, Mode

COMPANY = "companies/blue"
COMPOUND = "load"
GUARDS = 6
"""Couriers at one post, one after the other on the list of all.

Their own windows fill the days that are played, so their rosters begin later.
"""
KEEPER = "keeper"
"""Whose roster names the first post on the days that are played: who may sign in at its booth."""


def _set_up(load: Load) -> None:
    """Take in a compound with a post at every fifth hub, and rosters for its guards."""
    if COMPOUND in load.state.compounds:
        return
    load.do(m.CreateCompound(compound=Compound(id=COMPOUND, company="blue")))
    couriers = iter(sorted(load.state.couriers))
    booth = min(hub.id for hub in load.state.hubs.values() if hub.kind is HubKind.BOOTH)
    for number in range(0, len(load.state.hubs), 5):
        post = f"post-{number // 5}"
        keeps = "" if number else booth
        load.do(m.CreatePost(post=Post(id=post, compound=COMPOUND, hub=keeps, minimum=0)))
        for courier in (next(couriers, "") for _ in range(GUARDS)):
            if courier:
                load.do(m.PermitCourier(compound=COMPOUND, courier=courier, actor=COMPANY))
                load.do(m.IssuePin(courier=courier, actor=COMPANY))
                slots = tuple(
                    m.RosterRow(courier=courier, slot=_slot(day, post)) for day in range(40, 42)
                )
                load.do(m.ImportRoster(rows=slots))
    keeper = Courier(id=KEEPER, kind=CourierKind.GUARD, mode=Mode.FOOT, home=spot(0))
    load.do(m.CreateCourier(courier=keeper))
    load.do(m.IssuePin(courier=KEEPER, actor=COMPANY))
    for day in range(-1, DAYS):
        slot = _slot(day, "post-0", hours=24)
        load.do(m.ImportRoster(rows=(m.RosterRow(courier=KEEPER, slot=slot),)))


def _slot(day: int, post: str, hours: int = 1) -> Availability:
    opens_at = BEGINS + day * DAY
    closes_at = opens_at + hours * HOUR
    return Availability(opens_at=opens_at, closes_at=closes_at, post=post, duty=Duty.POST)


def moves_slots(load: Load) -> None:
    """Let two colleagues swap, send the taker home, plan the hour anew, call somebody back."""
    _set_up(load)
    guards = sorted(set(load.state.guards["post-0"]) - {KEEPER})
    given, taken = guards[0], guards[-1]
    slot = next(its for its in load.state.availability[given] if its.post == "post-0")
    load.do(m.SwapSlots(courier=given, opens_at=slot.opens_at, other=taken, actor=COMPANY))
    load.do(m.DropSlots(courier=taken, opens_at=(slot.opens_at,), actor=COMPANY))
    load.do(m.ImportRoster(rows=(m.RosterRow(courier=given, slot=slot),)))
    load.do(m.ReturnToPost(courier=load.any_courier()))


def speaks_for_the_compound(load: Load) -> None:
    """Permit, forbid, rule, stop and go on."""
    _set_up(load)
    courier = load.any_courier()
    load.do(m.ForbidCourier(compound=COMPOUND, courier=courier, actor=COMPANY))
    load.do(m.PermitCourier(compound=COMPOUND, courier=courier, actor=COMPANY))
    load.do(m.SetMinimum(post="post-0", minimum=load.pick(2), actor=COMPANY))
    load.do(m.RuleGate(ruling=GateRuling(compound=COMPOUND, rule=GateRule.SIGN_IN), actor=COMPANY))
    if load.chance(8):
        load.do(m.StopCompound(compound=COMPOUND, reason="drill", actor=COMPANY))
        load.do(m.ResumeCompound(compound=COMPOUND, actor=COMPANY))


def stands_at_the_device(load: Load) -> None:
    """Sign in with the right and a wrong PIN, and out again."""
    _set_up(load)
    hub = load.state.posts["post-0"].hub
    for serial in (-1, load.state.pins[KEEPER]):
        load.do(m.SignIn(hub=hub, device="tablet", courier=KEEPER, pin_serial=serial))
    load.do(m.SignOut(hub=hub, device="tablet"))


GUARDING = (moves_slots, speaks_for_the_compound, stands_at_the_device)
