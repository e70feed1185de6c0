"""The limits on heads and bodies are exact: the limit itself is accepted, one more is rejected."""

from typing import Any, Final

import pytest

from app.http.middleware.size_limits import BodyLimits, BodyTooLarge, HeadersTooLarge, HeadLimits, _BoundedReceive

LIMITS: Final = HeadLimits(target=20, headers=100, fields=3)


def scope(*headers: tuple[bytes, bytes], path: str = "/", query: bytes = b"") -> dict[str, Any]:
    return {"headers": list(headers), "path": path, "query_string": query}


def field(size: int) -> tuple[bytes, bytes]:
    """A field of this size in bytes, with the colon, the space and the line break that separate fields."""
    return (b"x", b"v" * (size - len(b"x") - 4))


@pytest.mark.parametrize(
    ("exact", "excessive"),
    [
        (scope(field(100)), scope(field(101))),
        (scope(field(50), field(50)), scope(field(50), field(51))),
        (scope(*[field(10)] * 3), scope(*[field(10)] * 4)),
        (scope(path="/" + "p" * 19), scope(path="/" + "p" * 20)),
        (scope(path="/" + "p" * 9, query=b"q" * 10), scope(path="/" + "p" * 9, query=b"q" * 11)),
    ],
    ids=["one field", "sum of fields", "number of fields", "path", "path and query"],
)
def test_heads(exact: dict[str, Any], excessive: dict[str, Any]) -> None:
    assert LIMITS.ensure_within(exact) == 0
    with pytest.raises(HeadersTooLarge):
        LIMITS.ensure_within(excessive)


@pytest.mark.parametrize("parts", [(10,), (4, 6), (10, 0)])
async def test_bodies(parts: tuple[int, ...]) -> None:
    def receive_of(*sizes: int) -> _BoundedReceive:
        messages = [
            {"type": "http.request", "body": b"b" * size, "more_body": index + 1 < len(sizes)}
            for index, size in enumerate(sizes)
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        return _BoundedReceive(receive, BodyLimits(size=10, timeout=60, rate=0))

    exact = receive_of(*parts)
    assert [len((await exact())["body"]) for _ in parts] == list(parts)
    excessive = receive_of(*parts[:-1], parts[-1] + 1)
    for _ in parts[:-1]:
        await excessive()
    with pytest.raises(BodyTooLarge):
        await excessive()
