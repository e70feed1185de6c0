"""A real server stores and sends a large file in constant memory; a transfer that is cut leaves and holds nothing.

100 MiB; with ``TESTS_DEEP=1`` 2 GiB. With a local folder, and with a real S3 server.
"""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg
import httpx2
import pytest

from tests.support.dialects import DIALECTS
from tests.support.imports import resident
from tests.support.live import Strata, api_key, free_port, wait_until_ready
from tests.support.postgres import clone, owner_dsn
from tests.support.s3 import running_s3
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, eventually, stretched
from tests.support.wire import WIRE

DEEP: Final = os.environ.get("TESTS_DEEP") == "1"
MEGABYTES: Final = 2048 if DEEP else 100
MOST_MEGABYTES: Final = 50
_MB: Final = 1024 * 1024
_HEAD: Final = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
_UPLOAD: Final = DIALECTS[WIRE].upload_url
_BUSY: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND state <> 'idle' AND backend_type = 'client backend'"
)


class Cut(Exception):
    """The client ends its connection."""


def form(megabytes: int, *, cut: bool = False) -> Iterator[bytes]:
    yield _HEAD
    for _ in range(megabytes):
        yield b"a" * _MB
    if cut:
        raise Cut
    yield b"\n%%EOF\n\r\n--x--\r\n"


def sent_as(port: int, headers: Mapping[str, str], body: bytes, announced: int) -> bytes:
    """What the server responds to a form that announces another length."""
    fields = {**headers, "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(announced)}
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **fields}.items())
    received = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        with suppress(ConnectionError):
            client.sendall(f"POST {_UPLOAD} HTTP/1.1\r\n{head}\r\n".encode() + body)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while chunk := client.recv(65_536):
                received += chunk
    return received


Stored = Callable[[], set[str]]
"""Names of everything that the store has: objects, and what is left of unfinished ones."""


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, str], Stored]]:
    """Variables of the environment that choose a store, and what it has."""
    if request.param == "local":
        yield {}, lambda: {path.name for path in (tmp_path / "home" / "files").rglob("*") if path.is_file()}
        return
    with running_s3() as server:
        yield server.variables(), lambda: {*server.objects(), *server.unfinished_uploads()}


async def test_transfers_in_constant_memory(
    admin_dsn: str, tmp_path: Path, store: tuple[dict[str, str], Stored]
) -> None:
    variables, stored = store
    home, dsn = tmp_path / "home", await clone(admin_dsn, "transfers")
    home.mkdir()
    strata, owner = Strata(home, dsn, **variables), await asyncpg.connect(owner_dsn(dsn))
    strata.run("plans", "set", "free", "--cap", f"storage_bytes={10 * MEGABYTES * _MB}")
    key = api_key(strata)
    head = {**key, "Content-Type": "multipart/form-data; boundary=x"}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with strata.running("serve", PORT=str(port)) as server:
        wait_until_ready(url, server, lambda: strata.log("serve"))
        small = httpx2.post(url + _UPLOAD, headers=head, content=form(1), timeout=PATIENCE)
        assert small.is_success, small.text
        first = resident(server.pid, "VmHWM")
        created = httpx2.post(url + _UPLOAD, headers=head, content=form(MEGABYTES), timeout=PATIENCE)
        assert created.is_success, created.text
        received = 0
        content = url + DIALECTS[WIRE].content_of(created.json())
        with httpx2.stream("GET", content, headers=key, timeout=PATIENCE) as response:
            for chunk in response.iter_bytes():
                received += len(chunk)
        assert received == created.json()["size"] > MEGABYTES * _MB
        assert resident(server.pid, "VmHWM") - first < MOST_MEGABYTES

        before = stored()
        assert len(before) == 2
        with pytest.raises(Cut):
            httpx2.post(url + _UPLOAD, headers=head, content=form(MEGABYTES // 2, cut=True), timeout=PATIENCE)

        async def holds_nothing() -> bool:
            transfers = Scrape.of(url).sum("strata_transfers_active")
            return bool(transfers == 0 and await owner.fetchval(_BUSY) == 0)

        await eventually(holds_nothing, stretched(1))
        with httpx2.stream("GET", content, headers=key, timeout=PATIENCE) as response:
            next(response.iter_bytes())
        await eventually(holds_nothing, stretched(1))
        body = b"".join(form(1))
        assert sent_as(port, key, body, len(body) // 2)[:12] == b"HTTP/1.1 400"
        assert sent_as(port, key, body, len(body) * 2) == b"", "the rest never comes"

        async def leaves_nothing() -> bool:
            rows = await owner.fetchval("SELECT count(*) FROM files WHERE state <> 'ready'")
            return bool(rows == 0 and stored() == before)

        await eventually(leaves_nothing)
    await owner.close()
