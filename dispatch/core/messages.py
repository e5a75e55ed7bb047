"""Commands that come in and events that go out, by one name: ``messages as m``.

A command asks (`dispatch.core.commands`); an event tells what has happened and is never undone
(`dispatch.core.events`). Those of compounds, posts and rosters have files of their own.
"""

from typing import TypeAlias

from dispatch.core import commands, compound_commands, compound_events, events
from dispatch.core.commands import *  # noqa: F403 - all of them, by one name
from dispatch.core.compound_commands import *  # noqa: F403
from dispatch.core.compound_events import *  # noqa: F403
from dispatch.core.events import *  # noqa: F403

AnyCommand: TypeAlias = commands.AnyCommand | compound_commands.AnyCompoundCommand  # type: ignore[no-redef,misc]
AnyEvent: TypeAlias = events.AnyEvent | compound_events.AnyCompoundEvent  # type: ignore[no-redef,misc]
