"""A model that its handler made goes out as it is; everything else is validated as FastAPI does."""

from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import ResponseValidationError
from pydantic import BaseModel, model_validator
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.rate_limit.limits import DECISION
from app.http.routing.strict import StrictRoute


class Small(BaseModel):
    number: int


class Large(Small):
    seen: int = 0

    @model_validator(mode="after")
    def count(self) -> "Large":
        self.seen += 1
        return self


def application() -> ASGIApp:
    router = APIRouter(route_class=StrictRoute)

    @router.get("/made")
    async def made() -> Large | Small:
        return Large(number=1)

    @router.get("/raw", response_model=Small)
    async def raw(number: str) -> Any:
        return {"number": number, "secret": "not in the model"}

    @router.get("/inherited", response_model=Small)
    async def inherited() -> Any:
        return Large(number=3)

    @router.get("/nothing", status_code=204)
    async def nothing() -> None: ...

    app = FastAPI()
    app.router.routes.extend(router.routes)

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {DECISION: None}}, receive, send)

    return admitted


async def test_what_was_made_is_sent_and_what_was_not_is_validated() -> None:
    transport = httpx2.ASGITransport(app=application())
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.get("/made")).json() == {"number": 1, "seen": 1}, "validated once, when it was made"
        assert (await client.get("/raw?number=2")).json() == {"number": 2}
        assert (await client.get("/inherited")).json() == {"number": 3}, "a subclass shows no more than is declared"
        assert (await client.get("/nothing")).status_code == 204
        with pytest.raises(ResponseValidationError):
            await client.get("/raw?number=many")
