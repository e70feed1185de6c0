"""The choices that dashboards share, and the selectors that obey them."""

from typing import Final

from observability.dashboards.model import Variable
from observability.slo import REQUESTS

ENVIRONMENT: Final = Variable("environment", "Environment", "up")
API_VERSION: Final = Variable("api_version", "Version", f"{REQUESTS}_count", "span.api.version", "api_version")
HTTP_ROUTE: Final = Variable("http_route", "Route", f"{REQUESTS}_count", "span.http.route", "http_route")
CONSUMER: Final = Variable("consumer", "Consumer", "api_consumer_requests_total", "span.api.consumer.id", "consumer")


def matching(*variables: Variable, also: str = "") -> str:
    """The inside of a selector's braces."""
    chosen = [f'{variable.name}=~"${variable.name}"' for variable in variables]
    return ",".join([*chosen, also] if also else chosen)


def rate(metric: str, selector: str) -> str:
    """Events a second over the time between two points of the picture."""
    return f"rate({metric}{{{selector}}}[$__rate_interval])"


def total(by: str, expr: str) -> str:
    """A sum told apart by some labels."""
    return f"sum by ({by}) ({expr})"


def quantile(share: float, by: str, histogram: str, selector: str) -> str:
    """A quantile of a histogram, told apart by some labels."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share:g}, {total(labels, rate(f'{histogram}_bucket', selector))})"


def or_zero(expr: str, whole: str) -> str:
    """``expr``, or zero for every series of ``whole`` that it lacks: nothing failed is not the same as no data."""
    return f"{expr} or {whole} * 0"
