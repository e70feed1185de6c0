"""Series are distinguished by version and route, and no client input creates a series."""

from collections.abc import Callable
from pathlib import Path

import httpx2
from fastapi import FastAPI
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from observability.metrics.metrics import Metrics
from observability.metrics.requests import BUCKETS, RequestMetrics
from observability.requests.context import RequestContext

Sample = tuple[FastAPI, Metrics]
SeriesReader = Callable[[], dict[tuple[str, ...], float]]


async def test_versions_and_nested_routes_are_separate(client: httpx2.AsyncClient, series: SeriesReader) -> None:
    for version in ("v901", "v2"):
        for path in ("posts", "blog/posts", "prefixed/posts"):
            assert (await client.get(f"/api/{version}/{path}/7")).status_code == 200
    assert series() == {
        (version, f"/api/{version}/{path}/{{post_id}}", "GET", "200"): 1
        for version in ("v901", "v2")
        for path in ("posts", "blog/posts", "prefixed/posts")
    }


async def test_unknown_paths_share_one_series_per_version(client: httpx2.AsyncClient, series: SeriesReader) -> None:
    for n in range(100):
        for path in (f"/random/{n}", f"/api/v901/{n}", f"/api/v2/posts/1/{n}", f"/api/v903/{n}"):
            assert (await client.get(path)).status_code == 404
    assert series() == {
        ("none", "unmatched", "GET", "404"): 200,
        ("v901", "unmatched", "GET", "404"): 100,
        ("v2", "unmatched", "GET", "404"): 100,
    }


async def test_unknown_methods_share_a_label(client: httpx2.AsyncClient, series: SeriesReader) -> None:
    for n in range(50):
        await client.request(f"WEIRD{n}", "/api/v901/posts/1")
        await client.request(f"WEIRD{n}", "/nowhere")
    assert series() == {
        ("v901", "/api/v901/posts/{post_id}", "OTHER", "405"): 50,
        ("none", "unmatched", "OTHER", "404"): 50,
    }


async def test_rejected_method_or_value_has_the_route(client: httpx2.AsyncClient, series: SeriesReader) -> None:
    assert (await client.delete("/api/v901/blog/posts/1")).status_code == 405
    assert (await client.get("/api/v901/posts/x")).status_code == 422
    assert series() == {
        ("v901", "/api/v901/blog/posts/{post_id}", "DELETE", "405"): 1,
        ("v901", "/api/v901/posts/{post_id}", "GET", "422"): 1,
    }


async def test_starlette_routes_have_templates(client: httpx2.AsyncClient, series: SeriesReader) -> None:
    for path in ("/api/v901/docs", "/api/v2/docs", "/api/v901/guide/1", "/api/v901/guide/2", "/metrics"):
        assert (await client.get(path)).status_code == 200
    assert (await client.post("/api/v2/docs")).status_code == 405
    assert series() == {
        ("v901", "/api/v901/docs", "GET", "200"): 1,
        ("v2", "/api/v2/docs", "GET", "200"): 1,
        ("v901", "/api/v901/guide/{chapter}", "GET", "200"): 2,
        ("none", "/metrics", "GET", "200"): 1,
        ("v2", "/api/v2/docs", "POST", "405"): 1,
    }


async def test_static_files_share_the_template_of_their_mount(
    client: httpx2.AsyncClient, series: SeriesReader, tmp_path: Path
) -> None:
    (tmp_path / "a.css").write_text("a{}")
    assert (await client.get("/assets/a.css")).status_code == 200
    for n in range(10):
        assert (await client.get(f"/assets/{n}.css")).status_code == 404
    assert series() == {
        ("none", "/assets/{path}", "GET", "200"): 1,
        ("none", "/assets/{path}", "GET", "404"): 10,
    }


async def test_proxy_prefix_is_not_part_of_the_template(sample: Sample, series: SeriesReader) -> None:
    transport = httpx2.ASGITransport(sample[0], root_path="/behind")
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/behind/api/v901/posts/1")).status_code == 200
        assert (await client.get("/behind/health")).status_code == 200
    assert set(series()) == {
        ("v901", "/api/v901/posts/{post_id}", "GET", "200"),
        ("none", "/health", "GET", "200"),
    }


async def test_active_requests_are_counted(client: httpx2.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    assert 'http_server_active_requests{api_version="none"} 1.0' in text
    await client.get("/api/v901/posts/1")
    text = (await client.get("/metrics")).text
    assert 'http_server_active_requests{api_version="v901"} 0.0' in text


async def test_exposition_is_text_or_openmetrics(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    metrics.counter("auth_attempts", "Attempts.", ("outcome", "method")).labels("success", "password").inc()
    await client.get("/api/v901/posts/1")
    text = await client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain")
    openmetrics = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    for families in (parse_text(text.text), parse_openmetrics(openmetrics.text)):
        names = {sample.name for family in families for sample in family.samples}
        assert {"auth_attempts_total", "http_server_request_duration_seconds_bucket"} <= names
    assert (await client.head("/metrics")).content == b""
    refused = await client.post("/metrics")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_buckets_are_those_of_opentelemetry(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    await client.get("/health")
    limits = {
        sample.labels["le"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "http_server_request_duration_seconds_bucket"
    }
    assert limits == {str(limit) for limit in BUCKETS} | {"+Inf"}
    assert len(BUCKETS) == 14


def test_applications_have_separate_metrics(build_sample: Callable[[], Sample]) -> None:
    (_, first), (_, second) = build_sample(), build_sample()
    context = RequestContext("r", "t", "s", parent_span_id=None, api_version="v901")
    first.group(RequestMetrics).observe(context, 200)
    assert all(
        sample.name != "http_server_request_duration_seconds_count"
        for metric in second.registry.collect()
        for sample in metric.samples
    )
