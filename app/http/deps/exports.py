"""Dependencies of the routes of exports."""

from typing import Annotated

from fastapi import Depends, Request

from app.exports.reader import ExportReader
from app.http.principal import resolve_principal


async def _export_reader(request: Request) -> ExportReader:
    return ExportReader(await resolve_principal(request))


ExportReaderDep = Annotated[ExportReader, Depends(_export_reader)]
