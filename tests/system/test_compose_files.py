"""The S3 server of docker-compose.yml stores files for the API, and its clients reach it through the Caddyfile only."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import yaml

from app.kit.storage.opening import open_store
from app.kit.storage.store import ObjectStore
from app.settings.loading import load_settings
from observability.metrics.metrics import Metrics
from tests.support.caddy import Proxy, proxy_running
from tests.support.live import free_port
from tests.support.s3 import running_weed
from tests.support.waiting import PATIENCE

HOST = "files.localhost"
SECRETS = {"STRATA_DOMAIN": "localhost", "S3_ACCESS_KEY": "an-access-key", "S3_SECRET_KEY": "a-secret-key"}
SOON = timedelta(minutes=1)


def resolved(text: str) -> str:
    """A text of docker-compose.yml with the values of its variables."""
    for name, value in SECRETS.items():
        text = text.replace(f"${{{name}:?run make compose-env}}", value)
    return text


@dataclass
class Files:
    """Caddy in front of the S3 server, and the store of the API."""

    proxy: Proxy
    store: ObjectStore

    def request(self, method: str, url: str, content: bytes | None = None) -> httpx2.Response:
        """A request from outside, where the name of the host leads to Caddy."""
        target = httpx2.URL(url)
        assert target.host == HOST
        with httpx2.Client(verify=self.proxy.tls, timeout=PATIENCE) as client:
            return client.request(
                method,
                target.copy_with(host="127.0.0.1"),
                headers={"Host": f"{HOST}:{target.port}"},
                extensions={"sni_hostname": HOST},
                content=content,
            )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    composed = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
    service, folder = composed["services"]["s3"], tmp_path_factory.mktemp("s3")
    identities = folder / "s3.json"
    identities.write_text(resolved(composed["configs"]["s3-identities"]["content"]))
    data = folder / "data"
    data.mkdir()
    places = {"/data": str(data), "/etc/seaweedfs/s3.json": str(identities)}
    command = []
    for option in service["command"]:
        name, is_given, value = option.partition("=")
        command.append(f"{name}{is_given}{places.get(value, value)}")
    # The server of the test chooses another port.
    command.remove("-s3.port=8333")
    api = composed["services"]["api"]["environment"]
    given = {
        name.partition("STORAGE__")[2].lower(): resolved(api[name]) for name in api if name.startswith("STRATA_STORAGE")
    }
    assert given["endpoint"] == "http://s3:8333"
    assert given["public_endpoint"] == f"https://{HOST}"
    with (
        running_weed(folder, command, {}) as server,
        proxy_running(tmp_path_factory.mktemp("caddy"), free_port(), files=httpx2.URL(server.endpoint).port) as proxy,
    ):
        given |= {"endpoint": server.endpoint, "public_endpoint": f"https://{HOST}:{proxy.https}"}
        yield Files(proxy, open_store(load_settings(home=folder, storage=given), Metrics()))


async def test_a_signed_upload_is_what_the_api_reads_and_a_signed_download_what_it_wrote(files: Files) -> None:
    content = os.urandom(100_000)
    url = await files.store.signed_url("PUT", "incoming/one", SOON)
    assert url is not None
    uploaded = files.request("PUT", url, content)
    assert uploaded.status_code == 200, uploaded.text
    assert b"".join([chunk async for chunk in files.store.stream("incoming/one")]) == content
    await files.store.put("objects/two", b"<script>alert(1)</script>")
    url = await files.store.signed_url("GET", "objects/two", SOON)
    assert url is not None
    downloaded = files.request("GET", url)
    assert (downloaded.status_code, downloaded.content) == (200, b"<script>alert(1)</script>")
    assert downloaded.headers["X-Content-Type-Options"] == "nosniff"
    assert downloaded.headers["Content-Security-Policy"].startswith("sandbox")
    assert downloaded.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_nothing_else_of_the_s3_server_can_be_reached(files: Files) -> None:
    await files.store.put("objects/three", b"private")
    url = await files.store.signed_url("GET", "objects/three", SOON)
    assert url is not None
    assert files.request("GET", url).status_code == 200
    path, _, query = url.partition("?")
    assert files.request("GET", path).status_code == 404, "no signature"
    assert files.request("DELETE", url).status_code == 404
    assert files.request("POST", url).status_code == 404
    assert files.request("GET", f"{path.partition('/strata/')[0]}/?{query}").status_code == 404, "the list of buckets"
    assert files.request("GET", f"{path[:-1]}?{query}").status_code == 403, "the signature of another object"
    assert files.request("PUT", url, b"other").status_code == 403, "the signature of another method"
