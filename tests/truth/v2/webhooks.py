"""The requests of v2 about webhook endpoints."""

from tests.truth.table import Call

URL = "https://127.0.0.1:8443/new"
INWARD = "https://10.0.0.1/hook"
CALLS = {
    "webhooks.list": [Call("webhook_endpoints.list")],
    "webhooks.get": [Call("webhook_endpoints.get")],
    "webhooks.create": [Call("webhook_endpoints.create", 201, json={"url": URL, "events": ["post.created"]})],
    "webhooks.create_inward": [Call("webhook_endpoints.create", 201, json={"url": INWARD})],
    "webhooks.create_unknown": [Call("webhook_endpoints.create", 201, json={"url": URL, "events": ["post.exploded"]})],
    "webhooks.update": [Call("webhook_endpoints.update", json={"description": "renamed"})],
    "webhooks.disable": [Call("webhook_endpoints.update", json={"state": "disabled"})],
    "webhooks.update_inward": [Call("webhook_endpoints.update", json={"url": INWARD})],
    "webhooks.rotate": [Call("webhook_endpoints.rotate_secret", json={"overlap_seconds": 60})],
    "webhooks.test": [Call("webhook_endpoints.test")],
    "webhooks.delete": [Call("webhook_endpoints.delete", 204)],
}
