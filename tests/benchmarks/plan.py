"""The variants that a run compares, and the requests to each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.benchmarks.data import LIST, PAGE, Data
from tests.benchmarks.variants import routing
from tests.benchmarks.variants.strata import WITHOUT

ONE: Final = "GET one post"
OLDEST_ONE: Final = "GET one post in the oldest version"
PAGE_OF_20: Final = f"list of {PAGE}"
DEEP: Final = "deep page"
ROUTE: Final = "route"
ADMITTED: Final = "admitted load"
TWICE: Final = "twice the admitted load"
CONNECTIONS: Final = 32

RAW: Final = "raw"
TUTORIAL: Final = "tutorial"
NAIVE: Final = "naive"
LITESTAR: Final = "litestar"
FASTIFY: Final = "fastify"
FULL: Final = "strata"
BARE: Final = "strata-bare"
CHECKED: Final = "strata-checked"
"""Checks one request in ten against the contract: ten times the default, to make the difference measurable."""
UNCHECKED: Final = "strata-unchecked"
UNOBSERVED: Final = "strata-unobserved"
"""Collects no evidence of usage."""
FEW: Final = f"first of {routing.FEW} routes"
_SAMPLE_RATIO: Final = "STRATA_CONFORMANCE__SAMPLE_RATIO"
_NO_EVIDENCE: Final = {"STRATA_USAGE__SAMPLE_RATIO": "0", "STRATA_USAGE__FIRST_SAMPLES": "0"}
LIMITED: Final = "strata-limited"
WRITING: Final = "strata-writing"
POSTING: Final = "POST /posts with a key"
TRANSFERRING: Final = "POST /transfers"
ROOT: Final = Path(__file__).parents[2]
OTHER: Final = "other checkout"
MANY: Final = f"last of {routing.MANY} routes"


@dataclass(frozen=True)
class Workload:
    """Paths, which are requested in turn, and the requests of a full round (``Effort.share`` takes a part of them)."""

    paths: list[str]
    count: int
    connections: int = CONNECTIONS
    may_shed: bool = False
    """Whether 503 is an accepted response."""
    bodies: list[str] = field(default_factory=list)
    """With bodies, the requests are POST with an idempotency key, and the responses 201."""

    @property
    def accepted(self) -> frozenset[int]:
        """The statuses of responses."""
        return frozenset({201 if self.bodies else 200, *((503,) if self.may_shed else ())})


@dataclass(frozen=True)
class Variant:
    """An application and the requests to it. The workload says which statuses it accepts."""

    name: str
    program: str
    """A factory of ASGI applications, or a script for Node.js."""
    workloads: Mapping[str, Workload]
    headers: dict[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    root: Path = ROOT
    """The checkout to serve."""


def comparison(data: Data) -> list[Variant]:
    """The variants of the goals."""
    return [
        _competitor(RAW, data, 4000, 3000),
        _competitor(TUTORIAL, data, 1200, 800),
        _competitor(NAIVE, data, 600, 500),
        _competitor(LITESTAR, data, 1500, 1200),
        replace(_competitor(FASTIFY, data, 1500, 1200), program="tests/benchmarks/peers/fastify.js"),
        _strata(FULL, "full", data, 2400, 1200, deep=1200, oldest=2400),
        _strata(BARE, "bare", data, 2400),
        _strata(CHECKED, "full", data, 2400, 1200, variables={_SAMPLE_RATIO: "0.1"}),
        _strata(UNCHECKED, "full", data, 2400, 1200, variables={_SAMPLE_RATIO: "0"}),
        _strata(UNOBSERVED, "full", data, 2400, 1200, variables=_NO_EVIDENCE),
        _limited(data),
        _writes(data),
        _routes(FEW, "few", 1),
        _routes(MANY, "many", routing.MANY),
    ]


def against(data: Data, other: Path) -> list[Variant]:
    """Strata of this checkout and of another one."""
    return [
        _strata(FULL, "full", data, 2400, 1200),
        replace(_strata(OTHER, "full", data, 2400, 1200), root=other),
    ]


def ablation(data: Data, layers: list[str]) -> list[Variant]:
    """Strata with all layers, and without each of them."""
    return [
        _strata(FULL, "full", data, 3000),
        *(_strata(name, "without", data, 3000, variables={WITHOUT: name}) for name in layers),
    ]


def _competitor(name: str, data: Data, one: int, page: int) -> Variant:
    workloads = {ONE: Workload(data.plain_paths, one), PAGE_OF_20: Workload([f"/posts?limit={PAGE}"], page)}
    return Variant(name, f"tests.benchmarks.variants.{name}:create", workloads)


def _strata(
    name: str,
    factory: str,
    data: Data,
    one: int,
    page: int | None = None,
    *,
    deep: int | None = None,
    oldest: int | None = None,
    variables: Mapping[str, str] | None = None,
) -> Variant:
    workloads = {ONE: Workload(data.strata_paths, one)}
    if page is not None:
        workloads[PAGE_OF_20] = Workload([f"{LIST}?limit={PAGE}"], page)
    if deep is not None:
        workloads[DEEP] = Workload([data.deep_path], deep)
    if oldest is not None:
        workloads[OLDEST_ONE] = Workload(data.oldest_paths, oldest)
    headers = {"X-API-Key": data.key}
    return Variant(name, f"tests.benchmarks.variants.strata:served_{factory}", workloads, headers, variables or {})


def _limited(data: Data) -> Variant:
    workloads = {
        ADMITTED: Workload(data.strata_paths, 2400),
        TWICE: Workload(data.strata_paths, 4800, 2 * CONNECTIONS, may_shed=True),
    }
    variables = {"STRATA_HTTP__MAX_CONCURRENT_REQUESTS": str(CONNECTIONS)}
    return Variant(
        LIMITED, "tests.benchmarks.variants.strata:served_full", workloads, {"X-API-Key": data.key}, variables
    )


def _writes(data: Data) -> Variant:
    post = json.dumps({"title": "Layers", "content": "Rock in layers tells its history. " * 8})
    workloads = {
        POSTING: Workload([LIST], 1200, bodies=[post]),
        TRANSFERRING: Workload(["/api/v2/transfers"], 1200, bodies=data.transfers),
    }
    return Variant(WRITING, "tests.benchmarks.variants.strata:served_full", workloads, {"X-API-Key": data.key})


def _routes(name: str, factory: str, number: int) -> Variant:
    workloads = {ROUTE: Workload([routing.path(number)], 5000)}
    return Variant(name, f"tests.benchmarks.variants.routing:{factory}", workloads)
