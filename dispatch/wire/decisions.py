"""Decisions and their explanations as messages, each with as much as its reader may see."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from dispatch.core.decisions import UNTIL_AN_INSTANT
from dispatch.core.events import PlanMade
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.model import Cents, Instant
from dispatch.core.saying import Speech, said
from dispatch.v1 import decisions_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.events import MILLE


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads an explanation, and where.

    Parameters
    ----------
    network, currency, timezone
        Of the zone.
    names_couriers
        Whether couriers may be named, and what their limits are.
    """

    network: str
    currency: str
    timezone: tzinfo
    names_couriers: bool

    @property
    def speech(self) -> Speech:
        """How he is spoken to."""
        return Speech(self._clock, self._money, self.names_couriers)

    def courier(self, courier: str) -> str:
        """Return the name of a courier, empty where it may not be told."""
        if not courier or not self.names_couriers:
            return ""
        return names.joined(names.COURIER, self.network, courier)

    def _clock(self, instant: Instant) -> str:
        return f"{datetime.fromtimestamp(instant, self.timezone):%H:%M}"

    def _money(self, cents: Cents) -> str:
        return f"{cents / scalars.MINOR_UNITS:.2f} {self.currency}"


def decision_name(zone: str, epoch: int) -> str:
    """Return the name of the decision of an epoch."""
    return f"{zone}/decisions/{epoch}"


def named_out(zone: str, epoch: int, at: Instant) -> pb.Decision:
    """Write which decision it was, and nothing of what it decided."""
    return pb.Decision(name=decision_name(zone, epoch), make_time=scalars.timestamp(at))


def decision_out(plan: PlanMade, zone: str, reader: Reader) -> pb.Decision:
    """Write a decision, for dispatchers."""
    message = named_out(zone, plan.epoch, plan.at)
    message.MergeFrom(
        pb.Decision(
            policy_version=plan.policy,
            input_digest=plan.digest,
            warm_digest=plan.warm,
            engine=plan.engine,
            seed=plan.seed,
            iteration_count=plan.iterations,
            thread_count=plan.threads,
            stopped_by=plan.stopped_by,
            tour_count=plan.tour_count,
            held_count=plan.held_count,
            leg_count=plan.leg_count,
            left_out_count=plan.left_out_count,
            again_count=plan.again_count,
            moved_count=plan.moved_count,
            cost=scalars.money(plan.cost // MILLE, reader.currency),
            notes=plan.notes,
            explanations=[explanation_out(its, reader) for its in plan.explained],
        )
    )
    return message


def explanation_out(its: Explained, reader: Reader) -> pb.LegExplanation:
    """Write why a leg is not served, for a dispatcher or its merchant."""
    message = pb.LegExplanation(
        leg=names.leg_name(reader.network, its.leg),
        reason_code=its.reason,
        courier=reader.courier(its.courier),
        slack=its.slack,
        served_by=reader.courier(its.served_by),
        text=said(its, reader.speech),
    )
    if its.fix is not None:
        message.fix.CopyFrom(_fix_out(its.fix, reader))
    return message


def _fix_out(fix: SmallestFix, reader: Reader) -> pb.SmallestFix:
    message = pb.SmallestFix(
        kind=fix.kind,
        courier=reader.courier(fix.courier),
        subject=fix.subject,
        amount=fix.amount,
        needs=[_fix_out(need, reader) for need in fix.needs],
    )
    if fix.kind in UNTIL_AN_INSTANT:
        message.until_time.CopyFrom(scalars.timestamp(fix.until))
    return message
