"""The requests of v2 about the audit trail."""

from tests.truth.table import Call

CALLS = {"audit.list": [Call("audit_events.list")]}
