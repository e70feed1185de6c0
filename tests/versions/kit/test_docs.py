"""The endpoints of the documents of a version."""

import asyncio
import threading
from typing import Any

from fastapi import FastAPI

from tests.support.app import TestApp
from versions.kit.docs import add_documentation
from versions.registry import VERSIONS


async def test_requests_are_served_while_a_document_is_built(test_app: TestApp) -> None:
    begun, served = threading.Event(), threading.Event()
    built = []

    def build() -> dict[str, Any]:
        begun.set()
        built.append(served.wait(2))
        return {"info": {"description": "Posts."}}

    app = FastAPI(title="Posts", openapi_url=None, docs_url=None, redoc_url=None)
    app.openapi = build  # type: ignore[method-assign]  # as the versions do
    add_documentation(app, VERSIONS[-1])
    async with TestApp(app, test_app.runtime).client() as client:
        documents = [asyncio.create_task(client.get("/openapi.json")) for _ in range(2)]
        await asyncio.to_thread(begun.wait)
        assert (await client.get("/docs")).status_code == 200
        served.set()
        first, second = [(await document).json() for document in documents]
    assert built == [True], "once, and beside another request"
    assert first == second
    assert first["info"]["description"].endswith("Posts.")
