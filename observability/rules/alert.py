"""One alerting rule."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from observability.slo import Severity

RUNBOOKS: Final = "{{ $externalURL }}/runbooks"
"""The proxy in front of Prometheus serves them (``grafana/caddy/Caddyfile``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alerting rule. Its runbook is ``grafana/runbooks/<name>.md``."""

    name: str
    expr: str
    severity: Severity
    summary: str
    description: str
    delay: timedelta = timedelta()
    labels: tuple[tuple[str, str], ...] = ()
