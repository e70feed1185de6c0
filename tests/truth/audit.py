"""The truth about the audit trail: administrators read it, and keys with `audit:read`. A read is recorded itself."""

from tests.truth.table import Act, Effect, Table

ACTS = {
    "audit.list": Act(
        [Effect("SELECT count(*) FROM audit_events WHERE action = 'audit.read' AND $1::bigint IS NOT NULL", 1)]
    ),
}
ROWS = """
                   | anonymous unverified reader author other moderator admin deactivated
audit.list  own    | 401       403        403    403    403   403       ok    401t
"""
KEYS = """
audit.list  own    | admin ok  audit:read 403
"""
TABLE = Table(ACTS, {}, ROWS, KEYS)
