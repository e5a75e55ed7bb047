"""Who stands at a shared device: guards sign in with PINs of their own."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import grpc

from dispatch.auth import Role
from dispatch.codes import is_code, matches, pin_of
from dispatch.core.compounds import pin_key
from dispatch.core.errors import CounterLocked, Fault, InvalidValue, WrongPin
from dispatch.core.guarded import pin_session
from dispatch.core.messages import Event, IssuePin, PinRefused, SignIn, SignOut
from dispatch.core.zone import State
from dispatch.service.access import COMPANIES, COURIERS, DEVICES, allowed, denied
from dispatch.service.codes import WRONG
from dispatch.service.grounds import employs
from dispatch.service.site import HostedZone, Site
from dispatch.service.till import Till, till_of
from dispatch.service.writing import submit
from dispatch.v1 import hubs_pb2 as pb
from dispatch.wire import names

Context = grpc.aio.ServicerContext[object, object]


class Pins:
    """PINs, and whom they let stand at a counter's device."""

    _site: Site

    async def SignIn(self, request: pb.SignInRequest, context: Context) -> pb.CounterSession:
        """Take note who stands at the device."""
        till = till_of(self._site, request.name, roles=DEVICES)
        courier = names.own_id(till.network.id, request.courier, names.COURIER, "courier")
        if not is_code(request.pin):
            # A slip of the finger: told at once, and not counted.
            raise InvalidValue([Fault("pin", "is not six digits")])
        command = SignIn(
            hub=till.hub,
            device=till.caller.device,
            courier=courier,
            pin_serial=self._told_serial(till.zone, courier, request.pin),
        )

        def build(state: State, events: tuple[Event, ...]) -> pb.CounterSession:
            if any(isinstance(event, PinRefused) for event in events):
                return pb.CounterSession()
            return _session_out(state, till)

        answer, _ = await submit(
            self._site, till.zone, till.caller, request, command, build, pb.CounterSession
        )
        if not answer.hub:
            raise self._pin_refused(till, request.courier)
        return answer

    async def SignOut(self, request: pb.SignOutRequest, context: Context) -> pb.CounterSession:
        """Take note that nobody stands there any more."""
        till = till_of(self._site, request.name, roles=DEVICES)
        command = SignOut(hub=till.hub, device=till.caller.device)

        def build(state: State, _events: tuple[Event, ...]) -> pb.CounterSession:
            return _session_out(state, till)

        answer, _ = await submit(
            self._site, till.zone, till.caller, request, command, build, pb.CounterSession
        )
        return answer

    async def IssuePin(self, request: pb.IssuePinRequest, context: Context) -> pb.IssuePinResponse:
        """Give a guard a new PIN, and tell it; it is kept with no answer."""
        caller, (_, courier) = allowed(request.name, names.COURIER, "name", COMPANIES | COURIERS)
        network = self._site.network(caller)
        if caller.role is Role.PROPERTY_COMPANY and not any(
            employs(caller, zone.state, courier) for zone in network.zones.values()
        ):
            raise denied(caller)
        zone = network.zone_of_courier(courier)
        command = IssuePin(courier=courier, actor=caller.name)

        def build(state: State, _events: tuple[Event, ...]) -> pb.IssuePinResponse:
            return pb.IssuePinResponse(courier=request.name, serial=state.pins[courier])

        answer, _ = await submit(
            self._site, zone, caller, request, command, build, pb.IssuePinResponse
        )
        if zone.state.pins.get(courier) == answer.serial:
            answer.pin = self._pin(zone, courier, answer.serial)
        return answer

    def _pin(self, zone: HostedZone, courier: str, serial: int) -> str:
        return pin_of(self._site.secret, zone.name, pin_key(courier), serial)

    def _told_serial(self, zone: HostedZone, courier: str, told: str) -> int:
        """Return the serial of the PIN that was told: the present one, or `WRONG`."""
        serial = zone.state.pins.get(courier, 0)
        is_right = serial > 0 and matches(told, self._pin(zone, courier, serial))
        return serial if is_right else WRONG

    def _pin_refused(self, till: Till, courier: str) -> WrongPin | CounterLocked:
        """Return the error of a PIN that was refused, and counted."""
        key = pin_session(till.hub, till.caller.device)
        session = till.zone.state.sessions.get(key)
        left_s = session.locked_until - self._site.clock.now() if session is not None else 0
        if left_s > 0:
            msg = f"too many wrong PINs at this device; try again in {left_s} s"
            return CounterLocked(msg, subject=courier, wait_s=left_s)
        return WrongPin("the PIN is not this guard's", subject=courier)


def _session_out(state: State, till: Till) -> pb.CounterSession:
    """Write who stands at a device."""
    courier = state.signed_in.get(f"{till.hub}~{till.caller.device}", "")
    return pb.CounterSession(
        hub=names.joined(names.HUB, till.network.id, till.hub),
        device=till.caller.device,
        courier=names.joined(names.COURIER, till.network.id, courier) if courier else "",
    )
