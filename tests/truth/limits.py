"""The truth about the display of quotas, which every caller may read. v1 sends its limits in headers only."""

from tests.truth.table import Call, Table, act

ACTS = {"limits.get": act(v2=Call("rate_limit.get"))}
ROWS = """
              | anonymous unverified reader author other moderator admin deactivated
limits.get  - | ok        ok         ok     ok     ok    ok        ok    401t
"""
KEYS = """
limits.get  - | author ok
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
