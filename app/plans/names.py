"""The names of the plans that the code refers to."""

from typing import Final

DEFAULT: Final = "free"
"""The plan of sessions and of new keys; it also stands in for a plan that does not exist."""
TEST: Final = "test"
"""The plan of test keys."""
