"""A browser that opens a stream again gets a stream that makes it wait; other clients get the error of the version."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from versions.kit.rendering import rendered, reopens_stream

Fields = list[tuple[bytes, bytes]]
AGAIN, STREAM = (b"last-event-id", b"7"), (b"accept", b"text/event-stream")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([AGAIN, STREAM], True),
        ([STREAM, (b"host", b"strata.test"), AGAIN], True),
        ([AGAIN, (b"accept", b"text/event-stream, */*;q=0.1")], True),
        ([STREAM], False),
        ([AGAIN], False),
        ([AGAIN, (b"accept", b"application/json")], False),
        ([AGAIN, (b"accept", b"application/json, text/event-stream")], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("status", [404, 410, 429, 500, 503, 504])
def test_a_stream_that_is_opened_again_waits_while_the_server_is_busy(
    headers: Fields,
    expected: bool,  # noqa: FBT001 - an expected fact
    status: int,
) -> None:
    assert reopens_stream(headers) is expected
    request = Request({"type": "http", "method": "GET", "path": "/stream", "headers": headers})
    response = rendered(lambda _request, _error: Response("busy", status), request, ValueError())
    waits = expected and status in {429, 503, 504}
    assert response.status_code == (200 if waits else status)
    assert bytes(response.body).startswith(b"retry: " if waits else b"busy")
