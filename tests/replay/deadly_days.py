"""Days that cannot be drawn, in a module that other processes find."""

import os
import signal
from collections.abc import Mapping
from typing import Any

from dispatch.sim.experiment.settings import Setting
from dispatch.sim.generate import Drawn
from maps.network import RoadNetwork

DEADLY, BAD = 1, 2
"""Seeds: of a day that ends its process as if it were killed, and of one that fails."""


def draw(network: RoadNetwork, setting: Setting, seed: int) -> Drawn:
    """Die, or fail."""
    if seed == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("drawn badly")


def values(setting: Setting) -> Mapping[str, Any]:
    """Return no values."""
    return {}
