"""An HTTP client that checks every response against the contract of its version."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jsonschema_rs

from tests.support.server_sent_events import messages_in
from versions.registry import VERSIONS

CONTRACTS = Path(__file__).parents[2] / "contracts"


class Contract:
    """One frozen document."""

    def __init__(self, name: str) -> None:
        self.prefix = f"/api/{name}"
        self._document: dict[str, Any] = json.loads((CONTRACTS / f"{name}.openapi.json").read_text())
        paths = [(path[1:].split("/"), item) for path, item in self._document["paths"].items()]
        # A path with fewer parameters is the more specific one.
        self._paths = sorted(paths, key=lambda pair: str(pair[0]).count("{"))
        self._validators: dict[str, Any] = {}

    def check(self, response: httpx2.Response) -> None:
        """Fail unless status, media type, headers and body match the contract."""
        request = response.request
        # Where GET is promised, HEAD is: the same without a body (RFC 9110, section 9.3.2).
        head = request.method == "HEAD"
        operation = self._operation(urlsplit(str(request.url)).path, "GET" if head else request.method)
        if operation is None:
            assert response.status_code in {404, 405, 413, 429, 431, 503}, (
                f"undocumented operation responded with {response.status_code}"
            )
            return
        where = f"{operation['operationId']} {response.status_code}"
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{where}: status code not declared"
        for name, given in declared.get("headers", {}).items():
            reference = given.get("$ref", "").rpartition("/")[2]
            header = self._document["components"]["headers"][reference] if reference else given
            assert not header.get("required") or name in response.headers, f"{where}: no header {name}"
        content = declared.get("content")
        if not content or head:
            return
        if content == {"*/*": {}}:
            # The content of a file.
            return
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content, f"{where}: media type {media_type} not declared"
        for body in _bodies(media_type, response):
            self._validator(content[media_type]["schema"]).validate(body)

    def _operation(self, path: str, method: str) -> dict[str, Any] | None:
        steps = path.removeprefix(f"{self.prefix}/").split("/")
        for template, item in self._paths:
            if len(template) == len(steps) and all(
                (wanted.startswith("{") and step) or wanted == step
                for wanted, step in zip(template, steps, strict=True)
            ):
                found: dict[str, Any] | None = item.get(method.lower())
                return found
        return None

    def _validator(self, schema: dict[str, Any]) -> Any:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]


def _bodies(media_type: str, response: httpx2.Response) -> list[Any]:
    if media_type == "text/event-stream":
        # The schema of a stream is that of one message.
        return messages_in(response.text)
    return [response.json() if media_type.endswith(("/json", "+json")) else response.text]


class ContractClient(httpx2.AsyncClient):
    """Checks every response."""

    contracts = tuple(Contract(version.name) for version in VERSIONS)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        response = await super().send(request, **options)
        path = urlsplit(str(request.url)).path
        for contract in self.contracts:
            if path.startswith(f"{contract.prefix}/") and not path.endswith(
                ("/openapi.json", "/asyncapi.json", "/docs", "/redoc")
            ):
                await response.aread()
                contract.check(response)
        return response
