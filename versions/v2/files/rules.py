"""What v2 accepts as the content of a file."""

from typing import Final

from app.files.types import CSV, DOCUMENTS

MAX_BYTES: Final = 5 * 1024**3
"""The largest object that a bucket takes in one request."""
TYPES: Final = (*DOCUMENTS, CSV)
EXTENSIONS: Final = ", ".join(extension for kind in TYPES for extension in kind.extensions)
