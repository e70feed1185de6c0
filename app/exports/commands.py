"""Input of the use cases of exports."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self


class ExportFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"


MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.JSON: "application/json",
}
"""In the order of preference."""


class ExportedResource(StrEnum):
    """What can be exported."""

    POSTS = "posts"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class Column:
    """A column under its name in a version.

    ``field`` is an attribute of the model, or one that ``statements`` derives; ``prefix`` is that of a TypeID, for a
    uid. A value that is a list of objects has ``members``, of which CSV has the first.
    """

    name: str
    field: str
    prefix: str | None = None
    members: "tuple[Column, ...]" = ()

    @classmethod
    def of_params(cls, params: Mapping[str, Any]) -> Self:
        """The column of a job with these parameters."""
        members = tuple(cls.of_params(member) for member in params.get("members", ()))
        return cls(**{**params, "members": members})


Columns = tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ExportForm:
    """How an export is written.

    ``items`` names the member with the rows of a JSON document, ``total`` the one with their number, if there is one.
    With ``trailer``, NDJSON ends with a line that has the number of rows.
    """

    format: ExportFormat
    items: str = "data"
    total: str | None = None
    trailer: bool = False


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """An export in the background. A job keeps the columns of the version in which it was requested."""

    resource: ExportedResource
    columns: Columns
    form: ExportForm

    def params(self) -> dict[str, Any]:
        """The parameters of the job."""
        return asdict(self)

    @classmethod
    def of_params(cls, params: Mapping[str, Any]) -> Self:
        """The request of a job with these parameters."""
        form = {**params["form"], "format": ExportFormat(params["form"]["format"])}
        columns = tuple(Column.of_params(column) for column in params["columns"])
        return cls(ExportedResource(params["resource"]), columns, ExportForm(**form))
