"""Rules of versions: schemas, pure mapping functions, thin routes."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.rules.rule import Function, Rule, calls, functions, last_name, texts, walk
from tests.architecture.rules.sql import sql_texts, statement_calls

_METHODS: Final = {"get", "post", "put", "patch", "delete", "head", "options", "websocket"}
_LONGEST_HANDLER: Final = 6
_WIRE: Final = {"body", "form", "item", "patch", "given"}
"""Names of parameters that are part of the request, whose members a mapping may test."""
_PACKAGE: Final = re.compile(r"\bversions(\.v\d+\b|\.?$)")

_IMPURE: Final = {"utc_now", "now", "time", "random", "uuid4", "uuid7"}


def _is_handler(function: Function) -> bool:
    decorators = [decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(decorator, ast.Attribute) and decorator.attr in _METHODS for decorator in decorators)


def _statements(function: Function) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented else function.body


def _decisions(tree: ast.AST) -> Iterator[ast.AST]:
    decisions = ast.If | ast.IfExp | ast.Match | ast.While | ast.Try | ast.BoolOp | ast.Compare | ast.Raise | ast.Assert
    for node in walk(tree):
        if isinstance(node, decisions) or (isinstance(node, ast.comprehension) and node.ifs):
            yield node


def _decisions_of_handlers(tree: ast.Module) -> Iterator[ast.AST]:
    for function in functions(tree):
        if _is_handler(function):
            for statement in _statements(function):
                yield from _decisions(statement)


def _long_handlers(tree: ast.Module) -> Iterator[ast.AST]:
    handlers = (function for function in functions(tree) if _is_handler(function))
    return (function for function in handlers if len(_statements(function)) > _LONGEST_HANDLER)


def _routes_without_decorator(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"add_api_route", "add_route", "add_api_websocket_route", "add_websocket_route", "api_route"}
    return (call for call in calls(tree) if last_name(call.func) in names)


def _http_exceptions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in walk(tree):
        imported = isinstance(node, ast.ImportFrom) and any("HTTPException" in alias.name for alias in node.names)
        if imported or (isinstance(node, ast.Attribute | ast.Name) and last_name(node).endswith("HTTPException")):
            yield node


def _is_about_the_shape(test: ast.expr) -> bool:
    """Whether a condition asks what the request contains or which variant a value is, not what it means."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _is_about_the_shape(inner)
        case (
            ast.Compare(ops=[ast.Is() | ast.IsNot()])
            | ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name()])
            | ast.Compare(left=ast.Call(func=ast.Name(id="set")), ops=[ast.LtE()])
            | ast.Call(func=ast.Name(id="isinstance"))
            | ast.Name()
        ):
            return True
        case ast.Attribute(value=ast.Name(id=name)):
            return name in _WIRE
    return False


def _conditions_of_mappings(tree: ast.Module) -> Iterator[ast.AST]:
    for node in walk(tree):
        tests: list[ast.expr] = []
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            tests = [node.test]
        elif isinstance(node, ast.comprehension):
            tests = node.ifs
        elif isinstance(node, ast.BoolOp):
            tests = node.values
        if not all(_is_about_the_shape(test) for test in tests):
            yield node


def _effects_of_mappings(tree: ast.Module) -> Iterator[ast.AST]:
    """Coroutines, the clock and global state: a mapping maps one value to another."""
    for node in walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global | ast.Nonlocal):
            yield node
        if isinstance(node, ast.Call) and last_name(node.func) in {
            "utc_now",
            "now",
            "time",
            "random",
            "uuid4",
            "uuid7",
        }:
            yield node


def _packages_of_versions(tree: ast.Module) -> Iterator[ast.AST]:
    """Strings from which the package of a version can be imported; import contracts check the imports themselves."""
    return (node for node in texts(tree) if _PACKAGE.search(str(node.value)))


def _sql(tree: ast.Module) -> Iterator[ast.AST]:
    yield from sql_texts(tree)
    yield from statement_calls(tree)


def _defaults_of_handlers(tree: ast.Module) -> Iterator[ast.AST]:
    """Handlers without a return type, whose responses FastAPI would serialize without a schema; synchronous ones."""
    for function in functions(tree):
        if _is_handler(function) and (function.returns is None or isinstance(function, ast.FunctionDef)):
            yield function


_ROUTE: Final = '@toys.get("/{name}")\nasync def get_toy(name: str) -> str:\n    "Get a toy."\n    '

RULES: Final = (
    Rule(
        "versions contain no SQL",
        modules=("versions/**/*.py", "app/http/**/*.py", "app/web/**/*.py"),
        find=_sql,
        rejected=('QUERY = "SELECT id FROM posts"', 'await session.execute(text("select 1 from posts"))'),
        accepted=('description = "Select fields."', "given.update(other)", "await service.delete(1)"),
        exceptions={"app/http/idempotency/repository.py": "the repository of stored responses"},
    ),
    Rule(
        "versions do not name the package of a version",
        modules=("versions/**/*.py",),
        find=_packages_of_versions,
        rejected=(
            'resources = load_resources("versions.v2", _RESOURCES)',
            'schemas = import_module("versions.v901.posts.schemas")',
            'schemas = import_module(f"versions.{name}.posts.schemas")',
            'schemas = import_module(".".join(("versions", name)))',
        ),
        accepted=("resources = load_resources(__package__, _RESOURCES)", 'path = "/policies/versions/v2"'),
        exceptions={"versions/registry.py::declared_versions": "finds every version"},
    ),
    Rule(
        "handlers contain no conditions",
        modules=("versions/v*/**/routes.py",),
        find=_decisions_of_handlers,
        rejected=tuple(
            f"{_ROUTE}{body}"
            for body in (
                "if name: return 1",
                "return 1 if name else 2",
                "return name or 1",
                "return name == 1",
                "raise Wrong",
                "return [a for a in b if a]",
                "match name:\n        case 1: return 1",
                "try: return 1\n    except KeyError: return 2",
            )
        ),
        accepted=(
            f"{_ROUTE}return mapping.toy(await reader.get(name))",
            "def helper(a: int) -> int:\n    return a or 1",
        ),
    ),
    Rule(
        "handlers have at most six statements",
        modules=("versions/v*/**/routes.py",),
        find=_long_handlers,
        rejected=(_ROUTE + "\n    ".join(["a = 1"] * 6) + "\n    return a",),
        accepted=(_ROUTE + "\n    ".join(["a = 1"] * 5) + "\n    return a",),
    ),
    Rule(
        "handlers are coroutines with a return type",
        modules=("versions/v*/**/routes.py", "app/web/**/*.py"),
        find=_defaults_of_handlers,
        rejected=(
            '@toys.get("")\nasync def a():\n    return 1',
            '@toys.get("")\ndef a() -> int:\n    return 1',
        ),
        accepted=('@toys.get("")\nasync def a() -> int:\n    return 1', "def a():\n    return 1"),
    ),
    Rule(
        "routes are declared with decorators",
        modules=("versions/**/*.py", "app/web/**/*.py"),
        find=_routes_without_decorator,
        rejected=('toys.add_api_route("", get_toys)', 'app.router.add_route("", get_toys)'),
        accepted=('toys.get("")(get_toys)',),
    ),
    Rule(
        "handlers, mappings and the core raise errors of the product, not HTTPException",
        modules=("versions/v*/**/*.py", "app/*/*.py", "app/http/**/*.py", "app/kit/**/*.py", "app/*.py"),
        find=_http_exceptions,
        rejected=("from fastapi import HTTPException", "raise starlette.exceptions.HTTPException(404)"),
        accepted=("raise PostNotFound",),
        exceptions={
            "app/main.py": "renders those that the framework raises outside of the versions",
            "app/cli/top.py": "http.client's class of the same name",
            "app/cli/traffic.py": "http.client's class of the same name",
            "app/cli/doctor.py": "http.client's class of the same name",
            "app/cli/up.py": "http.client's class of the same name",
            "app/http/deps/identities.py": "a HEAD request is a 405, as the router's own",
            "app/http/errors/failures.py": "classifies those that the framework raises",
        },
    ),
    Rule(
        "mappings decide by what a request contains, not by what it means",
        modules=("versions/v*/**/mapping.py",),
        find=_conditions_of_mappings,
        rejected=(
            "title = body.title if view.view_count > 3 else None",
            "if principal.is_admin: ...",
            "if view.status == PostStatus.DRAFT: ...",
            "a = [b for b in c if b.visible()]",
            "title = view.title or view.draft",
        ),
        accepted=(
            'title = body.title if "title" in given else UNSET',
            "name = None if view is None else view.name",
            "status = PUBLISHED if body.published else DRAFT",
            "if isinstance(outcome, DomainError): ...",
            "if not set(names) <= set(known): ...",
        ),
    ),
    Rule(
        "mappings are pure functions",
        modules=("versions/v*/**/mapping.py",),
        find=_effects_of_mappings,
        rejected=("async def post(view): ...", "def post(view):\n    return utc_now()", "def f():\n    global a"),
        accepted=("def post(view):\n    return Post(id=view.id)",),
    ),
)
