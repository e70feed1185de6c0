"""What belongs to no version: the front door, discovery, health, and what both versions say of themselves."""

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from app.errors import PROBLEM_TYPES
from app.http.runtime import Runtime
from app.kit.db.database import Database
from app.main import create_app
from app.settings.auth import AuthSettings
from app.settings.database import DatabaseSettings
from app.settings.http import HttpSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.dialects import DIALECTS
from tests.support.operations import VERSIONS
from tests.support.registries import DEPRECATED, GUIDES

DOCUMENTATION = [f"/api/{name}/{page}" for name in VERSIONS for page in ("docs", "redoc")]


@pytest.mark.parametrize("path", ["/", "/docs", "/policies/versions"])
async def test_pages(test_app: TestApp, path: str) -> None:
    async with test_app.client() as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert all(name in answer.text for name in VERSIONS)
        assert (await client.head(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docs", "/policies/versions", "/problems/not_found", "/verify", "/reset-password"),
        *GUIDES,
        *DOCUMENTATION,
    ],
)
async def test_the_policy_of_a_page_allows_named_sources_only(test_app: TestApp, path: str) -> None:
    async with test_app.client() as client:
        response = await client.get(path)
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert {name: policy[name] for name in ("default-src", "base-uri", "frame-ancestors", "form-action")} == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }
    for name in ("script-src", "style-src"):
        for source in policy.get(name, "").split():
            assert source == "'self'" or source.startswith("'sha256-")
    tags = re.sub(r"<(script|style|code)\b.*?</\1>", "", response.text, flags=re.DOTALL)
    assert not re.search(r"\s(style|on\w+)=", tags)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


async def test_discovery(test_app: TestApp) -> None:
    async with test_app.client() as client:
        versions = {found["name"]: found for found in (await client.get("/api")).json()["versions"]}
        assert set(versions) == set(VERSIONS)
        for declared in DEPRECATED:
            shown = versions[declared.name]
            dates = [datetime.fromisoformat(shown[name]) for name in ("deprecated_at", "sunset_at")]
            assert (dates, shown["successor"]) == ([declared.deprecated_at, declared.sunset_at], declared.successor)
        for version in versions.values():
            for link in ("openapi", "docs"):
                assert (await client.get(version[link])).status_code == 200
        catalog = await client.get("/.well-known/api-catalog")
        head = await client.head("/.well-known/api-catalog")
        assert catalog.headers["Content-Type"].startswith("application/linkset+json")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Type"] == catalog.headers["Content-Type"]
        assert 'rel="api-catalog"' in head.headers["Link"]
        base = test_app.runtime.settings[HttpSettings].base_url
        for links in catalog.json()["linkset"]:
            for relation in ("service-desc", "service-doc", "status"):
                (link,) = links[relation]
                assert (await client.get(link["href"].removeprefix(base))).status_code == 200
        text = (await client.get("/.well-known/security.txt")).text
        assert {line.partition(":")[0] for line in text.splitlines()} >= {"Contact", "Expires", "Canonical"}


async def test_every_problem_type_is_explained(test_app: TestApp) -> None:
    async with test_app.client() as client:
        assert {"internal_error", "method_not_allowed", "not_found", "rate_limited", "post_not_found"} <= set(
            PROBLEM_TYPES
        )
        for code in PROBLEM_TYPES:
            assert (await client.get(f"/problems/{code}")).status_code == 200, code
        assert (await client.get("/problems/unheard_of")).status_code == 404
        missing = await client.get("/nowhere")
        assert (await client.get(missing.json()["type"])).status_code == 200


async def test_readiness_tells_of_a_database_that_is_gone(admin_dsn: str, settings: Settings) -> None:
    """The pool is closed under the application: nothing answers any more."""
    database = await Database.open(admin_dsn, settings[DatabaseSettings])
    gone = TestApp(create_app(settings), Runtime.build(settings, database))
    async with gone.client() as client:
        assert (await client.get("/health/ready")).json()["dependencies"]["database"] == "ok"
        await database.close()
        down = await client.get("/health/ready")
        assert (down.status_code, down.json()["dependencies"]["database"]) == (503, "unavailable")
        assert (await client.get("/health")).json() == {"status": "ok"}
        for version in VERSIONS:
            answer = await client.get(f"/api/{version}/posts")
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1


async def _break(*_arguments: object, **_more: object) -> None:
    message = "a defect"
    raise RuntimeError(message)


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_response_tells_the_life_of_its_version(
    test_app: TestApp, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with test_app.client() as client:
        answers: list[httpx2.Response] = [
            await client.get(f"/api/{version}/posts"),
            await client.get(f"/api/{version}/nowhere"),
            await client.delete(f"/api/{version}/posts"),
            await client.get(DIALECTS[version].search.partition("?")[0]),
            await client.get(f"/api/{version}/users"),
        ]
        monkeypatch.setattr(type(test_app.runtime.database.reads), "all", _break)
        answers.append(await client.get(f"/api/{version}/posts"))
    assert [answer.status_code for answer in answers] == [200, 404, 405, 422, 401, 500]
    assert "GET" in answers[2].headers["Allow"].split(", ")
    assert "a defect" not in answers[5].text
    declared = {one.name: one for one in DEPRECATED}.get(version)
    for answer in answers:
        assert answer.headers["API-Version"] == version
        life = (answer.headers.get("Deprecation"), answer.headers.get("Sunset"))
        if declared is None:
            assert life == (None, None)
        else:
            assert declared.deprecated_at is not None
            assert life[0] == f"@{int(declared.deprecated_at.timestamp())}"
            assert parsedate_to_datetime(str(life[1])) == declared.sunset_at
        link = answer.headers.get("Link", "")
        for relation in ("deprecation", "sunset", "successor-version"):
            assert (f'rel="{relation}"' in link) is (declared is not None)


async def test_browsers_read_what_configuration_allows(settings: Settings, test_app: TestApp) -> None:
    http = settings[HttpSettings].model_copy(update={"cors_origins": ["https://app.example"]})
    allowed = TestApp(create_app(settings.with_groups(http)), test_app.runtime)
    for version in VERSIONS:
        for origin, echoed in {"https://app.example": "https://app.example", "https://evil.example": None}.items():
            async with allowed.client({"Origin": origin}) as client:
                answer = await client.get(f"/api/{version}/posts")
                assert answer.headers.get("Access-Control-Allow-Origin") == echoed
        async with test_app.client({"Origin": "https://app.example"}) as client:
            assert "Access-Control-Allow-Origin" not in (await client.get(f"/api/{version}/posts")).headers


@pytest.mark.parametrize("version", VERSIONS)
async def test_documents_and_pages_name_no_other_host(test_app: TestApp, version: str) -> None:
    async with test_app.client() as client:
        document: dict[str, Any] = json.loads((await client.get(f"/api/{version}/openapi.json")).text)
        assert document["servers"][0]["url"].endswith(f"/api/{version}")
        for page in ("docs", "redoc"):
            html = (await client.get(f"/api/{version}/{page}")).text
            assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html) == []
            assets = re.findall(r'(?:src|href)="([^"]+)"', html)
            assert assets
            for asset in assets:
                assert (await client.get(asset)).status_code == 200, asset


async def test_scripts_of_the_documentation_load_nothing_from_elsewhere(test_app: TestApp) -> None:
    async with test_app.client() as client:
        for name in ("redoc.standalone.js", "swagger-ui-bundle.js"):
            script = await client.get(f"/docs/assets/{name}")
            assert script.headers["Content-Type"].startswith("text/javascript")
            assert script.headers.get_list("Cache-Control") == ["public, max-age=3600"]
            assert "cdn.redoc.ly" not in script.text


async def test_the_public_key_is_served(settings: Settings, test_app: TestApp) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    auth = settings[AuthSettings].model_copy(update={"signing_key": SecretStr(pem)})
    changed = settings.with_groups(auth)
    signing = TestApp(create_app(changed), Runtime.build(changed, test_app.runtime.database))
    async with signing.client() as client, test_app.client() as other:
        response = await client.get("/.well-known/jwks.json")
        assert response.headers["Cache-Control"] == "public, max-age=300"
        (key,) = response.json()["keys"]
        assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
        assert key["kid"]
        assert "d" not in key, "the private half stays here"
        assert (await other.get("/.well-known/jwks.json")).status_code == 404
