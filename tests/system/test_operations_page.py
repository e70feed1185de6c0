"""From a uid on a dashboard to the name of its consumer: a real server behind the shipped Caddyfile."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from app.settings.database import DatabaseSettings
from app.web.operations import operations_app
from tests.support.app import PASSWORD as PASSWORD_OF_USER
from tests.support.caddy import OPERATIONS_TOKEN, PASSWORD, Proxy, proxy_running
from tests.support.database_proxy import database_proxy
from tests.support.live import Strata, free_port
from tests.support.postgres import clone
from tests.support.scrape import Scrape
from tests.support.waiting import PATIENCE, stretched, wait_until

OVERVIEW = Path(__file__).parents[2] / "grafana/dashboards/overview.json"
EMAIL = "ada@example.com"
OWNER = "Ada & daughters"
KEY_NAME = "nightly <script>alert(1)</script> export"
BEARER = {"Authorization": f"Bearer {OPERATIONS_TOKEN}"}
OPERATOR = ("operator", PASSWORD)
UNKNOWN = "0198b0a4-0000-7000-8000-00000000abcd"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def dsn(admin_dsn: str) -> str:
    return asyncio.run(clone(admin_dsn, "operations"))


@pytest.fixture(scope="module")
def strata(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Strata:
    found = Strata(tmp_path_factory.mktemp("operations") / "home", dsn)
    found.run("users", "create", EMAIL, "--name", OWNER, "--password", PASSWORD_OF_USER)
    return found


@pytest.fixture(scope="module")
def key(strata: Strata) -> dict[str, Any]:
    found: dict[str, Any] = strata.json("keys", "create", EMAIL, "--name", KEY_NAME, "--plan", "pro")
    return found


@pytest.fixture(scope="module")
def operations(strata: Strata) -> Iterator[tuple[str, str]]:
    """The URLs of the API and of its listener for operators."""
    port = free_port()
    settings = {"STRATA_OPERATIONS__PORT": str(port), "STRATA_OPERATIONS__TOKEN": OPERATIONS_TOKEN}
    with strata.serving("--workers", "2", **settings) as url:
        yield url, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def consumer(operations: tuple[str, str], key: dict[str, Any]) -> str:
    """The label ``consumer`` of the requests of the key."""
    (uid,) = consumer_of(operations[0], {"X-API-Key": key["key"]})
    return uid


def consumer_of(url: str, credentials: dict[str, str]) -> set[str]:
    """The labels ``consumer`` that appear with a request."""

    def labels() -> set[str]:
        samples = [sample for sample in Scrape.of(url).samples if sample.name == requests]
        return {sample.labels["consumer"] for sample in samples} - {"anonymous", "other"}

    requests = "api_consumer_requests_total"
    before, number = labels(), Scrape.of(url).sum(requests)
    assert httpx2.get(f"{url}/api/v2/posts", headers=credentials, timeout=PATIENCE).status_code == 200
    # A process counts a request after its response.
    wait_until(lambda: Scrape.of(url).sum(requests) > number)
    return labels() - before


@pytest.fixture(scope="module")
def proxy(operations: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    api, own = (urlsplit(url).port or 0 for url in operations)
    with proxy_running(tmp_path_factory.mktemp("caddy"), api, own) as found:
        yield found


def name_links() -> list[str]:
    """The templates of the links to a name, from the committed overview."""
    panels = json.loads(OVERVIEW.read_text())["panels"]
    configs = [panel["fieldConfig"] for panel in panels if panel["type"] != "row"]
    links = [link for config in configs for link in config["defaults"].get("links", ())]
    links += [
        link for config in configs for override in config["overrides"] for link in override["properties"][0]["value"]
    ]
    return [link["url"] for link in links if link["title"] == "Name of this consumer"]


def test_a_link_of_the_overview_leads_an_operator_to_the_name(proxy: Proxy, consumer: str, key: dict[str, Any]) -> None:
    templates = name_links()
    assert len(templates) == 4
    for template in templates:
        path = template.replace("${__value.raw}", consumer).replace("${__field.labels.consumer}", consumer)
        redirect = proxy.get("grafana.localhost", path)
        assert redirect.status_code == 302
        target = urlsplit(redirect.headers["location"])
        assert (target.scheme, target.netloc) == ("https", "operations.localhost")
        assert proxy.get(target.netloc, target.path).status_code == 401
        page = proxy.get(target.netloc, target.path, OPERATOR, HTML)
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert all(text in page.text for text in (key["id"], "pro", "Ada &amp; daughters", consumer))
        assert "nightly &lt;script&gt;alert(1)&lt;/script&gt; export" in page.text


def test_the_page_is_not_part_of_the_api(operations: tuple[str, str], proxy: Proxy, consumer: str) -> None:
    assert httpx2.get(f"{operations[0]}/consumers/{consumer}", headers=BEARER, timeout=PATIENCE).status_code == 404
    assert proxy.get("localhost", f"/consumers/{consumer}", OPERATOR).status_code == 404
    assert proxy.get("operations.localhost", "/", OPERATOR).status_code == 404
    assert proxy.get("operations.localhost", "/metrics", OPERATOR).status_code == 404


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Bearer", OPERATIONS_TOKEN, f"Basic {OPERATIONS_TOKEN}"])
def test_the_listener_needs_its_token(operations: tuple[str, str], consumer: str, token: str | None) -> None:
    given = {} if token is None else {"Authorization": token}
    for accept in ({}, HTML):
        response = httpx2.get(f"{operations[1]}/consumers/{consumer}", headers={**given, **accept}, timeout=PATIENCE)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="operations"'
        assert "Ada" not in response.text


def test_programs_get_json(operations: tuple[str, str], consumer: str, key: dict[str, Any], strata: Strata) -> None:
    response = httpx2.get(f"{operations[1]}/consumers/{consumer}", headers=BEARER, timeout=PATIENCE)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    found = response.json()
    assert found["consumer"] == consumer
    assert found["user"] == {"id": found["user"]["id"], "name": OWNER, "active": True}
    assert (found["key"]["id"], found["key"]["name"], found["key"]["plan"]) == (key["id"], KEY_NAME, "pro")
    assert found["key"]["revoked_at"] is None
    assert EMAIL not in response.text
    # Both ids are arguments of commands.
    assert strata.json("keys", "list")[0]["id"] == found["key"]["id"]
    log = strata.log("serve")
    assert "consumer_looked_up" in log
    assert not any(text in log for text in ("nightly", "daughters", OPERATIONS_TOKEN))


def test_a_session_is_resolved_to_its_user(operations: tuple[str, str]) -> None:
    url, own = operations
    form = {"grant_type": "password", "username": EMAIL, "password": PASSWORD_OF_USER}
    token = httpx2.post(f"{url}/api/v2/auth/token", data=form, timeout=PATIENCE).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    (label,) = consumer_of(url, bearer)
    resolved = httpx2.get(f"{own}/consumers/{label}", headers=BEARER, timeout=PATIENCE).json()
    assert (resolved["consumer"], resolved["key"], resolved["user"]["name"]) == (label, None, OWNER)


@pytest.mark.parametrize(
    ("consumer", "detail"),
    [
        ("anonymous", "the sum of all requests without valid credentials"),
        ("other", "the sum of the consumers without a series"),
        (UNKNOWN, "no API key and no user with this uid"),
        (UNKNOWN.upper(), "no API key and no user with this uid"),
        ("%00", "no API key and no user with this uid"),
        ("' OR 1=1 --", "no API key and no user with this uid"),
    ],
)
def test_an_unknown_consumer_is_404_with_the_reason(operations: tuple[str, str], consumer: str, detail: str) -> None:
    url = f"{operations[1]}/consumers/{consumer}"
    problem = httpx2.get(url, headers=BEARER, timeout=PATIENCE)
    assert problem.status_code == problem.json()["status"] == 404
    assert problem.headers["content-type"] == "application/problem+json"
    assert detail in problem.json()["detail"]
    page = httpx2.get(url, headers=BEARER | HTML, timeout=PATIENCE)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert httpx2.post(url, headers=BEARER, timeout=PATIENCE).status_code == 405


async def test_a_hanging_database_is_503_within_the_deadline(dsn: str, tmp_path: Path) -> None:
    async with database_proxy(dsn, tmp_path) as database:
        app = operations_app(database.dsn, DatabaseSettings(), OPERATIONS_TOKEN)
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://operations", headers=BEARER) as client:
                url = f"/consumers/{UNKNOWN}"
                assert (await client.get(url)).status_code == 404
                database.hang()
                started = time.monotonic()
                hanging = await client.get(url)
                assert time.monotonic() - started < stretched(5)
                database.resume()
                assert hanging.status_code == hanging.json()["status"] == 503
                assert int(hanging.headers["retry-after"]) > 0
                assert (await client.get(url)).status_code == 404
