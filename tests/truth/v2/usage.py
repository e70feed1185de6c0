"""The requests of v2 for usage."""

from tests.truth.table import Call

CALLS = {"usage.list": [Call("usage.list")], "usage.elements": [Call("usage.elements")]}
