"""Who may read the audit trail, the same for all versions."""

from app.access.permissions import Permission


class AuditPermission(Permission):
    READ = "audit:read"
