import inspect
from pathlib import Path
from types import ModuleType

import pytest

from dispatch.sim import custody_books, custody_check
from dispatch.sim.custody_check import gaps

OLD_LOG = Path(__file__).parents[2] / "replay" / "logs" / "v1.jsonl"


@pytest.mark.parametrize("module", [custody_books, custody_check])
def test_it_shares_nothing_with_the_rules(module: ModuleType) -> None:
    """Neither of its files imports anything of the package but the other."""
    imported = {
        line.split()[1]
        for line in inspect.getsource(module).splitlines()
        if line.startswith(("from dispatch", "import dispatch"))
    }
    assert imported <= {"dispatch.sim.custody_books"}


def test_an_old_log_is_read_leniently() -> None:
    """A log from before hand-overs named their giver has no gaps."""
    assert gaps(OLD_LOG.read_text().splitlines()) == []


def test_old_custody_still_follows_the_events() -> None:
    """Without its pickups the same log tells of couriers who deliver what they never had."""
    lines = [line for line in OLD_LOG.read_text().splitlines() if '"ParcelPickedUp"' not in line]
    assert any(gap.startswith("HOLDER, line ") for gap in gaps(lines))


def test_what_is_no_event_is_named_by_its_line() -> None:
    """Garbage is a gap, not a crash."""
    found = gaps(["{", '{"type": "ParcelDelivered", "at": 1, "parcel": "m/x"}', "", "3"])
    assert [gap.split(":")[0] for gap in found] == ["LINE, line 1", "LINE, line 2", "LINE, line 4"]
    assert found[1].endswith("cannot be read here: KeyError 'm/x'")
