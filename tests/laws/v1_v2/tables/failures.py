"""The failures of v2 with their counterparts in v1. Laws look up every failure of both versions here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tests.truth.v1 import failures as v1
from tests.truth.v1.failures import LIST
from tests.truth.v2 import failures as v2


@dataclass(frozen=True)
class Failure:
    """The statuses of both versions, and v1's detail."""

    new_status: int
    old_status: int
    old_detail: str


FAILURES: Final[Mapping[str, Failure]] = {
    code: Failure(v2.FAILURES[code], status, detail)
    for code, (status, detail) in v1.FAILURES.items()
    if code in v2.FAILURES
}

ONE_SIDED: Final[Mapping[str, str]] = {
    "unknown_file": "v1 attaches no files to posts",
    "content_not_uploaded": "v1 uploads through the API only",
    "storage_not_configured": "v2 does not show where files are stored",
    "api_key_not_found": "v1 does not manage API keys",
    "api_key_expired": "v1 does not manage API keys",
    "api_key_already_rotated": "v1 does not manage API keys",
    "too_many_api_keys": "v1 does not manage API keys",
    "expiry_in_the_past": "v1 does not manage API keys",
    "too_long_brownout": "v1 does not manage API keys",
    "scope_not_granted": "v1 does not manage API keys",
    "identity_not_found": "v1 shows no identities",
    "identity_taken": "v1 links no identities",
    "invalid_confirmation_token": "v1 confirms no identities",
    "invalid_sign_in_code": "v1 responds with tokens, not with a code",
    "last_sign_in_method": "v1 unlinks no identities",
    "limit_too_high": "v1 responds with 400 to a limit above 1000; v2 validates limits like every other value",
    "cursor_mismatch": "v1 has no cursors",
    "invalid_cursor": "v1 has no cursors",
    "invalid_sort": "v1 sorts by one field, which is validated like every other value",
    "invalid_choice": "v1 has neither fields nor include",
    "repeated_parameter": "v1 takes the last value, as its clients know it",
    "unknown_parameter": "v1 ignores unknown parameters",
    "idempotency_key_required": "a transfer of v1 may lack the key",
    "number_not_finite": "amounts of v2 are strings",
    "account_not_found": "v1 has no operation for one account",
    "transfer_not_found": "v1 shows no transfers",
    "event_not_found": "v1 has no log of events",
    "events_deleted": "v1 has no log of events",
    "delivery_not_found": "v1 shows no deliveries",
    "event_not_delivered": "v1 shows no deliveries",
    "event_deleted": "v1 repeats no deliveries",
    "webhook_endpoint_disabled": "v1 repeats no deliveries, and tests active webhooks only",
    "hold_not_found": "v1 has no holds",
    "hold_resolved": "v1 has no holds",
    "amount_above_hold": "v1 has no holds",
    "not_the_payee": "v1 has neither reversals nor holds",
    "already_reversed": "v1 has no reversals",
    "not_reversible": "v1 has no reversals",
    "precondition_failed": "v1 has no conditional requests",
    "invalid_reset_token": "v1 has no password resets",
    "notification_not_found": "v1 shows no notifications",
    "session_not_found": "v1 shows no sessions",
    "unsupported_grant_type": "v1 has an operation for each grant",
}
"""Codes of one version only, with the reason."""


def ensure_same_failure(old: httpx2.Response, new: httpx2.Response, names: Mapping[str, str]) -> None:
    """Both responses are the same failure; ``names`` maps names of v1 to those of v2."""
    problem = new.json()
    declared = FAILURES[problem["code"]]
    observed = (new.status_code, old.status_code, detail_of(old))
    assert observed == (declared.new_status, declared.old_status, declared.old_detail), (old.text, problem)
    assert old.headers.get("WWW-Authenticate") == new.headers.get("WWW-Authenticate")
    if declared.old_detail == LIST:
        rejected = sorted((error["pointer"], error["code"], error["detail"]) for error in problem["errors"])
        assert sorted(_rejected_by_v1(old.json()["detail"], names)) == rejected


def detail_of(old: httpx2.Response) -> str:
    """v1's detail, or ``LIST`` for rejected values."""
    detail: Any = old.json()["detail"]
    return detail if isinstance(detail, str) else LIST


def _rejected_by_v1(issues: list[dict[str, Any]], names: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """v1's rejected values in the form of v2: JSON pointer, code, detail."""
    found = []
    for issue in issues:
        where, *path = issue["loc"]
        steps = [] if issue["type"] == "json_invalid" else [names.get(step, step) for step in path]
        place = steps if where == "body" else [where, *steps]
        found.append(("#" + "".join(f"/{step}" for step in place), issue["type"], issue["msg"]))
    return found
