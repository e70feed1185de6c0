"""The rules for changes outside of schemas: operations, parameters, bodies, responses, security and servers."""

from collections.abc import Iterator
from typing import Final

from contracts.compat.findings import Severity
from contracts.compat.rule import Rule

_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE

_RULES: Final = {
    "document": (
        ("openapi-version-changed", _SAFE, "The document uses OpenAPI {new} (before: {old})."),
        ("api-version-changed", _SAFE, "The version of the API is {new} (before: {old})."),
        ("server-removed", _BREAKING, "The URL {old} is no longer served: requests to it get an error."),
        ("server-unlisted", _WARNING, "The document lists servers now: it was read from the server that it describes."),
        ("server-added", _SAFE, "The URL {new} is new."),
        (
            "server-variable-default-changed",
            _WARNING,
            "The server variable {what} is {new} by default (before: {old}).",
        ),
    ),
    "operations": (
        ("operation-added", _SAFE, "{what} is new."),
        ("operation-removed", _BREAKING, "{what} is removed: calls get an error."),
        (
            "operation-removed-before-sunset",
            _BREAKING,
            "{what} is removed before its sunset on {old}: calls get an error.",
        ),
        ("operation-removed-after-sunset", _WARNING, "{what} is removed after its sunset on {old}."),
        ("operation-path-changed", _BREAKING, "{what} is now {new}: calls of the old one get an error."),
        (
            "operation-id-changed",
            _BREAKING,
            "The operation id is {new} (before: {old}): generated clients lose a method.",
        ),
        (
            "operation-id-removed",
            _BREAKING,
            "The operation no longer has the id {old}: generated clients lose a method.",
        ),
        ("operation-id-added", _SAFE, "The operation has the id {new}."),
        ("operation-tag-removed", _SAFE, "The operation no longer has the tag {old}."),
        ("operation-tag-added", _SAFE, "The operation has the new tag {new}."),
        ("operation-deprecated", _SAFE, "The operation is deprecated with the sunset {new}."),
        ("operation-deprecated-without-sunset", _WARNING, "The operation is deprecated without a sunset."),
        ("operation-deprecation-withdrawn", _SAFE, "The operation is no longer deprecated."),
        (
            "operation-sunset-moved-earlier",
            _BREAKING,
            "The sunset of the operation is earlier: {new} (before: {old}).",
        ),
        ("operation-sunset-moved-later", _SAFE, "The sunset of the operation is later: {new} (before: {old})."),
        ("operation-sunset-removed", _BREAKING, "The deprecated operation no longer has the sunset {old}."),
        ("operation-sunset-invalid", _WARNING, "The sunset of the operation must be a date, got {new}."),
        ("path-parameter-renamed", _SAFE, "The path parameter {new} is renamed (before: {old}); URLs stay the same."),
    ),
    "parameters": (
        ("request-parameter-added", _SAFE, "The optional {location} parameter {what} is new."),
        (
            "request-parameter-added-required",
            _BREAKING,
            "The required {location} parameter {what} is new: requests without it are rejected.",
        ),
        (
            "request-parameter-removed",
            _BREAKING,
            "The {location} parameter {what} is removed: it is ignored or rejected.",
        ),
        (
            "request-parameter-removed-before-sunset",
            _BREAKING,
            "The {location} parameter {what} is removed before its sunset on {old}.",
        ),
        (
            "request-parameter-removed-after-sunset",
            _WARNING,
            "The parameter {what} is removed after its sunset on {old}.",
        ),
        (
            "request-parameter-became-required",
            _BREAKING,
            "The {location} parameter {what} is required: requests without it are rejected.",
        ),
        ("request-parameter-became-optional", _SAFE, "The {location} parameter {what} is optional."),
        (
            "request-parameter-location-changed",
            _BREAKING,
            "The parameter {what} moved from {old} to {new}: its old location is ignored.",
        ),
        (
            "request-parameter-style-changed",
            _BREAKING,
            "The parameter {what} has the style {new} (before: {old}).",
        ),
        (
            "request-parameter-explode-changed",
            _BREAKING,
            "Arrays and objects in the parameter {what} have another format (`explode` is {new}, before: {old}).",
        ),
        (
            "request-parameter-wire-name-changed",
            _BREAKING,
            "The parameter {what} is sent with the name {new} (before: {old}), which is part of the URL.",
        ),
        (
            "request-parameter-reserved-refused",
            _BREAKING,
            "Reserved characters in the parameter {what} must be encoded.",
        ),
        (
            "request-parameter-reserved-allowed",
            _SAFE,
            "Reserved characters in the parameter {what} may be unencoded.",
        ),
        ("request-parameter-empty-refused", _BREAKING, "The parameter {what} can no longer be empty."),
        ("request-parameter-empty-allowed", _SAFE, "The parameter {what} can be empty."),
        ("request-parameter-content-changed", _BREAKING, "The parameter {what} is encoded as {new} (before: {old})."),
        (
            "request-parameter-is-deprecated",
            _SAFE,
            "The {location} parameter {what} is deprecated with the sunset {new}.",
        ),
        (
            "request-parameter-is-deprecated-without-sunset",
            _WARNING,
            "The {location} parameter {what} is deprecated without a sunset.",
        ),
        (
            "request-parameter-is-no-longer-deprecated",
            _SAFE,
            "The {location} parameter {what} is no longer deprecated.",
        ),
        (
            "request-parameter-sunset-moved-earlier",
            _BREAKING,
            "The sunset of the parameter {what} is earlier: {new} (before: {old}).",
        ),
    ),
    "request bodies": (
        ("request-body-added", _SAFE, "The operation accepts an optional body."),
        ("request-body-added-required", _BREAKING, "The operation requires a body: requests without one are rejected."),
        ("request-body-removed", _BREAKING, "The operation no longer accepts a body: it is ignored or rejected."),
        ("request-body-became-required", _BREAKING, "The body is required: requests without one are rejected."),
        ("request-body-became-optional", _SAFE, "The body is optional."),
        ("request-media-type-added", _SAFE, "Bodies can be sent as {new}."),
        ("request-media-type-removed", _BREAKING, "Bodies can no longer be sent as {old}: they are rejected."),
        ("request-encoding-narrowed", _BREAKING, "The part {what} can no longer be sent as {old}: it is rejected."),
        ("request-encoding-widened", _SAFE, "The part {what} can be sent as {new}."),
        ("xml-form-changed", _BREAKING, "In XML, {what} is {new} (before: {old}), which the other side cannot read."),
        ("request-encoding-style-changed", _BREAKING, "The part {what} has the style {new} (before: {old})."),
    ),
    "responses": (
        ("response-success-added", _WARNING, "The operation can return {new}, which is new to clients."),
        ("response-success-removed", _BREAKING, "The operation no longer returns {old}, on which clients rely."),
        ("response-error-added", _SAFE, "The operation can return {new}."),
        ("response-error-removed", _WARNING, "The operation no longer returns {old}: clients may get another status."),
        ("response-default-added", _SAFE, "Unlisted responses have a schema."),
        ("response-default-removed", _WARNING, "Unlisted responses no longer have a schema."),
        ("response-body-added", _SAFE, "The response {what} has a body."),
        ("response-body-removed", _BREAKING, "The response {what} no longer has a body, which clients read."),
        ("response-media-type-added", _SAFE, "The response {what} is available as {new} on request."),
        ("response-media-type-removed", _BREAKING, "The response {what} is no longer available as {old}."),
        ("response-media-type-generalised", _BREAKING, "The response {what} can be any {new} (before: {old})."),
        ("response-header-added", _SAFE, "The response header {what} is new."),
        ("response-header-removed", _BREAKING, "The response header {what}, which clients read, is removed."),
        (
            "response-header-serialization-changed",
            _BREAKING,
            "The response header {what} is sent as {new} (before: {old}), which clients cannot read.",
        ),
        ("response-header-became-required", _SAFE, "The response header {what} is required."),
        (
            "response-header-became-optional",
            _BREAKING,
            "The response header {what}, on which clients rely, is optional.",
        ),
        ("response-link-added", _SAFE, "The response {status} links to {what}."),
        ("response-link-removed", _WARNING, "The response {status} no longer links to {what}."),
        ("response-link-changed", _WARNING, "The link {what} of the response {status} has another target."),
    ),
    "webhooks and callbacks": (
        ("webhook-added", _SAFE, "The webhook {what} is new."),
        ("webhook-removed", _BREAKING, "The webhook {what} is removed: subscribers no longer receive it."),
        ("webhook-operation-added", _SAFE, "{what} is new."),
        ("webhook-operation-removed", _BREAKING, "{what} is no longer sent, and receivers depend on it."),
        ("callback-added", _SAFE, "The operation can send the callback {what}."),
        ("callback-removed", _BREAKING, "The operation no longer sends the callback {what}."),
        ("webhook-parameter-added", _SAFE, "The {location} parameter {what} is sent."),
        (
            "webhook-parameter-removed",
            _BREAKING,
            "The {location} parameter {what}, which receivers read, is no longer sent.",
        ),
        ("webhook-parameter-became-required", _SAFE, "The {location} parameter {what} is always sent."),
        ("webhook-parameter-became-optional", _BREAKING, "The {location} parameter {what} is no longer always sent."),
        ("webhook-body-added", _WARNING, "A body is sent, which receivers must accept."),
        ("webhook-body-removed", _BREAKING, "The body, which receivers read, is no longer sent."),
        ("webhook-body-became-required", _SAFE, "The body is always sent."),
        ("webhook-body-became-optional", _BREAKING, "The body is no longer always sent."),
        ("webhook-media-type-added", _WARNING, "The body can be sent as {new}, which receivers must accept."),
        ("webhook-media-type-removed", _BREAKING, "The body is no longer sent as {old}, which receivers read."),
        (
            "webhook-response-media-type-removed",
            _BREAKING,
            "Receivers can no longer return {old}.",
        ),
        ("webhook-status-added", _SAFE, "Receivers can return {new}."),
        ("webhook-status-removed", _BREAKING, "Receivers can no longer return {old}."),
    ),
    "security": (
        ("security-required", _BREAKING, "The operation requires credentials: requests without them are rejected."),
        ("security-no-longer-required", _SAFE, "The operation can be called without credentials."),
        ("security-alternative-added", _SAFE, "The operation accepts {new} as credentials."),
        ("security-alternative-removed", _BREAKING, "The operation no longer accepts {old} as credentials."),
        ("security-scheme-required", _BREAKING, "With {old}, the operation requires {new} as well."),
        ("security-scheme-no-longer-required", _SAFE, "The operation no longer requires {old}."),
        ("security-scope-added", _BREAKING, "The operation requires the scope {new}: tokens without it are rejected."),
        ("security-scope-removed", _SAFE, "The operation no longer requires the scope {old}."),
        ("security-scheme-added", _SAFE, "The security scheme {what} is new."),
        ("security-scheme-removed", _SAFE, "The security scheme {what} is removed; no operation uses it."),
        ("security-scheme-type-changed", _BREAKING, "The security scheme {what} has the type {new} (before: {old})."),
        ("security-scheme-location-changed", _BREAKING, "{what} is read from {new} (before: {old})."),
        ("security-scheme-name-changed", _BREAKING, "{what} is read from {new} (before: {old})."),
        ("security-scheme-http-changed", _BREAKING, "{what} uses the HTTP scheme {new} (before: {old})."),
        ("security-scheme-bearer-format-changed", _WARNING, "Tokens of {what} have the format {new} (before: {old})."),
        ("security-scheme-openid-url-changed", _BREAKING, "{what} has the OpenID Connect URL {new} (before: {old})."),
        ("security-flow-added", _SAFE, "{what} has the new flow {new}."),
        ("security-flow-removed", _BREAKING, "{what} no longer has the flow {old}."),
        ("security-authorization-url-changed", _BREAKING, "{what} has the authorization URL {new} (before: {old})."),
        ("security-token-url-changed", _BREAKING, "{what} has the token URL {new} (before: {old})."),
        ("security-refresh-url-changed", _WARNING, "{what} has the refresh URL {new} (before: {old})."),
        ("security-scope-offered", _SAFE, "{what} offers the scope {new}."),
        ("security-scope-withdrawn", _WARNING, "{what} no longer offers the scope {old}."),
    ),
}


def rules() -> Iterator[Rule]:
    """Yield the rules that are not about schemas."""
    for area, entries in _RULES.items():
        for name, severity, sentence in entries:
            yield Rule(name, severity, sentence, area)
