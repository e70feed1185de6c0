"""What v1 makes of money, files, webhooks, rooms and visits of the core, and of requests about them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import orjson
import pytest

from app.auth.views import TokenPair
from app.files.views import FileView
from app.identities.commands import FlowStart
from app.identities.views import Completed, Completion
from app.jobs.commands import EmailDraft, PostImport
from app.ledger.commands import TransferDraft
from app.ledger.views import AccountView
from app.rooms.views import RoomMessageView
from app.webhooks.commands import EndpointDraft
from app.webhooks.views import EndpointView
from tests.support.event_samples import stored
from tests.versions.views import FILE_UID, USER, USER_UID
from versions.registry import VERSIONS
from versions.v1.auth import mapping as auth
from versions.v1.exports import mapping as exports
from versions.v1.files import mapping as files
from versions.v1.ledger import mapping as ledger
from versions.v1.ledger import schemas as ledger_schemas
from versions.v1.live import mapping as live
from versions.v1.tasks import mapping as tasks
from versions.v1.tasks import schemas as task_schemas
from versions.v1.webhooks import mapping as webhooks
from versions.v1.webhooks import schemas as webhook_schemas

TIMES = [datetime(2026, 2, day, tzinfo=UTC) for day in range(1, 5)]
KNOWN = VERSIONS[0].events.types.keys()


def test_money() -> None:
    view = AccountView(3, UUID(int=9), 5, USER_UID, "EUR", Decimal("12.5"), Decimal(2), 7, TIMES[0], None)
    assert ledger.account(view).model_dump() == {
        "id": 3,
        "currency": "EUR",
        "balance": 12.5,
        "available": 10.5,
        "created_at": TIMES[0],
    }
    body = ledger_schemas.TransferCreate.model_validate({"from_id": 3, "to_id": 4, "amount": Decimal("1.5")})
    assert ledger.draft(body) == TransferDraft(3, 4, Decimal("1.5"))


def test_a_file() -> None:
    view = FileView(4, FILE_UID, 5, USER_UID, "a.pdf", "application/pdf", "key", 17, b"\x0f", "private", TIMES[0])
    assert files.file(view, "/api/v1", "local").model_dump() == {
        "id": 4,
        "filename": "a.pdf",
        "content_type": "application/pdf",
        "size": 17,
        "url": "/api/v1/files/4",
        "storage_type": "local",
    }


def test_a_webhook() -> None:
    view = EndpointView(
        *(4, UUID(int=9), USER_UID, "https://a.example/", ["post.created"], "", "v1", "active", None, None),
        *(TIMES[0], 0, None, None),
    )
    shown = {
        "id": 4,
        "url": "https://a.example/",
        "events": ["post.created"],
        "is_active": True,
        "created_at": TIMES[0],
    }
    assert webhooks.webhook(view).model_dump() == shown
    assert webhooks.created(view, "whsec_1").model_dump() == {**shown, "secret": "whsec_1"}
    assert webhooks.webhook(replace(view, state="disabled")).is_active is False
    body = webhook_schemas.WebhookCreate.model_validate({"url": "https://a.example/", "events": ["post.created"]})
    assert webhooks.draft(body) == EndpointDraft("https://a.example/", ["post.created"], "v1", KNOWN)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("joined", None, {"type": "user_joined"}),
        ("left", None, {"type": "user_left"}),
        ("message", "Hello", {"type": "message", "message": "Hello"}),
    ],
)
def test_what_happens_in_a_room(kind: str, text: str | None, expected: dict[str, str]) -> None:
    view = RoomMessageView(1, 2, kind, USER_UID, 31, text, TIMES[0])
    assert orjson.loads(live.message("lobby", view)) == {"room_id": "lobby", "user_id": 31, **expected}


def test_a_notification_on_a_connection() -> None:
    assert orjson.loads(live.notification(stored("notification.created"))) == {
        "type": "notification",
        "message": "Your report is ready.",
        "created_at": "2026-11-29T12:00:00.000250Z",
    }


def test_new_tasks() -> None:
    mail = task_schemas.EmailTask.model_validate({"to": "a@example.com", "subject": "s", "body": "b"})
    assert tasks.email(mail) == EmailDraft("s", "b", "a@example.com")
    assert tasks.csv_import(task_schemas.CsvTask(file_id=7)) == PostImport(7)


def test_the_caller_and_a_sign_in_with_a_provider() -> None:
    shown = {"id": 5, "email": "ada@example.com", "name": "Ada", "is_verified": False}
    assert auth.me(USER).model_dump() == shown
    assert auth.me(replace(USER, is_verified=True)).is_verified
    assert auth.sign_in("github", "https://api.example/", "cookie") == FlowStart(
        "github", "https://api.example/", "cookie"
    )
    done = auth.completed(Completed(Completion.SIGNED_IN, TokenPair("access", "refresh", 900, "scope")))
    assert (done.access_token, done.refresh_token) == ("access", "refresh")
    with pytest.raises(TypeError):
        auth.completed(Completed(Completion.LINKED))


def test_columns_of_exports_that_have_another_name_in_the_core() -> None:
    assert {column.name: column.field for column in exports.POSTS}["published"] == "is_published"
    assert {column.name: column.field for column in exports.USERS}["full_name"] == "display_name"
    assert (exports.DATASET.items, exports.DATASET.total) == ("items", "total")
