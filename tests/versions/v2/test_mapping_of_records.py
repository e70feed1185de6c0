"""What v2 makes of money, files, audit events, usage and identities of the core, and of requests about them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from app.audit.commands import AuditFilter
from app.audit.views import AuditEventView
from app.auth.views import TokenPair
from app.event_log.commands import EventFilter
from app.files.commands import NewPresigned
from app.files.views import FileView, PendingFile, SignedRequest, Visibility
from app.identities.commands import FlowStart, Purpose
from app.identities.views import Completed, Completion, IdentityView, StartedFlow
from app.ledger.commands import HoldDraft, TransferDraft
from app.ledger.views import AccountView, EntryView, HoldView, TransferView
from app.usage.commands import UsageFilter
from app.usage.views import UsageDayView, UsedElementView, UsedOperationView
from tests.versions.views import FILE_UID, SESSION_UID, USER_UID
from versions.kit.typeid import encode
from versions.v2 import ids
from versions.v2.audit_events import mapping as audit_events
from versions.v2.event_log import mapping as event_log
from versions.v2.files import mapping as files
from versions.v2.files import schemas as file_schemas
from versions.v2.files.rules import MAX_BYTES, TYPES
from versions.v2.impact import mapping as impact
from versions.v2.ledger import mapping as ledger
from versions.v2.ledger import schemas as ledger_schemas
from versions.v2.providers import mapping as providers
from versions.v2.providers import schemas as provider_schemas
from versions.v2.usage import mapping as usage

PAYER, PAYEE, TRANSFER, OTHER, HOLD, KEY, IDENTITY = (UUID(int=number) for number in range(11, 18))
TIMES = [datetime(2026, 2, day, tzinfo=UTC) for day in range(1, 5)]
PARTIES = {"from_account_id": encode("acct", PAYER), "to_account_id": encode("acct", PAYEE)}
IDS = {
    "post": ids.PostId,
    "usr": ids.UserId,
    "ses": ids.SessionId,
    "key": ids.ApiKeyId,
    "acct": ids.AccountId,
    "txn": ids.TransferId,
    "hold": ids.HoldId,
    "job": ids.JobId,
    "file": ids.FileId,
    "idn": ids.IdentityId,
    "evt": ids.EventId,
    "ntf": ids.NotificationId,
    "wh": ids.WebhookEndpointId,
    "dlv": ids.DeliveryId,
}


@pytest.mark.parametrize("prefix", IDS)
def test_a_parameter_takes_ids_of_its_own_resource(prefix: str) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(IDS[prefix])
    assert adapter.validate_python(encode(prefix, USER_UID)) == USER_UID
    for other in IDS.keys() - {prefix}:
        with pytest.raises(ValidationError):
            adapter.validate_python(encode(other, USER_UID))


def test_an_account_and_its_entries() -> None:
    view = AccountView(3, PAYER, 5, USER_UID, "EUR", Decimal("12.5"), Decimal(2), 7, TIMES[0], None)
    assert ledger.account(view).model_dump() == {
        "id": encode("acct", PAYER),
        "v1_id": 3,
        "user_id": encode("usr", USER_UID),
        "currency": "EUR",
        "balance": "12.50",
        "held": "2.00",
        "available": "10.50",
        "created_at": TIMES[0],
    }
    entry = EntryView(1, TRANSFER, "capture", PAYEE, Decimal(-3), "EUR", Decimal("9.5"), TIMES[0])
    assert ledger.entry(entry).model_dump() == {
        "transfer_id": encode("txn", TRANSFER),
        "kind": "capture",
        "counterparty_account_id": encode("acct", PAYEE),
        "amount": "-3.00",
        "currency": "EUR",
        "balance_after": "9.50",
        "created_at": TIMES[0],
    }


def test_a_transfer_and_a_hold() -> None:
    parties = (1, PAYER, 2, USER_UID, 3, PAYEE, 4, SESSION_UID, Decimal("1.5"), "EUR")
    transfer = TransferView(TRANSFER, "reversal", *parties, OTHER, KEY, HOLD, TIMES[0])
    assert ledger.transfer(transfer).model_dump() == {
        **PARTIES,
        "id": encode("txn", TRANSFER),
        "kind": "reversal",
        "amount": "1.50",
        "currency": "EUR",
        "reverses_id": encode("txn", OTHER),
        "reversed_by_id": encode("txn", KEY),
        "hold_id": encode("hold", HOLD),
        "created_at": TIMES[0],
    }
    plain = ledger.transfer(replace(transfer, reverses_uid=None, reversed_by_uid=None, hold_uid=None))
    assert (plain.reverses_id, plain.reversed_by_id, plain.hold_id) == (None, None, None)
    hold = HoldView(HOLD, *parties, "captured", TRANSFER, *TIMES[:3])
    assert ledger.hold(hold).model_dump() == {
        **PARTIES,
        "id": encode("hold", HOLD),
        "state": "captured",
        "amount": "1.50",
        "currency": "EUR",
        "transfer_id": encode("txn", TRANSFER),
        "created_at": TIMES[0],
        "expires_at": TIMES[1],
        "resolved_at": TIMES[2],
    }


def test_money_to_move() -> None:
    body = {**PARTIES, "amount": "1.50", "currency": "EUR"}
    draft = TransferDraft(PAYER, PAYEE, Decimal("1.50"), "EUR")
    assert ledger.draft(ledger_schemas.TransferCreate.model_validate(body)) == draft
    hold = ledger_schemas.HoldCreate.model_validate({**body, "expires_in_seconds": 90})
    assert ledger.hold_draft(hold) == HoldDraft(draft, timedelta(seconds=90))
    assert ledger.captured_amount(ledger_schemas.Capture.model_validate({"amount": "0.5"})) == Decimal("0.5")
    assert ledger.captured_amount(ledger_schemas.Capture.model_validate({})) is None


def test_a_file_and_one_whose_content_is_to_come() -> None:
    view = FileView(4, FILE_UID, 5, USER_UID, "a.pdf", "application/pdf", "key", 17, b"\x0f\xf0", "public", TIMES[0])
    assert files.file(view).model_dump() == {
        "id": encode("file", FILE_UID),
        "v1_id": 4,
        "owner_id": encode("usr", USER_UID),
        "name": "a.pdf",
        "content_type": "application/pdf",
        "size": 17,
        "sha256": "0ff0",
        "visibility": "public",
        "created_at": TIMES[0],
    }
    request = SignedRequest("PUT", "https://bucket.example/a", {"content-length": "17"}, TIMES[1])
    pending = PendingFile(FILE_UID, USER_UID, "a.pdf", "application/pdf", "signed_in", TIMES[0], request)
    assert files.pending_file(pending).model_dump() == {
        "id": encode("file", FILE_UID),
        "owner_id": encode("usr", USER_UID),
        "name": "a.pdf",
        "content_type": "application/pdf",
        "visibility": "signed_in",
        "state": "uploading",
        "created_at": TIMES[0],
        "upload": {
            "method": "PUT",
            "url": "https://bucket.example/a",
            "headers": {"content-length": "17"},
            "expires_at": TIMES[1],
        },
    }


def test_an_upload_to_the_bucket() -> None:
    given = {"filename": "a.pdf", "content_type": "Application/PDF ; q=1", "visibility": "public", "size": 17}
    body = file_schemas.PresignedUploadCreate.model_validate(given)
    expected = NewPresigned("a.pdf", "application/pdf", Visibility.PUBLIC, 17, TYPES, MAX_BYTES)
    assert files.new_presigned(body) == expected
    least = files.new_presigned(file_schemas.PresignedUploadCreate.model_validate({"filename": "a.pdf"}))
    assert (least.content_type, least.visibility, least.size) == ("application/octet-stream", Visibility.PRIVATE, None)


def test_an_audit_event() -> None:
    view = AuditEventView(
        OTHER,
        TIMES[0],
        USER_UID,
        None,
        "session.revoked",
        f"session:{SESSION_UID}",
        "rejected",
        "192.0.2.7",
        "r-1",
        {"a": 1},
    )
    shown = {
        "id": encode("aud", OTHER),
        "occurred_at": TIMES[0],
        "actor": {"type": "user", "id": encode("usr", USER_UID)},
        "on_behalf_of": None,
        "action": "session.revoked",
        "target": {"type": "session", "id": encode("ses", SESSION_UID)},
        "outcome": "rejected",
        "address": "192.0.2.7",
        "request_id": "r-1",
        "detail": {"a": 1},
    }
    assert audit_events.audit_event(view).model_dump() == shown
    by_key = audit_events.audit_event(replace(view, actor=KEY, on_behalf=USER_UID)).model_dump()
    assert by_key["actor"] == {"type": "api_key", "id": encode("key", KEY)}
    assert by_key["on_behalf_of"] == encode("usr", USER_UID)
    of_setting = audit_events.audit_event(replace(view, actor=None, target="plan:a:b")).model_dump()
    assert (of_setting["actor"], of_setting["target"]) == (None, {"type": "plan", "id": "a:b"})


def test_a_filter_of_audit_events() -> None:
    given = (encode("usr", USER_UID), encode("key", KEY), "api_key.revoked", "rejected", TIMES[0], TIMES[1])
    expected = AuditFilter(USER_UID, f"api_key:{KEY}", "api_key.revoked", "rejected", TIMES[0], TIMES[1])
    assert audit_events.wanted(*given) == expected  # type: ignore[arg-type]  # an outcome
    assert audit_events.wanted(None, None, None, None, None, None) == AuditFilter()


def test_usage() -> None:
    day = UsageDayView(date(2026, 2, 1), "key_1", KEY, 9, 1, 2, 3, 0.01234)
    assert usage.usage_day(day).model_dump() == {
        "day": date(2026, 2, 1),
        "api_key_id": encode("key", KEY),
        "requests": 9,
        "errors": 1,
        "rejections": 2,
        "deprecated_calls": 3,
        "p95_ms": 12.3,
    }
    without = usage.usage_day(replace(day, key_uid=None, p95_seconds=None))
    assert (without.api_key_id, without.p95_ms) == (None, None)
    element = UsedElementView("query:search", 3, 4, deprecated=True, missing_in_successor=False)
    used = UsedOperationView("v1", "GET /posts", 9, 4, True, "v2", "GET /posts/{id}", [element])  # noqa: FBT003 - deprecated
    assert usage.used_operation(used).model_dump() == {
        "api_version": "v1",
        "operation": "GET /posts",
        "requests": 9,
        "observed": 4,
        "deprecated": True,
        "successor_version": "v2",
        "successor": "GET /posts/{id}",
        "elements": [
            {
                "element": "query:search",
                "present": 3,
                "possible": 4,
                "deprecated": True,
                "missing_in_successor": False,
            }
        ],
    }
    days = date(2026, 2, 1), date(2026, 2, 2)
    assert usage.wanted(*days, KEY) == UsageFilter(*days, KEY)  # type: ignore[arg-type]  # its validator decodes an id
    assert usage.wanted(None, None, None) == UsageFilter()
    wanted = impact.wanted(days[0], "v1")
    assert (wanted.since, wanted.version, wanted.prefixes.user, wanted.prefixes.api_key) == (
        days[0],
        "v1",
        "usr",
        "key",
    )


def test_the_filter_of_events() -> None:
    every = event_log.wanted(None, OTHER)
    assert every == EventFilter(event_log.KNOWN, OTHER, unfiltered=True)
    some = event_log.wanted(["post.created"], OTHER)
    assert some == EventFilter({"post.created": event_log.KNOWN["post.created"]}, OTHER)


def test_identities_and_visits() -> None:
    view = IdentityView(IDENTITY, "github", "ada@example.com", TIMES[0], TIMES[1])
    assert providers.identity(view).model_dump() == {
        "id": encode("idn", IDENTITY),
        "provider": "github",
        "email": "ada@example.com",
        "created_at": TIMES[0],
        "last_used_at": TIMES[1],
    }
    given = ("github", "https://api.example/callback", "cookie")
    page = "https://app.example/done"
    assert providers.sign_in(*given, page, "challenge") == FlowStart(*given, page, "challenge")
    for purpose in ("link", "reauthenticate"):
        body = provider_schemas.NewVisit.model_validate({"purpose": purpose, "redirect_to": page})
        assert providers.visit(body, *given) == (FlowStart(*given, page), Purpose(purpose))
    started = providers.started(StartedFlow("https://id.example/", "cookie", TIMES[0])).model_dump()
    assert started == {"authorization_url": "https://id.example/", "expires_at": TIMES[0]}
    signed_in = providers.result(Completed(Completion.SIGNED_IN, TokenPair("access", "refresh", 900, "posts:read")))
    assert signed_in.outcome == "signed_in"
    assert signed_in.tokens is not None
    assert (signed_in.tokens.access_token, signed_in.tokens.refresh_token) == ("access", "refresh")
    assert providers.result(Completed(Completion.LINKED)).model_dump() == {"outcome": "linked", "tokens": None}
