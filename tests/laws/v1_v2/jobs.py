"""Jobs: tasks of v1 are jobs of v2."""

from typing import Any, Final
from uuid import UUID

import httpx2
from hypothesis import strategies as st

from tests.laws.v1_v2.agreement import agree, ok
from tests.laws.v1_v2.harness import Caller, VersionsHarness
from tests.laws.v1_v2.law import law
from tests.laws.v1_v2.strategies import VERSIONS
from tests.laws.v1_v2.tables.fields import NEW_MAIL, TASK
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
