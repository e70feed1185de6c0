"""The request of v1 about notifications."""

from tests.truth.table import Call

CALLS = {"notifications.create": [Call("notifications.create", query={"message": "Hello"})]}
