"""Rules of features and mechanics: the shape of a feature, one way to do a thing, capabilities as types."""

import ast
from collections.abc import Callable, Iterator
from typing import Final

import app.errors
from app.errors import DomainError
from tests.architecture.rules.rule import ROOT, Rule, calls, classes, last_name, name_of, walk
from tests.architecture.rules.sql import sql_texts, statement_calls

NO_FEATURES: Final = {"cli", "events", "http", "kit", "migrations", "models", "settings", "web"}
"""The folders of ``app`` that are not features."""
FEATURES: Final = sorted(
    path.name for path in (ROOT / "app").iterdir() if (path / "__init__.py").exists() and path.name not in NO_FEATURES
)
_DOMAIN_ERRORS: Final = {
    name for name, kind in vars(app.errors).items() if isinstance(kind, type) and issubclass(kind, DomainError)
}
_SQL_MODULES: Final = ("queries", "repository", "statements")


def _in_features(*modules: str) -> tuple[str, ...]:
    return tuple(f"app/{feature}/{module}.py" for feature in FEATURES for module in modules)


def _except_sql_modules() -> tuple[str, ...]:
    named = (path.stem for feature in FEATURES for path in (ROOT / "app" / feature).glob("*.py"))
    return _in_features(*sorted(set(named) - set(_SQL_MODULES)))


def _frozen(node: ast.ClassDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and last_name(decorator) == "dataclass"
        and any(ast.unparse(option) == "frozen=True" for option in decorator.keywords)
        for decorator in node.decorator_list
    )


def _is_enum(node: ast.ClassDef) -> bool:
    return any(last_name(base).endswith("Enum") for base in node.bases)


def _mutable_classes(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in classes(tree) if not _frozen(node) and not _is_enum(node))


def _errors(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in classes(tree) if {last_name(base) for base in node.bases} & _DOMAIN_ERRORS)


def _without_suffix(*suffixes: str) -> Callable[[ast.Module], Iterator[ast.AST]]:
    def find(tree: ast.Module) -> Iterator[ast.AST]:
        public = (node for node in classes(tree) if not node.name.startswith("_") and not _frozen(node))
        return (node for node in public if not node.name.endswith(suffixes))

    return find


def _named(module: str, suffix: str, rejected: str, **exceptions: str) -> Rule:
    return Rule(
        f"classes of {module}.py are named ...{suffix}",
        modules=_in_features(module),
        find=_without_suffix(suffix),
        rejected=(f"class {rejected}: ...",),
        accepted=(f"class Toy{suffix}: ...", "@dataclass(frozen=True)\nclass Toy: ...", "class _Cursor: ..."),
        exceptions=exceptions,
    )


def _positions_of_rows(tree: ast.Module) -> Iterator[ast.AST]:
    """``row[0]`` and ``View(*row)``."""
    for node in walk(tree):
        position = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
        if position and isinstance(node.slice.value, int) and last_name(node.value).endswith("row"):
            yield node
        if isinstance(node, ast.Starred) and isinstance(node.value, ast.Name) and node.value.id.endswith("row"):
            yield node


def _write_sessions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in walk(tree):
        if isinstance(node, ast.Name) and node.id in {"WriteSession", "AsyncSession", "UnitOfWork"}:
            yield node


def _sql(tree: ast.Module) -> Iterator[ast.AST]:
    yield from sql_texts(tree)
    yield from statement_calls(tree)


def _calls_of_principal(tree: ast.Module) -> Iterator[ast.AST]:
    """Reads of permissions or roles of a principal instead of ``require`` and ``ensure``."""
    for node in walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops):
            right = node.comparators[-1]
            if isinstance(right, ast.Attribute) and right.attr in {"permissions", "roles"}:
                yield node


def _generator_dependencies(tree: ast.Module) -> Iterator[ast.AST]:
    """``Depends`` on a generator without ``scope="function"``: its commit would run after the response was sent."""
    generators = {
        node.name
        for node in walk(tree)
        if isinstance(node, ast.AsyncFunctionDef) and any(isinstance(part, ast.Yield) for part in walk(node))
    }
    for call in calls(tree):
        if last_name(call) == "Depends" and call.args and name_of(call.args[0]) in generators:
            scopes = [ast.unparse(option.value) for option in call.keywords if option.arg == "scope"]
            if scopes != ["'function'"]:
                yield call


RULES: Final = (
    Rule(
        "commands, events and views are frozen dataclasses",
        modules=_in_features("commands", "events", "views"),
        find=_mutable_classes,
        rejected=("@dataclass\nclass A: ...", "class A: ...", "@dataclass(frozen=False)\nclass A: ..."),
        accepted=("@dataclass(frozen=True, slots=True)\nclass A: ...", "class A(StrEnum): ..."),
        exceptions={"app/lifecycle/views.py": "Consumer collects the totals of a report while rows are read"},
    ),
    Rule(
        "the errors of a feature stand in its errors.py",
        modules=_in_features("*"),
        find=_errors,
        rejected=("class ToyBroken(Conflict): ...", "class ToyBroken(app.errors.NotFound): ..."),
        accepted=("class Toy: ...", "class Toys(dict): ..."),
        exceptions={module: "the module of errors" for module in _in_features("errors") if (ROOT / module).exists()},
    ),
    _named("queries", "Queries", "ToyReads"),
    _named("repository", "Repository", "ToyStore"),
    _named("service", "Service", "ToyManager"),
    Rule(
        "reads are built from rows by name",
        modules=_in_features("views", "queries"),
        find=_positions_of_rows,
        rejected=("ToyView(row[0])", "ToyView(*row)"),
        accepted=('ToyView(row["name"])', "ToyView.from_row(row)", "words[0]"),
    ),
    Rule(
        "reads take a ReadSession",
        modules=_in_features("queries", "reader"),
        find=_write_sessions,
        rejected=("class A:\n    def __init__(self, session: WriteSession) -> None: ...", "a: AsyncSession"),
        accepted=("class A:\n    def __init__(self, reads: ReadSession) -> None: ...",),
    ),
    Rule(
        "only queries, repositories and statements of a feature contain SQL",
        modules=_except_sql_modules(),
        find=_sql,
        rejected=("session.execute(statement)", 'text("SELECT 1")', 'SQL = "delete from toys"', "driver.fetchrow(sql)"),
        accepted=("repository.add(toy)", 'detail = "Select another name."', '"""SELECT 1"""'),
    ),
    Rule(
        "permissions are checked with require and ensure",
        modules=(*_in_features("*"), "app/http/**/*.py", "versions/**/*.py"),
        find=_calls_of_principal,
        rejected=("if TOYS in principal.permissions: ...", "allowed = role not in user.roles"),
        accepted=("principal.require(TOYS)", "if name in names: ..."),
        exceptions={
            "app/access/principal.py": "defines require, ensure and may",
        },
    ),
    Rule(
        "a dependency that commits ends before the response is sent",
        modules=("app/http/**/*.py", "app/web/**/*.py", "versions/**/*.py"),
        find=_generator_dependencies,
        rejected=(
            "async def session():\n    yield 1\nDep = Depends(session)",
            'async def session():\n    yield 1\nDep = Depends(session, scope="request")',
        ),
        accepted=(
            'async def session():\n    yield 1\nDep = Depends(session, scope="function")',
            "async def user():\n    return 1\nDep = Depends(user)",
        ),
    ),
)
