"""The truth about impact analysis: administrators analyse, and keys that may see users and request jobs, too."""

from tests.truth.table import Act, Table

ACTS = {"impact.analyse": Act()}
ROWS = """
                   | anonymous unverified reader author other moderator admin deactivated
impact.analyse  -  | 401       403        403    403    403   403       ok    401t
"""
KEYS = """
impact.analyse  -  | admin ok  impact:read 403  users:read 403  jobs:write 403  jobs:read 403
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
