"""What can change around the schemas: operations, parameters, bodies, responses, security, servers."""

from collections.abc import Iterator
from typing import Final

from contracts.compat.findings import Severity
from contracts.compat.rule import Rule

_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE

_RULES: Final = {
    "document": (
        ("openapi-version-changed", _SAFE, "The document is written in OpenAPI {new}, before {old}."),
        ("api-version-changed", _SAFE, "The version of the API is {new}, before {old}."),
        ("server-removed", _WARNING, "The server {old} is gone: who calls it must move."),
        ("server-added", _SAFE, "There is another server: {new}."),
        ("server-variable-removed", _WARNING, "The server variable {old} is gone."),
        ("server-variable-added", _SAFE, "The server has a new variable: {new}."),
        ("server-variable-value-removed", _WARNING, "The server variable {what} no longer takes {old}."),
        ("server-variable-default-changed", _WARNING, "The server variable {what} is {new} by default, before {old}."),
    ),
    "operations": (
        ("operation-added", _SAFE, "{what} is new."),
        ("operation-removed", _BREAKING, "{what} is gone: clients that call it get an error."),
        (
            "operation-removed-before-sunset",
            _BREAKING,
            "{what} is gone, though it was promised until {old}: clients that call it get an error.",
        ),
        ("operation-removed-after-sunset", _WARNING, "{what} is gone, as announced for {old}."),
        ("operation-path-changed", _BREAKING, "{what} is now {new}: clients that call the old one get an error."),
        ("operation-id-changed", _BREAKING, "The operation is {new}, before {old}: generated clients lose a method."),
        ("operation-id-removed", _BREAKING, "The operation is no longer {old}: generated clients lose a method."),
        ("operation-id-added", _SAFE, "The operation has a name now: {new}."),
        ("operation-tag-removed", _SAFE, "The operation is no longer grouped under {old}."),
        ("operation-tag-added", _SAFE, "The operation is grouped under {new}, too."),
        ("operation-deprecated", _SAFE, "The operation is deprecated, and works until {new}."),
        ("operation-deprecated-without-sunset", _WARNING, "The operation is deprecated, and nobody says until when."),
        ("operation-deprecation-withdrawn", _SAFE, "The operation is no longer deprecated."),
        ("operation-sunset-moved-earlier", _BREAKING, "The operation ends on {new}, though {old} was promised."),
        ("operation-sunset-moved-later", _SAFE, "The operation works until {new}, before {old}."),
        ("operation-sunset-removed", _BREAKING, "The operation was promised until {old}, and no longer is."),
        ("operation-sunset-invalid", _WARNING, "The operation's sunset {new} is no date."),
        ("path-parameter-renamed", _SAFE, "The part {old} of the path is called {new}; URLs stay the same."),
    ),
    "parameters": (
        ("request-parameter-added", _SAFE, "There is a new optional {location} parameter {what}."),
        (
            "request-parameter-added-required",
            _BREAKING,
            "There is a new {location} parameter {what} that must be given: requests without it are refused.",
        ),
        ("request-parameter-removed", _BREAKING, "The {location} parameter {what} is gone: it is ignored or refused."),
        (
            "request-parameter-removed-before-sunset",
            _BREAKING,
            "The {location} parameter {what} is gone, though it was promised until {old}.",
        ),
        ("request-parameter-removed-after-sunset", _WARNING, "The parameter {what} is gone, as announced for {old}."),
        (
            "request-parameter-became-required",
            _BREAKING,
            "The {location} parameter {what} must be given: requests without it are refused.",
        ),
        ("request-parameter-became-optional", _SAFE, "The {location} parameter {what} need no longer be given."),
        (
            "request-parameter-location-changed",
            _BREAKING,
            "The parameter {what} moved from {old} to {new}: where it was, it is no longer read.",
        ),
        (
            "request-parameter-style-changed",
            _BREAKING,
            "The parameter {what} is written in the style {new}, before {old}.",
        ),
        (
            "request-parameter-explode-changed",
            _BREAKING,
            "Several values of the parameter {what} are written otherwise (`explode` is {new}, before {old}).",
        ),
        (
            "request-parameter-reserved-refused",
            _BREAKING,
            "Reserved characters in the parameter {what} must be encoded.",
        ),
        (
            "request-parameter-reserved-allowed",
            _SAFE,
            "Reserved characters in the parameter {what} may stay as they are.",
        ),
        ("request-parameter-empty-refused", _BREAKING, "The parameter {what} can no longer be empty."),
        ("request-parameter-empty-allowed", _SAFE, "The parameter {what} can be empty."),
        ("request-parameter-content-changed", _BREAKING, "The parameter {what} is written as {new}, before as {old}."),
        (
            "request-parameter-is-deprecated",
            _SAFE,
            "The {location} parameter {what} is deprecated, and works until {new}.",
        ),
        (
            "request-parameter-is-deprecated-without-sunset",
            _WARNING,
            "The {location} parameter {what} is deprecated, and nobody says until when.",
        ),
        (
            "request-parameter-is-no-longer-deprecated",
            _SAFE,
            "The {location} parameter {what} is no longer deprecated.",
        ),
        (
            "request-parameter-sunset-moved-earlier",
            _BREAKING,
            "The parameter {what} ends on {new}, though {old} was promised.",
        ),
    ),
    "request bodies": (
        ("request-body-added", _SAFE, "The operation takes a body now, which may be left out."),
        ("request-body-added-required", _BREAKING, "The operation needs a body now: requests without one are refused."),
        ("request-body-removed", _BREAKING, "The operation no longer takes a body: it is ignored or refused."),
        ("request-body-became-required", _BREAKING, "The body must be sent: requests without one are refused."),
        ("request-body-became-optional", _SAFE, "The body need no longer be sent."),
        ("request-media-type-added", _SAFE, "Bodies can be sent as {new}, too."),
        ("request-media-type-removed", _BREAKING, "Bodies can no longer be sent as {old}: they are refused."),
        ("request-encoding-narrowed", _BREAKING, "The part {what} can no longer be sent as {old}: it is refused."),
        ("request-encoding-widened", _SAFE, "The part {what} can be sent as {new}, too."),
        ("request-encoding-style-changed", _BREAKING, "The part {what} is written otherwise: {new}, before {old}."),
    ),
    "responses": (
        ("response-success-added", _WARNING, "The operation can answer {new}, which clients have not seen before."),
        ("response-success-removed", _BREAKING, "The operation no longer answers {old}, on which clients rely."),
        ("response-error-added", _SAFE, "The operation can answer {new}."),
        ("response-error-removed", _WARNING, "The operation no longer answers {old}: who handles it may see another."),
        ("response-default-added", _SAFE, "Answers that are not listed have a described form."),
        ("response-default-removed", _WARNING, "Answers that are not listed no longer have a described form."),
        ("response-body-added", _SAFE, "The answer {what} has a body now."),
        ("response-body-removed", _BREAKING, "The answer {what} no longer has a body, which clients read."),
        ("response-media-type-added", _SAFE, "The answer {what} can be {new}, for those who ask for it."),
        ("response-media-type-removed", _BREAKING, "The answer {what} is no longer to be had as {old}."),
        ("response-media-type-generalised", _BREAKING, "The answer {what} can be any {new}, before {old}."),
        ("response-header-added", _SAFE, "There is a new header {what} in the answer."),
        ("response-header-removed", _BREAKING, "The header {what}, which clients read, is gone from the answer."),
        ("response-header-became-required", _SAFE, "The header {what} is always there."),
        ("response-header-became-optional", _BREAKING, "The header {what}, on which clients rely, can be absent."),
        ("response-link-added", _SAFE, "The answer {status} links to {what}."),
        ("response-link-removed", _WARNING, "The answer {status} no longer links to {what}."),
        ("response-link-changed", _WARNING, "The link {what} of the answer {status} leads elsewhere."),
    ),
    "webhooks and callbacks": (
        ("webhook-added", _SAFE, "There is a new webhook: {what}."),
        ("webhook-removed", _BREAKING, "The webhook {what} is gone: subscribers no longer hear of it."),
        ("webhook-operation-added", _SAFE, "{what} is new."),
        ("webhook-operation-removed", _BREAKING, "{what} is no longer sent: receivers wait in vain."),
        ("callback-added", _SAFE, "The operation can call back: {what}."),
        ("callback-removed", _BREAKING, "The operation no longer calls back: {what}."),
        ("webhook-parameter-added", _SAFE, "The {location} parameter {what} comes along."),
        (
            "webhook-parameter-removed",
            _BREAKING,
            "The {location} parameter {what}, which receivers read, no longer comes.",
        ),
        ("webhook-parameter-became-required", _SAFE, "The {location} parameter {what} always comes."),
        ("webhook-parameter-became-optional", _BREAKING, "The {location} parameter {what} can be absent."),
        ("webhook-body-added", _WARNING, "A body comes along, which receivers must take."),
        ("webhook-body-removed", _BREAKING, "No body comes any more, which receivers read."),
        ("webhook-body-became-required", _SAFE, "The body always comes."),
        ("webhook-body-became-optional", _BREAKING, "The body can be absent."),
        ("webhook-media-type-added", _WARNING, "The body can come as {new}, which receivers must take."),
        ("webhook-media-type-removed", _BREAKING, "The body no longer comes as {old}, which receivers read."),
        ("webhook-status-added", _SAFE, "Receivers can answer {new}."),
        ("webhook-status-removed", _BREAKING, "Receivers can no longer answer {old}."),
    ),
    "security": (
        ("security-required", _BREAKING, "The operation needs credentials now: calls without are refused."),
        ("security-no-longer-required", _SAFE, "The operation can be called without credentials."),
        ("security-alternative-added", _SAFE, "The operation can be called with {new}, too."),
        ("security-alternative-removed", _BREAKING, "The operation can no longer be called with {old}."),
        ("security-scheme-required", _BREAKING, "With {old} the operation needs {new} as well."),
        ("security-scheme-no-longer-required", _SAFE, "The operation no longer needs {old}."),
        ("security-scope-added", _BREAKING, "The operation needs the scope {new}: tokens without it are refused."),
        ("security-scope-removed", _SAFE, "The operation no longer needs the scope {old}."),
        ("security-scheme-added", _SAFE, "There is a new way to prove who calls: {what}."),
        ("security-scheme-removed", _SAFE, "The way {what} to prove who calls is gone; no operation took it any more."),
        ("security-scheme-type-changed", _BREAKING, "{what} is of the type {new}, before {old}."),
        ("security-scheme-location-changed", _BREAKING, "{what} is read from {new}, before from {old}."),
        ("security-scheme-name-changed", _BREAKING, "{what} is read from {new}, before from {old}."),
        ("security-scheme-http-changed", _BREAKING, "{what} uses the HTTP scheme {new}, before {old}."),
        ("security-scheme-bearer-format-changed", _WARNING, "Tokens of {what} have the form {new}, before {old}."),
        ("security-scheme-openid-url-changed", _BREAKING, "{what} is described at {new}, before at {old}."),
        ("security-flow-added", _SAFE, "{what} has another flow: {new}."),
        ("security-flow-removed", _BREAKING, "{what} no longer has the flow {old}."),
        ("security-authorization-url-changed", _BREAKING, "{what} asks for consent at {new}, before at {old}."),
        ("security-token-url-changed", _BREAKING, "{what} gives tokens at {new}, before at {old}."),
        ("security-refresh-url-changed", _WARNING, "{what} renews tokens at {new}, before at {old}."),
        ("security-scope-offered", _SAFE, "{what} offers the scope {new}."),
        ("security-scope-withdrawn", _WARNING, "{what} no longer offers the scope {old}."),
    ),
}


def rules() -> Iterator[Rule]:
    """Every rule that is not about a schema."""
    for area, entries in _RULES.items():
        for name, severity, sentence in entries:
            yield Rule(name, severity, sentence, area)
