"""The log of the committed Caddyfile and of uvicorn, with secrets in every part of a request: none is logged."""

import json
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support.caddy import Proxy, proxy_running
from tests.support.limits import SHORT_STREAMS
from tests.support.live import Strata, api_key
from tests.support.postgres import clone
from tests.support.secret_probe import Plants, drive, handshakes
from tests.support.waiting import PATIENCE
from versions.registry import VERSIONS

# A field that a later Caddy adds needs a decision: can a client choose its value?
_FIELDS = {
    *("level", "ts", "logger", "msg", "request", "bytes_read", "duration", "size", "status", "request_id"),
    *("err_id", "err_trace"),
}
_REQUEST_FIELDS = {"remote_ip", "client_ip", "proto", "method", "uri", "tls"}
_TLS_FIELDS = {"resumed", "version", "cipher_suite", "proto", "ech"}


def send_to(port: int, heads: Iterable[bytes], proxy: Proxy | None = None) -> None:
    """Send each head over a connection of its own, and wait for the response or the end of the connection."""

    def send(head: bytes) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
            connection = plain if proxy is None else proxy.tls.wrap_socket(plain, server_hostname="localhost")
            with connection:
                connection.sendall(head)
                connection.recv(4096)

    # While the API is down, the proxy tries for five seconds before it responds.
    with ThreadPoolExecutor(16) as threads:
        tuple(threads.map(send, heads))


def lines_of_the_api(strata: Strata) -> list[dict[str, Any]]:
    return [json.loads(line) for line in strata.log("serve").splitlines()]


async def test_no_secret_is_logged_by_the_proxy_or_the_server(admin_dsn: str, tmp_path: Path) -> None:
    dsn = await clone(admin_dsn, "proxy_log")
    strata = Strata(tmp_path / "home", dsn, STRATA_LOG__LEVEL="debug", STRATA_LOG__FORMAT="json", **SHORT_STREAMS)
    plants, folder = Plants(), tmp_path / "caddy"
    key = api_key(strata, plants.address("owner of the key"))
    plants.note(key["X-API-Key"], "a valid key")
    folder.mkdir()
    with ExitStack() as server:
        port = int(server.enter_context(strata.serving()).rpartition(":")[2])
        with proxy_running(folder, port) as proxy:
            drive(f"https://localhost:{proxy.https}", plants, key, tls=proxy.tls)
            send_to(proxy.https, handshakes(plants, "localhost"), proxy)
            send_to(proxy.http, handshakes(plants, "localhost"))
            send_to(port, handshakes(plants, "localhost"))
            server.close()
            send_to(proxy.https, handshakes(plants, "localhost"), proxy)
    lines = [json.loads(line) for line in proxy.log.read_text().splitlines()]
    requests = [line for line in lines if "request" in line]
    assert len([line for line in requests if line["logger"].startswith("http.log.access")]) > 500
    served = {line["request_id"] for line in lines_of_the_api(strata) if line["event"] == "request"}
    assert len({line.get("request_id") for line in requests} & served) > 300
    failures = [line for line in requests if line["logger"].startswith("http.log.error")]
    assert 502 in {line["status"] for line in failures}
    assert {line["request"]["uri"] for line in requests} == {"", *(f"{version.prefix}/" for version in VERSIONS)}
    for line in requests:
        assert line.keys() <= _FIELDS
        assert line["request"].keys() <= _REQUEST_FIELDS
        assert line["request"].get("tls", {}).keys() <= _TLS_FIELDS
        assert line["request"]["client_ip"] == "127.0.0.0"
    assert plants.found_in(proxy.log.read_text()) == {}
    assert plants.found_in(strata.log("serve")) == {}
