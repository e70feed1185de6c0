"""Error responses of v2: problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app.http.errors.failures import classify
from app.http.errors.problems import MEDIA_TYPE, problem_response
from app.http.principal import has_credentials
from app.kit.reason_phrases import REASON_PHRASES
from versions.kit.openapi import header
from versions.kit.operations import ALWAYS, Operations


class FieldProblem(BaseModel):
    """One invalid value."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="JSON pointer (RFC 6901) to the value, as a fragment.", examples=["#/title"])
    code: str = Field(description="A stable code for programs.", examples=["string_too_short"])
    detail: str = Field(description="A description for people.", examples=["String should have at least 1 character"])


class Problem(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="A URL that explains this kind of problem.", examples=["/problems/post_not_found"])
    title: str = Field(description="The status code's phrase.", examples=["Not Found"])
    status: int = Field(description="The status code.", ge=400, le=599, examples=[404])
    detail: str = Field(description="A description of the error for people.", examples=["Post not found"])
    instance: str = Field(description="The path of the request.", examples=["/api/v2/posts/post_01j"])
    code: str = Field(description="A stable code for programs.", examples=["post_not_found"])
    request_id: str = Field(
        description="The id of the request in our logs.", examples=["5f2c9a3e7d1b4c68a0f1e2d3c4b5a697"]
    )
    trace_id: str = Field(description="The id of the trace.", examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
    errors: list[FieldProblem] = Field(description="The invalid values.", examples=[[]])


class QuotaProblem(Problem):
    """A quota is used up (draft-ietf-httpapi-ratelimit-headers-11, section 4.1)."""

    violated_policies: list[str] = Field(
        alias="violated-policies",
        description="What the request would exceed: policies, whose quotas `RateLimit-Policy` lists, or `streams` or "
        "`exports`, which the plan limits.",
        examples=[["burst"]],
    )


def _without_required_scope(schema: dict[str, Any]) -> None:
    schema["required"].remove("required_scope")


class ForbiddenProblem(Problem):
    """The caller may not do this."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_required_scope)

    required_scope: str = Field(
        description="The permissions that are missing, separated by spaces; absent if none would be enough.",
        examples=["posts:write"],
    )


class TokenError(Problem):
    """An error of the token endpoint, with the two additional members of RFC 6749, section 5.2."""

    error: str = Field(description="An error code of RFC 6749.", examples=["invalid_grant"])
    error_description: str = Field(description="The same as `detail`.", examples=["Incorrect email or password"])


class TokenQuotaProblem(QuotaProblem):
    """Too many attempts at the token endpoint."""

    error: str = Field(description="`temporarily_unavailable`.", examples=["temporarily_unavailable"])
    error_description: str = Field(description="The same as `detail`.", examples=["Too many attempts."])


def render(request: Request, error: Exception) -> Response:
    """Returns the problem response for any exception."""
    failure = classify(error)
    response = problem_response(request, failure)
    if failure.status == HTTPStatus.UNAUTHORIZED and has_credentials(request.scope):
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response


_MODELS: Final[Mapping[int, type[Problem]]] = {
    HTTPStatus.TOO_MANY_REQUESTS: QuotaProblem,
    HTTPStatus.FORBIDDEN: ForbiddenProblem,
}


def _describe(status: int) -> dict[str, Any]:
    phrase = REASON_PHRASES[status]
    model = _MODELS.get(status, Problem)
    described: dict[str, Any] = {
        "description": phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}},
        "model": model,
    }
    if status in {429, 503, 504}:
        described["headers"] = {"Retry-After": header("Seconds after which the client can retry.")}
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        described["headers"] = {"Accept-Encoding": header("`identity` if the body was encoded (RFC 9110, 12.5.3).")}
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = {"WWW-Authenticate": header("How to authenticate (RFC 6750).", required=True)}
    return described


operations: Final = Operations(_describe, (400, 405, *ALWAYS))
