"""Every series that an objective reads exists with 0 before the first request."""

from observability.config import ObservabilityConfig
from observability.install import middleware
from observability.metrics.metrics import Metrics
from observability.metrics.requests import result_of


def test_series_of_the_objectives_start_at_zero() -> None:
    metrics = Metrics(("v901", "v2"))
    middleware(ObservabilityConfig(mounts={"/api/v901": "v901", "/api/v2": "v2"}), metrics)
    lines = metrics.registry.text().decode().splitlines()
    for version in ("v901", "v2"):
        for outcome in ("ok", "client_error", "rejected", "failed", "disconnected"):
            assert f'api_requests_total{{api_version="{version}",outcome="{outcome}"}} 0.0' in lines
        for outcome in ("fast", "slow"):
            assert f'api_reads_total{{api_version="{version}",outcome="{outcome}"}} 0.0' in lines


def test_each_status_has_one_result() -> None:
    found = {status: result_of(status) for status in (200, 304, 404, 429, 499, 500, 501, 503)}
    assert found == {
        200: "ok",
        304: "ok",
        404: "client_error",
        429: "rejected",
        499: "disconnected",
        500: "failed",
        501: "client_error",
        503: "failed",
    }
