"""The security header fields of HTML pages."""

from base64 import b64encode
from functools import cache
from hashlib import sha256


@cache
def hash_source(text: str) -> str:
    """The source of a Content-Security-Policy that allows an inline element with this text.

    ``text`` is a constant of the program or of a package. If it were read from a page with values of a client, an
    injected script would be allowed as well.
    """
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def page_headers(
    *, scripts: tuple[str, ...] = (), styles: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> dict[str, str]:
    """The header fields of a page that loads only the given sources. ``more`` are further directives."""
    policy = (
        "default-src 'none'",
        *(
            f"{name} {' '.join(sources)}"
            for name, sources in (("script-src", scripts), ("style-src", styles))
            if sources
        ),
        *more,
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
