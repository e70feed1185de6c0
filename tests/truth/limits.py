"""The truth about the display of quotas, which every caller may read."""

from tests.truth.table import Act, Table

ACTS = {"limits.get": Act()}
ROWS = """
              | anonymous unverified reader author other moderator admin deactivated
limits.get  - | ok        ok         ok     ok     ok    ok        ok    401t
"""
KEYS = """
limits.get  - | author ok
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
