"""Signed URLs appear in responses only: not in logs, traces, metrics or the database."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx2
import pytest

from observability.tracing.local import SUFFIX
from tests.support.live import Strata, api_key
from tests.support.other_contracts import hostile
from tests.support.postgres import clone, owner_dsn
from tests.support.presigned import FILES, PRESIGNED
from tests.support.s3 import SECRET_KEY, running_s3
from tests.support.uploads import CSV
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
async def dsn(admin_dsn: str) -> str:
    return await clone(admin_dsn, "signed")


def signature(url: str) -> str:
    """The part without which a URL is useless."""
    (found,) = parse_qs(urlsplit(url).query)["X-Amz-Signature"]
    assert len(found) == 64
    return found


async def stored_texts(dsn: str) -> str:
    """Every row of every table."""
    connection = await asyncpg.connect(owner_dsn(dsn))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{name}" t') for (name,) in tables]  # noqa: S608 - of the catalogue
    finally:
        await connection.close()
    return "\n".join(text for found in rows for (text,) in found)


async def test_signed_urls_appear_in_responses_only(dsn: str, tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home", dsn, **hostile(tmp_path / "contracts"))
    strata.environment |= {"STRATA_LOG__LEVEL": "debug", "STRATA_TRACING__SAMPLE_RATIO": "1"}
    headers = {**api_key(strata), "Idempotency-Key": '"k"'}
    with ExitStack() as stack:
        with ExitStack() as bucket:
            server = bucket.enter_context(running_s3())
            url = stack.enter_context(strata.serving(**server.variables()))
            client = stack.enter_context(httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE))
            begun = client.post(PRESIGNED, json={"filename": "posts.csv"}).json()
            put = begun["upload"]["url"]
            assert httpx2.put(put, content=CSV, timeout=PATIENCE).is_success
            assert client.post(f"{FILES}/{begun['id']}/complete").is_success
            location = client.get(f"{FILES}/{begun['id']}/content?redirect=true").headers["Location"]
            assert httpx2.get(location, timeout=PATIENCE).content == CSV
            pending = client.post(PRESIGNED, json={"filename": "posts.csv"}, headers={"Idempotency-Key": '"l"'}).json()
            assert httpx2.put(pending["upload"]["url"], content=CSV, timeout=PATIENCE).is_success
        # The bucket is gone: errors of the client library contain URLs.
        assert client.post(f"{FILES}/{pending['id']}/complete").status_code == 503
        assert client.get(f"{FILES}/{begun['id']}/content?redirect=true").status_code == 503
        metrics = client.get("/metrics").text
        wait_until(lambda: "contract_violation" in strata.log("serve"))
    log = strata.log("serve")
    assert "storage_failed" in log
    assert PRESIGNED in log
    traces = "".join(path.read_text(errors="replace") for path in strata.home.rglob(f"*{SUFFIX}"))
    assert PRESIGNED in traces
    secrets = [SECRET_KEY, *(signature(one) for one in (put, location, pending["upload"]["url"]))]
    for place, text in {"log": log, "metrics": metrics, "traces": traces, "database": await stored_texts(dsn)}.items():
        assert [secret for secret in (*secrets, "X-Amz-") if secret in text] == [], place
