from pathlib import Path

import pytest

from dispatch.serve import locked
from dispatch.settings import SettingsError


def test_one_service_on_a_folder(tmp_path: Path) -> None:
    """A second service would acknowledge the same parcel twice: it does not start."""
    with locked(tmp_path), pytest.raises(SettingsError, match="another service runs on it"):
        locked(tmp_path)
    locked(tmp_path).close()
