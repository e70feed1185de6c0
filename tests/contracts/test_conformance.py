"""Schemathesis against a live server of each version: what the contract says is what the server does."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from tests.support.live import Strata, api_key
from tests.support.postgres import clone

ROOT = Path(__file__).parents[2]
SECONDS = 420


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_every_operation_keeps_its_contract(version: str, admin_dsn: str, tmp_path: Path) -> None:
    strata = Strata(tmp_path / "home", await clone(admin_dsn, f"strata_conformance_{version}"))
    headers = api_key(strata)
    strata.run("seed", "--posts", "30")
    with strata.serving(STRATA_AUTH__LOGINS_PER_MINUTE="100000", STRATA_LOG__LEVEL="warning") as url:
        operations = operations_of(url, version)
        done = schemathesis(url, version, headers)
        report = f"{done.stdout}\n{done.stderr}\n{strata.log('serve')}"
    assert done.returncode == 0, report
    assert f"Tested: {len(operations)}" in done.stdout, report


def operations_of(url: str, version: str) -> list[str]:
    document = httpx2.get(f"{url}/api/{version}/openapi.json").json()
    return [operation["operationId"] for item in document["paths"].values() for operation in item.values()]


def schemathesis(url: str, version: str, headers: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A bounded run with a fixed seed; ``schemathesis.toml`` has the rest."""
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/{version}/openapi.json"),
            *(part for name, value in headers.items() for part in ("--header", f"{name}: {value}")),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--no-color"),
            # How fast cases are made is the machine's business.
            *("--suppress-health-check", "too_slow"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
