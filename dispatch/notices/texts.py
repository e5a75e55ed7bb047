"""The words of notices, in each language that is spoken here.

One short text for each kind, and for each variant of a kind that has some. What is filled in
between braces is made by `text_of` alone, so a language needs sentences and nothing else.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Literal, TypeAlias

from dispatch.core.model import HubKind, Instant
from dispatch.core.notices import Notice

Language: TypeAlias = Literal["en", "zh"]

EN: Mapping[str, str] = {
    "COLLECTION_READY": "Parcel {parcel} is ready for you {at_hub}. Code {code}. "
    "Collect it by {when}.",
    "CODE_REISSUED": "The new code for your parcels {at_hub} is {code}. The old one is void.",
    "COLLECTION_REMINDER": "Parcel {parcel} still waits for you {at_hub}. Code {code}. "
    "It goes back on {when}.",
    "COURIER_AT_DOOR": "The courier with parcel {parcel} is at your door.",
    "COURIER_AT_DOOR.GATE": "The courier with parcel {parcel} is at the gate and may not come in. "
    "Please come down.",
    "DOOR_CODE": "Parcel {parcel} comes today. Tell the courier the code {code} at the door, "
    "not before.",
    "PROXY_CODE": "With the code {code} you can collect parcel {parcel} {at_hub} until {when}.",
    "ATTEMPT_FAILED.COLLECTION": "Parcel {parcel} could not be handed over at your door. "
    "It is being taken {to_hub}, where you can collect it; the code follows.",
    "ATTEMPT_FAILED.HOLD": "Parcel {parcel} could not be handed over at your door. "
    "It is kept for you; we try again after {when}.",
    "ATTEMPT_FAILED.PERSON": "Parcel {parcel} could not be handed over at your door. "
    "It goes to the person you named.",
    "ATTEMPT_FAILED.SAFE_PLACE": "Parcel {parcel} could not be handed over at your door. "
    "It is left in the place you named.",
    "ATTEMPT_FAILED.DOOR": "Parcel {parcel} could not be handed over yet. "
    "The courier tries your door.",
    "ATTEMPT_FAILED.GATE": "Parcel {parcel} could not be handed over yet. "
    "The courier comes to the gate.",
    "ATTEMPT_FAILED.RETURN": "Parcel {parcel} could not be handed over and goes back to its "
    "sender.",
    "DELIVERED_TO.PERSON": "Parcel {parcel} is with the person you named{receiver}.",
    "DELIVERED_TO.SAFE_PLACE": "Parcel {parcel} lies in the place you named.",
    "DELIVERED_TO.COLLECTED": "Parcel {parcel} was collected {at_hub} with your code.",
    "DELIVERED_TO.PROXY": "Parcel {parcel} was collected {at_hub} by the person you named.",
    "DELIVERED_TO.CORRECTED": "Parcel {parcel} was delivered after all; the report was wrong.",
    "RUNNING_LATE": "Parcel {parcel} comes later than promised: about {when}.",
    "CONSENT_WITHDRAWN.HUB": "Parcel {parcel} will not be left at a hub: you took that back.",
    "CONSENT_WITHDRAWN.PERSON": "Parcel {parcel} will not be left with anybody else: "
    "you took that back.",
    "CONSENT_WITHDRAWN.SAFE_PLACE": "Parcel {parcel} will not be left unattended: "
    "you took that back.",
    "RETURNING": "Parcel {parcel} goes back to its sender.",
    "RETURNED": "Parcel {parcel} is back.",
}
ZH: Mapping[str, str] = {
    "COLLECTION_READY": "您的包裹{parcel}已到{hub},取件码{code},请于{when}前领取。",
    "CODE_REISSUED": "您在{hub}的新取件码为{code},旧码已失效。",
    "COLLECTION_REMINDER": "您的包裹{parcel}仍在{hub},取件码{code},{when}后将退回。",
    "COURIER_AT_DOOR": "派送员已携包裹{parcel}到达您门口。",
    "COURIER_AT_DOOR.GATE": "派送员已携包裹{parcel}到达小区门口,无法入内,请下楼领取。",
    "DOOR_CODE": "包裹{parcel}今日派送,请当面将签收码{code}告知派送员,切勿提前透露。",
    "PROXY_CODE": "凭取件码{code}可于{when}前在{hub}代领包裹{parcel}。",
    "ATTEMPT_FAILED.COLLECTION": "包裹{parcel}未能当面交付,正送往{hub},取件码随后发送。",
    "ATTEMPT_FAILED.HOLD": "包裹{parcel}未能当面交付,已暂存,{when}后再次派送。",
    "ATTEMPT_FAILED.PERSON": "包裹{parcel}未能当面交付,将交给您指定的代收人。",
    "ATTEMPT_FAILED.SAFE_PLACE": "包裹{parcel}未能当面交付,将放在您指定的位置。",
    "ATTEMPT_FAILED.DOOR": "包裹{parcel}尚未交付,派送员将送到您门口。",
    "ATTEMPT_FAILED.GATE": "包裹{parcel}尚未交付,派送员将送到小区门口。",
    "ATTEMPT_FAILED.RETURN": "包裹{parcel}未能交付,将退回寄件人。",
    "DELIVERED_TO.PERSON": "包裹{parcel}已由您指定的代收人{receiver}签收。",
    "DELIVERED_TO.SAFE_PLACE": "包裹{parcel}已放在您指定的位置。",
    "DELIVERED_TO.COLLECTED": "包裹{parcel}已在{hub}凭码领取。",
    "DELIVERED_TO.PROXY": "包裹{parcel}已在{hub}由您指定的人代领。",
    "DELIVERED_TO.CORRECTED": "包裹{parcel}已送达;此前的报告有误。",
    "RUNNING_LATE": "包裹{parcel}将晚于承诺时间,预计{when}送达。",
    "CONSENT_WITHDRAWN.HUB": "您已撤回同意,包裹{parcel}不会放在代收点。",
    "CONSENT_WITHDRAWN.PERSON": "您已撤回同意,包裹{parcel}不会交给他人代收。",
    "CONSENT_WITHDRAWN.SAFE_PLACE": "您已撤回同意,包裹{parcel}不会无人看管放置。",
    "RETURNING": "包裹{parcel}正退回寄件人。",
    "RETURNED": "包裹{parcel}已退回。",
}
TEXTS: Mapping[Language, Mapping[str, str]] = {"en": EN, "zh": ZH}

_HUBS: Mapping[Language, Mapping[HubKind | None, str]] = {
    "en": {
        HubKind.STATION: "station",
        HubKind.BOOTH: "booth",
        HubKind.SHOP: "shop",
        HubKind.LOCKER: "locker",
        None: "hub",
    },
    "zh": {
        HubKind.STATION: "驿站",
        HubKind.BOOTH: "岗亭",
        HubKind.SHOP: "便利店",
        HubKind.LOCKER: "快递柜",
        None: "代收点",
    },
}


def text_of(
    notice: Notice,
    language: Language,
    timezone: tzinfo,
    *,
    code: str = "",
    hub_name: str = "",
    receiver: str = "",
) -> str:
    """Return what a notice says.

    Parameters
    ----------
    notice : Notice
    language : Language
    timezone : tzinfo
        In which its instant is told.
    code : str
        The code that belongs into it.
    hub_name : str
        What people call the hub; empty for its id.
    receiver : str
        Name of who took it; empty where unknown.
    """
    key = f"{notice.kind}.{notice.variant}" if notice.variant else notice.kind.value
    hub = _hub(notice, language, hub_name)
    name = receiver and (f": {receiver}" if language == "en" else receiver)
    return TEXTS[language][key].format(
        parcel=notice.label,
        code=code,
        hub=hub,
        at_hub=f"at the {hub}",
        to_hub=f"to the {hub}",
        when=_when(notice.until, timezone),
        receiver=name,
    )


def _hub(notice: Notice, language: Language, name: str) -> str:
    kind = _HUBS[language][notice.hub_kind]
    called = name or notice.hub
    if language == "zh":
        return f"{notice.hub_compound}{kind}{called}"
    words = f"{kind} {called}".rstrip()
    return f"{words}, {notice.hub_compound}" if notice.hub_compound else words


def _when(instant: Instant, timezone: tzinfo) -> str:
    """Return a local day and minute, without a year: nobody waits that long."""
    return datetime.fromtimestamp(instant, timezone).strftime("%m-%d %H:%M") if instant else ""
