"""Wakes the workers that deliver."""

from typing import Final

from app.kit.db.sessions import Nudge

DUE: Final = Nudge("webhook_deliveries")
"""Deliveries wait for an attempt."""
