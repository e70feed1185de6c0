"""Schemathesis on a live server of each version: requests and responses conform to the contract."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.conformance import hooks  # noqa: F401 - registers a hook of Schemathesis
from tests.conformance.callers import CALLERS, SELF_REVOKING, Headers
from tests.conformance.outside import CONFIG, Effort, Exchange, RunResult, attack, await_document, seed_of
from tests.support.dialects import DIALECTS
from tests.support.limits import SHORT_STREAMS
from tests.support.live import Strata
from tests.support.operations import VERSIONS, operations
from tests.support.postgres import clone

BASE = 1
"""The base of all seeds, so that CI generates the same cases each time."""
REPEAT = f".venv/bin/python -m tests.conformance --no-suite --seed {BASE}"
CASES = Effort(phases=("examples", "coverage", "fuzzing"), examples=2)
STEPS = Effort(phases=("stateful",), examples=10)
pytestmark = pytest.mark.timeout(1800)
each = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path) -> Strata:
    found = Strata(tmp_path / "home", await clone(admin_dsn, "conformance"))
    found.run("seed", "--posts", "30")
    return found


@contextmanager
def serving(strata: Strata) -> Iterator[str]:
    """A server whose streams end soon: Schemathesis reads each response to its end, or for 10 s."""
    with strata.serving(
        STRATA_AUTH__LOGINS_PER_MINUTE="100000",
        STRATA_LOG__LEVEL="warning",
        **SHORT_STREAMS,
    ) as url:
        yield url


@each
async def test_every_operation_conforms_to_its_contract(version: str, strata: Strata, tmp_path: Path) -> None:
    """Every check on generated cases of every operation, as the admin, who has every permission."""
    with serving(strata) as url:
        headers = CALLERS["admin"](strata, url)
        verdict = attack(url, version, headers, tmp_path / "report", CASES, seed_of(BASE, version, "admin"))
    ensure_passed(verdict, CASES, version, strata)
    assert verdict.report["operations"]["tested"] == len(list(operations(version)))


@each
async def test_chains_of_linked_operations_conform_to_the_contract(
    version: str, strata: Strata, tmp_path: Path
) -> None:
    """The stateful phase follows the links to deletions, and to reads of the deleted resources."""
    options = [part for name in DIALECTS[version].chain for part in ("--include-operation-id", name)]
    with serving(strata) as url:
        headers = CALLERS["admin"](strata, url)
        effort = replace(STEPS, options=options)
        verdict = attack(url, version, headers, tmp_path / "report", effort, seed_of(BASE, version, "admin"))
    ensure_passed(verdict, STEPS, version, strata)
    scenarios = list(verdict.scenarios())
    followed = {(after.method, after.status) for exchanges in scenarios for after in calls_after_creation(exchanges)}
    assert {READ, DELETED} <= followed
    reads = [read for exchanges in scenarios for read in reads_after_deletion(exchanges)]
    assert reads, "no deleted resource was read"
    assert {read.status for read in reads} == {404}


def ensure_passed(verdict: RunResult, effort: Effort, version: str, strata: Strata) -> None:
    report = f"{verdict.output}\n{strata.log('serve')}\nRepeat: {REPEAT} --version {version} --caller admin"
    assert verdict.exit_code == 0, report
    assert not verdict.unexplained, f"{verdict.unexplained}\n{report}"
    passed = {name for name, phase in verdict.report["phases"].items() if phase["status"] == "success"}
    assert passed == {*effort.phases}


READ, DELETED = ("GET", 200), ("DELETE", 204)


def calls_after_creation(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """Exchanges that followed a link of a response with status 201."""
    created = {exchange.id for exchange in exchanges if exchange.status == 201}
    return (exchange for exchange in exchanges if exchange.parent in created)


def reads_after_deletion(exchanges: list[Exchange]) -> Iterator[Exchange]:
    deleted = set()
    for exchange in exchanges:
        url = exchange.url.partition("?")[0]
        if (exchange.method, exchange.status) == DELETED:
            deleted.add(url)
        # Requests with invalid credentials or queries are rejected before the resource is looked up.
        elif exchange.method == "GET" and url in deleted and exchange.status not in {400, 401, 422}:
            yield exchange


@each
async def test_responses_to_every_caller_conform_to_the_contract(version: str, strata: Strata) -> None:
    """Runs in this process, so that six callers are cheap. Operations that can delete a user come last."""
    with serving(strata) as url:
        callers = {name: make(strata, url) for name, make in CALLERS.items()}
        config = schemathesis.Config.from_path(CONFIG)
        await_document(url, version)
        schema = schemathesis.openapi.from_url(f"{url}/api/{version}/openapi.json", config=config)
        found = sorted((result.ok() for result in schema.get_all_operations()), key=can_delete_a_user)
        assert len(found) == len(list(operations(version)))
        for operation in found:
            seed = seed_of(BASE, version, operation.label)
            try:
                ensure_conformance(operation, callers, seed)
            except BaseException as error:
                error.add_note(f"{version}, seed {seed}; repeat: {REPEAT} --version {version}\n{strata.log('serve')}")
                raise


def ensure_conformance(operation: schemathesis.APIOperation, callers: Mapping[str, Headers], seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=1, database=None, deadline=None, phases=[hypothesis.Phase.generate])
    @hypothesis.given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def check(case: schemathesis.Case) -> None:
        for name, headers in callers.items():
            hypothesis.note(f"as {name}")
            case.call_and_validate(headers=dict(headers))

    check()


def can_delete_a_user(operation: schemathesis.APIOperation) -> bool:
    return operation.definition.raw["operationId"] in SELF_REVOKING
