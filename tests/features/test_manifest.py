"""A lorry comes: its shipments are scanned all at once, against what the carrier has announced.

Announced parcels that came are checked in and stand at the counter; what nobody knows, what did not
come and what was scanned twice is listed, and nothing of it is lost or taken in double.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import HubClosed, InvalidValue, NotFound
from dispatch.core.keeping import ManifestRow
from dispatch.core.model import Custodian, CustodianKind, ParcelState
from tests.core.town import HOUR, NOON, Story, a_hub, names, window
from tests.features.street import open_hub

CARRIER = "sf"
STATION = Custodian(kind=CustodianKind.HUB, id="station")


@pytest.fixture
def station(story: Story) -> Story:
    """Give the town a station, with three shipments announced by sf and one by zto."""
    story.hub()
    for number in (1, 2, 3):
        announced(story, f"p{number}", f"W{number}")
    announced(story, "z1", "W1", carrier="zto")
    return story


def announced(story: Story, parcel: str, waybill: str, **fields: str) -> None:
    """Announce a parcel."""
    given = {"carrier": CARRIER, "piece": "", **fields}
    story.parcel(parcel, origin_hub="station", announced=True, waybill=waybill, **given)


def row(waybill: str, piece: str = "", carrier: str = CARRIER) -> ManifestRow:
    """Give one scanned line."""
    return ManifestRow(carrier=carrier, waybill=waybill, piece=piece)


def manifest(*rows: ManifestRow, carrier: str = CARRIER) -> m.ReceiveManifest:
    """Give the scans of a delivery to the station."""
    return m.ReceiveManifest(hub="station", carrier=carrier, rows=rows, actor="hubs/station")


def told(events: tuple[m.Event, ...]) -> m.ManifestReceived:
    """Return the account of a delivery, which is the last of its events."""
    assert isinstance(events[-1], m.ManifestReceived)
    return events[-1]


# --- what was announced ----------------------------------------------------------------


def test_before_the_lorry_it_is_the_merchants(station: Story) -> None:
    """Announced is not there: nobody is sent to fetch it."""
    assert station.wait(HOUR // 2) == ()
    assert station.parcel_state("p1") is ParcelState.PENDING
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.SENDER
    assert station.plan() == ()


def test_all_came(station: Story) -> None:
    """Checked in one by one, each with its shelf; from now on the station answers for them."""
    events = station.do(manifest(row("W1"), row("W2"), row("W3")))
    assert names(events) == ["ParcelCheckedIn"] * 3 + ["ManifestReceived"]
    account = told(events)
    assert account.received_count == 3
    assert (account.unknown, account.missing, account.doubled) == ((), (), ())
    assert station.state.parcel("m/p1").custodian == STATION
    assert station.state.parcel("m/p1").custody[-1].actor == "hubs/station"
    shelves = [event.shelf for event in events if isinstance(event, m.ParcelCheckedIn)]
    assert len(set(shelves)) == 3
    assert set(names(station.wait(60))) == {"ParcelReady"}
    assert "OfferMade" in names(station.plan())


def test_some_did_not_come(station: Story) -> None:
    """They are named, and still expected: the second lorry may have them."""
    assert told(station.do(manifest(row("W1")))).missing == ("sf W2", "sf W3")
    account = told(station.do(manifest(row("W3"), row("W2"))))
    assert (account.received_count, account.missing, account.doubled) == (2, (), ())


def test_what_nobody_announced(station: Story) -> None:
    """Named by carrier, waybill and piece; no parcel is made of it."""
    before = len(station.state.parcels)
    account = told(station.do(manifest(row("W1"), row("W9", "2"))))
    assert account.unknown == ("sf W9 2",)
    assert len(station.state.parcels) == before


def test_scanned_twice(station: Story) -> None:
    """It came once, and is named as doubled."""
    events = station.do(manifest(row("W1"), row("W1"), row("W2")))
    assert names(events) == ["ParcelCheckedIn"] * 2 + ["ManifestReceived"]
    assert told(events).doubled == ("sf W1",)
    assert told(events).received_count == 2


def test_unknown_and_scanned_twice(station: Story) -> None:
    """Both is said of it."""
    account = told(station.do(manifest(row("W9"), row("W9"))))
    assert (account.unknown, account.doubled) == (("sf W9",), ("sf W9",))


def test_pieces_are_shipments_of_their_own(story: Story) -> None:
    """Two boxes under one waybill: one may come and the other not."""
    story.hub()
    announced(story, "p1", "W1", piece="1")
    announced(story, "p2", "W1", piece="2")
    account = told(story.do(manifest(row("W1", "2"))))
    assert account.missing == ("sf W1 1",)
    assert story.state.parcel("m/p2").custodian == STATION


def test_all_at_once(station: Story) -> None:
    """One delivery with everything wrong: each is listed where it belongs."""
    account = told(station.do(manifest(row("W2"), row("W2"), row("W8"), row("W9"))))
    assert (account.received_count, account.doubled, account.missing, account.unknown) == (
        1,
        ("sf W2",),
        ("sf W1", "sf W3"),
        ("sf W8", "sf W9"),
    )


# --- again -----------------------------------------------------------------------------


def test_the_same_manifest_again(station: Story) -> None:
    """Nothing moves: all of it is long since here."""
    again = manifest(row("W1"), row("W2"))
    station.do(again)
    custody = station.state.parcel("m/p1").custody
    events = station.do(again)
    assert names(events) == ["ManifestReceived"]
    assert told(events).doubled == ("sf W1", "sf W2")
    assert (told(events).received_count, told(events).unknown) == (0, ())
    assert station.state.parcel("m/p1").custody == custody


def test_the_same_manifest_after_some_have_left(station: Story) -> None:
    """What was here and is on its way, or delivered, is doubled too: it is not unknown."""
    again = manifest(row("W1"), row("W2"))
    station.do(again)
    station.wait(60)
    station.carry("ann", "p1")
    station.drop_off("ann", "p1")
    station.carry("ann", "p2")
    assert told(station.do(again)).doubled == ("sf W1", "sf W2")
    assert station.parcel_state("p1") is ParcelState.DELIVERED
    assert station.state.parcel("m/p2").custodian.id == "ann"


# --- whose, and where ------------------------------------------------------------------


def test_another_carriers_parcels_are_not_missing(station: Story) -> None:
    """Each carrier answers for its own announcements, under the same waybill too."""
    account = told(station.do(manifest(row("W1", carrier="zto"), carrier="zto")))
    assert (account.received_count, account.missing) == (1, ())
    assert station.state.parcel("m/z1").custodian == STATION
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.SENDER


def test_another_hubs_parcels_are_unknown_here(station: Story) -> None:
    """Unloaded at the wrong station: listed there, and not checked in anywhere."""
    open_hub(station, a_hub("depot"))
    command = m.ReceiveManifest(hub="depot", carrier=CARRIER, rows=(row("W1"),), actor="hubs/depot")
    account = told(station.do(command))
    assert (account.unknown, account.missing) == (("sf W1",), ())
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.SENDER


def test_what_was_cancelled_is_not_expected(station: Story) -> None:
    """Neither missing, nor taken in when it comes all the same."""
    station.do(m.CancelParcel(parcel="m/p3"))
    assert told(station.do(manifest(row("W1")))).missing == ("sf W2",)
    assert told(station.do(manifest(row("W3")))).unknown == ("sf W3",)
    assert station.parcel_state("p3") is ParcelState.CANCELLED


def test_what_comes_after_its_time_is_not_expected(station: Story) -> None:
    """An announced parcel whose promise is long over has expired; the lorry brings a stranger."""
    station.wait(7 * HOUR)
    assert station.parcel_state("p1") is ParcelState.EXPIRED
    assert told(station.do(manifest(row("W1")))).unknown == ("sf W1",)


# --- garbage ---------------------------------------------------------------------------


def test_garbage_is_listed_row_by_row(station: Story) -> None:
    """Every bad row is named at once, and nothing is taken in."""
    bad = (row("W1"), row(" "), row("W2", carrier="zto"), row("W3", "\x1b[2J"), row("9" * 101))
    with pytest.raises(InvalidValue) as caught:
        station.do(manifest(*bad))
    assert [fault.field for fault in caught.value.faults] == [
        "rows[1].waybill",
        "rows[2].carrier",
        "rows[3].piece",
        "rows[4].waybill",
    ]
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.SENDER


def test_nothing_and_too_much(station: Story) -> None:
    """A manifest has between one and five thousand rows."""
    station.refused(InvalidValue, manifest(), "needs 1 to 5000 rows")
    station.refused(InvalidValue, manifest(*[row("W1")] * 5001), "needs 1 to 5000 rows")
    assert told(station.do(manifest(*[row("W1")] * 5000))).doubled == ("sf W1",)


def test_at_a_hub_that_is_not_there_or_closed(story: Story) -> None:
    """A counter that is closed takes nothing in."""
    open_hub(story, a_hub(hours=(window(HOUR, 2 * HOUR),)))
    announced(story, "p1", "W1")
    unknown = m.ReceiveManifest(hub="depot", carrier=CARRIER, rows=(row("W1"),), actor="hubs/depot")
    story.refused(NotFound, unknown)
    story.refused(HubClosed, manifest(row("W1")))
    story.now = NOON + HOUR
    assert told(story.do(manifest(row("W1")))).received_count == 1


def test_only_an_origin_with_a_waybill_can_be_announced(story: Story) -> None:
    """What no scan could ever find is refused when it is announced."""
    story.hub()
    with pytest.raises(InvalidValue, match="announced"):
        story.parcel("p1", announced=True, waybill="W1")
    with pytest.raises(InvalidValue, match="waybill: is required"):
        story.parcel("p1", announced=True, origin_hub="station")
