"""The words of notices."""

from zoneinfo import ZoneInfo

import pytest

from dispatch.core.model import HubKind, Purpose
from dispatch.core.notices import Notice, NoticeKind
from dispatch.notices.texts import TEXTS, Language, text_of
from tests.core.town import NOON

SHANGHAI = ZoneInfo("Asia/Shanghai")
VARIANTS: dict[NoticeKind, list[str]] = {
    NoticeKind.ATTEMPT_FAILED: [
        purpose.value for purpose in Purpose if purpose is not Purpose.RELAY
    ],
    NoticeKind.COURIER_AT_DOOR: ["", "GATE"],
    NoticeKind.DELIVERED_TO: ["PERSON", "SAFE_PLACE", "COLLECTED", "PROXY", "CORRECTED"],
    NoticeKind.CONSENT_WITHDRAWN: ["PERSON", "HUB", "SAFE_PLACE"],
}


def a_notice(kind: NoticeKind, variant: str = "") -> Notice:
    """Give a notice in which everything is filled in."""
    return Notice(
        kind=kind,
        variant=variant,
        parcel="m/p1",
        label="W-7",
        hub="b1",
        hub_kind=HubKind.BOOTH,
        hub_compound="Garden",
        until=NOON,
    )


@pytest.mark.parametrize("language", TEXTS)
def test_every_kind_and_variant_has_words_and_nothing_else_has(language: Language) -> None:
    """Whatever the rules may tell can be said, in every language, about the right parcel."""
    named = {
        f"{kind}.{variant}" if variant else kind.value
        for kind in NoticeKind
        for variant in VARIANTS.get(kind, [""])
    }
    assert named == TEXTS[language].keys()
    for key in named:
        kind, _, variant = key.partition(".")
        notice = a_notice(NoticeKind(kind), variant)
        text = text_of(notice, language, SHANGHAI, code="012345")
        assert "{" not in text
        assert ("012345" in text) == ("CODE" in kind or kind.startswith("COLLECTION"))
        assert ("W-7" in text) == (kind != "CODE_REISSUED")


def test_times_are_local_and_hubs_bear_the_names_that_people_use() -> None:
    """22:14 UTC is the morning after in Shanghai; a shop is called what its keeper calls it."""
    notice = a_notice(NoticeKind.COLLECTION_READY)
    assert text_of(notice, "en", SHANGHAI, code="012345") == (
        "Parcel W-7 is ready for you at the booth b1, Garden. Code 012345. "
        "Collect it by 11-15 06:14."
    )
    assert text_of(notice, "zh", SHANGHAI, code="012345", hub_name="老王") == (
        "您的包裹W-7已到Garden岗亭老王,取件码012345,请于11-15 06:14前领取。"
    )


def test_a_receiver_is_named_where_the_name_is_known() -> None:
    """Where it was erased the sentence is whole without it."""
    notice = a_notice(NoticeKind.DELIVERED_TO, "PERSON")
    assert "named: Bo." in text_of(notice, "en", SHANGHAI, receiver="Bo")
    assert "named." in text_of(notice, "en", SHANGHAI)
