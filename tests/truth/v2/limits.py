"""The request of v2 for its quotas."""

from tests.truth.table import Call

CALLS = {"limits.get": [Call("rate_limit.get")]}
