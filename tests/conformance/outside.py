"""Runs the ``schemathesis`` command in a process, and parses its reports for tests."""

import base64
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.support.waiting import PATIENCE, wait_until

CONFIG = Path(__file__).parents[2] / "schemathesis.toml"
_HOOKS = {"SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py"))}
STATE_REASONS = frozenset(
    {
        # v1: the address is taken, the token differs from the mailed one, some posts of a batch do not exist.
        *("Email already registered", "Invalid verification token", "Multiple validation errors"),
        # v2: an invalid token, a cursor of another server, another revision, a key used for another request.
        *("invalid_verification_token", "invalid_reset_token", "invalid_grant", "invalid_cursor", "cursor_mismatch"),
        *("precondition_failed", "idempotency_key_reused", "invalid_confirmation_token"),
        # The ledger: v1 has sentences. A pattern of currencies would list the codes of ISO 4217.
        *("unknown_currency", "same_account", "currency_mismatch", "amount_too_precise"),
        "The currency must be a code of ISO 4217, such as EUR.",
        "Money is transferred between two different accounts.",
        # A schema of one parameter cannot depend on another: only some formats of exports have a trailer.
        "trailer_not_supported",
        # Which files a user has is data.
        "unknown_file",
        # A schema cannot state names and contents of files.
        *("file_type_not_allowed", "content_mismatch", "invalid_file_name", "unsafe_content"),
        "The name of the file is empty or longer than 255 bytes.",
        # OpenAPI is no schema of one body, and which versions are served, and which day it is, is data.
        *("invalid_contract", "unknown_contract_version", "invalid_evidence_period"),
        # Where a URL leads is decided by name servers. A pattern of types would list those of the version.
        *("webhook_url_refused", "unknown_event_type"),
        "Webhooks are not delivered to this URL.",
        "The URL must begin with https://.",
        "The host of the URL is not on the public internet.",
        "The URL must have a host, no user and no fragment, and port 443 or one from 1024 on.",
        "This version has no events of this type.",
        "The amount must be less than 1,000,000,000,000,000.",
    }
)
"""Reasons of rejections that depend on stored data, so no schema can express them."""
_STATE_SENTENCES = re.compile(
    r"An amount in [A-Z]{3} has at most \d decimals\."
    r"|The amount is in [A-Z]{3}, the accounts are in [A-Z]{3} and [A-Z]{3}\."
    r"|The file '.*' has no accepted extension\. Accepted are [a-z., ]+\."
    r"|Name, declared type and content of the file do not agree: .*"
    # JSON Schema has no limit of significant digits.
    r"|\[\{'type': 'too_many_digits', 'loc': \['body', 'amount'\], 'msg': '[^']+'\}\]"
)
"""Such reasons with variable parts."""
_REJECTED = frozenset({400, 405, 406, 410, 411, 412, 413, 415, 422, 428, 431})
PHASES = ("examples", "coverage", "fuzzing", "stateful")


@dataclass(frozen=True)
class Exchange:
    """A request and its response. ``parent`` is the request that it follows, ``mode`` is positive or negative."""

    id: str
    parent: str | None
    phase: str
    method: str
    template: str
    url: str
    mode: str
    status: int
    body: bytes

    @property
    def operation(self) -> str:
        """The operation as schemathesis names it."""
        return f"{self.method} {self.template}"


@dataclass(frozen=True)
class RunResult:
    """The outcome of one run."""

    command: Sequence[str]
    exit_code: int
    output: str
    report: Mapping[str, Any]
    events: Path

    @property
    def failures(self) -> set[tuple[str, str]]:
        """The failures by class and operation: ``("IgnoredAuth", "GET /me")``."""
        return {(found["type"], operation) for found in self.report["failures"] for operation in found["operations"]}

    @property
    def unexplained(self) -> set[tuple[str, int, str]]:
        """Our own check: rejections of valid requests that stored data does not explain, as operation, status, reason.

        The configuration of schemathesis contains status codes only, which are less precise.
        """
        return {
            (exchange.operation, exchange.status, reason)
            for exchanges in self.scenarios()
            for exchange in exchanges
            if exchange.mode == "positive" and exchange.status in _REJECTED
            if (reason := _reason(exchange.body)) not in STATE_REASONS and not _STATE_SENTENCES.fullmatch(reason)
        }

    def scenarios(self) -> Iterator[list[Exchange]]:
        """The exchanges of each scenario, in the order of sending."""
        for line in self.events.read_text().splitlines():
            found = json.loads(line).get("ScenarioFinished")
            if found is not None and "cases" in found["recorder"]:
                yield list(_exchanges(found["recorder"], found["phase"]))


_SECONDS: Final = 1500
"""Until a run counts as hanging: ten times what it takes where other tests run beside it."""


@dataclass(frozen=True)
class Effort:
    """The limits of a run: cases per operation, and optionally seconds."""

    phases: Sequence[str] = PHASES
    examples: int = 10
    seconds: int | None = None
    workers: int = 1
    options: Sequence[str] = ()


def await_document(url: str, version: str) -> None:
    """Return when a server has built a document, which Schemathesis gives 10 s."""
    wait_until(lambda: httpx2.get(f"{url}/api/{version}/openapi.json", timeout=PATIENCE).is_success, PATIENCE)


def attack(url: str, version: str, headers: Mapping[str, str], folder: Path, effort: Effort, seed: int) -> RunResult:
    """Run every check against one version, in a new folder."""
    folder.mkdir(parents=True)
    report, events = folder / "report.json", folder / "events.ndjson"
    await_document(url, version)
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--no-color", "--config-file", str(CONFIG)),
        *("run", f"{url}/api/{version}/openapi.json", "--checks", "all", "--phases", ",".join(effort.phases)),
        *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
        *("--seed", str(seed), "--max-examples", str(effort.examples), "--workers", str(effort.workers)),
        *(("--max-time", str(effort.seconds)) if effort.seconds else ()),
        *("--report", "json,ndjson", "--report-json-path", str(report), "--report-ndjson-path", str(events)),
        # The speed of generation depends on the machine.
        *("--suppress-health-check", "too_slow"),
        *effort.options,
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | _HOOKS,
        capture_output=True,
        text=True,
        timeout=_SECONDS + (effort.seconds or 0),
        check=False,
    )
    output = f"{done.stdout}\n{done.stderr}"
    assert report.exists(), output
    return RunResult(command, done.returncode, output, json.loads(report.read_text()), events)


def seed_of(base: int, *parts: str) -> int:
    """A seed for one part of a run; equal arguments give equal seeds."""
    return zlib.crc32("/".join((str(base), *parts)).encode())


def _exchanges(recorder: Mapping[str, Any], phase: str) -> Iterator[Exchange]:
    for identifier, case in recorder["cases"].items():
        interaction = recorder["interactions"].get(identifier)
        if interaction is None or interaction["response"] is None:
            continue
        value, response = case["value"], interaction["response"]
        yield Exchange(
            identifier,
            case.get("parent_id"),
            phase,
            value["method"],
            value["path"],
            interaction["request"]["uri"],
            value.get("meta", {}).get("generation", {}).get("mode", ""),
            response["status_code"],
            base64.b64decode((response.get("content") or {}).get("$base64", "")),
        )


def _reason(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return body[:80].decode(errors="replace")
    # The token endpoint has ``error`` instead of ``code``; v1 has sentences in ``detail``.
    return str(found.get("code") or found.get("error") or found.get("detail"))
