"""11 Auth: successful and failed sign-ins, and signs of guessing."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import API_VERSION, ENVIRONMENT, matching, or_zero, rate, total
from observability.slo import REQUESTS

_ATTEMPTS: Final = rate("auth_attempts_total", matching(ENVIRONMENT))
_FAILURES: Final = rate("auth_attempts_total", matching(ENVIRONMENT, also='outcome!="success"'))
_BY_METHOD: Final = total("method", _ATTEMPTS)
_VERSIONED: Final = matching(ENVIRONMENT, API_VERSION, also='api_version!="none"')
_BY_VERSION: Final = total("api_version", rate(f"{REQUESTS}_count", _VERSIONED))


def _responses(status: str) -> str:
    """PromQL: responses per second with this status; zero for a version without any."""
    found = total("api_version", rate(f"{REQUESTS}_count", f'{_VERSIONED},http_response_status_code="{status}"'))
    return or_zero(found, _BY_VERSION)


BOARD: Final = Board(
    uid="strata-auth",
    title="11 Auth",
    description="Attempts to authenticate by method and outcome, and the answers 401 and 403 of each version.",
    variables=(ENVIRONMENT, API_VERSION),
    rows=(
        Row(
            "Attempts",
            (
                Panel(
                    title="Attempts",
                    description="Attempts a second by method and outcome.",
                    unit="ops",
                    queries=(Query(total("method, outcome", _ATTEMPTS), "{{method}} {{outcome}}"),),
                    stacked=True,
                ),
                Panel(
                    title="Failures by method",
                    description="Share of the attempts of a method that failed; near 1, somebody is guessing.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"({or_zero(total('method', _FAILURES), _BY_METHOD)}) / ({_BY_METHOD} > 0)", "{{method}}"
                        ),
                    ),
                    maximum=1,
                    logs="status = 401",
                    traces="span.http.response.status_code = 401",
                ),
            ),
        ),
        Row(
            "Answers",
            (
                Panel(
                    title="Not authenticated (401)",
                    description="Answers a second to callers without valid credentials, by version.",
                    unit="reqps",
                    queries=(Query(_responses("401"), "{{api_version}}"),),
                    logs="status = 401",
                    traces="span.http.response.status_code = 401",
                ),
                Panel(
                    title="Not allowed (403)",
                    description="Answers a second to callers whose credentials do not suffice, by version.",
                    unit="reqps",
                    queries=(Query(_responses("403"), "{{api_version}}"),),
                    logs="status = 403",
                    traces="span.http.response.status_code = 403",
                ),
            ),
        ),
    ),
)
