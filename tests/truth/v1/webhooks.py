"""The requests of v1 about webhooks."""

from tests.truth.table import Call

URL = "https://127.0.0.1:8443/new"
CALLS = {
    "webhooks.list": [Call("webhooks.list")],
    "webhooks.create": [Call("webhooks.create", 201, json={"url": URL, "events": ["post.created"]})],
    "webhooks.create_inward": [Call("webhooks.create", 201, json={"url": "https://10.0.0.1/hook"})],
    "webhooks.create_unknown": [Call("webhooks.create", 201, json={"url": URL, "events": ["post.exploded"]})],
    "webhooks.trigger": [Call("webhooks.trigger", query={"event": "post.created"})],
    "webhooks.trigger_unknown": [Call("webhooks.trigger", query={"event": "post.exploded"})],
    "webhooks.delete": [Call("webhooks.delete", 204)],
}
