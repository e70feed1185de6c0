"""What v2 makes of webhook endpoints, deliveries, jobs and notifications of the core, and of requests about them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from pydantic import TypeAdapter

from app.exports.commands import ExportedResource, ExportForm, ExportFormat, ExportRequest
from app.jobs.commands import EmailDraft, JobFilter, PostImport
from app.jobs.views import JobView, RowProblemView
from app.kit.unset import UNSET
from app.notifications.views import NotificationView
from app.reports.commands import ReportRequest
from app.webhooks.commands import DeliveryFilter, EndpointDraft, EndpointEdit
from app.webhooks.delivery_views import AttemptView, DeliveryView, Recovery
from app.webhooks.views import EndpointView, Outcome, TestSend
from tests.versions.views import FILE_UID, USER_UID
from versions.kit.typeid import encode
from versions.registry import VERSIONS
from versions.v2.deliveries import mapping as deliveries
from versions.v2.exports.mapping import COLUMNS
from versions.v2.jobs import mapping as jobs
from versions.v2.jobs import schemas as job_schemas
from versions.v2.notifications import mapping as notifications
from versions.v2.webhooks import mapping as webhooks
from versions.v2.webhooks import schemas as webhook_schemas

DELIVERY, ENDPOINT, EVENT, JOB, NOTIFICATION = (UUID(int=number) for number in range(11, 16))
TIMES = [datetime(2026, 2, day, tzinfo=UTC) for day in range(1, 6)]
KNOWN = VERSIONS[-1].events.types.keys()


def test_an_endpoint() -> None:
    view = EndpointView(
        4,
        ENDPOINT,
        USER_UID,
        "https://a.example/",
        ["post.created"],
        "for posts",
        "v2",
        "disabled",
        "gone",
        TIMES[0],
        TIMES[1],
        5,
        TIMES[2],
        TIMES[3],
    )
    shown = {
        "id": encode("wh", ENDPOINT),
        "v1_id": 4,
        "url": "https://a.example/",
        "events": ["post.created"],
        "description": "for posts",
        "api_version": "v2",
        "state": "disabled",
        "disabled_reason": "gone",
        "disabled_at": TIMES[0],
        "created_at": TIMES[1],
    }
    assert webhooks.endpoint(view).model_dump() == shown
    assert webhooks.with_secret(view, "whsec_1").model_dump() == {**shown, "secret": "whsec_1"}


@pytest.mark.parametrize(
    ("patch", "edit"),
    [
        ({}, {}),
        ({"state": "active"}, {"active": True}),
        ({"state": "disabled"}, {"active": False}),
        ({"url": "https://b.example/", "events": []}, {"url": "https://b.example/", "events": []}),
        ({"description": "", "api_version": "v2"}, {"description": "", "api_version": "v2"}),
    ],
)
def test_an_edit_of_an_endpoint_has_the_given_members(patch: dict[str, Any], edit: dict[str, Any]) -> None:
    found = webhooks.edit(webhook_schemas.WebhookEndpointPatch.model_validate(patch))
    assert found == EndpointEdit(known=KNOWN, **edit)
    assert found.active is edit.get("active", UNSET)


def test_a_new_endpoint_and_a_rotation() -> None:
    body = {"url": "https://a.example/", "events": ["post.created"], "description": "for posts"}
    expected = EndpointDraft("https://a.example/", ["post.created"], "v2", KNOWN, "for posts")
    assert webhooks.draft(webhook_schemas.WebhookEndpointCreate.model_validate(body)) == expected
    assert webhooks.overlap(webhook_schemas.SecretRotation(overlap_seconds=90)) == timedelta(seconds=90)
    assert webhooks.overlap(webhook_schemas.SecretRotation()) == timedelta(days=1)


def test_a_test_and_a_recovery() -> None:
    sent = {"webhook_id": "evt_1", "webhook_timestamp": 17, "body_length": 21, "body_sha256": "00ff"}
    answered = TestSend("evt_1", 17, 21, "00ff", Outcome(35, 500, excerpt="no"))
    assert webhooks.test(answered).model_dump() == {
        **sent,
        "succeeded": False,
        "status": 500,
        "error": None,
        "response": "no",
        "duration_ms": 35,
    }
    unreachable = webhooks.test(replace(answered, outcome=Outcome(35, error="timeout")))
    assert (unreachable.succeeded, unreachable.status, unreachable.error) == (False, None, "timeout")
    assert webhooks.test(replace(answered, outcome=Outcome(35, 204))).succeeded
    assert webhooks.recovery(Recovery(7, complete=False)).model_dump() == {"recovered": 7, "complete": False}


def test_a_delivery_and_its_attempts() -> None:
    view = DeliveryView(
        1, DELIVERY, ENDPOINT, USER_UID, EVENT, "post.created", 9, "v2", "manual", "pending", "why", 3, *TIMES[:4]
    )
    shown = {
        "id": encode("dlv", DELIVERY),
        "webhook_endpoint_id": encode("wh", ENDPOINT),
        "event_id": encode("evt", EVENT),
        "type": "post.created",
        "api_version": "v2",
        "kind": "manual",
        "status": "pending",
        "reason": "why",
        "attempt_count": 3,
        "next_attempt_at": TIMES[0],
        "created_at": TIMES[1],
        "first_attempt_at": TIMES[2],
        "finished_at": TIMES[3],
    }
    assert deliveries.delivery(view).model_dump() == shown
    ended = deliveries.delivery(replace(view, status="failed"))
    assert ended.next_attempt_at is None, "none waits"
    attempt = AttemptView(2, TIMES[4], 35, 500, "timeout", "no", "4bf9")
    assert deliveries.with_attempts(view, [attempt]).model_dump() == {
        **shown,
        "attempts": [
            {
                "number": 2,
                "started_at": TIMES[4],
                "duration_ms": 35,
                "status": 500,
                "error": "timeout",
                "response": "no",
                "trace_id": "4bf9",
            }
        ],
    }
    assert deliveries.wanted(["post.created"], "failed", EVENT) == DeliveryFilter(["post.created"], "failed", EVENT)
    assert deliveries.wanted(None, None, None) == DeliveryFilter()


def test_a_notification() -> None:
    view = NotificationView(1, NOTIFICATION, USER_UID, "Your report is ready.", TIMES[0], TIMES[1])
    assert notifications.notification(view).model_dump() == {
        "id": encode("ntf", NOTIFICATION),
        "sender_id": encode("usr", USER_UID),
        "message": "Your report is ready.",
        "created_at": TIMES[0],
        "read_at": TIMES[1],
    }


RUNNING = JobView(
    1,
    JOB,
    2,
    "csv_import",
    "running",
    5,
    3,
    1,
    3,
    "reading",
    None,
    {"code": "job_failed", "detail": "An error."},
    *TIMES[:4],
)


def test_a_job() -> None:
    shown = {
        "id": encode("job", JOB),
        "type": "csv_import",
        "status": "running",
        "attempt": 3,
        "progress": {"done": 1, "total": 3, "percent": 33},
        "message": "reading",
        "result": None,
        "problem": {"code": "job_failed", "detail": "An error."},
        "created_at": TIMES[0],
        "started_at": TIMES[1],
        "finished_at": TIMES[2],
        "cancel_requested_at": TIMES[3],
    }
    assert jobs.job(RUNNING).model_dump() == shown
    assert orjson.loads(jobs.encode_job(RUNNING))["progress"] == shown["progress"]
    assert jobs.job(replace(RUNNING, total=None)).progress.model_dump() == {"done": 1, "total": None, "percent": None}
    assert jobs.job(replace(RUNNING, done=0, total=0)).progress.percent == 0, "a file without rows"
    written = jobs.job(replace(RUNNING, problem=None, result={"file": str(FILE_UID), "file_number": 7}))
    assert (written.result, written.problem) == ({"file_id": encode("file", FILE_UID)}, None)
    assert jobs.job(replace(RUNNING, result={"rows": 2})).result == {"rows": 2}
    problem = RowProblemView(1, 3, "/title", "missing", "A post needs a title.")
    assert jobs.row_problem(problem).model_dump() == {
        "line": 3,
        "pointer": "/title",
        "code": "missing",
        "detail": "A post needs a title.",
    }


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            {"type": "email", "params": {"to": "a@example.com", "subject": "s", "text": "t"}},
            EmailDraft("s", "t", "a@example.com"),
        ),
        ({"type": "email", "params": {"subject": "s", "text": "t"}}, EmailDraft("s", "t", None)),
        ({"type": "csv_import", "params": {"file_id": encode("file", FILE_UID)}}, PostImport(FILE_UID)),
        (
            {"type": "report", "params": {"start_date": "2026-11-01", "end_date": "2026-11-30", "title": "Mine"}},
            ReportRequest(date(2026, 11, 1), date(2026, 11, 30), "Mine"),
        ),
        (
            {"type": "export", "params": {"resource": "users", "format": "ndjson"}},
            ExportRequest(ExportedResource.USERS, COLUMNS[ExportedResource.USERS], ExportForm(ExportFormat.NDJSON)),
        ),
    ],
)
def test_a_new_job(body: dict[str, Any], wanted: object) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(job_schemas.JobCreate)
    assert jobs.new_job(adapter.validate_python(body)) == wanted
    assert jobs.wanted("failed", "email") == JobFilter("failed", "email")
