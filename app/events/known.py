"""Which consumers of events this release has.

``event_consumers`` can contain others: of a release before or after this one, whose workers may run at the same time.
"""

from collections.abc import Sequence

from app.kit.discovery import modules


def consumer_names() -> Sequence[str]:
    """``CONSUMERS`` of the module ``consumer_names`` of each feature."""
    return sorted(name for module in modules("app", "consumer_names") for name in module.CONSUMERS)
