"""The committed Caddyfile in a real Caddy on the loopback."""

import os
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from tests.support.live import free_port
from tests.support.waiting import PATIENCE

ROOT: Final = Path(__file__).parents[2]
CADDY: Final = Path(sys.executable).parent / "caddy"
PASSWORD: Final = "for the test only"
UPSTREAM: Final = """dynamic a {
			name api
			port 8000
			refresh 5s
		}"""
OPERATIONS: Final = """dynamic a {
				name api
				port 9103
				refresh 5s
			}"""
OPERATIONS_TOKEN: Final = "the token of the page for operators"


@dataclass(frozen=True)
class Proxy:
    """The ports of the proxy, the certificate of its local certificate authority, and its log."""

    http: int
    https: int
    authority: Path
    log: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    def get(
        self, host: str, path: str, auth: tuple[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        with httpx2.Client(verify=self.tls, timeout=PATIENCE) as client:
            return client.get(
                f"https://127.0.0.1:{self.https}{path}",
                headers={"Host": host, **(headers or {})},
                extensions={"sni_hostname": host},
                auth=auth,
            )


@contextmanager
def proxy_running(
    folder: Path, upstream: int, operations: int | None = None, files: int | None = None
) -> Iterator[Proxy]:
    """Run Caddy in front of a server on port ``upstream``, with the domain ``localhost``.

    ``operations`` is the port of its pages for operators, ``files`` that of an S3 server.
    """
    ports = {name: free_port() for name in ("http", "https", "health")}
    ports |= {"upstream": upstream, "operations": operations or free_port(), "files": files or free_port()}
    hashed = subprocess.run(
        [CADDY, "hash-password", "--plaintext", PASSWORD], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    environment = os.environ | {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "STRATA_DOMAIN": "localhost",
        "STRATA_ACME_EMAIL": "operations@strata.example",
        "OPS_USER": "operator",
        "STRATA_OPERATIONS__TOKEN": OPERATIONS_TOKEN,
        "OPS_PASSWORD_HASH": hashed.stdout.strip(),
    }
    found = Proxy(ports["http"], ports["https"], folder / "caddy/pki/authorities/local/root.crt", folder / "caddy.log")
    with found.log.open("wb") as log:
        arguments = ["run", "--adapter", "caddyfile", "--config", str(write_configuration(folder, ports))]
        process = subprocess.Popen([CADDY, *arguments], env=environment, stdout=log, stderr=log)
        try:
            wait_until_ready(found, ports["health"], process, found.log)
            yield found
        finally:
            process.terminate()
            process.wait(20)
            shutil.rmtree(folder / "caddy", ignore_errors=True)


def write_configuration(folder: Path, ports: dict[str, int]) -> Path:
    """Write the committed file with free ports and upstreams that need no name server."""
    text = (ROOT / "grafana/caddy/Caddyfile").read_text()
    replaced = {
        "http_port 8080": f"http_port {ports['http']}",
        "https_port 8443": f"https_port {ports['https']}",
        "127.0.0.1:2020": f"127.0.0.1:{ports['health']}",
        UPSTREAM: f"to 127.0.0.1:{ports['upstream']}",
        OPERATIONS: f"to 127.0.0.1:{ports['operations']}",
        "s3:8333": f"127.0.0.1:{ports['files']}",
        "/srv/runbooks": str(ROOT / "grafana/runbooks"),
    }
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after)
    path = folder / "Caddyfile"
    path.write_text(text)
    return path


def wait_until_ready(found: Proxy, health: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the health check of the container succeeds and the certificate exists."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            healthy = httpx2.get(f"http://127.0.0.1:{health}/healthz", timeout=PATIENCE).status_code == 200
            if healthy and found.authority.exists():
                # 502 while the server behind the proxy is down.
                found.get("localhost", "/")
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text())
