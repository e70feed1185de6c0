"""A server that stops closes its WebSockets at once, and clients continue where they were."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.limits import MANY_STREAMS
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, execute_as_owner
from tests.support.sockets import socket
from tests.support.waiting import stretched

SOCKETS = 100
SECONDS = 2
WS = "/api/v2/ws"


async def test_a_hundred_sockets_end_within_two_seconds_and_resume(admin_dsn: str, tmp_path: Path) -> None:
    many = {"STRATA_LOG__FORMAT": "json"}
    dsn = await clone(admin_dsn, "sigterm")
    await asyncio.to_thread(execute_as_owner, dsn, MANY_STREAMS)
    strata = Strata(tmp_path / "home", dsn, **many)
    key, port = dict(api_key(strata)), free_port()
    url = f"http://127.0.0.1:{port}"
    limit = stretched(SECONDS)
    with strata.running("serve", PORT=str(port)) as process:
        await asyncio.to_thread(wait_until_ready, url, process, lambda: strata.log("serve"))
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(socket(url, WS, key)) for _ in range(SOCKETS)]
            room = {"channel": "rooms/lobby"}
            started = [await client.call(op="subscribe", ref="1", **room) for client in clients]
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            codes = await asyncio.gather(*(client.close_code() for client in clients))
            await asyncio.to_thread(process.wait, 60)
            taken = time.monotonic() - began
    assert set(codes) == {1012}
    assert taken < limit, f"{taken:.1f} s"
    log = strata.log("serve")
    assert "Traceback" not in log
    assert '"level":"error"' not in log
    with strata.running("serve", PORT=str(port)) as process:
        await asyncio.to_thread(wait_until_ready, url, process, lambda: strata.log("serve"))
        async with socket(url, WS, key) as client:
            await client.call(op="subscribe", ref="1", after=started[0]["position"], **room)
            found = [await client.receive() for _ in range(3)]
    first = started[0]["position"]
    assert [(each["kind"], each["position"] - first) for each in found] == [("joined", 1), ("left", 2), ("joined", 3)]
