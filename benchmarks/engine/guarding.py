"""What guards, their companies and booths do in the busy zone: a post for every fifth hub.

Only the first of them keeps its hub: scans there have to be a guard's.
"""

from benchmarks.engine.load import Load
from benchmarks.engine.town import BEGINS, DAY, HOUR
from dispatch.core import messages as m
from dispatch.core.compounds import Compound, GateRule, GateRuling, Post
from dispatch.core.model import Availability, Duty

COMPANY = "companies/blue"
COMPOUND = "load"
GUARDS = 6
"""Couriers at one post, one after the other on the list of all."""


def _set_up(load: Load) -> None:
    """Take in a compound with a post at every fifth hub, and rosters for its guards."""
    if COMPOUND in load.state.compounds:
        return
    load.do(m.CreateCompound(compound=Compound(id=COMPOUND, company="blue")))
    couriers = iter(sorted(load.state.couriers))
    for number, hub in enumerate(sorted(load.state.hubs)[::5]):
        post = f"post-{number}"
        load.do(
            m.CreatePost(
                post=Post(id=post, compound=COMPOUND, hub="" if number else hub, minimum=0)
            )
        )
        for courier in (next(couriers, "") for _ in range(GUARDS)):
            if courier:
                load.do(m.PermitCourier(compound=COMPOUND, courier=courier, actor=COMPANY))
                load.do(m.IssuePin(courier=courier, actor=COMPANY))
                slots = tuple(
                    m.RosterRow(courier=courier, slot=_slot(day, post)) for day in range(40, 42)
                )
                load.do(m.ImportRoster(rows=slots))


def _slot(day: int, post: str) -> Availability:
    opens_at = BEGINS + day * DAY
    return Availability(opens_at=opens_at, closes_at=opens_at + HOUR, post=post, duty=Duty.POST)


def moves_slots(load: Load) -> None:
    """Let two colleagues swap, send somebody home, and let somebody come back."""
    _set_up(load)
    guards = sorted(next(iter(load.state.guards.values())))
    given, taken = guards[0], guards[-1]
    slot = next(its for its in load.state.availability[given] if its.duty is Duty.POST)
    load.do(m.SwapSlots(courier=given, opens_at=slot.opens_at, other=taken, actor=COMPANY))
    load.do(m.DropSlots(courier=given, opens_at=(slot.opens_at,), actor=COMPANY))
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
    guard = min(next(iter(load.state.guards.values())))
    hub = load.state.posts["post-0"].hub
    for serial in (-1, load.state.pins.get(guard, 0)):
        load.do(m.SignIn(hub=hub, device="tablet", courier=guard, pin_serial=serial))
    load.do(m.SignOut(hub=hub, device="tablet"))


GUARDING = (moves_slots, speaks_for_the_compound, stands_at_the_device)
