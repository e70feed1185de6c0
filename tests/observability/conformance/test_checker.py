"""The bounds of the background check, and the log lines that it writes."""

import json
from pathlib import Path

import pytest
import structlog

from observability.conformance.checker import ConformanceChecker, ConformanceConfig
from observability.conformance.contract import Contract
from observability.conformance.exchange import Exchange
from tests.support.exchanges import DOCUMENT, GOOD, Ledger, exchange
from tests.support.waiting import PATIENCE, wait_until


@pytest.fixture
def config(tmp_path: Path) -> ConformanceConfig:
    (tmp_path / "v9.openapi.json").write_text(json.dumps(DOCUMENT))
    return ConformanceConfig(contracts={"v9": ("/api/v9", tmp_path / "v9.openapi.json")})


def test_defaults_bound_the_memory_of_the_check(config: ConformanceConfig) -> None:
    assert ConformanceConfig(contracts={}).body_bytes == 256 * 1024
    checker = ConformanceChecker(config)
    for _ in range(200):
        checker.submit(exchange("GET /items/{item}", "/items/7", answer=GOOD))
    assert not checker.running
    checker.drop("failed")
    ledger = Ledger()
    checker.start(ledger)
    assert checker.running
    # Closing gives up after a second, which is too short for 128 exchanges on a busy machine.
    wait_until(lambda: ledger.checked["v9", "response", True] == 128, PATIENCE)
    checker.close()
    assert not ledger.dropped, "nothing is counted before the start"
    assert ledger.checked.total() == 2 * 128


def test_log_lines_locate_a_violation_and_a_failed_check(
    config: ConformanceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker, ledger = ConformanceChecker(config, pause=0.01), Ledger()
    real, error = Contract.check, RuntimeError("secret")

    def check(contract: Contract, given: Exchange) -> object:
        if given.status == 500:
            raise error
        return real(contract, given)

    monkeypatch.setattr(Contract, "check", check)
    with structlog.testing.capture_logs() as lines:
        checker.start(ledger)
        for status in (200, 500):
            checker.submit(exchange("GET /items/{item}", "/items/7", status, answer={**GOOD, "name": "too long"}))
        wait_until(lambda: ledger.dropped, PATIENCE)
        checker.close()
    known = {
        "request_id": "r",
        "trace_id": "t",
        "span_id": "s",
        "api_version": "v9",
        "http_route": "/api/v9/items/{item}",
        "method": "GET",
    }
    assert lines == [
        {
            **known,
            "event": "contract_violation",
            "log_level": "warning",
            "status": 200,
            "operation": "items.get",
            "direction": "response",
            "rule": "body",
            "keyword": "maxLength",
            "pointer": "/body/name",
            "schema": "/components/schemas/Item/properties/name/maxLength",
        },
        {**known, "event": "contract_audit_failed", "log_level": "error", "status": 500, "error": "RuntimeError"},
    ]
    assert ledger.dropped == {"failed": 1}
    assert list(checker._contracts) == ["v9"], "a contract is read and compiled once"
