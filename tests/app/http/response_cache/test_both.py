"""What memory and Redis have in common: stored responses come back until an event invalidates one of their tags."""

from app.http.response_cache.port import LARGEST, CachedResponse, Mark, ResponseCache

TAGS = ("post", "user")
RESPONSE = CachedResponse(((b"content-type", b"application/json"), (b"link", b"<\xe4>")), b'{"data":[]}\r\n\0')
OTHER = CachedResponse((), b"other")


async def stored(cache: ResponseCache, key: bytes = b"key", response: CachedResponse = RESPONSE) -> Mark:
    mark = (await cache.get(key, TAGS)).mark
    assert mark is not None
    assert await cache.put(key, response, mark)
    return mark


async def found(cache: ResponseCache, key: bytes = b"key") -> CachedResponse | None:
    return (await cache.get(key, TAGS)).found


async def test_a_stored_response_is_found_under_its_key_only(cache: ResponseCache) -> None:
    assert await found(cache) is None
    await stored(cache)
    lookup = await cache.get(b"key", TAGS)
    assert lookup.found == RESPONSE
    assert 0 <= lookup.age < 60
    assert await found(cache, b"other key") is None


async def test_a_later_response_replaces_an_earlier_one(cache: ResponseCache) -> None:
    await stored(cache)
    await stored(cache, response=OTHER)
    assert await found(cache) == OTHER


async def test_each_tag_invalidates_and_no_other(cache: ResponseCache) -> None:
    for tag in TAGS:
        await stored(cache)
        await cache.invalidate(["file", "job"])
        assert await found(cache) == RESPONSE
        await cache.invalidate([tag])
        assert await found(cache) is None
    await stored(cache)
    assert await found(cache) == RESPONSE, "it can be stored again"
    await cache.invalidate(TAGS)
    assert await found(cache) is None, "each invalidation is another one"


async def test_a_response_that_was_read_before_an_invalidation_is_not_found_after_it(cache: ResponseCache) -> None:
    mark = (await cache.get(b"key", TAGS)).mark
    assert mark is not None
    await cache.invalidate(["user"])
    await cache.put(b"key", RESPONSE, mark)
    assert await found(cache) is None


async def test_the_largest_response_comes_back_whole(cache: ResponseCache) -> None:
    largest = CachedResponse((), b"x" * LARGEST)
    await stored(cache, response=largest)
    assert await found(cache) == largest


def test_the_size_of_a_response_includes_its_header_fields() -> None:
    assert CachedResponse(((b"ab", b"cde"), (b"f", b"")), b"1234").size == 10
