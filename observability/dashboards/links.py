"""Links from a panel to its traces and log lines in Grafana's Explore."""

import json
import re
from typing import Any, Final
from urllib.parse import quote, unquote

from observability.dashboards.model import Panel, Variable

PROMETHEUS: Final = "prometheus"
TEMPO: Final = "tempo"
LOKI: Final = "loki"
"""The names (uid) of the data sources in ``grafana/provisioning``."""
_ENCODED_VARIABLE: Final = re.compile(r"%24%7B\w+(?:%3A\w+)?%7D")


def consumer_url(value: str) -> str:
    """Return the link to the dashboard of a consumer. ``value`` is Grafana's variable for the uid."""
    return f"/d/strata-consumers?var-consumer=${{{value}}}&${{__url_time_range}}&${{environment:queryparam}}"


def consumer_name_url(value: str) -> str:
    """Return the link to the page for operators with the name of a consumer; Caddy adds its host name."""
    return f"/consumers/${{{value}}}"


def traces_url(panel: Panel, variables: tuple[Variable, ...]) -> str:
    """Return the link to a TraceQL query for the spans that the variables and the panel select."""
    chosen = [f'{found.attribute} =~ "{_value(found)}"' for found in variables if found.attribute]
    conditions = [*chosen, panel.traces] if panel.traces else chosen
    query = "{ " + " && ".join(conditions or ["true"]) + " }"
    return _explore(TEMPO, "tempo", {"queryType": "traceql", "query": query})


def logs_url(panel: Panel, variables: tuple[Variable, ...]) -> str:
    """Return the link to a LogQL query for the lines that the variables and the panel select."""
    chosen = [f'{found.field}=~"{_value(found)}"' for found in variables if found.field]
    stages = ["json", *chosen, *([panel.logs] if panel.logs else [])]
    return _explore(LOKI, "loki", {"expr": '{service="api"} | ' + " | ".join(stages)})


def _value(variable: Variable) -> str:
    # `pipe` joins the selected values with |; the escapes of a regular expression would break the JSON around them.
    return f"${{{variable.name}:pipe}}"


def _explore(uid: str, kind: str, query: dict[str, Any]) -> str:
    pane = {
        "datasource": uid,
        "queries": [{"refId": "A", "datasource": {"type": kind, "uid": uid}, **query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    text = quote(json.dumps({"a": pane}, separators=(",", ":")), safe="")
    # Grafana replaces variables before a browser decodes the URL, so they must not be encoded.
    text = _ENCODED_VARIABLE.sub(lambda found: unquote(found[0]), text)
    return f"/explore?schemaVersion=1&panes={text}&orgId=1"
