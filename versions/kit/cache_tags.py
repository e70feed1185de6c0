"""The resources that lists show: their events invalidate what the response cache stores."""

from collections.abc import Sequence
from typing import Final

POST_LISTS: Final[Sequence[str]] = ("post", "user")
"""Posts, and the names of their authors."""
