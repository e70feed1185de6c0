"""``Content-Disposition`` of a download (RFC 6266), in both forms: old clients know no UTF-8."""

import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

_UNESCAPED: Final = "!#$&+-.^_`|~"
"""Characters that RFC 8187 leaves as they are, beside letters and digits."""


def content_disposition(kind: str, name: str) -> str:
    """The header for ``attachment`` or ``inline``."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # The quoted form has no escapes that all clients understand.
    fallback = "".join(
        "_" if character in '"\\%;' or not character.isprintable() else character for character in ascii_name
    )
    return f"{kind}; filename=\"{fallback or 'file'}\"; filename*=UTF-8''{quote(name, safe=_UNESCAPED)}"


def stored_headers(name: str, content_type: str) -> Mapping[str, str]:
    """The header fields that a bucket sends with the object of a file to a client with a signed URL."""
    return {"Content-Type": content_type, "Content-Disposition": content_disposition("attachment", name)}
