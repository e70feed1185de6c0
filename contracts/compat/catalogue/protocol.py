"""The rules for changes outside of schemas: operations, parameters, bodies, responses, security and servers."""

from collections.abc import Iterator, Mapping
from typing import Final

from contracts.compat.catalogue.responses import RULES
from contracts.compat.decision import Decision
from contracts.compat.findings import Severity
from contracts.compat.rule import Rule

_BREAKING, _WARNING, _SAFE = Severity.BREAKING, Severity.WARNING, Severity.SAFE

_REQUESTS: Final[Mapping[str, tuple[tuple[str, Severity, Decision, str], ...]]] = {
    "document": (
        ("openapi-version-changed", _SAFE, Decision.NOBODY, "The document uses OpenAPI {new} (before: {old})."),
        ("api-version-changed", _SAFE, Decision.NOBODY, "The version of the API is {new} (before: {old})."),
        (
            "server-removed",
            _BREAKING,
            Decision.CALLERS_WARNED,
            "The URL {old} is no longer served: requests to it get an error.",
        ),
        (
            "server-unlisted",
            _WARNING,
            Decision.CALLERS_WARNED,
            "The document lists servers now: it was read from the server that it describes.",
        ),
        ("server-added", _SAFE, Decision.NOBODY, "The URL {new} is new."),
        (
            "server-variable-default-changed",
            _WARNING,
            Decision.CALLERS_WARNED,
            "The server variable {what} is {new} by default (before: {old}).",
        ),
    ),
    "operations": (
        ("operation-added", _SAFE, Decision.NOBODY, "{what} is new."),
        ("operation-removed", _BREAKING, Decision.CALLERS, "{what} is removed: calls get an error."),
        (
            "operation-removed-before-sunset",
            _BREAKING,
            Decision.CALLERS,
            "{what} is removed before its sunset on {old}: calls get an error.",
        ),
        ("operation-removed-after-sunset", _WARNING, Decision.CALLERS, "{what} is removed after its sunset on {old}."),
        (
            "operation-path-changed",
            _BREAKING,
            Decision.CALLERS,
            "{what} is now {new}: calls of the old one get an error.",
        ),
        (
            "operation-id-changed",
            _BREAKING,
            Decision.CALLERS_WARNED,
            "The operation id is {new} (before: {old}): generated clients lose a method.",
        ),
        (
            "operation-id-removed",
            _BREAKING,
            Decision.CALLERS_WARNED,
            "The operation no longer has the id {old}: generated clients lose a method.",
        ),
        ("operation-id-added", _SAFE, Decision.NOBODY, "The operation has the id {new}."),
        ("operation-tag-removed", _SAFE, Decision.NOBODY, "The operation no longer has the tag {old}."),
        ("operation-tag-added", _SAFE, Decision.NOBODY, "The operation has the new tag {new}."),
        ("operation-deprecated", _SAFE, Decision.NOBODY, "The operation is deprecated with the sunset {new}."),
        (
            "operation-deprecated-without-sunset",
            _WARNING,
            Decision.CALLERS_WARNED,
            "The operation is deprecated without a sunset.",
        ),
        ("operation-deprecation-withdrawn", _SAFE, Decision.NOBODY, "The operation is no longer deprecated."),
        (
            "operation-sunset-moved-earlier",
            _BREAKING,
            Decision.CALLERS_WARNED,
            "The sunset of the operation is earlier: {new} (before: {old}).",
        ),
        (
            "operation-sunset-moved-later",
            _SAFE,
            Decision.NOBODY,
            "The sunset of the operation is later: {new} (before: {old}).",
        ),
        (
            "operation-sunset-removed",
            _BREAKING,
            Decision.CALLERS_WARNED,
            "The deprecated operation no longer has the sunset {old}.",
        ),
        (
            "operation-sunset-invalid",
            _WARNING,
            Decision.CALLERS_WARNED,
            "The sunset of the operation must be a date, got {new}.",
        ),
        (
            "path-parameter-renamed",
            _SAFE,
            Decision.NOBODY,
            "The path parameter {new} is renamed (before: {old}); URLs stay the same.",
        ),
    ),
    "parameters": (
        ("request-parameter-added", _SAFE, Decision.NAME_TAKEN, "The optional {location} parameter {what} is new."),
        (
            "request-parameter-added-required",
            _BREAKING,
            Decision.NAME_REQUIRED,
            "The required {location} parameter {what} is new: requests without it are rejected.",
        ),
        (
            "request-parameter-removed",
            _BREAKING,
            Decision.SENT,
            "The {location} parameter {what} is removed: it is ignored or rejected.",
        ),
        (
            "request-parameter-removed-before-sunset",
            _BREAKING,
            Decision.SENT,
            "The {location} parameter {what} is removed before its sunset on {old}.",
        ),
        (
            "request-parameter-removed-after-sunset",
            _WARNING,
            Decision.SENT,
            "The parameter {what} is removed after its sunset on {old}.",
        ),
        (
            "request-parameter-became-required",
            _BREAKING,
            Decision.OMITTED,
            "The {location} parameter {what} is required: requests without it are rejected.",
        ),
        ("request-parameter-became-optional", _SAFE, Decision.NOBODY, "The {location} parameter {what} is optional."),
        (
            "request-parameter-location-changed",
            _BREAKING,
            Decision.SENT,
            "The parameter {what} moved from {old} to {new}: its old location is ignored.",
        ),
        (
            "request-parameter-style-changed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "The parameter {what} has the style {new} (before: {old}).",
        ),
        (
            "request-parameter-explode-changed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "Arrays and objects in the parameter {what} have another format (`explode` is {new}, before: {old}).",
        ),
        (
            "request-parameter-wire-name-changed",
            _BREAKING,
            Decision.SENT,
            "The parameter {what} is sent with the name {new} (before: {old}), which is part of the URL.",
        ),
        (
            "request-parameter-reserved-refused",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "Reserved characters in the parameter {what} must be encoded.",
        ),
        (
            "request-parameter-reserved-allowed",
            _SAFE,
            Decision.NOBODY,
            "Reserved characters in the parameter {what} may be unencoded.",
        ),
        (
            "request-parameter-empty-refused",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "The parameter {what} can no longer be empty.",
        ),
        ("request-parameter-empty-allowed", _SAFE, Decision.NOBODY, "The parameter {what} can be empty."),
        (
            "request-parameter-content-changed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "The parameter {what} is encoded as {new} (before: {old}).",
        ),
        (
            "request-parameter-is-deprecated",
            _SAFE,
            Decision.NOBODY,
            "The {location} parameter {what} is deprecated with the sunset {new}.",
        ),
        (
            "request-parameter-is-deprecated-without-sunset",
            _WARNING,
            Decision.SENT_MEANING,
            "The {location} parameter {what} is deprecated without a sunset.",
        ),
        (
            "request-parameter-is-no-longer-deprecated",
            _SAFE,
            Decision.NOBODY,
            "The {location} parameter {what} is no longer deprecated.",
        ),
        (
            "request-parameter-sunset-moved-earlier",
            _BREAKING,
            Decision.SENT_MEANING,
            "The sunset of the parameter {what} is earlier: {new} (before: {old}).",
        ),
    ),
    "request bodies": (
        ("request-body-added", _SAFE, Decision.NOBODY, "The operation accepts an optional body."),
        (
            "request-body-added-required",
            _BREAKING,
            Decision.CALLERS,
            "The operation requires a body: requests without one are rejected.",
        ),
        (
            "request-body-removed",
            _BREAKING,
            Decision.SENT_MEANING,
            "The operation no longer accepts a body: it is ignored or rejected.",
        ),
        (
            "request-body-became-required",
            _BREAKING,
            Decision.OMITTED,
            "The body is required: requests without one are rejected.",
        ),
        ("request-body-became-optional", _SAFE, Decision.NOBODY, "The body is optional."),
        ("request-media-type-added", _SAFE, Decision.NOBODY, "Bodies can be sent as {new}."),
        (
            "request-media-type-removed",
            _BREAKING,
            Decision.MEDIA_TYPE,
            "Bodies can no longer be sent as {old}: they are rejected.",
        ),
        (
            "request-encoding-narrowed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "The part {what} can no longer be sent as {old}: it is rejected.",
        ),
        ("request-encoding-widened", _SAFE, Decision.NOBODY, "The part {what} can be sent as {new}."),
        (
            "xml-form-changed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "In XML, {what} is {new} (before: {old}), which the other side cannot read.",
        ),
        (
            "request-encoding-style-changed",
            _BREAKING,
            Decision.SENT_OTHERWISE,
            "The part {what} has the style {new} (before: {old}).",
        ),
    ),
}


def rules() -> Iterator[Rule]:
    """Yield the rules that are not about schemas."""
    for area, entries in {**_REQUESTS, **RULES}.items():
        for name, severity, decision, sentence in entries:
            yield Rule(name, severity, sentence, area, decision)
