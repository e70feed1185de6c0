"""What caches may store of a response, the security header fields of pages, and members of documents."""

import pytest

from app.http.caching import CACHING, Caching, cache_headers, caching_of, is_shared
from app.http.page_policy import hash_source, page_headers
from app.http.rate_limit.admission import COST
from app.http.response_cache.reads import TAGS
from app.http.routing.deprecations import HEADER, SINCE, SUNSET
from app.http.transfers import MAX_BODY, MIN_RATE

PUBLIC = {b"cache-control": b"public, max-age=5, stale-while-revalidate=30", b"vary": b"Authorization, X-API-Key"}
PRIVATE = {b"cache-control": b"private, no-cache", b"vary": b"Authorization, X-API-Key"}
NO_STORE = {b"cache-control": b"no-store"}


@pytest.mark.parametrize("credentials", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("status", [200, 201, 304, 404])
@pytest.mark.parametrize("caching", Caching)
def test_what_caches_may_store(caching: Caching, status: int, method: str, *, credentials: bool) -> None:
    assert caching_of({"x-caching": caching.value}) is caching
    assert caching_of(None) is caching_of({}) is Caching.SHARED
    shared = is_shared(caching, method, status, credentials=credentials)
    assert shared is (
        caching is Caching.SHARED and status in {200, 304} and method in {"GET", "HEAD"} and not credentials
    )
    anonymous = PUBLIC if shared else NO_STORE
    expected = (NO_STORE if caching is Caching.NEVER else PRIVATE) if credentials else anonymous
    assert dict(cache_headers(caching, shared=shared, credentials=credentials)) == expected


def test_the_security_fields_of_pages() -> None:
    assert hash_source("x") == "'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='"
    fixed = "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    others = {"Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer"}
    assert page_headers() == {"Content-Security-Policy": f"default-src 'none'; {fixed}", **others}
    assert page_headers(scripts=("a", "b"), styles=("c",), more=("img-src d",)) == {
        "Content-Security-Policy": f"default-src 'none'; script-src a b; style-src c; img-src d; {fixed}",
        **others,
    }


def test_the_members_of_documents_and_fields_that_clients_read() -> None:
    members = (CACHING, TAGS, COST, SINCE, SUNSET, MAX_BODY, MIN_RATE)
    assert members == (
        *("x-caching", "x-cache-tags", "x-rate-limit-cost", "x-deprecated-since", "x-sunset", "x-max-body"),
        "x-min-rate",
    )
    assert HEADER == "API-Deprecated"
