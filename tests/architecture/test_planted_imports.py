"""Each import contract of pyproject.toml rejects the imports that it is for."""

from collections import Counter
from copy import deepcopy
from pathlib import Path

import grimp
import pytest
from grimp import ImportGraph
from importlinter.application.use_cases import (
    _build_report,
    _register_contract_types,
    read_user_options,
)
from importlinter.application.user_options import UserOptions
from importlinter.configuration import configure

from versions import registry
from versions.kit.names import number_of

ROOT = Path(__file__).parents[2]
ANY = f"versions.{registry.VERSIONS[0].name}"
NEXT = f"versions.v{number_of(registry.VERSIONS[-1].name) + 1}"
ONE_WAY = "imports run one way"
LEAF = "observability is a leaf"
GENERATORS = "nothing that serves imports the generators"
WEB = "features, models and mechanics are independent of the web framework"
FRAMEWORK = "observability uses the web framework in one module"
VERSIONS = "versions execute no SQL"
SQL = "SQL stands in queries, repositories, statements and the database folders"
CONTRACTS = "only the commands about contracts and versions import the contracts"
SERVING = "nothing that serves reaches the contracts"
NEITHER = "neither versions nor observability import the contracts"
COMPARISON = "the comparison of contracts works on any two documents"
PLANTED = [
    *(
        (module, library, WEB)
        for module in ("app.errors", "app.models.base", "app.events.recorder")
        for library in ("fastapi",)
    ),
    ("app.kit.clock", "starlette", WEB),
    ("app.kit.db.sessions", "fastapi", WEB),
    ("app.settings.group", "fastapi", WEB),
    ("app.access.principal", "slowapi", WEB),
    ("app.posts.service", "fastapi", WEB),
    ("app.wiring", "fastapi", WEB),
    ("app.worker", "starlette", WEB),
    ("observability.metrics.metrics", "fastapi", FRAMEWORK),
    ("observability.config", "app.errors", LEAF),
    ("observability.logs.level", "contracts.gate", NEITHER),
    ("app.main", "observability.dashboards", GENERATORS),
    (f"{ANY}.app", "observability.rules", GENERATORS),
    (f"{ANY}.posts.mapping", "sqlalchemy", VERSIONS),
    (f"{ANY}.users.routes", "asyncpg", VERSIONS),
    (f"{ANY}.users.routes", "app.models.user", VERSIONS),
    (f"{ANY}.posts.routes", "app.posts.queries", VERSIONS),
    ("versions.kit.routing", "app.posts.statements", VERSIONS),
    ("app.posts.service", "sqlalchemy", SQL),
    ("app.posts.policy", "sqlalchemy", SQL),
    ("app.users.reader", "asyncpg", SQL),
    ("app.http.deps.posts", "sqlalchemy", SQL),
    ("app.web.routes", "asyncpg", SQL),
    ("app.main", "sqlalchemy", SQL),
    ("app.main", "contracts.gate", CONTRACTS),
    ("app.main", "contracts.gate", SERVING),
    ("app.posts.service", "contracts.compat", CONTRACTS),
    ("app.cli.serve", "contracts.compat.engine", CONTRACTS),
    ("app.cli.serve", "app.cli.contract", SERVING),
    (f"{ANY}.app", "contracts.gate", NEITHER),
    ("contracts.compat.engine", "app.errors", COMPARISON),
    ("contracts.compat.engine", "contracts.gate", COMPARISON),
    ("app.posts.service", "app.auth.sessions", ONE_WAY),
    ("app.kit.clock", "app.posts.service", ONE_WAY),
    ("app.posts.service", "app.http.state", ONE_WAY),
    ("app.models.base", "app.events.recorder", ONE_WAY),
    ("app.errors", "app.kit.clock", ONE_WAY),
    ("app.settings.root", "app.kit.clock", ONE_WAY),
    ("app.http.auth", f"{ANY}.app", ONE_WAY),
    ("versions.kit.values", f"{ANY}.app", ONE_WAY),
    (f"{ANY}.app", "versions.registry", ONE_WAY),
    ("versions.registry", "app.web.routes", ONE_WAY),
    ("app.web.routes", "app.main", ONE_WAY),
    ("app.main", "app.cli.serve", ONE_WAY),
    ("app.main", "app.worker", ONE_WAY),
    ("app.asgi", "app.cli.serve", ONE_WAY),
]


@pytest.fixture(scope="module")
def options() -> UserOptions:
    configure()
    found = read_user_options(str(ROOT / "pyproject.toml"))
    _register_contract_types(found)
    return found


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    packages = ("app", "versions", "observability", "contracts")
    return grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)


def broken(options: UserOptions, graph: ImportGraph, only: str | None = None) -> set[str]:
    """The names of the contracts that a graph breaks; ``only`` names the one that is checked."""
    chosen = [contract for contract in options.contracts_options if only in {None, contract["name"]}]
    report = _build_report(
        graph=graph,
        graph_building_duration=0,
        user_options=UserOptions(options.session_options, chosen),
        limit_to_contracts=(),
        show_timings=False,
        verbose=False,
    )
    return {contract.name for contract, check in report.get_contracts_and_checks() if not check.kept}


def test_the_code_keeps_every_contract(options: UserOptions, graph: ImportGraph) -> None:
    assert broken(options, deepcopy(graph)) == set()


@pytest.mark.parametrize(("importer", "imported", "contract"), PLANTED)
def test_a_planted_import_breaks_its_contract(
    options: UserOptions, graph: ImportGraph, importer: str, imported: str, contract: str
) -> None:
    planted = deepcopy(graph)
    assert importer in planted.modules
    planted.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    assert broken(options, planted, contract) == {contract}


@pytest.mark.parametrize("module", ["app", "posts.schemas"])
@pytest.mark.parametrize("sibling", [version.name for version in registry.VERSIONS])
def test_a_new_version_is_separated_from_every_other(
    options: UserOptions, graph: ImportGraph, sibling: str, module: str
) -> None:
    planted = deepcopy(graph)
    for name in (NEXT, f"{NEXT}.posts", f"{NEXT}.{module}"):
        planted.add_module(name)
    planted.add_import(importer=f"{NEXT}.{module}", imported="versions.kit.values", line_number=1, line_contents="")
    assert broken(options, deepcopy(planted)) == set(), "a new folder needs no line in the contracts"
    of_sibling = f"versions.{sibling}.{module}"
    for importer, imported in ((f"{NEXT}.{module}", of_sibling), (of_sibling, f"{NEXT}.{module}")):
        imports = deepcopy(planted)
        imports.add_import(importer=importer, imported=imported, line_number=1, line_contents="")
        assert broken(options, imports) == {ONE_WAY}


def test_every_contract_has_a_planted_import(options: UserOptions) -> None:
    tried = Counter(contract for _, _, contract in PLANTED)
    assert set(tried) == {contract["name"] for contract in options.contracts_options}
