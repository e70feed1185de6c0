"""The truth about usage: each user reads their own, and keys with `usage:read` that of their owner."""

from tests.truth.table import Act, Table

ACTS = {"usage.list": Act(), "usage.elements": Act()}
ROWS = """
                      | anonymous unverified reader author other moderator admin deactivated
usage.list      -     | 401       ok         ok     ok     ok    ok        ok    401t
usage.elements  -     | 401       ok         ok     ok     ok    ok        ok    401t
"""
KEYS = """
usage.list      -     | author ok  usage:read 403
usage.elements  -     | author ok  usage:read 403
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
