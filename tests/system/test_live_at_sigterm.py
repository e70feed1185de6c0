"""A server that stops ends its streams and WebSockets at once, with the reason, and no credential is in its log."""

import asyncio
import json
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import httpx2
from websockets.exceptions import InvalidStatus

from tests.support.limits import MANY_STREAMS
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, execute_as_owner
from tests.support.sockets import SocketClient, socket
from tests.support.waiting import PATIENCE, stretched
from versions.registry import VERSIONS

ROOT = Path(__file__).parents[2]
WS = "/api/v2/ws"
STREAMS = SOCKETS = 100
SECONDS = 2
VARIABLES = {
    "STRATA_LOG__FORMAT": "json",
    "STRATA_LOG__LEVEL": "debug",
}


class Readers:
    """Reads streams to their end."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._open = 0
        self._all_open = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read()) for _ in range(STREAMS)]

    async def all_open(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._all_open.wait()

    async def texts(self) -> list[str]:
        return await asyncio.gather(*self._tasks)

    async def _read(self) -> str:
        text = ""
        async with self._client.stream("GET", "/api/v2/stream") as response:
            async for part in response.aiter_text():
                if not text:
                    self._open += 1
                    if self._open == STREAMS:
                        self._all_open.set()
                text += part
        return text


def paths_with(token: str) -> list[str]:
    """The WebSockets of all versions whose path contains a token."""
    found = []
    for version in VERSIONS:
        document = json.loads((ROOT / "contracts" / f"{version.name}.asyncapi.json").read_text())
        addresses = [channel["address"] for channel in document["channels"].values()]
        found += [f"{version.prefix}{address}" for address in addresses if "{token}" in address]
    return [path.format(token=token, room_id="lobby") for path in found]


async def sockets(stack: AsyncExitStack, url: str, key: Mapping[str, str]) -> list[SocketClient]:
    """WebSockets, each of which has passed the key in another way than the one before it."""
    (text,) = key.values()
    ways = [(WS, key), (WS, {}), *((path, {}) for path in paths_with(text))]
    clients = []
    for path, headers in islice(cycle(ways), SOCKETS):
        client = await stack.enter_async_context(socket(url, path, headers))
        if (path, headers) == (WS, {}):
            assert (await client.call(op="authenticate", ref="1", token=text))["op"] == "ack"
        clients.append(client)
    return clients


async def send_wrong_tokens(url: str) -> list[str]:
    """Tokens that the server has rejected: in a header, a query, a path and a message."""
    rejected = [f"planted-{number}-0123456789abcdef" for number in range(4)]
    for path, headers in ((WS, {"Authorization": f"Bearer {rejected[0]}"}), (f"/?ticket={rejected[1]}", {})):
        try:
            async with socket(url, path, headers):
                raise AssertionError(path)
        except InvalidStatus:
            pass
    for path in paths_with(rejected[2]):
        async with socket(url, path) as client:
            assert await client.close_code() == 1008
    async with socket(url, WS) as client:
        await client.send(op="authenticate", ref="1", token=rejected[3])
        assert await client.close_code() == 4401
    return rejected


async def test_streams_and_sockets_end_within_two_seconds(admin_dsn: str, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "sigterm")
    await asyncio.to_thread(execute_as_owner, dsn, MANY_STREAMS)
    strata = Strata(tmp_path / "home", dsn, **VARIABLES)
    key, port = dict(api_key(strata)), free_port()
    url = f"http://127.0.0.1:{port}"
    limit = stretched(SECONDS)
    limits = httpx2.Limits(max_connections=STREAMS)
    with strata.running("serve", PORT=str(port)) as process:
        await asyncio.to_thread(wait_until_ready, url, process, lambda: strata.log("serve"))
        async with (
            AsyncExitStack() as stack,
            httpx2.AsyncClient(base_url=url, headers=key, limits=limits, timeout=PATIENCE) as client,
        ):
            rejected = await send_wrong_tokens(url)
            opened = await sockets(stack, url, key)
            readers = Readers(client)
            await readers.all_open()
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            texts = await readers.texts()
            codes = await asyncio.gather(*(each.close_code() for each in opened))
            await asyncio.to_thread(process.wait, 60)
            taken = time.monotonic() - began
    assert all(text.endswith('event: bye\ndata: {"reason":"service_restart"}\n\n') for text in texts)
    assert len({text.split("retry: ")[2].partition("\n")[0] for text in texts}) > STREAMS / 2
    assert set(codes) == {1012}
    assert taken < limit, f"{taken:.1f} s"
    log = strata.log("serve")
    assert "Traceback" not in log
    assert '"level":"error"' not in log
    assert '"level":"debug"' in log
    assert [token for token in (*key.values(), *rejected) if token in log] == []
