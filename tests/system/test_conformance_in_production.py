"""Requests to every operation of a running server violate none of its frozen contracts."""

import json
import time
from pathlib import Path

import pytest

from tests.support.limits import SHORT_STREAMS
from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.secret_probe import Plants, drive
from tests.support.waiting import PATIENCE

CHECKED = "api_contract_checked_total"


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    dsn = await clone(admin_dsn, "conforms")
    return Strata(
        tmp_path / "home", dsn, STRATA_LOG__FORMAT="json", STRATA_CONFORMANCE__SAMPLE_RATIO="1", **SHORT_STREAMS
    )


def test_no_request_or_response_violates_a_contract(strata: Strata) -> None:
    key = api_key(strata)
    with strata.serving() as url:
        drive(url, Plants(), key)
        # The checks run after the responses: wait until a second passes without a new one.
        checked, deadline = -1.0, time.monotonic() + PATIENCE
        while checked != (checked := Scrape.of(url).sum(CHECKED)):
            assert time.monotonic() < deadline
            time.sleep(1)
        scrape = Scrape.of(url)
    violations = [
        line for line in map(json.loads, strata.log("serve").splitlines()) if line["event"] == "contract_violation"
    ]
    assert violations == []
    assert scrape.sum(CHECKED, direction="response", outcome="conforms") > 300
    assert scrape.sum(CHECKED, direction="request", outcome="conforms") > 10
    assert scrape.sum("api_contract_violations_total") == 0
    assert scrape.sum("api_contract_dropped_total") == 0
