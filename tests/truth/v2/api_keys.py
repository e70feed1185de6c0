"""The requests of v2 about API keys."""

from tests.truth.table import Call

NEW = {"name": "created", "scopes": ["posts:read"]}

CALLS = {
    "api_keys.list": [Call("api_keys.list")],
    "api_keys.get": [Call("api_keys.get")],
    "api_keys.create": [Call("api_keys.create", 201, json=NEW)],
    "api_keys.create_beyond": [Call("api_keys.create", 201, json=NEW | {"scopes": ["users:write"]})],
    "api_keys.create_expired": [Call("api_keys.create", 201, json=NEW | {"expires_at": "2026-01-01T00:00:00Z"})],
    "api_keys.update": [Call("api_keys.update", json={"name": "renamed"})],
    "api_keys.rotate": [Call("api_keys.rotate", 201, json={})],
    "api_keys.delete": [Call("api_keys.delete", 204)],
    "api_keys.list_all": [Call("api_keys.list_all")],
    "api_keys.delete_any": [Call("api_keys.delete_any", 204)],
}
