"""Events in v1: every type that its resources declare."""

from typing import Final

from versions.kit.events import VersionEvents, load_events

RENDERER: Final = VersionEvents("v1", load_events(__package__))
