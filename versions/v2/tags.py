"""Entity tags of v2: what an operation that reads one resource declares."""

from typing import Final

from versions.kit.openapi import header
from versions.kit.operations import Success

TAG: Final = header("The revision of the resource and a digest of this response.", required=True)
READ: Final[Success] = {200: {"headers": {"ETag": TAG}}, 304: {"description": "Not modified"}}
"""The client repeats the tag in ``If-None-Match``."""
