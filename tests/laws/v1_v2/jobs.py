"""Jobs: tasks of v1 are jobs of v2."""

from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.fields import NEW_IMPORT, NEW_MAIL, TASK
from versions.kit.typeid import decode, encode

_STATES: Final = {
    "queued": 'attempt = 1, problem = \'{"code": "job_failed", "detail": "Once."}\'',
    "running": "status = 'running', run = gen_random_uuid()",
    "progress": "status = 'running', run = gen_random_uuid(), done = 1, total = 4",
    "succeeded": "status = 'succeeded', finished_at = now(), result = '{\"rows\": 7}'",
    "failed": 'status = \'failed\', finished_at = now(), problem = \'{"code": "job_failed", "detail": "Why."}\'',
    "cancelled": "status = 'cancelled', finished_at = now(), cancel_requested_at = now()",
}
_RECIPIENTS: Final = st.sampled_from(["own", "another spelling", "other", "", "no address"])

_FILES: Final = st.sampled_from(["own", "unfinished", "foreign", "missing"])
_DAYS: Final = st.dates(date(2025, 10, 1), date(2026, 12, 31))


def _mail(version: str, caller: Caller, to: str, text: str = "It is done.") -> httpx2.Response:
    """A request for a mail."""
    if version == "v1":
        return caller.v1.post("/tasks/send-email", {"to": to, "subject": "Done", "body": text})
    params = {"to": to, "subject": "Done", "text": text}
    return caller.v2.post("/jobs", {"type": "email", "params": params})


def _uid(body: dict[str, Any]) -> UUID:
    return UUID(body["task_id"]) if "task_id" in body else decode("job", body["id"])


def _read(caller: Caller, uid: UUID) -> tuple[httpx2.Response, httpx2.Response]:
    return caller.v1.get(f"/tasks/task-status/{uid}"), caller.v2.get(f"/jobs/{encode('job', uid)}")


@law(version=VERSIONS, state=st.sampled_from(list(_STATES)))
def a_job_reads_alike(harness: VersionsHarness, version: str, state: str) -> None:
    """What one version requests, the other shows, in each state; strangers see it in neither."""
    uid = _uid(ok(_mail(version, harness.ada, harness.ada.email)).json())
    harness.fetch(f"UPDATE jobs SET {_STATES[state]} WHERE uid = $1 RETURNING 1", uid)  # noqa: S608 - a constant
    old, new = _read(harness.ada, uid)
    agree(harness, ok(old), ok(new), TASK)
    agree(harness, *_read(harness.bob, uid))


@law(recipient=_RECIPIENTS, admin=st.booleans())
def mails_are_rejected_alike(harness: VersionsHarness, recipient: str, *, admin: bool) -> None:
    """Who may mail to whom does not depend on the version."""
    caller = harness.admin if admin else harness.ada
    to = {
        "own": caller.email,
        "another spelling": caller.email.capitalize(),
        "other": harness.bob.email,
    }.get(recipient, recipient)
    with harness.rolled_back():
        old = _mail("v1", caller, to)
    with harness.rolled_back():
        new = _mail("v2", caller, to)
    if old.is_success and new.is_success:
        body = {"to": to, "subject": "Done", "body": "It is done."}
        assert NEW_MAIL.from_v1(harness, body) == NEW_MAIL.from_v2(
            harness, {"to": to, "subject": "Done", "text": "It is done."}
        )
        return
    agree(harness, old, new, names={"to": "params/to", "body": "params/text", "subject": "params/subject"})


@law(version=VERSIONS, state=st.sampled_from(list(_STATES)), stranger=st.booleans())
def a_cancellation_means_the_same(harness: VersionsHarness, version: str, state: str, *, stranger: bool) -> None:
    """It has the same effect and the same failures, and the other version shows it."""
    uid = _uid(ok(_mail(version, harness.ada, harness.ada.email)).json())
    harness.fetch(f"UPDATE jobs SET {_STATES[state]} WHERE uid = $1 RETURNING 1", uid)  # noqa: S608 - a constant
    caller = harness.bob if stranger else harness.ada
    seen = []
    with harness.rolled_back():
        old = caller.v1.delete(f"/tasks/task/{uid}")
        seen.append(_read(harness.ada, uid)[0].json())
    with harness.rolled_back():
        new = caller.v2.delete(f"/jobs/{encode('job', uid)}")
        seen.append(_read(harness.ada, uid)[0].json())
    agree(harness, old, new)
    assert seen[0] == seen[1]


def _add_file(harness: VersionsHarness, owner: Caller, *, ready: bool = True) -> tuple[int, UUID]:
    """The ids of a new file."""
    uid = uuid4()
    ((number,),) = harness.fetch(
        "INSERT INTO files (uid, owner_id, name, content_type, object_key)"
        " VALUES ($1, $2, 'posts.csv', 'text/csv', $3) RETURNING id",
        uid,
        owner.number,
        str(uid),
    )
    if ready:
        change = "state = 'ready', size = 8, sha256 = '\\x00', ready_at = now()"
        harness.fetch(f"UPDATE files SET {change} WHERE id = $1 RETURNING 1", number)  # noqa: S608 - a constant
    return number, uid


def _requested(harness: VersionsHarness) -> list[tuple[Any, ...]]:
    """What both versions store of a job."""
    return harness.fetch("SELECT kind, owner_id, params::text, priority, status FROM jobs ORDER BY id")


def _request_both(
    harness: VersionsHarness, caller: Caller, old: tuple[str, Any, dict[str, Any]], new: Any
) -> tuple[httpx2.Response, httpx2.Response]:
    """The responses to both requests, which must have the same effect."""
    path, body, query = old
    with harness.rolled_back():
        first, stored = caller.v1.post(path, body, params=query), _requested(harness)
    with harness.rolled_back():
        second = caller.v2.post("/jobs", new)
        assert _requested(harness) == stored
    return first, second


@law(file=_FILES, admin=st.booleans())
def imports_are_requested_alike(harness: VersionsHarness, file: str, *, admin: bool) -> None:
    """Both versions import files of the caller only, with the same parameters."""
    caller = harness.admin if admin else harness.ada
    number, uid = _add_file(harness, harness.bob if file == "foreign" else caller, ready=file != "unfinished")
    if file == "missing":
        number, uid = number + 1000, uuid4()
    body, params = {"file_id": number}, {"file_id": encode("file", uid)}
    old, new = _request_both(
        harness, caller, ("/tasks/process-csv", body, {}), {"type": "csv_import", "params": params}
    )
    agree(harness, old, new)
    assert old.is_success == (file == "own")
    if file == "own":
        assert NEW_IMPORT.from_v1(harness, body) == NEW_IMPORT.from_v2(harness, params)


@law(start=_DAYS, end=_DAYS)
def reports_are_requested_alike(harness: VersionsHarness, start: date, end: date) -> None:
    """Both versions accept the same periods, and request the same report."""
    period = {"start_date": start.isoformat(), "end_date": end.isoformat()}
    old, new = _request_both(
        harness,
        harness.ada,
        ("/tasks/generate-report", None, period),
        {"type": "report", "params": period},
    )
    agree(harness, old, new)
    assert old.is_success == (0 <= (end - start).days < 366)


@law(version=VERSIONS)
def a_report_names_the_same_file(harness: VersionsHarness, version: str) -> None:
    """The result of a report is its file, with the id of each version."""
    uid = _uid(ok(_mail(version, harness.ada, harness.ada.email)).json())
    number, file = _add_file(harness, harness.ada)
    harness.fetch(
        "UPDATE jobs SET status = 'succeeded', finished_at = now(), result = jsonb_build_object('file', $2::text,"
        " 'file_number', $3::bigint) WHERE uid = $1 RETURNING 1",
        uid,
        str(file),
        number,
    )
    old, new = _read(harness.ada, uid)
    assert ok(old).json()["result"] == {"file_id": number}
    assert ok(new).json()["result"] == {"file_id": encode("file", file)}
