"""Schemathesis against a live server of each version: what the contract says is what the server does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.conformance.callers import CALLERS, ENDING, Headers
from tests.conformance.outside import CONFIG, Effort, Exchange, attack, seed_of
from tests.support.live import Strata
from tests.support.operations import VERSIONS, operations
from tests.support.postgres import clone

BASE = 1
"""Of every seed here, so that CI tries the same cases each time."""
AGAIN = f".venv/bin/python -m tests.conformance --no-suite --seed {BASE}"
CASES = Effort(phases=("examples", "coverage", "fuzzing"), examples=2)
STEPS = Effort(phases=("stateful",), examples=10)
CHAINS = {
    "v1": ("posts.create", "posts.get", "posts.delete", "users.create", "users.get", "users.delete"),
    "v2": ("posts.create", "posts.get", "posts.delete"),
}
each = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture
async def strata(admin_dsn: str, tmp_path: Path, request: pytest.FixtureRequest) -> Strata:
    name = "".join(letter if letter.isalnum() else "_" for letter in request.node.name)
    found = Strata(tmp_path / "home", await clone(admin_dsn, f"strata_{name}"[:60]))
    found.run("seed", "--posts", "30")
    return found


@contextmanager
def serving(strata: Strata) -> Iterator[str]:
    with strata.serving(STRATA_AUTH__LOGINS_PER_MINUTE="100000", STRATA_LOG__LEVEL="warning") as url:
        yield url


@each
async def test_every_operation_keeps_its_contract(version: str, strata: Strata, tmp_path: Path) -> None:
    """Every check in every phase, as the admin for whom nothing is forbidden.

    The links make the stateful phase real: it comes to deletes, and to reads of what was deleted.
    """
    options = [part for name in CHAINS[version] for part in ("--include-operation-id", name)]
    with serving(strata) as url:
        headers = CALLERS["admin"](strata, url)
        seed = seed_of(BASE, version, "admin")
        chains = attack(url, version, headers, tmp_path / "chains", replace(STEPS, options=options), seed)
        cases = attack(url, version, headers, tmp_path / "cases", CASES, seed)
    for verdict in (chains, cases):
        report = f"{verdict.said}\n{strata.log('serve')}\nAgain, at length: {AGAIN} --version {version} --caller admin"
        assert verdict.exit_code == 0, report
        assert not verdict.unexplained, f"{verdict.unexplained}\n{report}"
        passed = {name for name, phase in verdict.report["phases"].items() if phase["status"] == "success"}
        assert passed == {*(STEPS if verdict is chains else CASES).phases}
    assert cases.report["operations"]["tested"] == len(list(operations(version)))
    scenarios = list(chains.scenarios())
    followed = [(after.method, after.status) for exchanges in scenarios for after in made_before(exchanges)]
    assert {READ, DELETED} <= {*followed}
    gone = [read for exchanges in scenarios for read in reads_of_the_deleted(exchanges)]
    assert gone, "nothing that was deleted was read again"
    assert {read.status for read in gone} == {404}


READ, DELETED = ("GET", 200), ("DELETE", 204)


def made_before(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """What was done, over a link, with something that had just been made."""
    made = {exchange.id for exchange in exchanges if exchange.status == 201}
    return (exchange for exchange in exchanges if exchange.parent in made)


def reads_of_the_deleted(exchanges: list[Exchange]) -> Iterator[Exchange]:
    gone = set()
    for exchange in exchanges:
        url = exchange.url.partition("?")[0]
        if (exchange.method, exchange.status) == DELETED:
            gone.add(url)
        # Without credentials, or with a query that makes no sense, nobody learns what is there.
        elif exchange.method == "GET" and url in gone and exchange.status not in {400, 401, 422}:
            yield exchange


@each
async def test_every_caller_is_answered_as_the_contract_says(version: str, strata: Strata) -> None:
    """In this process, so that six callers cost little. What may end an account comes last."""
    with serving(strata) as url:
        callers = {name: make(strata, url) for name, make in CALLERS.items()}
        config = schemathesis.Config.from_path(CONFIG)
        schema = schemathesis.openapi.from_url(f"{url}/api/{version}/openapi.json", config=config)
        found = sorted((result.ok() for result in schema.get_all_operations()), key=ends_an_account)
        assert len(found) == len(list(operations(version)))
        for operation in found:
            seed = seed_of(BASE, version, operation.label)
            try:
                ensure_conformance(operation, callers, seed)
            except BaseException as error:
                error.add_note(f"{version}, seed {seed}; at length: {AGAIN} --version {version}\n{strata.log('serve')}")
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


def ends_an_account(operation: schemathesis.APIOperation) -> bool:
    return operation.definition.raw["operationId"] in ENDING
