"""An example of each rule that is not about a schema: a change that triggers it, and a similar change that is safe."""

from typing import Any, Final

from tests.contracts.compat.channel_examples import CHANNEL_EXAMPLES
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
from tests.contracts.compat.examples import RuleExample, example
from tests.contracts.compat.security_examples import SECURITY_EXAMPLES

Json = Any


TEXT: Final = {"type": "string"}
JSON: Final = body(TEXT)
PAST, FUTURE, LATER = "2020-01-31", "2999-01-31", "2999-12-31"
EMPTY: Final = document()


def with_sunset(sunset: str | None, **members: Json) -> Json:
    return operation(deprecated=True, **({"x-sunset": sunset} if sunset else {}), **members)


def with_servers(*urls: str, **variables: Json) -> Json:
    return operation(document_members={"servers": [{"url": url, "variables": variables} for url in urls]})


def with_response(**members: Json) -> Json:
    return with_responses(_200=members)


def with_header(**header: Json) -> Json:
    return with_response(headers={"X-A": {"schema": TEXT, **header}})


def with_links(**links: Json) -> Json:
    return with_response(links={name: {"operationId": target} for name, target in links.items()})


def with_callbacks(*names: str) -> Json:
    callbacks = {name: {f"{{$request.body#/{name}}}": {"post": {"responses": OK}}} for name in names}
    return operation(callbacks=callbacks)


def with_webhooks(*names: str, method: str = "post") -> Json:
    return document(webhooks={name: {method: {"responses": OK}} for name in names})


def with_encoding(schema: Json = TEXT, **encoding: Json) -> Json:
    content = {"schema": {"type": "object", "properties": {"f": schema}}, "encoding": {"f": encoding}}
    return with_request({"content": {"multipart/form-data": content}})


def with_array_parameter(**parameter_members: Json) -> Json:
    return with_parameters(parameter(schema={"type": "array", "items": TEXT}, **parameter_members))


XML_COMPONENT: Final = {"components": {"schemas": {"T": TEXT}}}
Q, REQUIRED = parameter(), parameter(required=True)
TEXT_BODY, TWO_BODIES = body(TEXT, "text/plain"), {"content": {**JSON["content"], **body(TEXT, "text/csv")["content"]}}
WITH_Q, PLAIN = with_parameters(Q), operation()

PROTOCOL_EXAMPLES: Final[dict[str, RuleExample]] = {
    "openapi-version-changed": example(operation(), {**operation(), "openapi": "3.1.1"}),
    "api-version-changed": example(operation(), {**operation(), "info": {"title": "T", "version": "2"}}),
    "server-removed": RuleExample(
        with_servers("https://a", "https://b"), with_servers("https://a"), with_servers("https://b", "https://a")
    ),
    "server-added": example(with_servers("https://a"), with_servers("https://a", "https://b")),
    "server-unlisted": example(operation(), with_servers("https://a")),
    "server-variable-default-changed": example(
        with_servers("https://{v}", v={"default": "1"}), with_servers("https://{v}", v={"default": "2"})
    ),
    "operation-added": example(EMPTY, operation()),
    "operation-removed": RuleExample(
        operation(), EMPTY, document({"/things": {"get": {"responses": OK}, "put": {"responses": OK}}})
    ),
    "operation-removed-before-sunset": example(with_sunset(FUTURE), EMPTY),
    "operation-removed-after-sunset": example(with_sunset(PAST), EMPTY),
    "operation-path-changed": RuleExample(
        operation(operationId="a"), operation(path="/things/", operationId="a"), operation(operationId="a", summary="S")
    ),
    "operation-id-changed": RuleExample(
        operation(operationId="a"), operation(operationId="b"), operation(operationId="a", tags=["b"])
    ),
    "operation-id-removed": example(operation(operationId="a"), operation()),
    "operation-id-added": example(operation(), operation(operationId="a")),
    "operation-tag-removed": example(operation(tags=["a", "b"]), operation(tags=["a"])),
    "operation-tag-added": example(operation(tags=["a"]), operation(tags=["b", "a"])),
    "operation-deprecated": example(operation(), with_sunset(FUTURE)),
    "operation-deprecated-without-sunset": example(operation(), with_sunset(None)),
    "operation-deprecation-withdrawn": example(with_sunset(FUTURE), operation()),
    "operation-sunset-moved-earlier": RuleExample(
        with_sunset(LATER), with_sunset(FUTURE), with_sunset(LATER, summary="S")
    ),
    "operation-sunset-moved-later": example(with_sunset(FUTURE), with_sunset(LATER)),
    "operation-sunset-removed": RuleExample(with_sunset(FUTURE), with_sunset(None), with_sunset(LATER)),
    "operation-sunset-invalid": example(operation(), with_sunset("soon")),
    "path-parameter-renamed": example(
        operation(path="/a/{id}", parameters=[parameter("id", "path", required=True)]),
        operation(path="/a/{key}", parameters=[parameter("key", "path", required=True)]),
    ),
    "request-parameter-added": example(PLAIN, WITH_Q),
    "request-parameter-added-required": RuleExample(PLAIN, with_parameters(REQUIRED), WITH_Q),
    "request-parameter-removed": RuleExample(
        with_parameters(Q, parameter("r")), WITH_Q, with_parameters(parameter("r"), Q)
    ),
    "request-parameter-removed-before-sunset": example(
        with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE}), PLAIN
    ),
    "request-parameter-removed-after-sunset": example(
        with_parameters(Q | {"deprecated": True, "x-sunset": PAST}), PLAIN
    ),
    "request-parameter-became-required": RuleExample(
        WITH_Q, with_parameters(REQUIRED), with_parameters(parameter(required=False))
    ),
    "request-parameter-became-optional": example(with_parameters(REQUIRED), WITH_Q),
    "request-parameter-location-changed": example(WITH_Q, with_parameters(parameter(location="header"))),
    "request-parameter-style-changed": RuleExample(
        with_array_parameter(), with_array_parameter(style="pipeDelimited"), with_array_parameter(style="form")
    ),
    "request-parameter-explode-changed": RuleExample(
        with_array_parameter(), with_array_parameter(explode=False), with_array_parameter(explode=True)
    ),
    "request-parameter-wire-name-changed": RuleExample(
        operation(path="/a{id}", parameters=[parameter("id", "path", style="matrix")]),
        operation(path="/a{key}", parameters=[parameter("key", "path", style="matrix")]),
        operation(path="/a{id}", parameters=[parameter("id", "path", style="matrix", explode=True)]),
    ),
    "request-parameter-reserved-refused": RuleExample(
        with_array_parameter(allowReserved=True),
        with_array_parameter(),
        with_array_parameter(allowReserved=True, description="D"),
    ),
    "request-parameter-reserved-allowed": example(with_array_parameter(), with_array_parameter(allowReserved=True)),
    "request-parameter-empty-refused": example(with_array_parameter(allowEmptyValue=True), with_array_parameter()),
    "request-parameter-empty-allowed": example(with_array_parameter(), with_array_parameter(allowEmptyValue=True)),
    "request-parameter-content-changed": RuleExample(
        WITH_Q,
        with_parameters({"name": "q", "in": "query", "content": {"application/json": {"schema": TEXT}}}),
        with_parameters(parameter(example="a")),
    ),
    "request-parameter-is-deprecated": example(WITH_Q, with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE})),
    "request-parameter-is-deprecated-without-sunset": example(WITH_Q, with_parameters(Q | {"deprecated": True})),
    "request-parameter-is-no-longer-deprecated": example(with_parameters(Q | {"deprecated": True}), WITH_Q),
    "request-parameter-sunset-moved-earlier": RuleExample(
        with_parameters(Q | {"deprecated": True, "x-sunset": LATER}),
        with_parameters(Q | {"deprecated": True, "x-sunset": FUTURE}),
        with_parameters(Q | {"deprecated": True, "x-sunset": "2999-12-31T00:00:00Z"}),
    ),
    "request-body-added": example(with_request(None), with_request(JSON)),
    "request-body-added-required": RuleExample(
        with_request(None), with_request(body(TEXT, required=True)), with_request(JSON)
    ),
    "request-body-removed": example(with_request(JSON), with_request(None)),
    "request-body-became-required": RuleExample(
        with_request(JSON), with_request(body(TEXT, required=True)), with_request(body(TEXT, required=False))
    ),
    "request-body-became-optional": example(with_request(body(TEXT, required=True)), with_request(JSON)),
    "request-media-type-added": example(with_request(JSON), with_request(TWO_BODIES)),
    "request-media-type-removed": RuleExample(
        with_request(TWO_BODIES), with_request(JSON), with_request({"content": {"*/*": {"schema": TEXT}}})
    ),
    "request-encoding-narrowed": RuleExample(
        with_encoding(contentType="image/png, image/gif"),
        with_encoding(contentType="image/png"),
        with_encoding(contentType="image/gif,image/png"),
    ),
    "request-encoding-widened": example(
        with_encoding(contentType="image/png"), with_encoding(contentType="image/png, image/gif")
    ),
    "xml-form-changed": RuleExample(
        with_request(body({"$ref": "#/components/schemas/T"}, "application/xml")) | XML_COMPONENT,
        with_request(body({"$ref": "#/components/schemas/T"}, "application/xml"))
        | {"components": {"schemas": {"T": {**TEXT, "xml": {"name": "U"}}}}},
        with_request(body({"$ref": "#/components/schemas/T"}, "application/xml"))
        | {"components": {"schemas": {"T": {**TEXT, "xml": {"name": "T", "prefix": "p"}}}}},
    ),
    "request-encoding-style-changed": RuleExample(
        with_encoding({"type": "array"}),
        with_encoding({"type": "array"}, explode=False),
        with_encoding({"type": "array"}, style="form"),
    ),
    "response-success-added": example(with_responses(_200={}), with_responses(_200={}, _201={})),
    "response-success-removed": RuleExample(
        with_responses(_200={}, _201={}), with_responses(_200={}), with_responses(_2XX={}, _200={}, _201={})
    ),
    "response-error-added": example(with_responses(_200={}), with_responses(_200={}, _404={})),
    "response-error-removed": RuleExample(
        with_responses(_200={}, _404={}), with_responses(_200={}), with_responses(_200={}, _4XX={})
    ),
    "response-default-added": example(with_responses(_200={}), with_responses(_200={}, default={})),
    "response-default-removed": example(with_responses(_200={}, default={}), with_responses(_200={})),
    "response-body-added": example(with_responses(_200={}), with_responses(_200=JSON)),
    "response-body-removed": RuleExample(
        with_responses(_200=JSON), with_responses(_200={}), with_responses(_200={**JSON, "description": "D"})
    ),
    "response-media-type-added": example(with_responses(_200=JSON), with_responses(_200=TWO_BODIES)),
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
    "response-header-added": example(with_response(), with_header()),
    "response-header-removed": RuleExample(
        with_header(), with_response(), with_response(headers={"x-a": {"schema": TEXT}})
    ),
    "response-header-serialization-changed": RuleExample(
        with_header(schema={"type": "object"}),
        with_header(schema={"type": "object"}, explode=True),
        with_header(schema={"type": "object"}, explode=False),
    ),
    "response-header-became-required": example(with_header(), with_header(required=True)),
    "response-header-became-optional": RuleExample(
        with_header(required=True), with_header(), with_header(required=True, description="D")
    ),
    "response-link-added": example(with_response(), with_links(a="b")),
    "response-link-removed": example(with_links(a="b"), with_response()),
    "response-link-changed": example(with_links(a="b"), with_links(a="c")),
    "webhook-added": example(with_webhooks("a"), with_webhooks("a", "b")),
    "webhook-removed": RuleExample(with_webhooks("a", "b"), with_webhooks("a"), with_webhooks("b", "a", "c")),
    "webhook-operation-added": example(
        with_webhooks("a"), document(webhooks={"a": {"post": {"responses": OK}, "put": {"responses": OK}}})
    ),
    "webhook-operation-removed": example(with_webhooks("a"), with_webhooks("a", method="put")),
    "callback-added": example(with_callbacks("a"), with_callbacks("a", "b")),
    "callback-removed": RuleExample(with_callbacks("a", "b"), with_callbacks("a"), with_callbacks("b", "a")),
    "webhook-parameter-added": example(webhook(), webhook(parameters=[parameter(location="header", required=True)])),
    "webhook-parameter-removed": example(webhook(parameters=[parameter(location="header")]), webhook()),
    "webhook-parameter-became-required": example(webhook(parameters=[Q]), webhook(parameters=[REQUIRED])),
    "webhook-parameter-became-optional": example(webhook(parameters=[REQUIRED]), webhook(parameters=[Q])),
    "webhook-body-added": example(webhook(), webhook(requestBody=JSON)),
    "webhook-body-removed": example(webhook(requestBody=JSON), webhook()),
    "webhook-body-became-required": example(webhook(requestBody=JSON), webhook(requestBody=body(TEXT, required=True))),
    "webhook-body-became-optional": example(webhook(requestBody=body(TEXT, required=True)), webhook(requestBody=JSON)),
    "webhook-media-type-added": example(webhook(requestBody=JSON), webhook(requestBody=TWO_BODIES)),
    "webhook-media-type-removed": example(webhook(requestBody=TWO_BODIES), webhook(requestBody=JSON)),
    "webhook-response-media-type-removed": RuleExample(
        webhook(responses={"200": {"description": "", **TWO_BODIES}}),
        webhook(responses={"200": {"description": "", **JSON}}),
        webhook(responses={"200": {"description": "", "content": {"*/*": {"schema": TEXT}}}}),
    ),
    "webhook-status-added": example(webhook(), webhook(responses={**OK, "202": {"description": ""}})),
    "webhook-status-removed": RuleExample(
        webhook(responses={**OK, "202": {"description": ""}}),
        webhook(),
        webhook(responses={"2XX": {"description": ""}}),
    ),
    **SECURITY_EXAMPLES,
    **CHANNEL_EXAMPLES,
}
