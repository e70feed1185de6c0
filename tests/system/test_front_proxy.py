"""The committed Caddyfile in a real Caddy: TLS, HTTP/2, HTTP/3, and protected internal pages."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.support.live import free_port

ROOT = Path(__file__).parents[2]
CADDY = Path(sys.executable).parent / "caddy"
PASSWORD = "for the test only"
UPSTREAM = """dynamic a {
			name api
			port 8000
			refresh 5s
		}"""


@dataclass(frozen=True)
class Proxy:
    """The ports of the proxy, and the certificate of its local certificate authority."""

    http: int
    https: int
    authority: Path

    def get(self, host: str, path: str, auth: tuple[str, str] | None = None) -> httpx2.Response:
        context = ssl.create_default_context(cafile=str(self.authority))
        with httpx2.Client(verify=context, timeout=10) as client:
            return client.get(
                f"https://127.0.0.1:{self.https}{path}",
                headers={"Host": host},
                extensions={"sni_hostname": host},
                auth=auth,
            )


class Api(BaseHTTPRequestHandler):
    """A stub of the API whose response contains the path and the headers of the request."""

    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['X-Forwarded-Proto']} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("ETag", '"revision-1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Suppress the log."""


@contextmanager
def api() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def write_configuration(folder: Path, ports: dict[str, int], upstream: int) -> Path:
    """Write the committed file with free ports and an upstream that needs no name server."""
    text = (ROOT / "grafana/caddy/Caddyfile").read_text()
    replaced = {
        "http_port 8080": f"http_port {ports['http']}",
        "https_port 8443": f"https_port {ports['https']}",
        "127.0.0.1:2020": f"127.0.0.1:{ports['health']}",
        UPSTREAM: f"to 127.0.0.1:{upstream}",
        "/srv/runbooks": str(ROOT / "grafana/runbooks"),
    }
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after)
    path = folder / "Caddyfile"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("caddy")
    ports = {name: free_port() for name in ("http", "https", "health")}
    hashed = subprocess.run(
        [CADDY, "hash-password", "--plaintext", PASSWORD], capture_output=True, text=True, timeout=60, check=True
    )
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "STRATA_DOMAIN": "localhost",
        "STRATA_ACME_EMAIL": "operations@strata.example",
        "OPS_USER": "operator",
        "OPS_PASSWORD_HASH": hashed.stdout.strip(),
    }
    with api() as upstream, (folder / "caddy.log").open("wb") as log:
        arguments = ["run", "--adapter", "caddyfile", "--config", str(write_configuration(folder, ports, upstream))]
        process = subprocess.Popen([CADDY, *arguments], env=environment, stdout=log, stderr=log)
        try:
            found = Proxy(ports["http"], ports["https"], folder / "caddy/pki/authorities/local/root.crt")
            wait_until_ready(found, ports["health"], process, folder / "caddy.log")
            yield found
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder / "caddy", ignore_errors=True)


def wait_until_ready(found: Proxy, health: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the health check of the container succeeds and the certificate exists."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            healthy = httpx2.get(f"http://127.0.0.1:{health}/healthz", timeout=2).status_code == 200
            if healthy and found.authority.exists() and found.get("localhost", "/").status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_the_api_is_served_over_tls_and_http3_is_advertised(proxy: Proxy) -> None:
    response = proxy.get("localhost", "/api/v2/posts")
    assert response.text == "/api/v2/posts https localhost"
    assert f'h3=":{proxy.https}"' in response.headers["alt-svc"]
    assert response.headers["strict-transport-security"]
    assert "caddy" not in response.headers.get("server", "").lower()


def test_http2_is_negotiated(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.authority))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"
        assert secured.version() == "TLSv1.3"


def test_the_etag_is_passed_through(proxy: Proxy) -> None:
    assert proxy.get("localhost", "/api/v2/posts").headers["etag"] == '"revision-1"'


@pytest.mark.parametrize("path", ["/metrics", "/metrics/anything"])
def test_metrics_are_not_public(proxy: Proxy, path: str) -> None:
    assert proxy.get("localhost", path).status_code == 404


def test_plain_http_is_redirected_to_https(proxy: Proxy) -> None:
    response = httpx2.get(f"http://127.0.0.1:{proxy.http}/api", headers={"Host": "localhost"}, timeout=10)
    assert response.status_code == 308
    assert response.headers["location"].startswith("https://localhost")


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "mail"])
def test_pages_for_operators_need_a_password(proxy: Proxy, name: str) -> None:
    assert proxy.get(f"{name}.localhost", "/").status_code == 401
    assert proxy.get(f"{name}.localhost", "/", ("operator", "wrong")).status_code == 401


def test_the_runbook_url_of_an_alert_exists(proxy: Proxy) -> None:
    response = proxy.get("prometheus.localhost", "/runbooks/TargetDown.md", ("operator", PASSWORD))
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.startswith("# TargetDown (page)")
