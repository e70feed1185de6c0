"""For each rule that is not about a schema a pair that shows it, and a pair next to it that breaks nobody."""

from typing import Any, Final

from tests.contracts.compat.documents import (
    OK,
    body,
    document,
    operation,
    parameter,
    webhook,
    with_parameters,
    with_request,
    with_responses,
)
from tests.contracts.compat.examples import RuleExample, same
from tests.contracts.compat.security_examples import SECURITY_EXAMPLES

Json = Any


TEXT: Final = {"type": "string"}
JSON: Final = body(TEXT)
PAST, FUTURE, LATER = "2020-01-31", "2999-01-31", "2999-12-31"
GONE: Final = document()


def shown(**members: Json) -> Json:
    return operation(**members)


def dated(sunset: str | None, **members: Json) -> Json:
    return operation(deprecated=True, **({"x-sunset": sunset} if sunset else {}), **members)


def served(*urls: str, **variables: Json) -> Json:
    return operation(document_members={"servers": [{"url": url, "variables": variables} for url in urls]})


def answering(**members: Json) -> Json:
    return with_responses(_200=members)


def headed(**header: Json) -> Json:
    return answering(headers={"X-A": {"schema": TEXT, **header}})


def linked(**links: Json) -> Json:
    return answering(links={name: {"operationId": target} for name, target in links.items()})


def calling(*names: str) -> Json:
    called = {name: {"{$request.body#/url}": {"post": {"responses": OK}}} for name in names}
    return operation(callbacks=called)


def hooks(*names: str, method: str = "post") -> Json:
    return document(webhooks={name: {method: {"responses": OK}} for name in names})


def multipart(**encoding: Json) -> Json:
    content = {"schema": {"type": "object", "properties": {"f": TEXT}}, "encoding": {"f": encoding}}
    return with_request({"content": {"multipart/form-data": content}})


def listing(**parameter_members: Json) -> Json:
    return with_parameters(parameter(schema={"type": "array", "items": TEXT}, **parameter_members))


Q, REQUIRED = parameter(), parameter(required=True)
TEXT_BODY, TWO_BODIES = body(TEXT, "text/plain"), {"content": {**JSON["content"], **body(TEXT, "text/csv")["content"]}}
WITH_Q, PLAIN = with_parameters(Q), operation()

PROTOCOL_EXAMPLES: Final[dict[str, RuleExample]] = {
    "openapi-version-changed": same(operation(), {**operation(), "openapi": "3.1.1"}),
    "api-version-changed": same(operation(), {**operation(), "info": {"title": "T", "version": "2"}}),
    "server-removed": RuleExample(
        served("https://a", "https://b"), served("https://a"), served("https://b", "https://a")
    ),
    "server-added": same(served("https://a"), served("https://a", "https://b")),
    "server-variable-removed": same(served("https://a/{v}", v={"default": "1"}), served("https://a/{v}")),
    "server-variable-added": same(served("https://a/{v}"), served("https://a/{v}", v={"default": "1"})),
    "server-variable-value-removed": RuleExample(
        served("https://{v}", v={"default": "1", "enum": ["1", "2"]}),
        served("https://{v}", v={"default": "1", "enum": ["1"]}),
        served("https://{v}", v={"default": "1", "enum": ["3", "2", "1"]}),
    ),
    "server-variable-default-changed": same(
        served("https://{v}", v={"default": "1"}), served("https://{v}", v={"default": "2"})
    ),
    "operation-added": same(GONE, operation()),
    "operation-removed": RuleExample(
        operation(), GONE, document({"/things": {"get": {"responses": OK}, "put": {"responses": OK}}})
    ),
    "operation-removed-before-sunset": same(dated(FUTURE), GONE),
    "operation-removed-after-sunset": same(dated(PAST), GONE),
    "operation-path-changed": RuleExample(
        operation(operationId="a"), operation(path="/things/", operationId="a"), operation(operationId="a", summary="S")
    ),
    "operation-id-changed": RuleExample(
        operation(operationId="a"), operation(operationId="b"), operation(operationId="a", tags=["b"])
    ),
    "operation-id-removed": same(operation(operationId="a"), operation()),
    "operation-id-added": same(operation(), operation(operationId="a")),
    "operation-tag-removed": same(operation(tags=["a", "b"]), operation(tags=["a"])),
    "operation-tag-added": same(operation(tags=["a"]), operation(tags=["b", "a"])),
    "operation-deprecated": same(operation(), dated(FUTURE)),
    "operation-deprecated-without-sunset": same(operation(), dated(None)),
    "operation-deprecation-withdrawn": same(dated(FUTURE), operation()),
    "operation-sunset-moved-earlier": RuleExample(dated(LATER), dated(FUTURE), dated(LATER, summary="S")),
    "operation-sunset-moved-later": same(dated(FUTURE), dated(LATER)),
    "operation-sunset-removed": RuleExample(dated(FUTURE), dated(None), dated(LATER)),
    "operation-sunset-invalid": same(operation(), dated("soon")),
    "path-parameter-renamed": same(
        operation(path="/a/{id}", parameters=[parameter("id", "path", required=True)]),
        operation(path="/a/{key}", parameters=[parameter("key", "path", required=True)]),
    ),
    "request-parameter-added": same(PLAIN, WITH_Q),
    "request-parameter-added-required": RuleExample(PLAIN, with_parameters(REQUIRED), WITH_Q),
    "request-parameter-removed": RuleExample(
        with_parameters(Q, parameter("r")), WITH_Q, with_parameters(parameter("r"), Q)
    ),
    "request-parameter-removed-before-sunset": same(
        with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE}), PLAIN
    ),
    "request-parameter-removed-after-sunset": same(with_parameters(Q | {"deprecated": True, "x-sunset": PAST}), PLAIN),
    "request-parameter-became-required": RuleExample(
        WITH_Q, with_parameters(REQUIRED), with_parameters(parameter(required=False))
    ),
    "request-parameter-became-optional": same(with_parameters(REQUIRED), WITH_Q),
    "request-parameter-location-changed": same(WITH_Q, with_parameters(parameter(location="header"))),
    "request-parameter-style-changed": RuleExample(listing(), listing(style="pipeDelimited"), listing(style="form")),
    "request-parameter-explode-changed": RuleExample(listing(), listing(explode=False), listing(explode=True)),
    "request-parameter-reserved-refused": RuleExample(
        listing(allowReserved=True), listing(), listing(allowReserved=True, description="D")
    ),
    "request-parameter-reserved-allowed": same(listing(), listing(allowReserved=True)),
    "request-parameter-empty-refused": same(listing(allowEmptyValue=True), listing()),
    "request-parameter-empty-allowed": same(listing(), listing(allowEmptyValue=True)),
    "request-parameter-content-changed": RuleExample(
        WITH_Q,
        with_parameters({"name": "q", "in": "query", "content": {"application/json": {"schema": TEXT}}}),
        with_parameters(parameter(example="a")),
    ),
    "request-parameter-is-deprecated": same(WITH_Q, with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE})),
    "request-parameter-is-deprecated-without-sunset": same(WITH_Q, with_parameters(Q | {"deprecated": True})),
    "request-parameter-is-no-longer-deprecated": same(with_parameters(Q | {"deprecated": True}), WITH_Q),
    "request-parameter-sunset-moved-earlier": RuleExample(
        with_parameters(Q | {"deprecated": True, "x-sunset": LATER}),
        with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE}),
        with_parameters(Q | {"deprecated": True, "x-sunset": "2999-12-31T00:00:00Z"}),
    ),
    "request-body-added": same(with_request(None), with_request(JSON)),
    "request-body-added-required": RuleExample(
        with_request(None), with_request(body(TEXT, required=True)), with_request(JSON)
    ),
    "request-body-removed": same(with_request(JSON), with_request(None)),
    "request-body-became-required": RuleExample(
        with_request(JSON), with_request(body(TEXT, required=True)), with_request(body(TEXT, required=False))
    ),
    "request-body-became-optional": same(with_request(body(TEXT, required=True)), with_request(JSON)),
    "request-media-type-added": same(with_request(JSON), with_request(TWO_BODIES)),
    "request-media-type-removed": RuleExample(
        with_request(TWO_BODIES), with_request(JSON), with_request({"content": {"*/*": {"schema": TEXT}}})
    ),
    "request-encoding-narrowed": RuleExample(
        multipart(contentType="image/png, image/gif"),
        multipart(contentType="image/png"),
        multipart(contentType="image/gif,image/png"),
    ),
    "request-encoding-widened": same(multipart(contentType="image/png"), multipart(contentType="image/png, image/gif")),
    "request-encoding-style-changed": RuleExample(
        multipart(), multipart(style="pipeDelimited"), multipart(style="form")
    ),
    "response-success-added": same(with_responses(_200={}), with_responses(_200={}, _201={})),
    "response-success-removed": RuleExample(
        with_responses(_200={}, _201={}), with_responses(_200={}), with_responses(_2XX={}, _200={}, _201={})
    ),
    "response-error-added": same(with_responses(_200={}), with_responses(_200={}, _404={})),
    "response-error-removed": RuleExample(
        with_responses(_200={}, _404={}), with_responses(_200={}), with_responses(_200={}, _4XX={})
    ),
    "response-default-added": same(with_responses(_200={}), with_responses(_200={}, default={})),
    "response-default-removed": same(with_responses(_200={}, default={}), with_responses(_200={})),
    "response-body-added": same(with_responses(_200={}), with_responses(_200=JSON)),
    "response-body-removed": RuleExample(
        with_responses(_200=JSON), with_responses(_200={}), with_responses(_200={**JSON, "description": "D"})
    ),
    "response-media-type-added": same(with_responses(_200=JSON), with_responses(_200=TWO_BODIES)),
    "response-media-type-removed": RuleExample(
        with_responses(_200=TWO_BODIES),
        with_responses(_200=JSON),
        with_responses(
            _200={
                "content": {
                    **body(TEXT, "Application/JSON; charset=utf-8")["content"],
                    **body(TEXT, "text/csv")["content"],
                }
            }
        ),
    ),
    "response-media-type-generalised": RuleExample(
        with_responses(_200=TEXT_BODY),
        with_responses(_200=body(TEXT, "text/*")),
        with_responses(_200=body(TEXT, "text/plain;q=1")),
    ),
    "response-header-added": same(answering(), headed()),
    "response-header-removed": RuleExample(headed(), answering(), answering(headers={"x-a": {"schema": TEXT}})),
    "response-header-became-required": same(headed(), headed(required=True)),
    "response-header-became-optional": RuleExample(
        headed(required=True), headed(), headed(required=True, description="D")
    ),
    "response-link-added": same(answering(), linked(a="b")),
    "response-link-removed": same(linked(a="b"), answering()),
    "response-link-changed": same(linked(a="b"), linked(a="c")),
    "webhook-added": same(hooks("a"), hooks("a", "b")),
    "webhook-removed": RuleExample(hooks("a", "b"), hooks("a"), hooks("b", "a", "c")),
    "webhook-operation-added": same(
        hooks("a"), document(webhooks={"a": {"post": {"responses": OK}, "put": {"responses": OK}}})
    ),
    "webhook-operation-removed": same(hooks("a"), hooks("a", method="put")),
    "callback-added": same(calling("a"), calling("a", "b")),
    "callback-removed": RuleExample(calling("a", "b"), calling("a"), calling("b", "a")),
    "webhook-parameter-added": same(webhook(), webhook(parameters=[parameter(location="header", required=True)])),
    "webhook-parameter-removed": same(webhook(parameters=[parameter(location="header")]), webhook()),
    "webhook-parameter-became-required": same(webhook(parameters=[Q]), webhook(parameters=[REQUIRED])),
    "webhook-parameter-became-optional": same(webhook(parameters=[REQUIRED]), webhook(parameters=[Q])),
    "webhook-body-added": same(webhook(), webhook(requestBody=JSON)),
    "webhook-body-removed": same(webhook(requestBody=JSON), webhook()),
    "webhook-body-became-required": same(webhook(requestBody=JSON), webhook(requestBody=body(TEXT, required=True))),
    "webhook-body-became-optional": same(webhook(requestBody=body(TEXT, required=True)), webhook(requestBody=JSON)),
    "webhook-media-type-added": same(webhook(requestBody=JSON), webhook(requestBody=TWO_BODIES)),
    "webhook-media-type-removed": same(webhook(requestBody=TWO_BODIES), webhook(requestBody=JSON)),
    "webhook-status-added": same(webhook(), webhook(responses={**OK, "202": {"description": ""}})),
    "webhook-status-removed": RuleExample(
        webhook(responses={**OK, "202": {"description": ""}}),
        webhook(),
        webhook(responses={"2XX": {"description": ""}}),
    ),
    **SECURITY_EXAMPLES,
}
