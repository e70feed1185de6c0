"""The requests of v1 for exports."""

from tests.truth.table import Call

CALLS = {
    "exports.posts": [Call("exports.posts"), Call("exports.dataset")],
    "exports.users": [Call("exports.users")],
}
