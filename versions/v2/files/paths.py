"""The path parameter, the links and the revision of a file in v2."""

from typing import Annotated, Final

from fastapi import Path

from versions.kit.links import Links, link_to
from versions.v2.ids import FileId

FileIdPath = Annotated[FileId, Path(description="The id of the file.")]
FILE_LINKS: Final[Links] = link_to("files.get", "files.get_content", "files.delete", file_id="$response.body#/id")
REVISION: Final = 1
"""A file never changes."""
