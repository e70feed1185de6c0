"""Parts of a request that few applications have: a head without a status, and a route of an application without any."""

from observability.requests.context import RequestContext
from observability.requests.middleware import _with_ids
from observability.requests.routes import UNMATCHED, route_template
from observability.requests.trace_context import new_ids


def test_the_duration_decides_about_a_trace_when_the_status_is_known() -> None:
    decided: list[int] = []

    def notable(status: int, _seconds: float) -> bool:
        decided.append(status)
        return status >= 500

    for head, sampled, expected in (
        ({"type": "websocket.accept"}, False, []),
        ({"type": "http.response.start", "status": 200}, True, []),
        ({"type": "http.response.start", "status": 200}, False, [200]),
        ({"type": "http.response.start", "status": 503}, False, [503]),
    ):
        decided.clear()
        context = RequestContext("r", *new_ids(), parent_span_id=None, api_version=None)
        context.sampled, context.notable = sampled, notable
        names = {name for name, _ in _with_ids(context, head)["headers"]}
        assert decided == expected
        assert context.sampled is (sampled or expected == [503])
        assert (b"cache-control" in names) == (b"x-content-type-options" in names) == ("status" in head)


def test_an_application_without_routes_has_no_template() -> None:
    assert route_template({"type": "http", "path": "/x", "endpoint": object(), "app": object()}) == UNMATCHED
