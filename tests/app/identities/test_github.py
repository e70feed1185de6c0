"""Sign-in with GitHub, behind a fake at the edge: the identity is the number, the address the verified primary one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.http.identities import IdentityComponent
from app.http.runtime import Runtime
from app.identities.flow_secrets import challenge
from app.main import create_app
from app.settings.providers import GitHubSettings, ProviderSettings
from app.settings.root import Settings
from tests.support.app import TestApp
from tests.support.hostile_provider import HostileProvider, http_response, json_response
from tests.support.provider_sign_in import URLS, SignIn, tables
from tests.support.rollback_database import RollbackDatabase

ADDRESSES = [
    {"email": "old@example.com", "primary": False, "verified": True},
    {"email": "ada@example.com", "primary": True, "verified": True},
]


@dataclass
class FakeGitHub(HostileProvider):
    """Responds as GitHub does, unless ``answers`` has another response for a path."""

    answers: dict[str, bytes] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def authorize(self, url: str) -> dict[str, str]:
        asked = dict(parse_qsl(urlsplit(url).query))
        assert asked["scope"] == "read:user user:email"
        assert "nonce" not in asked
        self.visits += 1
        code = f"code-{self.visits}"
        self.challenges[code] = asked["code_challenge"]
        return {"code": code, "state": asked["state"]}

    def respond(self, path: str, form: Mapping[str, str]) -> bytes:
        if path in self.answers:
            return self.answers[path]
        if path == "/login/oauth/access_token":
            if self.challenges.pop(form["code"], None) != challenge(form["code_verifier"]):
                return json_response({"error": "bad_verification_code"})
            return json_response({"access_token": "gho_token", "token_type": "bearer", "scope": "read:user"})
        assert self.requests[-1][1]["authorization"] == "Bearer gho_token"
        if path == "/user":
            return json_response({"id": 583231, "login": "octocat", "name": None})
        assert path == "/user/emails"
        return json_response(ADDRESSES)


@pytest_asyncio.fixture(loop_scope="session")
async def github() -> AsyncIterator[FakeGitHub]:
    fake = FakeGitHub()
    server = await asyncio.start_server(fake.connected, "127.0.0.1", 0)
    async with server:
        fake.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield fake


@pytest_asyncio.fixture(loop_scope="session")
async def app(engine: AsyncEngine, settings: Settings, github: FakeGitHub) -> AsyncIterator[TestApp]:
    client = GitHubSettings(
        client_id="strata", client_secret=SecretStr("secret"), url=github.issuer, api_url=github.issuer
    )
    settings = settings.with_groups(ProviderSettings(github=client))
    async with engine.connect() as connection:
        transaction = await connection.begin()
        runtime = Runtime.build(settings, await RollbackDatabase.of(connection))
        async with runtime.get(IdentityComponent).running():
            yield TestApp(create_app(settings), runtime)
        await transaction.rollback()


@pytest_asyncio.fixture(loop_scope="session", params=list(URLS))
async def sign_in(request: pytest.FixtureRequest, app: TestApp, github: FakeGitHub) -> AsyncIterator[SignIn]:
    async with app.client() as client:
        start, callback = URLS[request.param]
        yield SignIn(client, (start.format("github"), callback.format("github")), github)


async def test_a_user_signs_in_and_is_known_by_the_number(sign_in: SignIn, app: TestApp, github: FakeGitHub) -> None:
    assert (await sign_in()).status_code == 200
    github.answers["/user"] = json_response({"id": 583231, "login": "renamed", "name": "Ada"})
    github.answers["/user/emails"] = json_response([])
    assert (await sign_in()).status_code == 200
    found = await tables(app)
    assert [(row["provider"], row["subject"], row["email"]) for row in found["identities"]] == [
        ("github", "583231", "ada@example.com")
    ]
    assert [(row["email"], row["display_name"]) for row in found["users"]] == [("ada@example.com", "octocat")]
    assert "gho_token" not in repr(found), "the access token is not stored"
    github.answers["/user"] = json_response({"id": 7, "login": "octocat"})
    github.answers["/user/emails"] = json_response([{"email": "eve@example.com", "primary": True, "verified": True}])
    assert (await sign_in()).status_code == 200
    assert len((await tables(app))["users"]) == 2, "a login can be reused by another user"


LIES: dict[str, tuple[dict[str, bytes], str, int]] = {
    "no number": ({"/user": json_response({"id": "583231"})}, "not a number", 400),
    "a boolean": ({"/user": json_response({"id": True})}, "not a number", 400),
    "nobody": ({"/user": json_response({})}, "not a number", 400),
    "a list": ({"/user": json_response([])}, "not an object", 400),
    "a rejected token": ({"/user": json_response({}, "401 Unauthorized")}, "rejected the access token", 400),
    "no JSON": ({"/user": http_response(b"<html>")}, "not_json", 400),
    "a failure": ({"/user": json_response({}, "502 Bad Gateway")}, "Try again later", 503),
    "addresses in an object": ({"/user/emails": json_response({})}, "not a list", 400),
    "addresses that are no JSON": ({"/user/emails": http_response(b"<html>")}, "not_json", 400),
    "no addresses": ({"/user/emails": json_response([])}, "verified", 403),
    "entries of nonsense": ({"/user/emails": json_response([1, None, {}, {"primary": True}])}, "verified", 403),
    "an unverified primary address": (
        {"/user/emails": json_response([{"email": "ada@example.com", "primary": True, "verified": False}])},
        "verified",
        403,
    ),
    "a verified address that is not primary": ({"/user/emails": json_response(ADDRESSES[:1])}, "verified", 403),
    "verified by a text": (
        {"/user/emails": json_response([{"email": "ada@example.com", "primary": True, "verified": "true"}])},
        "verified",
        403,
    ),
    "a rejected code": (
        {"/login/oauth/access_token": json_response({"error": "bad_verification_code"})},
        "an unknown error",
        400,
    ),
    "no token": ({"/login/oauth/access_token": json_response({})}, "access token is missing", 400),
}


@pytest.mark.parametrize("name", LIES)
async def test_an_unusable_response_changes_nothing(
    name: str, sign_in: SignIn, app: TestApp, github: FakeGitHub
) -> None:
    answers, text, status = LIES[name]
    await app.person("ada@example.com")
    before: Any = await tables(app)
    github.answers = answers
    response = await sign_in()
    assert response.status_code == status, response.text
    assert text in response.json()["detail"]
    assert await tables(app) == before


async def test_a_user_who_declines(sign_in: SignIn, github: FakeGitHub) -> None:
    reply = github.authorize(await sign_in.begin())
    response = await sign_in.back({"state": reply["state"], "error": "access_denied"})
    assert (response.status_code, "access_denied" in response.json()["detail"]) == (400, True)
    reply = github.authorize(await sign_in.begin())
    assert (await sign_in.back({"state": reply["state"]})).status_code == 400
