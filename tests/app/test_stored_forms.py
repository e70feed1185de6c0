"""What one release stores, queues or sends is read by the next one, and by another that runs at the same time."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

from pydantic import SecretStr

from app.access import keys
from app.auth.mailed_addresses import MailedAddresses
from app.auth.mailed_tokens import MailedTokens, Purpose
from app.http.cursors import CursorCodec
from app.http.idempotency.keys import ResponseCipher
from app.http.runtime import Runtime
from app.kit.db.locks import lock_ids
from app.kit.revisions import revision_mark
from app.settings.loading import load_settings
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
        "email",
        "housekeeping",
        "identities.send_confirmation",
        "identities.send_notice",
        "report",
        "users.address_changed",
    }


def test_advisory_locks() -> None:
    assert lock_ids("lifecycle") == (-216962874, -474954686)
    assert lock_ids("idempotency", b"scope") == (-170681849, 1595284625)


def test_api_keys_and_revisions() -> None:
    assert keys.well_formed(KEY)
    assert keys.digest(KEY).hex() == "8d987d5a6b4a22b030f7f19f8a77e531ae384a5e24789f9afb43d31b994add6b"
    assert keys.hint(KEY) == "sk_live_1m9M"
    assert revision_mark(UUID(int=7), 3) == "3-000000000007"
