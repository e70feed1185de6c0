"""Rules of all packages: nothing happens at import, and one way for each thing."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.architecture.rules.rule import (
    Rule,
    calls,
    classes,
    evaluated_at_import,
    functions,
    last_name,
    name_of,
    texts,
    walk,
)

_PRODUCT: Final = ("app/**/*.py", "versions/**/*.py", "observability/**/*.py", "contracts/**/*.py")
_AT_IMPORT: Final = {
    *("load_settings", "create_app", "create_engine", "create_async_engine", "FastAPI", "Starlette"),
    *("LeanFastAPI", "LeanStarlette", "getenv", "connect", "read_text", "read_bytes", "open"),
}
"""Calls that must not run at import: they read settings or files, or create an application or an engine."""
_TEST_FLAGS: Final = re.compile(r"PYTEST_|\bpytest\b|\bTESTING\b|\bIS_TEST\b", re.IGNORECASE)
_TIMED: Final = {"urlopen", "HTTPConnection", "HTTPSConnection", "create_connection", "SMTP", "AsyncClient", "Client"}


def _work_at_import(tree: ast.Module) -> Iterator[ast.AST]:
    for node in evaluated_at_import(tree):
        if isinstance(node, ast.Call) and last_name(node.func) in _AT_IMPORT:
            yield node
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            yield node
        if isinstance(node, ast.Subscript) and last_name(node.value) == "settings":
            yield node


def _test_flags(tree: ast.Module) -> Iterator[ast.AST]:
    for node in texts(tree):
        if _TEST_FLAGS.search(str(node.value)):
            yield node
    for node in walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node).lower() in {
            "testing",
            "is_testing",
            "is_test",
        }:
            yield node


def _loggers_in_functions(tree: ast.Module) -> Iterator[ast.AST]:
    at_import = {id(node) for node in evaluated_at_import(tree)}
    for call in calls(tree):
        if last_name(call.func) == "get_logger" and id(call) not in at_import:
            yield call


def _phrases_of_the_interpreter(tree: ast.Module) -> Iterator[ast.AST]:
    for node in walk(tree):
        if isinstance(node, ast.Attribute) and (node.attr == "phrase" or ast.unparse(node) == "http.client.responses"):
            yield node


def _asynchronous_logging(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"adebug", "ainfo", "awarning", "aerror", "acritical", "aexception"}
    return (call for call in calls(tree) if isinstance(call.func, ast.Attribute) and call.func.attr in names)


def _waits_that_lose_cancellations(tree: ast.Module) -> Iterator[ast.AST]:
    return (call for call in calls(tree) if ast.unparse(call.func) == "asyncio.wait_for")


def _advisory_locks(tree: ast.Module) -> Iterator[ast.AST]:
    for node in texts(tree):
        if re.search(r"pg_(try_)?advisory", str(node.value)):
            yield node
    for node in walk(tree):
        if isinstance(node, ast.Attribute) and "advisory" in node.attr:
            yield node


def _request_state(tree: ast.Module) -> Iterator[ast.AST]:
    for node in walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == "state":
            yield node
        if isinstance(node, ast.Attribute) and node.attr == "state" and name_of(node.value) in {"request", "websocket"}:
            yield node


def _queues(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"Queue", "SimpleQueue", "LifoQueue", "PriorityQueue"}
    return (call for call in calls(tree) if last_name(call.func) in names)


def _is_layer(node: ast.ClassDef) -> bool:
    """Whether instances of a class are ASGI applications."""
    signature = ["self", "scope", "receive", "send"]
    return any(
        function.name == "__call__" and [argument.arg for argument in function.args.args] == signature
        for function in functions(node)
    )


def _misnamed_layers(tree: ast.Module) -> Iterator[ast.AST]:
    layers = [node for node in classes(tree) if _is_layer(node)]
    yield from (node for node in layers if not node.name.endswith("Middleware"))
    yield from layers[1:]


def _state_of_layers(tree: ast.Module) -> Iterator[ast.AST]:
    """Assignments to attributes of ``self`` outside of ``__init__``."""
    for layer in (node for node in classes(tree) if _is_layer(node)):
        for function in functions(layer):
            for node in walk(function):
                stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                if stored and function.name != "__init__" and ast.unparse(node.value) == "self":
                    yield node


def _calls_without_timeout(tree: ast.Module) -> Iterator[ast.AST]:
    for call in calls(tree):
        options = {option.arg for option in call.keywords}
        if last_name(call.func) in _TIMED and not options & {"timeout", None}:
            yield call


_LAYER: Final = "class AMiddleware:\n    async def __call__(self, scope, receive, send): ...\n"

RULES: Final = (
    Rule(
        "no work at import: no settings, files, applications or engines",
        modules=_PRODUCT,
        find=_work_at_import,
        rejected=(
            "SETTINGS = load_settings()",
            'HOME = os.environ["HOME"]',
            'HOME = os.getenv("HOME")',
            "app = create_app()",
            "engine = create_async_engine(url)",
            "class A:\n    level = load_settings().level",
            "def serve(port: int = load_settings().port) -> None: ...",
            "LIMIT = settings[HttpSettings].limit",
            'TEXT = Path("a").read_text()',
        ),
        accepted=(
            "def a() -> None:\n    load_settings()",
            'if __name__ == "__main__":\n    create_app()',
            "A = lambda: load_settings()",
            "LIMIT: Final = 3",
        ),
    ),
    Rule(
        "nothing is switched off in tests",
        modules=_PRODUCT,
        find=_test_flags,
        rejected=('if "PYTEST_CURRENT_TEST" in os.environ: ...', 'if "pytest" in sys.modules: ...', "if testing: ..."),
        accepted=("if enabled: ...", '"""For pytest."""'),
    ),
    Rule(
        "loggers are bound at module level",
        modules=_PRODUCT,
        find=_loggers_in_functions,
        rejected=("def a() -> None:\n    structlog.get_logger().info('a')",),
        accepted=("_LOG: Final = structlog.get_logger(__name__)",),
        exceptions={"observability/logs/configuration.py": "the logger of the access log, before it is configured"},
    ),
    Rule(
        "log calls are synchronous",
        modules=_PRODUCT,
        find=_asynchronous_logging,
        rejected=("async def a() -> None:\n    await log.ainfo('a')",),
        accepted=("log.info('a')",),
    ),
    Rule(
        "waits end with asyncio.timeout: in Python 3.11, asyncio.wait_for can lose a cancellation",
        modules=_PRODUCT,
        find=_waits_that_lose_cancellations,
        rejected=("async def a() -> None:\n    await asyncio.wait_for(event.wait(), 1)",),
        accepted=("async def a() -> None:\n    async with asyncio.timeout(1):\n        await event.wait()",),
    ),
    Rule(
        "advisory locks are taken by app.kit.db.locks",
        modules=_PRODUCT,
        find=_advisory_locks,
        rejected=('session.execute("SELECT pg_advisory_lock(1)")', "select(func.pg_try_advisory_xact_lock(1, 2))"),
        accepted=('await lock(session, "toys", key)',),
        exceptions={
            "app/kit/db/locks.py": "takes them",
            "app/migrations/env.py": "a session lock for several transactions, with ids of the same function",
        },
    ),
    Rule(
        "the state of a request is reached with state_of and runtime_of",
        modules=("app/**/*.py", "versions/**/*.py"),
        find=_request_state,
        rejected=("request.state.user = 1", 'scope["state"]["user"] = 1'),
        accepted=("state_of(scope).principal = principal",),
        exceptions={"app/http/state.py": "defines it", "app/http/runtime.py": "defines it"},
    ),
    Rule(
        "background queues are BackgroundQueue",
        modules=_PRODUCT,
        find=_queues,
        rejected=("waiting = asyncio.Queue()", "waiting = queue.SimpleQueue()"),
        accepted=("waiting = BackgroundQueue(handle, 100)",),
        exceptions={
            "app/cli/traffic.py": "hands requests to threads of one command, and is unbounded on purpose",
            "app/kit/db/copies.py": "lets PostgreSQL wait for a client, in one request",
        },
    ),
    Rule(
        "an ASGI layer is named ...Middleware and has a module of its own",
        modules=("app/**/*.py", "versions/**/*.py", "observability/**/*.py"),
        find=_misnamed_layers,
        rejected=(
            "class Gate:\n    async def __call__(self, scope, receive, send): ...",
            f"{_LAYER}{_LAYER.replace('A', 'B')}",
        ),
        accepted=(_LAYER,),
        exceptions={
            "versions/kit/routing.py": "RouteIndex wraps the router",
            "observability/framework.py": "replaces a private layer of Starlette",
            "observability/metrics/exposition.py": "the endpoint of a route, not a layer",
            "app/http/live/streams.py": "a response, not a layer",
            "app/http/exports/response.py": "a response, not a layer",
            "app/http/downloads/response.py": "a response, not a layer",
        },
    ),
    Rule(
        "an ASGI layer is stateless",
        modules=("app/**/*.py", "versions/**/*.py", "observability/**/*.py"),
        find=_state_of_layers,
        rejected=("class A:\n    async def __call__(self, scope, receive, send):\n        self.last = scope",),
        accepted=(f"{_LAYER}    def __init__(self, app):\n        self._app = app\n",),
        exceptions={
            "observability/requests/middleware.py": "counts requests in flight, and reports ended ones together",
            "app/http/live/streams.py": "a response, which serves one stream",
        },
    ),
    Rule(
        "every network call has a timeout",
        modules=_PRODUCT,
        find=_calls_without_timeout,
        rejected=("urlopen(url)", "httpx2.AsyncClient()", "socket.create_connection(address)"),
        accepted=("urlopen(url, timeout=3)", "HTTPConnection(host, timeout=3)"),
    ),
    Rule(
        "reason phrases come from app.kit.reason_phrases",
        modules=_PRODUCT,
        find=_phrases_of_the_interpreter,
        rejected=("HTTPStatus(status).phrase", "http.client.responses[422]"),
        accepted=("REASON_PHRASES[status]",),
    ),
)
