"""One test per tie to uvicorn's internals: an upgrade that changes one fails here first."""

import ast
import inspect
from importlib.metadata import version
from pathlib import Path

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11

from app.http.server import protocol, websockets
from app.http.server.protocol import LimitedHttpProtocol

ROOT = Path(__file__).parents[2]
OVERRIDDEN = {
    *("__init__", "connection_made", "connection_lost", "data_received", "shutdown"),
    *("on_message_begin", "on_headers_complete", "on_body", "on_message_complete"),
    *("on_response_complete", "_start_asgi_task"),
}


async def served(_scope: object, _receive: object, _send: object) -> None:
    """An application."""


def test_the_pinned_minor_is_installed() -> None:
    assert version("uvicorn").rpartition(".")[0] == protocol.UVICORN_MINOR
    assert f'"uvicorn[standard]=={protocol.UVICORN_MINOR}.*"' in (ROOT / "pyproject.toml").read_text()


def test_only_known_methods_are_overridden() -> None:
    assert {name for name in vars(LimitedHttpProtocol) if name in vars(HttpToolsProtocol)} - {
        # The last two are those of Python 3.13.
        *("__doc__", "__module__", "__firstlineno__", "__static_attributes__")
    } == OVERRIDDEN


def test_the_configuration_takes_the_class() -> None:
    config = Config(served, http=LimitedHttpProtocol)
    config.load()
    assert config.http_protocol_class is LimitedHttpProtocol


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        # A request is started, or put on the left of the queue, when its head is complete.
        (
            "on_headers_complete",
            ["self._start_asgi_task(self.cycle, app)", "self.pipeline.appendleft((self.cycle, app))"],
        ),
        ("on_headers_complete", ["keep_alive=http_version", "on_response=self.on_response_complete"]),
        ("on_message_begin", ['self.url = b""', "self.headers = []", '"headers": self.headers']),
        ("on_response_complete", ["self.server_state.total_requests += 1", "self.pipeline.pop()"]),
        ("data_received", ["self._unset_keepalive_if_required()", "self.handle_websocket_upgrade()"]),
        ("on_message_complete", ["self.cycle.more_body = False", "self.cycle.response_complete"]),
        ("connection_lost", ["self.cycle.disconnected = True", "self.cycle.message_event.set()"]),
        ("shutdown", ["self.cycle.keep_alive = False", "self.transport.close()"]),
    ],
)
def test_the_protocol_works_as_its_subclass_expects(method: str, parts: list[str]) -> None:
    source = inspect.getsource(getattr(HttpToolsProtocol, method))
    for part in parts:
        assert part in source, (method, part)


def test_a_cycle_reads_its_transport_and_keep_alive_late() -> None:
    source = inspect.getsource(RequestResponseCycle.send)
    assert "if self.disconnected:\n            return" in source
    assert "if not self.keep_alive and not has_connection_close" in source
    assert source.index("self.response_complete = True") < source.index("self.transport.close()")
    assert source.index("self.transport.close()") < source.index("self.on_response()")
    assert "self.transport.write" in source


def test_flow_control_pauses_and_resumes_once() -> None:
    assert {"pause_reading", "resume_reading"} <= set(vars(FlowControl))
    assert httptools_impl.HIGH_WATER_LIMIT == 65_536


def test_limits_of_the_library_for_websockets() -> None:
    assert (http11.MAX_NUM_HEADERS, http11.MAX_LINE_LENGTH) == (websockets.MAX_FIELDS, websockets.MAX_LINE)


def test_a_denied_handshake_is_complete_for_uvicorn() -> None:
    source = inspect.getsource(WebSocketsSansIOProtocol.run_asgi)
    assert "if not self.handshake_complete:" in source
    assert "assert self.conn.close_sent is not None" in inspect.getsource(
        WebSocketsSansIOProtocol.handle_parser_exception
    )


def test_only_two_modules_import_internals_of_uvicorn() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("uvicorn.protocols"):
                assert path in {Path(protocol.__file__), Path(websockets.__file__)}, path
