"""What a full run with secrets in every input leaves: logs, metrics, mails, evidence, its export and impact reports.

None contains a secret, and each line of a log is JSON.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from app.kit.mail.mailbox import read_mailbox
from app.kit.mail.mailer import mailbox_folder
from tests.support.dialects import DIALECTS
from tests.support.dialects.dialect import Dialect
from tests.support.limits import SHORT_STREAMS
from tests.support.live import Strata, api_key
from tests.support.other_contracts import hostile
from tests.support.postgres import clone, owner_dsn
from tests.support.secret_probe import Plants, drive
from tests.support.waiting import PATIENCE
from tests.support.wire import WIRE

_TIMEOUT = 30
_REQUEST_FIELDS = {
    *("event", "request_id", "trace_id", "span_id", "api_version", "http_route", "method", "status"),
    *("duration_ms", "consumer", "bytes_out", "level", "timestamp", "client_network", "key", "user", "plan"),
    *("db_ms", "db_statements", "release"),
}
_MAILED = re.compile(
    r"mailed token$|(auth\.register|registrations\.create) .*: (display_)?name$|tasks\.send_email .*: (body|subject)$"
)
"""What a mail is there to carry: its token, the name of its reader, and the text of a user who sends one."""
_OCCASIONAL_FIELDS = {"problem", "policy", "deprecated"}
_VIOLATION_FIELDS = {
    *("event", "request_id", "trace_id", "span_id", "api_version", "http_route", "method", "status", "operation"),
    *("direction", "rule", "keyword", "pointer", "schema", "level", "timestamp"),
}


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "log")


@pytest.fixture
def strata(dsn: str, tmp_path: Path) -> Strata:
    chatty = {"STRATA_LOG__LEVEL": "debug", "STRATA_LOG__FORMAT": "json", "STRATA_AUTH__LOGINS_PER_MINUTE": "10000"}
    chatty |= {"STRATA_USAGE__SAMPLE_RATIO": "1", "STRATA_USAGE__MAX_SAMPLES_PER_SECOND": "10000"}
    chatty |= {"STRATA_USAGE__MAX_WAITING": "10000"}
    return Strata(tmp_path / "home", dsn, **chatty, **SHORT_STREAMS, **hostile(tmp_path / "contracts"))


def lines_of(log: str) -> list[dict[str, Any]]:
    """Parse every line as JSON."""
    return [json.loads(line) for line in log.splitlines()]


def use_a_new_user(strata: Strata, url: str, plants: Plants) -> None:
    """Register, verify, sign in, refresh and sign out in both versions, with successful responses."""
    with httpx2.Client(base_url=url, timeout=_TIMEOUT) as client:
        for version, dialect in DIALECTS.items():
            email, password = plants.address(f"{version} account"), plants.opaque(f"{version} account")
            registration = dialect.register(email, password)
            assert registration.send(client).status_code in {201, 202}
            token = plants.note(mailed_token(strata, email), f"{version} mailed token")
            assert dialect.verify(email, token).send(client).is_success
            assert registration.send(client).status_code < 500
            sign_in_and_out(client, dialect, email, password, plants)


def sign_in_and_out(client: httpx2.Client, dialect: Dialect, email: str, password: str, plants: Plants) -> None:
    version = dialect.name
    wrong = plants.opaque(f"{version} wrong password")
    assert dialect.login(email, wrong).send(client).status_code in {400, 401}
    response = dialect.login(email, password).send(client)
    assert response.status_code == 200, response.text
    tokens = response.json()
    for kind in ("access_token", "refresh_token"):
        plants.note(tokens[kind], f"{version} {kind}")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/api/v2/me", headers=bearer).status_code == 200
    renewed = dialect.refresh(tokens["refresh_token"]).send(client)
    assert renewed.status_code == 200, renewed.text
    plants.note(renewed.json()["access_token"], f"{version} renewed token")
    spent = {"token": tokens["refresh_token"]}
    assert client.post("/api/v2/auth/revoke", data=spent).status_code == 200


def mailed_token(strata: Strata, email: str) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for mail in read_mailbox(mailbox_folder(strata.home)):
            if email in mail.to and mail.token is not None:
                return mail.token
        time.sleep(0.1)
    raise AssertionError(f"no mail:\n{strata.log('worker')}")


async def break_tables(dsn: str) -> None:
    """Rename tables, so that statements fail with errors that quote them."""
    connection = await asyncpg.connect(owner_dsn(dsn))
    for table in ("posts", "events", "sessions"):
        await connection.execute(f"ALTER TABLE {table} RENAME TO gone_{table}")
    await connection.close()


async def stored_evidence(dsn: str) -> str:
    """The table of evidence, of which the export is a part."""
    connection = await asyncpg.connect(owner_dsn(dsn))
    found = await connection.fetch("SELECT usage_elements::text AS line FROM usage_elements")
    await connection.close()
    return "\n".join(row["line"] for row in found)


def stricter(contract: Path) -> Path:
    """A candidate that affects each text and each listed value of a request, so that reports give reasons for all."""
    document = json.loads(contract.read_bytes())
    for schema in document["components"]["schemas"].values():
        for member in schema.get("properties", {}).values():
            if member.get("type") == "string":
                member |= {"minLength": 5000, "maxLength": 5000}
        schema["required"] = sorted(schema.get("properties", ()))
    path = contract.with_name("candidate.json")
    path.write_text(json.dumps(document))
    return path


def impact_reports(strata: Strata, contracts: Path, export: str) -> str:
    """Reports in each format, from the export and from the database."""
    usage = contracts / "usage.json"
    usage.write_text(export)
    old = contracts / f"{WIRE}.openapi.json"
    change = ["impact", str(old), str(stricter(old))]
    commands = [[*change, "--usage", str(usage), "--json"], [*change, "--markdown"], [*change, "--by", "finding"]]
    return "\n".join(strata.run(*command, expect=1).stdout for command in commands)


def mails(strata: Strata) -> str:
    return "\n".join(path.read_text() for path in mailbox_folder(strata.home).glob("*/*") if path.is_file())


async def test_a_full_run_leaves_no_secret(strata: Strata, dsn: str, tmp_path: Path) -> None:
    plants = Plants()
    key = api_key(strata, plants.address("owner of the key"))
    plants.note(key["X-API-Key"], "a valid key")
    with strata.serving() as url, strata.running("worker"):
        use_a_new_user(strata, url, plants)
        drive(url, plants, key)
        await break_tables(dsn)
        drive(url, plants, key)
        metrics = httpx2.get(f"{url}/metrics", timeout=_TIMEOUT).text
    evidence = await stored_evidence(dsn)
    served, worked = lines_of(strata.log("serve")), lines_of(strata.log("worker"))
    requests = [line for line in served if line["event"] == "request"]
    assert len(requests) > 500
    assert all(line.keys() - _OCCASIONAL_FIELDS == _REQUEST_FIELDS for line in requests)
    assert {200, 201, 401, 404, 422, 500} <= {line["status"] for line in requests}
    failures = [line for line in served if line["event"] == "request_failed"]
    assert any("UndefinedTable" in line["exception"] for line in failures), "errors quote the statements"
    assert any(line["event"] == "job_done" for line in worked)
    # The contracts of this server allow no text, so every request and response violates them; values are not logged.
    violations = [line for line in served if line["event"] == "contract_violation"]
    assert len(violations) > 200
    assert {"header", "body"} <= {line["rule"] for line in violations}
    assert {line["direction"] for line in violations} == {"request", "response"}
    assert all(line.keys() == _VIOLATION_FIELDS and line["schema"].endswith("/maxLength") for line in violations)
    assert len(plants.known) > 1000
    assert plants.found_in(strata.log("serve") + strata.log("worker")) == {}
    assert len(evidence.splitlines()) > 100, "the accepted requests are evidence"
    assert 'api_usage_evidence_samples_total{stratum="random"}' in metrics
    assert plants.found_in(evidence + metrics) == {}
    export = strata.run("usage", "export", "--since", "1d").stdout
    reports = impact_reports(strata, tmp_path / "contracts", export)
    assert min(export.count('"elements"'), reports.count("break")) > 50
    assert plants.found_in(export) == {}
    # Whom to contact is no secret to the operator.
    assert {place: value for place, value in plants.found_in(reports).items() if "@" not in value} == {}
    mailed = {place for place, value in plants.found_in(mails(strata)).items() if "@" not in value}
    assert {place for place in mailed if not _MAILED.search(place)} == set()
