"""Events in v2: every type that its resources declare."""

from typing import Final

from versions.kit.events import VersionEvents, load_events

RENDERER: Final = VersionEvents("v2", load_events(__package__), tag="webhook_endpoints")
