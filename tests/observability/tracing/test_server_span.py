"""The span of a request: its ids, name, attributes and sampling."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from observability.metrics.requests import RequestMetrics
from observability.requests.context import RequestContext
from observability.tracing.attributes import server_attributes
from tests.support.collector import Collector
from tests.support.waiting import PATIENCE

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_request_span_has_the_ids_of_the_response(collector: Collector, traced: Any) -> None:
    async with traced() as app:
        response = await app.client.get("/api/v2/posts/7?api_key=sk_live_secret", headers={"User-Agent": "curl/8"})
    (span,) = collector.spans
    assert response.headers["traceresponse"] == f"00-{span.trace_id}-{span.span_id}-01"
    assert response.headers["server-timing"] == f'trace;desc="00-{span.trace_id}-{span.span_id}-01"'
    assert (span.name, span.kind, span.parent_id, span.error) == ("GET /api/v2/posts/{post_id}", "SERVER", "", False)
    assert 0 < span.milliseconds < 5_000
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v2/posts/{post_id}",
        "http.response.status_code": 200,
        "http.response.body.size": len(response.content),
        "url.path": "/api/v2/posts/7",
        "url.scheme": "http",
        "server.address": "strata.test",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "strata.request_id": response.headers["x-request-id"],
        "api.version": "v2",
        "api.consumer.id": "key_1",
        "api.consumer.tier": "free",
    }


async def test_texts_that_a_client_chooses_are_exported_without_secrets(collector: Collector, traced: Any) -> None:
    secret = f"sk_live_{'a1' * 20}"
    async with traced() as app:
        await app.client.get(f"/api/v2/posts/{secret}", headers={"User-Agent": f"tool/1 {secret}", "X-Note": secret})
    (span,) = collector.spans
    assert span.attributes["user_agent.original"].startswith("tool/1 ")
    assert span.attributes["url.path"].startswith("/api/v2/posts/")
    assert secret not in repr(span)


async def test_error_is_exported_with_its_exception_and_without_secrets(collector: Collector, traced: Any) -> None:
    async with traced(sample_ratio=0.0) as app:
        response = await app.client.get("/api/v2/posts/7/failure")
        await app.client.get("/api/v2/posts/7")
        await app.client.get("/nowhere")
    (span,) = collector.spans
    assert span.error
    assert span.attributes["error.type"] == "RuntimeError"
    assert span.attributes["http.response.status_code"] == 500
    ((name, event),) = span.events
    assert (name, event["exception.type"]) == ("exception", "builtins.RuntimeError")
    assert event["exception.message"] == "post 7 of [redacted]"
    assert "in fail\n" in event["exception.stacktrace"]
    assert "eve@example.org" not in repr(span)
    assert response.headers["traceresponse"] == f"00-{span.trace_id}-{span.span_id}-01"


async def test_slow_response_is_exported(collector: Collector, traced: Any) -> None:
    async with traced(sample_ratio=0.0, slow_threshold=0.05) as app:
        before = time.time_ns()
        response = await app.client.get("/api/v2/posts/7/slow")
        await app.client.get("/health")
    (span,) = collector.spans
    assert span.ended_ns >= before + 50_000_000
    assert span.name == "GET /api/v2/posts/{post_id}/slow"
    assert span.milliseconds > 50
    assert span.trace_id in response.headers["traceresponse"]


async def test_the_address_of_a_collector_may_end_with_a_slash(collector: Collector, traced: Any) -> None:
    async with traced(endpoint=f"{collector.url}/") as app:
        await app.client.get("/api/v2/posts/7")
    assert len(collector.spans) == 1


def test_a_span_names_the_server_and_the_stage_of_the_version_and_no_client() -> None:
    context = RequestContext("r", TRACE, PARENT, parent_span_id=None, api_version="v2")
    scope = {"type": "http", "method": "GET", "path": "/a", "query_string": b"q=1", "headers": [], "scheme": "http"}
    scope |= {"server": ("10.0.0.1", 8000), "client": ("192.0.2.1", 4711), "http_version": "1.1"}
    found = server_attributes(scope, context, 200, None, lambda version: f"stage of {version}")
    prefixes = ("server.", "client.", "api.l", "url.")
    assert {name: value for name, value in found.items() if name.startswith(prefixes)} == {
        "server.address": "10.0.0.1",
        "server.port": 8000,
        "api.lifecycle": "stage of v2",
        "url.path": "/a",
        "url.scheme": "http",
    }
    assert "api.lifecycle" not in server_attributes(scope, context, 200, None)


async def test_unmatched_request_is_named_after_its_method(collector: Collector, traced: Any) -> None:
    async with traced() as app:
        await app.client.get("/api/v2/nobody@example.org")
        await app.client.request("BREW", "/api/v2/tea")
    first, second = collector.spans
    assert (first.name, first.attributes["url.path"], first.error) == ("GET", "/api/v2/[redacted]", False)
    assert "http.route" not in first.attributes
    assert (second.name, second.attributes["http.request.method"]) == ("HTTP", "_OTHER")


async def test_foreign_trace_is_continued_but_its_flag_is_ignored(collector: Collector, traced: Any) -> None:
    async with traced(sample_ratio=0.0) as app:
        response = await app.client.get("/api/v2/posts/7", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert response.headers["traceresponse"].startswith(f"00-{TRACE}-")
    assert response.headers["traceresponse"].endswith("-00")
    assert collector.spans == []
    async with traced(sample_ratio=1.0) as app:
        await app.client.get("/api/v2/posts/7", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    (span,) = collector.spans
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)


@pytest.mark.parametrize(("flags", "exported"), [("01", 1), ("00", 0)])
async def test_behind_a_trusted_gateway_the_flag_decides(
    collector: Collector, traced: Any, flags: str, exported: int
) -> None:
    async with traced(sample_ratio=1 - exported, trust_parent=True) as app:
        await app.client.get("/api/v2/posts/7", headers={"traceparent": f"00-{TRACE}-{PARENT}-{flags}"})
    assert len(collector.spans) == exported


async def test_probes_are_not_traced(collector: Collector, traced: Any) -> None:
    async with traced() as app:
        response = await app.client.get("/health")
    assert response.headers["traceresponse"].endswith("-00")
    assert collector.spans == []


async def test_attributes_are_those_of_the_contrib_instrumentation(collector: Collector, traced: Any) -> None:
    """The attributes that ``opentelemetry-instrumentation-fastapi`` reports for the same request, where correct."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = FastAPI(openapi_url=None)

    @app.get("/api/v2/posts/{post_id}")
    async def read(post_id: int) -> dict[str, int]:
        return {"id": post_id}

    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, exclude_spans=["receive", "send"])
    url, headers = "http://strata.test/api/v2/posts/7", {"User-Agent": "curl/8"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
        await client.get(url, headers=headers)
    async with traced() as ours:
        await ours.client.get(url, headers=headers)
    (theirs,) = exporter.get_finished_spans()
    (span,) = collector.spans
    assert theirs.name == span.name
    old_names = {
        "http.method": "http.request.method",
        "http.route": "http.route",
        "http.status_code": "http.response.status_code",
        "http.target": "url.path",
        "http.scheme": "url.scheme",
        "http.user_agent": "user_agent.original",
        "http.flavor": "network.protocol.version",
    }
    assert theirs.attributes is not None
    for old, new in old_names.items():
        assert span.attributes[new] == theirs.attributes[old], new


async def test_global_provider_causes_no_duplicate_span(tmp_path: Path) -> None:
    script = """
import asyncio, httpx2
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from app.main import create_app
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
async def main():
    transport = httpx2.ASGITransport(create_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.get("/health")).status_code == 200
        # Without a lifespan the version fails, but its application was called.
        assert (await client.get("/api/v2/me")).status_code == 500
asyncio.run(main())
assert exporter.get_finished_spans() == ()
"""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script],
        env=os.environ | {"STRATA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


async def test_sampling_decision_is_known_when_metrics_observe(
    collector: Collector, traced: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def observe(context: RequestContext, _status: int, _deprecated: object) -> None:
        seen.append((context.trace_id, context.sampled))

    for slow_threshold, paths in ((PATIENCE, ("/posts/7", "/posts/7/failure")), (0.05, ("/posts/7/slow",))):
        async with traced(sample_ratio=0.0, slow_threshold=slow_threshold) as app:
            monkeypatch.setattr(app.metrics.group(RequestMetrics), "observe", observe)
            for path in paths:
                await app.client.get(f"/api/v2{path}")
    assert [sampled for _, sampled in seen] == [False, True, True]
    assert [trace_id for trace_id, sampled in seen if sampled] == [span.trace_id for span in collector.spans]
