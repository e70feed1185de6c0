"""The series of exports exist from the start: ``rate()`` misses an increment from absent to 1."""

import pytest

from app.exports.commands import ExportedResource
from app.exports.metrics import ExportMetrics
from observability.metrics.metrics import Metrics


@pytest.mark.parametrize("resource", ExportedResource)
def test_the_series_of_each_resource_start_at_zero(resource: ExportedResource) -> None:
    metrics = Metrics()
    metrics.group(ExportMetrics)
    of_resource = {"resource": resource.value}
    for outcome in ("complete", "cut", "abandoned", "rejected"):
        assert metrics.registry.get_sample_value("exports_total", {**of_resource, "outcome": outcome}) == 0
    for name in ("export_rows_total", "export_bytes_total"):
        assert metrics.registry.get_sample_value(name, of_resource) == 0
    assert metrics.registry.get_sample_value("exports_open") == 0
