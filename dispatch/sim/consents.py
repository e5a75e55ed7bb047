"""What recipients agreed to: rows of ``consents.csv`` to ladders, and to what is said in the day.

A consent that was given before its parcel was handed in stands in the parcel's ladder from the
start. One that is given or taken back later reaches the engine as the recipient's own command,
when it happens. Nothing here decides what a consent allows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from dispatch.core.messages import Command, GiveConsent, WithdrawConsent
from dispatch.core.model import Check, DeliveryOption, Instant, OptionKind, Parcel
from dispatch.sim import columns
from dispatch.sim.rows import MERCHANT, Known, window_of
from dispatch.sim.table import Row
from dispatch.wire.options import reference

RECIPIENT = "recipient"
"""Who says yes or no in a day folder: it knows households, no names."""


class ConsentKind(StrEnum):
    """What a recipient consents to."""

    COLLECTION = "COLLECTION"
    PERSON = "PERSON"
    SAFE_PLACE = "SAFE_PLACE"


_RUNG = {
    ConsentKind.COLLECTION: OptionKind.HUB,
    ConsentKind.PERSON: OptionKind.PERSON,
    ConsentKind.SAFE_PLACE: OptionKind.SAFE_PLACE,
}
_LAST = (OptionKind.REATTEMPT, OptionKind.RETURN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One row.

    Attributes
    ----------
    household, parcel
        Whose it is: all parcels of a household, or one; the other is empty.
    option
        The rung, consent and evidence with it.
    withdrawn_at
        0 where it stands.
    """

    household: str
    parcel: str
    option: DeliveryOption
    withdrawn_at: Instant = 0

    @property
    def given_at(self) -> Instant:
        """When it was given."""
        return self.option.consented_at

    def covers(self, parcel: Parcel) -> bool:
        """Whether it is about this parcel."""
        if self.household:
            return parcel.household == self.household
        return self.parcel in {parcel.id, parcel.id.removeprefix(f"{MERCHANT}/")}


def consents_of(tables: Mapping[str, list[Row]], known: Known) -> tuple[Consent, ...]:
    """Return all good rows in the order in which they were given; bad ones are noted."""
    names = {
        name
        for row in tables[columns.PARCELS]
        for name in (row.text("id"), f"{row.text('merchant', MERCHANT)}/{row.text('id')}")
    }
    found = [
        consent
        for row in tables[columns.CONSENTS]
        if (consent := _consent(row, known, names)) is not None
    ]
    return tuple(sorted(found, key=lambda consent: consent.given_at))


def _consent(row: Row, known: Known, names: set[str]) -> Consent | None:
    before = len(row.problems)
    if row.has("household") == row.has("parcel"):
        row.note("household", "give a household or a parcel, one of the two")
    elif row.has("parcel") and row.text("parcel") not in names:
        row.note("parcel", f"there is no parcel {row.text('parcel')[:80]!r}")
    kind = row.choice("kind", tuple(ConsentKind), ConsentKind.SAFE_PLACE)
    target = row.text("target")
    if kind is ConsentKind.COLLECTION:
        known.check_hub(row, "target")
    elif kind is ConsentKind.PERSON and row.needed("target"):
        known.check_courier(row, "target")
    elif kind is ConsentKind.SAFE_PLACE and target and not row.is_bad("kind"):
        row.note("target", "a safe place has no target")
    evidence, given_at, withdrawn_at = row.needed("evidence"), 0, 0
    check = Check()
    reference(evidence, "evidence", check)
    for fault in check.faults:
        row.note(fault.field, fault.problem)
    if row.has("withdrawn_at"):
        window = window_of(row, "given_at", "withdrawn_at")
        if window is not None:
            given_at, withdrawn_at = window.opens_at, window.closes_at
    else:
        given_at = row.instant("given_at", 0)
    if len(row.problems) > before:
        return None
    option = DeliveryOption(
        kind=_RUNG[kind],
        target=target,
        consented_by=RECIPIENT,
        consented_at=given_at,
        evidence=evidence,
    )
    return Consent(
        household=row.text("household"),
        parcel=row.text("parcel"),
        option=option,
        withdrawn_at=withdrawn_at,
    )


def with_ladder(parcel: Parcel, consents: Iterable[Consent]) -> Parcel:
    """Return a parcel whose ladder holds the consents that stood when it was handed in."""
    options = parcel.options
    for consent in consents:
        stood = not 0 < consent.withdrawn_at <= parcel.created_at
        if consent.given_at <= parcel.created_at and stood and consent.covers(parcel):
            options = _agreed(options, consent.option)
    return replace(parcel, options=options)


def _agreed(
    options: tuple[DeliveryOption, ...], agreed: DeliveryOption
) -> tuple[DeliveryOption, ...]:
    """Put consent to the rung of its kind and target, or a new rung after the last delivery."""
    for index, option in enumerate(options):
        if (option.kind, option.target) == (agreed.kind, agreed.target):
            return (*options[:index], agreed, *options[index + 1 :])
    at = next((i for i, option in enumerate(options) if option.kind in _LAST), len(options))
    return (*options[:at], agreed, *options[at:])


def said_later(
    parcels: Sequence[Parcel], consents: Sequence[Consent]
) -> list[tuple[Instant, Command]]:
    """Return what recipients say after their parcels were handed in, in order."""
    said: list[tuple[Instant, Command]] = []
    for parcel in parcels:
        for consent in consents:
            if not consent.covers(parcel):
                continue
            option = consent.option
            if consent.given_at > parcel.created_at:
                said.append((consent.given_at, GiveConsent(parcel=parcel.id, option=option)))
            if consent.withdrawn_at > parcel.created_at:
                said.append(
                    (
                        consent.withdrawn_at,
                        WithdrawConsent(
                            parcel=parcel.id,
                            kind=option.kind,
                            target=option.target,
                            actor=RECIPIENT,
                            evidence=option.evidence,
                        ),
                    )
                )
    return sorted(said, key=lambda item: item[0])
