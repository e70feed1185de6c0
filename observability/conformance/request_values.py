"""The texts of a request by parameter: of its path, query, header fields, cookies and form."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from observability.conformance.exchange import Headers
from observability.conformance.operation import Parameter
from observability.conformance.response_checks import header
from observability.conformance.schemas import Json
from observability.conformance.texts import value_of


def path_values(template: str, path: str) -> dict[str, list[str]]:
    """Return the values of a path by the names in its template."""
    return {
        wanted[1:-1]: [given]
        for wanted, given in zip(template.split("/"), path.split("/"), strict=False)
        if wanted.startswith("{") and wanted.endswith("}")
    }


def form_values(text: bytes) -> dict[str, list[str]]:
    """Return the values of a query or a form."""
    return parse_qs(text.decode("latin-1"), keep_blank_values=True)


def form_members(declared: Mapping[str, Parameter], body: bytes) -> dict[str, Json]:
    """Return the members of a form, parsed by the types in their schemas."""
    return {
        name: value_of(declared[name], texts) if name in declared else texts[-1]
        for name, texts in form_values(body).items()
    }


def header_values(headers: Headers) -> dict[str, list[str]]:
    """Return the values of the header fields by name, in lower case."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def cookie_values(headers: Headers) -> dict[str, list[str]]:
    """Return the cookies; none if the header field is malformed."""
    try:
        cookies = SimpleCookie(header(headers, b"cookie"))
    except CookieError:
        return {}
    return {name: [morsel.value] for name, morsel in cookies.items()}
