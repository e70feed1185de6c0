"""The committed Caddyfile in a real Caddy: TLS, HTTP/2, HTTP/3, and protected internal pages."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from app.http.conditional import _opaque_tags
from app.settings.http import HttpSettings
from tests.support.caddy import PASSWORD, Proxy, proxy_running
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


class Api(BaseHTTPRequestHandler):
    """A stub of the API whose response contains the path and the headers of the request."""

    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['X-Forwarded-Proto']} {self.headers['Host']}".encode()
        body += b"x" * (100_000 if self.path.endswith("/long") else 0)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
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


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with api() as upstream, proxy_running(tmp_path_factory.mktemp("caddy"), upstream) as found:
        yield found


def test_the_api_is_served_over_tls_and_http3_is_advertised(proxy: Proxy) -> None:
    response = proxy.get("localhost", "/api/v2/posts")
    assert response.text == "/api/v2/posts https localhost"
    assert f'h3=":{proxy.https}"' in response.headers["alt-svc"]
    assert response.headers["strict-transport-security"]
    assert "caddy" not in response.headers.get("server", "").lower()


def test_http2_is_negotiated(proxy: Proxy) -> None:
    context = proxy.tls
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"
        assert secured.version() == "TLSv1.3"


def test_the_etag_is_passed_through(proxy: Proxy) -> None:
    assert proxy.get("localhost", "/api/v2/posts").headers["etag"] == '"revision-1"'


def test_long_responses_are_compressed_and_their_tags_name_the_same_revision(proxy: Proxy) -> None:
    response = proxy.get("localhost", "/long")
    assert response.headers["content-encoding"] in {"gzip", "zstd"}
    assert int(response.headers.get("content-length", 0)) < 10_000
    assert len(response.content) > 100_000
    assert _opaque_tags(response.headers["etag"]) == ["revision-1"]


def test_the_proxy_closes_idle_connections_before_the_server() -> None:
    found = re.search(r"keepalive (\d+)s", (ROOT / "grafana/caddy/Caddyfile").read_text())
    assert found is not None
    assert int(found[1]) < HttpSettings().keep_alive_timeout


@pytest.mark.parametrize("path", ["/metrics", "/metrics/anything"])
def test_metrics_are_not_public(proxy: Proxy, path: str) -> None:
    assert proxy.get("localhost", path).status_code == 404


def test_plain_http_is_redirected_to_https(proxy: Proxy) -> None:
    response = httpx2.get(f"http://127.0.0.1:{proxy.http}/api", headers={"Host": "localhost"}, timeout=PATIENCE)
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
