"""OpenAPI links of a response (3.1, section 4.8.20): operations that can follow, and the source of their inputs."""

from typing import Any

Links = dict[str, dict[str, Any]]
"""Operation id -> link object."""


def link_to(*operation_ids: str, body: Any = None, **parameters: str) -> Links:
    """Returns a link to each operation. Parameters are runtime expressions; the body is a literal that may have some.

    A header is written ``header__if_match`` for ``header.if-match``.
    """
    link: dict[str, Any] = {}
    if parameters:
        link["parameters"] = {_name(name): expression for name, expression in parameters.items()}
    if body is not None:
        link["requestBody"] = body
    return {operation_id: {"operationId": operation_id, **link} for operation_id in operation_ids}


def _name(keyword: str) -> str:
    place, _, name = keyword.partition("__")
    return f"{place}.{name.replace('_', '-')}" if name else keyword
