"""Caches between the API and its clients: nginx as a shared one, ``requests-cache`` as one in a client."""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest
from requests_cache import CachedSession

from tests.support.dialects import DIALECTS
from tests.support.live import Strata, api_key, free_port
from tests.support.postgres import clone
from tests.support.programs import program
from tests.support.waiting import PATIENCE, wait_until

OF_ONE_CALLER: Final = (
    "X-Request-ID",
    "traceresponse",
    "Server-Timing",
    "RateLimit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
)
CONFIGURATION: Final = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=responses:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
      proxy_cache responses;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    """Run nginx with a cache in front of ``upstream``; its URL."""
    folder.mkdir()
    port = free_port()
    # Otherwise its workers run as another user, who may not read the folders of the tests.
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream, user=user))
    process = subprocess.Popen([program("nginx"), "-c", str(path), "-p", str(folder)])
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        assert process.poll() is None
        try:
            return httpx2.get(f"{url}/health", timeout=PATIENCE).status_code == 200
        except httpx2.HTTPError:
            return False

    try:
        wait_until(ready)
        yield url
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def strata(admin_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Strata:
    home = tmp_path_factory.mktemp("caching") / "home"
    home.mkdir()
    return Strata(home, asyncio.run(clone(admin_dsn, "caching")))


@pytest.fixture(scope="module")
def origin(strata: Strata) -> Iterator[str]:
    """The URL of the API."""
    with strata.serving() as url:
        yield url


@pytest.fixture(scope="module")
def url(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the cache in front of it."""
    with nginx(tmp_path_factory.mktemp("cache") / "nginx", origin) as found:
        yield found


@pytest.fixture(scope="module")
def ada(strata: Strata) -> Mapping[str, str]:
    return api_key(strata, "ada@example.com", "author")


class Posts:
    """A published post and a draft of one author, in both versions."""

    def __init__(self, url: str, author: Mapping[str, str]) -> None:
        created = [
            httpx2.post(
                f"{url}/api/v2/posts",
                json={"title": status, "content": "c", "status": status},
                headers=author,
                timeout=PATIENCE,
            ).json()
            for status in ("published", "draft")
        ]
        self.published, self.draft = (f"/api/v2/posts/{post['id']}" for post in created)
        self.drafts = [dialect.post_url(created[1]) for dialect in DIALECTS.values()]


def test_a_shared_cache_never_mixes_callers(strata: Strata, origin: str, url: str, ada: Mapping[str, str]) -> None:
    bob = api_key(strata, "bob@example.com", "author")
    posts = Posts(origin, ada)
    for _ in range(2):
        for path in posts.drafts:
            assert httpx2.get(f"{url}{path}", headers=ada, timeout=PATIENCE).status_code == 200
            assert httpx2.get(f"{url}{path}", headers=bob, timeout=PATIENCE).status_code in {403, 404}
            assert httpx2.get(f"{url}{path}", timeout=PATIENCE).status_code == 404
        names = [httpx2.get(f"{url}/api/v2/me", headers=key, timeout=PATIENCE).json()["email"] for key in (ada, bob)]
        assert names == ["ada@example.com", "bob@example.com"]
        assert httpx2.get(f"{url}/api/v2/me", timeout=PATIENCE).status_code == 401
        wrong = httpx2.get(f"{url}{posts.published}", headers={"X-API-Key": "sk_live_wrong"}, timeout=PATIENCE)
        assert wrong.status_code == 401, "a stored public response is not a response to rejected credentials"


def test_a_shared_cache_serves_public_reads(origin: str, url: str, ada: Mapping[str, str]) -> None:
    posts = Posts(origin, ada)
    for path in (
        posts.published,
        *(f"/api/{name}/posts" for name in DIALECTS),
        "/api/v2/posts?limit=5",
        "/api/v2/openapi.json",
        "/docs",
        "/api",
    ):
        responses = [httpx2.get(f"{url}{path}", timeout=PATIENCE) for _ in range(2)]
        assert [response.headers["X-Cache"] for response in responses] == ["MISS", "HIT"], path
        assert not [name for name in OF_ONE_CALLER if name in responses[1].headers], path
        assert responses[0].content == responses[1].content
    tag = httpx2.get(f"{url}{posts.published}", timeout=PATIENCE).headers["ETag"]
    assert httpx2.get(f"{url}{posts.published}", headers={"If-None-Match": tag}, timeout=PATIENCE).status_code == 304
    with_key = httpx2.get(f"{url}{posts.published}", headers=ada, timeout=PATIENCE)
    assert (with_key.status_code, with_key.headers["X-Cache"]) == (200, "MISS")
    assert "X-Request-ID" in with_key.headers


def test_a_read_with_effects_reaches_the_api(origin: str, url: str, ada: Mapping[str, str]) -> None:
    """A read of a post counts a view in some versions."""
    body = {"title": "t", "content": "c", "status": "published"}
    post = httpx2.post(f"{origin}/api/v2/posts", json=body, headers=ada, timeout=PATIENCE).json()
    counting = [dialect for dialect in DIALECTS.values() if dialect.has_effects("posts.get")]
    views = [
        httpx2.get(f"{url}{dialect.post_url(post)}", timeout=PATIENCE).json()["view_count"]
        for dialect in counting
        for _ in range(3)
    ]
    assert views == list(range(1, 3 * len(counting) + 1))


def test_a_cache_in_a_client(origin: str, ada: Mapping[str, str]) -> None:
    posts = Posts(origin, ada)
    with CachedSession(backend="memory", cache_control=True, match_headers=["X-API-Key"]) as session:
        public = [session.get(f"{origin}{posts.published}", timeout=PATIENCE) for _ in range(2)]
        assert [response.from_cache for response in public] == [False, True]
        draft = [session.get(f"{origin}{posts.draft}", headers=ada, timeout=PATIENCE) for _ in range(2)]
        assert [response.status_code for response in draft] == [200, 200]
        httpx2.patch(
            f"{origin}{posts.draft}", json={"title": "changed"}, headers=ada, timeout=PATIENCE
        ).raise_for_status()
        changed = session.get(f"{origin}{posts.draft}", headers=ada, timeout=PATIENCE)
        assert changed.json()["title"] == "changed", "a private response is validated before it is used again"
        assert session.get(f"{origin}{posts.draft}", timeout=PATIENCE).status_code == 404
        form = {"grant_type": "password", "username": "ada@example.com", "password": "wrong horse battery"}
        token = session.post(f"{origin}/api/v2/auth/token", data=form, timeout=PATIENCE)
        assert token.headers["Cache-Control"] == "no-store"
