"""The requests of v1 about the log of events, which it streams only."""

from tests.truth.table import Call

CALLS = {"streams.open": [Call("streams.open")]}
