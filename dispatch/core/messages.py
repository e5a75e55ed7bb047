"""Commands that come in and events that go out, by one name: ``messages as m``.

A command asks (`dispatch.core.commands`); an event tells what has happened and is never undone
(`dispatch.core.events`).
"""

from dispatch.core.commands import *  # noqa: F403 - all of both, by one name
from dispatch.core.events import *  # noqa: F403
