"""The requests of v2 about notifications."""

from tests.truth.table import Call

CALLS = {
    "notifications.list": [Call("notifications.list")],
    "notifications.read": [Call("notifications.read")],
    "notifications.read_again": [Call("notifications.read")],
    "notifications.create": [Call("notifications.create", 201, json={"message": "Hello"})],
}
