"""What else happens in the busy zone: wishes, counts and levers, each some commands in a row."""

from collections.abc import Callable, Iterator

from benchmarks.engine.guarding import GUARDING
from benchmarks.engine.load import Load
from benchmarks.engine.town import BOSS, HOUR, POLICY
from dispatch.core import messages as m
from dispatch.core.keeping import Closure, ClosureKind, ManifestRow
from dispatch.core.model import DeliveryOption, FailureCode, OptionKind, ParcelState, Purpose


def _consents(load: Load) -> None:
    parcel = load.any_open().id
    option = DeliveryOption(kind=OptionKind.SAFE_PLACE, consented_by="recipient", evidence="7")
    load.do(m.GiveConsent(parcel=parcel, option=option))
    load.do(m.WithdrawConsent(parcel=parcel, kind=OptionKind.SAFE_PLACE, actor="recipient"))


def _changes_mind(load: Load) -> None:
    parcel = load.any_open()
    load.do(m.RedirectParcel(parcel=parcel.id, actor="recipient", dropoff=parcel.dropoff))
    due_at = max(parcel.due_at, load.now + HOUR)
    load.do(m.RescheduleParcel(parcel=parcel.id, due_at=due_at, actor="recipient"))


def _keeps_slots(load: Load) -> None:
    parcel, hub = load.any_open().id, load.any_hub()
    until = load.now + 600
    load.do(m.ReserveSlot(hub=hub, parcel=parcel, purpose=Purpose.HOLD, until=until))
    load.do(m.ReleaseSlot(hub=hub, parcel=parcel))


def _sends_codes(load: Load) -> None:
    parcel = load.any_open()
    if load.awaiting:
        waiting = load.state.parcel(next(iter(load.awaiting)))
        load.do(m.ReissueCode(hub=waiting.custodian.id, parcel=waiting.id))
    until = load.now + HOUR
    load.do(m.GrantProxy(parcel=parcel.id, proxy=f"x-{parcel.id[2:]}", until=until))
    load.do(m.RevokeProxy(parcel=parcel.id, proxy=f"x-{parcel.id[2:]}"))


def _pauses_hub(load: Load) -> None:
    hub = load.any_hub()
    load.do(m.PauseHub(hub=hub, **BOSS))
    load.do(m.ResumeHub(hub=hub, **BOSS))


def _pins(load: Load) -> None:
    leg = load.any_open().leg
    load.do(m.PinLeg(leg=leg, courier=load.any_courier(), **BOSS))
    load.do(m.UnpinLeg(leg=leg, **BOSS))
    load.do(m.ReassignLeg(leg=load.any_out().leg, **BOSS))


def _rescues(load: Load) -> None:
    if load.chance(20):
        courier, tour = load.any_tour()
        load.do(m.RescueTour(courier=courier, tour=tour, **BOSS))
    load.do(m.OverrideAttempt(parcel=load.any_out().id, **BOSS))


def _closes_ways(load: Load) -> None:
    closure = Closure(id="street", kind=ClosureKind.STREET, ref="17", until=load.now + HOUR, **BOSS)
    load.do(m.CloseWay(closure=closure))
    load.do(m.OpenWay(closure="street", **BOSS))


def _counts(load: Load) -> None:
    hub = load.any_hub()
    there = tuple(sorted(load.state.stock.get(hub, ())))
    load.do(m.ReconcileInventory(hub=hub, parcels=there[:5000], actor="counter"))
    due = [load.state.parcel(name) for name in list(load.announced)[:50]]
    rows = tuple(ManifestRow(carrier="carrier", waybill=parcel.waybill) for parcel in due)
    hub = due[0].origin_hub if due else hub
    load.do(m.ReceiveManifest(hub=hub, carrier="carrier", rows=rows, actor="counter"))


def _gives_up(load: Load) -> None:
    load.do(m.CancelParcel(parcel=load.any_open().id))
    load.do(m.WriteOffParcel(parcel=load.any_out().id, to=ParcelState.LOST, **BOSS))


def _steers(load: Load) -> None:
    load.do(m.PauseDispatch())
    load.do(m.ResumeDispatch())
    load.do(m.RequestPlan())
    load.do(m.AdoptPolicy(policy=POLICY))
    load.do(m.GoOffline(courier=load.any_courier()))


def _corrects(load: Load) -> None:
    if load.done:
        courier, tour, leg = load.done.pop()
        failure = FailureCode.ABSENT
        load.do(m.CorrectStop(courier=courier, tour=tour, leg=leg, failure=failure, **BOSS))


OTHERS: tuple[Callable[[Load], None], ...] = (
    _consents,
    _changes_mind,
    _keeps_slots,
    _sends_codes,
    _pauses_hub,
    _pins,
    _rescues,
    _closes_ways,
    _counts,
    _gives_up,
    _steers,
    _corrects,
    *GUARDING,
)


def commands_left_out(load: Load) -> Iterator[str]:
    """Yield the commands that the load never gave."""
    for command in m.Command.__subclasses__():
        if not load.took_ns[command.__name__]:
            yield command.__name__
