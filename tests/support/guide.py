"""Runs every example of the migration guides against a live server, over the same data each time.

``python -m tests.support.guide`` records the responses in contracts/changes and rewrites the guides; with the name of a
preview it records those of the guide to it.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import asyncpg
import httpx2

from app.kit.reason_phrases import REASON_PHRASES
from contracts.guide import build
from contracts.guide.markdown import prelude
from contracts.guide.recorded_outputs import ExampleRun, RecordedOutputs, example_runs
from tests.support.guide_data import SIGNING_KEY, Data
from tests.support.limits import SHORT_STREAMS, set_plans
from tests.support.live import Strata
from tests.support.passwords import cheap_hashing
from tests.support.postgres import TestServer, clone, owner_dsn
from versions.registry import VERSIONS

SECONDS = 20
# The limits of the free plan except the quotas: all examples together exceed the requests of one minute.
QUOTAS = {"burst": "3000/minute", "daily": "1000000/day"}
ENVIRONMENT = {
    "STRATA_AUTH__SIGNING_KEY": SIGNING_KEY,
    "STRATA_HTTP__CURSOR_KEY": "the cursor key of the server that runs the examples",
    "STRATA_AUTH__LOGINS_PER_MINUTE": "1000",
    # No example follows the redirect to GitHub.
    "STRATA_PROVIDERS__GITHUB__CLIENT_ID": "strata",
    "STRATA_PROVIDERS__GITHUB__CLIENT_SECRET": "the secret of the client at GitHub",
    "STRATA_RATE_LIMIT__ANONYMOUS": json.dumps(QUOTAS),
    **SHORT_STREAMS,
}
# The Python program that runs the examples: one line of JSON in and one line of JSON out per example. Each example
# creates a client; all share the certificates of the system, which take 30 ms to read and which no example needs.
_RUNNER = """
import contextlib, functools, io, json, ssl, sys
ssl.create_default_context = functools.cache(ssl.create_default_context)
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(json.loads(line), "example", "exec"), {"__name__": "__main__"})
    print(json.dumps(out.getvalue()), flush=True)
"""
_SAMPLES = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2FtcGxl"),
    (re.compile(r'"(\d+-[0-9a-f]{12})\.[\w-]+"'), r'"\1.9f2c1e07b6d4a8530e"'),
    (re.compile(r'(?<=request_id": ")[0-9a-f]{32}|(?<=request_id":")[0-9a-f]{32}'), "01a20d3f7c8c756e81bb78bb5706e738"),
    (re.compile(r'(?<=trace_id": ")[0-9a-f]{32}|(?<=trace_id":")[0-9a-f]{32}'), "565d05bf1339c9fc2c8688433a7c38c5"),
    (re.compile(r"(?<=;r=)\d+"), "2994"),
    (re.compile(r"(?<=;t=)\d+"), "60"),
    (re.compile(r"(?<=retry: )\d+"), "1500"),
    # The positions of a stream and its heartbeats: how many there are depends on the time.
    (re.compile(r"(?:^(?::\n)?id: (\d+)\n\n)+", re.MULTILINE), r"id: \1\n\n"),
    (re.compile(r"(?<=X-RateLimit-Remaining: )\d+"), "2994"),
    (re.compile(r"(?<=X-RateLimit-Reset: )\d+"), "1780309060"),
)
_ID = re.compile(r"\b(post|usr|ses|acct|txn|hold|job|ntf)_[0-9a-hjkmnp-tv-z]{26}\b")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z")


class Bench:
    """A server with its data, and the programs that run examples against it."""

    def __init__(self, url: str, data: Data, client: httpx2.AsyncClient, python: asyncio.subprocess.Process) -> None:
        self._url = url
        self._client = client
        self._data = data
        self._python = python
        self._prelude = ""

    @classmethod
    @asynccontextmanager
    async def over(cls, dsn: str, home: Path) -> AsyncIterator["Bench"]:
        """Serve a new database with the data of the examples."""
        strata = Strata(home, dsn, **ENVIRONMENT)
        connection = await asyncpg.connect(owner_dsn(dsn))
        await connection.execute(set_plans(QUOTAS))
        with strata.serving() as url:
            client = httpx2.AsyncClient(base_url=url, timeout=SECONDS)
            data = await Data.written(connection, url)
            python = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _RUNNER,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=os.environ | data.variables,
            )
            try:
                yield cls(url, data, client, python)
            finally:
                assert python.stdin is not None
                python.stdin.close()
                await python.wait()
                await client.aclose()
                await connection.close()

    async def outputs(self, sources: build.Sources) -> dict[ExampleRun, str]:
        """The output of each run of a guide. The data is restored before the first run of each side and language."""
        found: dict[ExampleRun, str] = {}
        wanted = example_runs(sources.fragments, sources.pairing)
        self._prelude = prelude(sources.old.name, sources.new.name)
        for _, together in groupby(wanted, lambda run: (run.owner, run.side, run.language)):
            await self._data.restore()
            for run in together:
                found[run] = self._sampled(await self._output(run)).strip()
        return found

    async def _output(self, run: ExampleRun) -> str:
        if run.language == "python":
            return await self._printed(run.text)
        return await (self._send(run) if run.language == "http" else self._curl(run.text))

    async def _send(self, run: ExampleRun) -> str:
        assert run.request is not None
        request = run.request.with_variables(self._data.variables)
        response = await self._client.request(
            request.method, request.target, headers=dict(request.headers), content=request.body or None
        )
        shown = [name for name in ("Content-Type", *request.shown) if name.lower() in response.headers]
        lines = [f"HTTP/1.1 {response.status_code} {REASON_PHRASES[response.status_code]}"]
        lines += [f"{name}: {response.headers[name]}" for name in shown]
        is_json = response.content and "json" in response.headers["Content-Type"]
        body = json.dumps(response.json(), indent=2, ensure_ascii=False) if is_json else response.text
        return "\n".join([*lines, "", body])

    async def _curl(self, command: str) -> str:
        done = await asyncio.create_subprocess_exec(
            "bash",
            "-euc",
            command,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | self._data.variables,
        )
        output, _ = await asyncio.wait_for(done.communicate(), SECONDS)
        assert done.returncode == 0, command
        return output.decode().replace("\r", "")

    async def _printed(self, code: str) -> str:
        assert self._python.stdin is not None
        assert self._python.stdout is not None
        self._python.stdin.write(json.dumps(f"{self._prelude}\n\n{code}\n").encode() + b"\n")
        line = await asyncio.wait_for(self._python.stdout.readline(), SECONDS)
        assert line, f"Python ended with its traceback above:\n{code}"
        printed: str = json.loads(line)
        return printed

    def _sampled(self, output: str) -> str:
        """The output with fixed values in place of those that differ between runs."""
        text = output.replace(self._url, "https://api.example.com")
        for pattern, sample in _SAMPLES:
            text = pattern.sub(sample, text)
        text = _TIME.sub(lambda found: found[0] if found[0] in self._data.known else "2026-06-01T10:17:00Z", text)
        return _ID.sub(lambda found: found[0] if found[0] in self._data.known else f"{found[1]}_{NEW}", text)


NEW = "01jwncvk8ze5zsanj0xc41wz7q"
"""The last characters of every id that an example creates."""


async def record(preview: str | None) -> None:
    """Run every example of every guide, record the outputs, and write the guides.

    With a ``preview`` only the guide to it is run: its page is written when it is promoted.
    """
    server = TestServer()
    dsn = server.start()
    try:
        await server.prepare()
        await asyncio.to_thread(server.migrate_template)
        with tempfile.TemporaryDirectory(prefix="strata-guide-") as folder:
            async with Bench.over(await clone(dsn, "guide"), Path(folder) / "home") as bench:
                for one in build.read_sources() if preview is None else [preview_sources(preview)]:
                    RecordedOutputs(await bench.outputs(one)).write(one.folder)
    finally:
        server.stop()
    if preview is not None:
        return
    outcome = build.build()
    if outcome.problems:
        sys.exit("\n".join(outcome.problems))
    outcome.write()


def preview_sources(name: str) -> build.Sources:
    """The sources of the guide to a preview."""
    (folder,) = build.CHANGES.glob(f"*-to-{name}")
    by_name = {version.name: version for version in VERSIONS}
    return build.sources_of(by_name[folder.name.partition("-to-")[0]], by_name[name])


if __name__ == "__main__":
    with cheap_hashing():
        asyncio.run(record(sys.argv[1] if len(sys.argv) > 1 else None))
