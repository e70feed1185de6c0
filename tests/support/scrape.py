"""Parses a metrics exposition."""

from collections.abc import Mapping
from typing import Any

import httpx2
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.support.waiting import PATIENCE

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
Labels = frozenset[tuple[str, str]]


class Scrape:
    """One exposition, parsed by the strict parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str] | None = None) -> "Scrape":
        # A new connection each time, so that any worker may respond.
        response = httpx2.get(f"{url}/metrics", headers={**OPENMETRICS, **(headers or {})}, timeout=PATIENCE)
        assert response.status_code == 200, response.text
        return cls(response.text)

    def series(self, name: str, **labels: str) -> dict[Labels, float]:
        """Every series of this name that has these labels."""
        wanted = labels.items()
        return {
            frozenset(sample.labels.items()): sample.value
            for sample in self.samples
            if sample.name == name and wanted <= sample.labels.items()
        }

    def sum(self, name: str, **labels: str) -> float:
        return sum(self.series(name, **labels).values())

    def exemplars(self, name: str) -> list[Any]:
        return [sample.exemplar for sample in self.samples if sample.name == name and sample.exemplar]
