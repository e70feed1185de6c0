"""12 Files and exports: transfers in progress, the object store, and what it carries."""

from typing import Final

from observability.dashboards.model import Board, Panel, Query, Row
from observability.dashboards.variables import ENVIRONMENT, matching, quantile, rate, total

_CHOSEN: Final = matching(ENVIRONMENT)
_OPERATIONS: Final = "storage_operation_duration_seconds"

BOARD: Final = Board(
    uid="strata-transfers",
    title="12 Files and exports",
    description="Uploads, downloads and exports, and the object store of API and workers.",
    variables=(ENVIRONMENT,),
    rows=(
        Row(
            "Transfers",
            (
                Panel(
                    title="Transfers in progress",
                    description="Uploads and downloads of files, and exports, by version.",
                    unit="none",
                    queries=(
                        Query(
                            f"sum by (api_version, direction) (transfers_active{{{_CHOSEN}}})",
                            "{{api_version}} {{direction}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    title="Places of transfers in use",
                    description="Transfers in proportion to those that all processes accept; further ones get 503.",
                    unit="percentunit",
                    queries=(
                        Query(
                            f"sum(transfers_active{{{_CHOSEN}}}) / sum(transfers_limit{{{_CHOSEN}}})",
                            "in use",
                        ),
                    ),
                    steps=((0, "green"), (0.8, "red")),
                ),
                Panel(
                    title="Completed uploads to signed URLs",
                    description="A second, by outcome: the content breaks a rule (rejected), or an error or the end of "
                    "the process interrupted the check (interrupted).",
                    unit="ops",
                    queries=(Query(total("outcome", rate("presigned_uploads_total", _CHOSEN)), "{{outcome}}"),),
                ),
            ),
        ),
        Row(
            "Exports",
            (
                Panel(
                    title="Open exports",
                    description="Exports of responses and jobs that have a connection.",
                    unit="none",
                    queries=(Query(f"sum(exports_open{{{_CHOSEN}}})", "open"),),
                ),
                Panel(
                    title="Ended exports",
                    description="A second, by outcome: an error cut them, their clients left, or no connection became "
                    "free in time.",
                    unit="ops",
                    queries=(Query(total("outcome", rate("exports_total", _CHOSEN)), "{{outcome}}"),),
                    logs='event="export_cut"',
                ),
                Panel(
                    title="Exported rows",
                    description="Rows of complete exports a second.",
                    unit="short",
                    queries=(Query(total("resource", rate("export_rows_total", _CHOSEN)), "{{resource}}"),),
                ),
                Panel(
                    title="Exported bytes",
                    description="Bytes of exports a second, before their compression.",
                    unit="Bps",
                    queries=(Query(total("resource", rate("export_bytes_total", _CHOSEN)), "{{resource}}"),),
                ),
            ),
        ),
        Row(
            "Object store",
            (
                Panel(
                    title="Bytes of files",
                    description="Bytes a second to the store (in) and from it (out), of API and workers.",
                    unit="Bps",
                    queries=(Query(total("direction", rate("storage_bytes_total", _CHOSEN)), "{{direction}}"),),
                ),
                Panel(
                    title="Operations of the store",
                    description="A second, by operation and outcome.",
                    unit="ops",
                    queries=(
                        Query(
                            total("operation, outcome", rate(f"{_OPERATIONS}_count", _CHOSEN)),
                            "{{operation}} {{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    title="Duration of the store's operations",
                    description="The 95th percentile. `read` and `write` last as long as the client sends or receives.",
                    unit="s",
                    queries=(Query(quantile(0.95, "operation", _OPERATIONS, _CHOSEN), "{{operation}}"),),
                ),
                Panel(
                    title="Failed operations of the store",
                    description="A second: the store failed, or did not reply in time.",
                    unit="ops",
                    queries=(
                        Query(
                            total("operation", rate(f"{_OPERATIONS}_count", f'{_CHOSEN},outcome="failed"')),
                            "{{operation}}",
                        ),
                    ),
                    steps=((0, "green"), (0.1, "red")),
                    logs='event="storage_failed"',
                ),
            ),
        ),
    ),
)
