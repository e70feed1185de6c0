"""The variables that dashboards share, and the selectors that use them."""

from typing import Final

from observability.dashboards.model import Variable
from observability.slo import REQUESTS

ENVIRONMENT: Final = Variable("environment", "Environment", "up")
API_VERSION: Final = Variable("api_version", "Version", f"{REQUESTS}_count", "span.api.version", "api_version")
HTTP_ROUTE: Final = Variable("http_route", "Route", f"{REQUESTS}_count", "span.http.route", "http_route")
CONSUMER: Final = Variable("consumer", "Consumer", "api_consumer_requests_total", "span.api.consumer.id", "consumer")


def matching(*variables: Variable, also: str = "") -> str:
    """Return the label matchers of a selector."""
    chosen = [f'{variable.name}=~"${variable.name}"' for variable in variables]
    return ",".join([*chosen, also] if also else chosen)


def rate(metric: str, selector: str) -> str:
    """PromQL: events per second over the interval between two points of the graph."""
    return f"rate({metric}{{{selector}}}[$__rate_interval])"


def total(by: str, expr: str) -> str:
    """PromQL: a sum by some labels."""
    return f"sum by ({by}) ({expr})"


def quantile(share: float, by: str, histogram: str, selector: str) -> str:
    """PromQL: a quantile of a histogram, by some labels."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share:g}, {total(labels, rate(f'{histogram}_bucket', selector))})"


def or_zero(expr: str, whole: str) -> str:
    """PromQL: ``expr``, or zero for the series of ``whole`` that it lacks: no failures differ from no data."""
    return f"{expr} or {whole} * 0"
