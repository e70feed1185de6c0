"""The requests of v2 for exports."""

from tests.truth.table import Call

FORMATS = ("csv", "ndjson", "json")
CALLS = {name: [Call(name, query={"format": form}) for form in FORMATS] for name in ("exports.posts", "exports.users")}
