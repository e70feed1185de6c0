"""Policies and defaults of the package: other origins, objectives, pointers, tokens and the order of the layers."""

from collections.abc import Mapping
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from observability import slo
from observability.bearer import has_token
from observability.config import ACCEPTED_HEADERS, EXPOSED_HEADERS, CorsPolicy, ObservabilityConfig
from observability.install import install, middleware
from observability.json_pointer import format_pointer, parse_pointer
from observability.metrics.metrics import Metrics
from observability.requests.error_middleware import ErrorMiddleware
from observability.requests.middleware import RequestContextMiddleware
from observability.tracing.config import TracingConfig
from observability.tracing.listener import RequestTracing
from observability.tracing.tracer import Tracing

MINUTE = timedelta(minutes=1)


async def preflight(policy: CorsPolicy, origin: str = "https://pages.example") -> Mapping[str, str]:
    app = Starlette()
    install(app, ObservabilityConfig(cors=policy, log_level="error", log_format="json"))
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "If-Match, X-API-Key"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        response = await client.options("/a", headers={"Origin": origin, **asked})
        got = await client.get("/a", headers={"Origin": origin})
    found = {**response.headers, **{name: value for name, value in got.headers.items() if "expose" in name}}
    return {name.removeprefix("access-control-"): value for name, value in found.items() if "access-control" in name}


async def test_the_policy_for_scripts_of_other_origins() -> None:
    found = await preflight(CorsPolicy(allow_origins=("https://pages.example",)))
    assert found["allow-origin"] == "https://pages.example"
    assert found["max-age"] == "600"
    assert found["allow-methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    assert set(ACCEPTED_HEADERS) <= set(found["allow-headers"].split(", "))
    assert found["expose-headers"] == ", ".join(EXPOSED_HEADERS)
    assert "allow-credentials" not in found
    own = CorsPolicy(
        allow_origins=("https://pages.example",),
        allow_credentials=True,
        allow_methods=("PATCH",),
        allow_headers=("If-Match", "X-API-Key"),
        expose_headers=("ETag",),
        max_age=5,
    )
    found = await preflight(own)
    assert (found["allow-credentials"], found["allow-methods"], found["max-age"]) == ("true", "PATCH", "5")
    assert found["expose-headers"] == "ETag"
    assert "allow-origin" not in await preflight(own, "https://other.example")


def test_every_header_that_a_version_documents_can_be_read_by_scripts() -> None:
    """Without its name here, a browser hides a header from the page that called the API."""
    assert tuple(sorted(EXPOSED_HEADERS)) == EXPOSED_HEADERS
    assert {"ETag", "Link", "Location", "Retry-After", "X-Request-ID", "traceresponse"} <= set(EXPOSED_HEADERS)
    assert {"Authorization", "Idempotency-Key", "If-Match", "X-API-Key", "traceparent"} <= set(ACCEPTED_HEADERS)


def test_layers_are_installed_in_their_order() -> None:
    config = ObservabilityConfig(
        mounts={"/api/v901": "v901"},
        cors=CorsPolicy(allow_origins=("*",)),
        deprecated_versions=frozenset({"v901"}),
        release="7",
        lifecycle=lambda _version: "current",
    )
    metrics, tracing = Metrics(("v901",)), Tracing(TracingConfig())
    layers = middleware(config, metrics, tracing)
    assert [layer.cls for layer in layers] == [RequestContextMiddleware, CORSMiddleware, ErrorMiddleware]
    listeners = layers[0].kwargs["listeners"]
    assert isinstance(listeners[-1], RequestTracing), "it ends first: the others use its decision"
    assert len(listeners) == 3
    assert len(middleware(config, metrics)[0].kwargs["listeners"]) == 2
    app = FastAPI()
    install(app, config)
    assert [layer.cls for layer in app.user_middleware] == [RequestContextMiddleware, CORSMiddleware, ErrorMiddleware]


def test_defaults_of_the_package() -> None:
    found = ObservabilityConfig()
    assert (found.service, found.release, found.lifecycle, found.log_level, found.log_format) == (
        "strata",
        "",
        None,
        "info",
        "auto",
    )
    assert found.quiet_paths == {"/health", "/health/ready", "/metrics"}
    assert (found.mounts, found.metrics_folder, found.consumer_series, found.conformance_ratio) == ({}, None, 1000, 0.0)
    assert found.deprecated_versions == frozenset()
    assert CorsPolicy().allow_origins == ()
    assert CorsPolicy(allow_origins=("*",)).allow_credentials is False
    assert CorsPolicy(allow_origins=("https://a.example",), allow_credentials=True).allow_credentials


@pytest.mark.parametrize(
    ("header", "expected"),
    [("Bearer secret", True), ("bearer secret", False), ("Bearer secret ", False), (None, False)],
)
def test_a_bearer_token_is_compared_exactly(header: str | None, expected: bool) -> None:  # noqa: FBT001 - the result
    raw = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    assert has_token(Headers(raw=raw), "secret") is expected


def test_a_pointer_is_formatted_and_parsed() -> None:
    steps = ("items", "0", "a/b", "~1", "")
    assert format_pointer(("items", 0, "a/b", "~1", "")) == "/items/0/a~1b/~01/"
    assert parse_pointer("/items/0/a~1b/~01/") == steps
    assert (format_pointer(()), parse_pointer("")) == ("", ())


def test_objectives_are_those_of_the_design() -> None:
    assert [(one.name, one.target, one.budget) for one in slo.OBJECTIVES] == [
        ("availability", 0.999, 0.001),
        ("read_latency", 0.99, 0.01),
        ("contract_conformance", 0.9999, 0.0001),
        ("webhook_delivery", 0.99, 0.01),
        ("job_start", 0.99, 0.01),
    ]
    rates = [(one.factor, one.long / MINUTE, one.short / MINUTE, one.severity) for one in slo.BURN_RATES]
    assert rates == [(14.4, 60, 5, "page"), (6, 360, 30, "page"), (3, 1440, 120, "ticket"), (1, 4320, 360, "ticket")]
    assert [window / MINUTE for window in slo.WINDOWS] == [5, 30, 60, 120, 360, 1440, 4320]
    assert (slo.BUDGET_PERIOD.days, slo.FEWEST_BAD_EVENTS) == (30, 10)
    assert [(one.total, one.good) for one in slo.OBJECTIVES] == [
        ("api_requests_total", 'api_requests_total{outcome!="failed"}'),
        ("api_reads_total", 'api_reads_total{outcome="fast"}'),
        (
            'api_contract_checked_total{direction="response"}',
            'api_contract_checked_total{direction="response",outcome="conforms"}',
        ),
        ("webhook_delivery_age_seconds_count", 'webhook_delivery_age_seconds_bucket{le="60.0"}'),
        ("job_start_delay_seconds_count", 'job_start_delay_seconds_bucket{le="30.0"}'),
    ]
    assert [one.by for one in slo.OBJECTIVES] == ["api_version"] * 4 + ["kind"]
    assert slo.REQUESTS == "http_server_request_duration_seconds"
