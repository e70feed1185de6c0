"""What one release stores, queues or sends is read by the next one, and by another that runs at the same time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from pydantic import SecretStr

from app.access import keys
from app.auth.mailed_addresses import MailedAddresses
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.events.nudges import RELAYED_CHANNEL, WRITTEN, relayed
from app.events.recorder import AuditedEvent, Event
from app.http.cursors import CursorCodec
from app.http.idempotency.keys import ResponseCipher
from app.http.runtime import Runtime
from app.kit.db.locks import lock_ids
from app.kit.discovery import modules
from app.kit.revisions import revision_mark
from app.rooms.nudges import WRITTEN_CHANNEL, written
from app.settings.loading import load_settings
from app.webhooks.nudges import DUE
from app.wiring import job_names

SECRET = SecretStr("a secret of sufficient length for a test")
KEY = "sk_live_1m9M2pbyH6wnDsrTxzwiNoEUK1pWonmP3VmVz8"


def test_mailed_tokens() -> None:
    tokens = MailedTokens(SECRET)
    assert tokens.token(Purpose.VERIFICATION, UUID(int=7)) == "kWphkMgFL2hcFBLzNrSfB0Fk0OKLdyedIbNZT3EZztA"
    assert tokens.token(Purpose.PASSWORD_RESET, UUID(int=7)) == "HtV6LBP6FtVeXHZw_08FRvSKWhOBLtMA5Z5lrczkDDc"
    assert tokens.digest("x").hex() == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert tokens.digest("\ud800") == tokens.digest("?"), "a text without a UTF-8 form is a wrong token"


def test_queued_addresses_and_stored_responses(tmp_path: Path) -> None:
    queued = "/mzsXsP83KDQ2xDQX47P0LAG3nuoBVVk0CmgMJnsBnS49tpmNrZzTkwU+g=="
    assert MailedAddresses(SECRET).decrypt(queued) == "ada@example.com"
    stored = bytes.fromhex("00000000000000000000000094f8f100794627453a973c8b3e64502642ff9ec5ac3c")
    settings = load_settings(home=tmp_path, http={"cursor_key": SECRET.get_secret_value()})
    runtime = cast("Runtime", SimpleNamespace(settings=settings))
    assert ResponseCipher.build(runtime).decrypt(stored, b"scope") == b"stored"


def test_cursors() -> None:
    position = (datetime(2026, 11, 28, 12, tzinfo=UTC), 7, "a", 0.5)
    text = "-XoZCCWUSvXzGxoAXWWRJWxpc3RpbmcxW3sidCI6IjIwMjYtMTEtMjhUMTI6MDA6MDArMDA6MDAifSw3LCJhIiwwLjVd"
    codec = CursorCodec(SECRET)
    assert codec.encode(b"listing1", position) == text
    assert codec.decode(b"listing1", text) == position


def test_names_of_jobs() -> None:
    assert set(job_names()) == {
        "auth.registration_requested",
        "auth.reset_requested",
        "auth.send_already_registered",
        "auth.send_new_network",
        "auth.send_password_reset",
        "auth.send_token",
        "auth.verification_requested",
        "csv_import",
        "delete_object",
        "email",
        "export",
        "impact_analysis",
        "housekeeping",
        "identities.send_confirmation",
        "identities.send_notice",
        "migration_guides.send",
        "report",
        "users.address_changed",
        "webhooks.send_notice",
    }


def event_classes() -> Iterator[type[Event]]:
    for module in modules("app", "events"):
        found = (value for value in vars(module).values() if isinstance(value, type))
        yield from (each for each in found if issubclass(each, Event) and "type" in vars(each))


def test_events() -> None:
    """Stored events are rendered and delivered by later releases; those that are audited have an audit row, too."""
    audited = {each.type: each.schema for each in event_classes() if issubclass(each, AuditedEvent)}
    assert audited == {
        "account.opened": 1,
        "api_key.created": 1,
        "api_key.revoked": 1,
        "api_key.rotated": 1,
        "api_key.updated": 1,
        "identity.confirmation_requested": 1,
        "identity.linked": 1,
        "identity.unlinked": 1,
        "session.revoked": 1,
        "session.started": 1,
        "user.created": 1,
        "user.deleted": 1,
        "user.password_reset": 1,
        "user.registered": 1,
        "user.roles_changed": 2,
        "user.verified": 1,
        "webhook_endpoint.created": 1,
        "webhook_endpoint.deleted": 1,
        "webhook_endpoint.disabled": 1,
        "webhook_endpoint.secret_rotated": 1,
        "webhook_endpoint.updated": 1,
    }
    others = {each.type: each.schema for each in event_classes() if not issubclass(each, AuditedEvent)}
    assert others == {
        "file.deleted": 1,
        "file.uploaded": 1,
        "hold.created": 1,
        "hold.resolved": 1,
        "job.cancel_requested": 1,
        "job.created": 1,
        "notification.created": 1,
        "notification.read": 1,
        "post.created": 2,
        "post.deleted": 2,
        "post.published": 2,
        "post.unpublished": 2,
        "post.updated": 2,
        "transfer.created": 2,
        "user.updated": 2,
        "webhook_endpoint.failing": 1,
        "webhook_endpoint.tested": 1,
    }


def test_channels_between_processes() -> None:
    """Processes of two releases notify each other while one replaces the other."""
    channels = (WRITTEN.channel, RELAYED_CHANNEL, WRITTEN_CHANNEL, DUE.channel)
    assert channels == ("events_written", "events_relayed", "room_messages", "webhook_deliveries")
    assert [nudge.payload for nudge in (relayed(7), written(7))] == ["7", "7"]


def test_advisory_locks() -> None:
    assert lock_ids("lifecycle") == (-216962874, -474954686)
    assert lock_ids("idempotency", b"scope") == (-170681849, 1595284625)


def test_api_keys_and_revisions() -> None:
    assert keys.well_formed(KEY)
    assert keys.digest(KEY).hex() == "8d987d5a6b4a22b030f7f19f8a77e531ae384a5e24789f9afb43d31b994add6b"
    assert keys.hint(KEY) == "sk_live_1m9M"
    assert revision_mark(UUID(int=7), 3) == "3-000000000007"
