"""Counts the instructions that the interpreter executes for a request, by layer."""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT: Final = Path(__file__).parents[2]
_DEPTH: Final = 3
"""Folders that name a layer of the product: ``app/kit/db``, ``observability/requests``."""
_NOT_OF_THE_REQUEST: Final = ("tests/", "httpx2", "anyio", "pytest_asyncio", "hypothesis", "sniffio")
"""The client of the test, and a callback of the garbage collector. ``anyio`` is the client's, too: the measured
requests use neither files nor background tasks."""
_TOOL: Final = 4
"""The number by which `sys.monitoring` knows this program; 0, 1, 2 and 5 are those of debuggers and profilers."""
_LOOP: Final = ("base_events.py", "events.py", "selectors.py", "selector_events.py")
"""The event loop of the standard library: servers run on uvloop instead, which executes no Python."""


class InstructionCounter:
    """An ASGI application that counts the instructions of another one.

    A count depends on nothing but the code and the minor version of Python, so that a small growth can be told from
    noise. It does not see what an instruction costs: a call of a C function is one, as is an addition.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._layers: dict[str, str] = {}
        self.counts: Counter[str] = Counter()
        """Instructions of the last request by layer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.counts = Counter()
        await self._traced(lambda: self._app(scope, receive, send))
        self.counts = Counter({name: n for name, n in self.counts.items() if not name.startswith(_NOT_OF_THE_REQUEST)})

    async def _traced(self, run: Callable[[], Awaitable[None]]) -> None:
        if sys.version_info >= (3, 12):
            await self._monitored(run)
            return
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            await run()
        finally:
            sys.settrace(before)

    async def _monitored(self, run: Callable[[], Awaitable[None]]) -> None:
        """As ``sys.settrace``, whose events of instructions Python 3.13 leaves out in some frames."""
        monitoring = sys.monitoring
        counts, layer = self.counts, self._layer

        def count(code: CodeType, _offset: int) -> None:
            if name := layer(code):
                counts[name] += 1

        monitoring.use_tool_id(_TOOL, "strata request costs")
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, count)
        monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)
        try:
            await run()
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        layer = self._layer(frame.f_code)
        if not layer:
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        counts = self.counts

        def count(_frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "opcode":
                counts[layer] += 1
            return count

        return count

    def _layer(self, code: CodeType) -> str:
        file = code.co_filename
        if file not in self._layers:
            self._layers[file] = layer_of(file)
        return self._layers[file]


def layer_of(file: str) -> str:
    """The layer of a source file: a folder of the product, a distribution, or ``python``; empty for the event loop."""
    if "site-packages/" in file:
        return file.rpartition("site-packages/")[2].partition("/")[0].removesuffix(".py")
    path = Path(file)
    if path.is_relative_to(_ROOT):
        return "/".join(path.relative_to(_ROOT).parent.parts[:_DEPTH])
    if path.name in _LOOP:
        return ""
    return "python"
