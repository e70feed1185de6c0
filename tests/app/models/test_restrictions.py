"""The tables whose rows the application's role must not change."""

from app.models import restrictions


def test_the_application_only_appends_to_some_tables_and_only_reads_others() -> None:
    found = restrictions()
    assert found.append_only == {"accounts", "audit_events"}
    assert found.read_only == {"alembic_version", "entries", "holds", "role_permissions", "transfers"}
