"""A valid request for every write of webhook endpoints in v2."""

from collections.abc import Mapping
from typing import Final

from tests.support.writes import ADA, Request, Scene

URL: Final = "https://127.0.0.1:8443/hook"
_PATH: Final = "/api/v2/webhook-endpoints"


async def _endpoint(scene: Scene) -> str:
    made = await scene.send("POST", _PATH, json={"url": URL})
    return f"{_PATH}/{made.json()['id']}"


async def create_endpoint(scene: Scene) -> Request:
    return "POST", _PATH, scene.as_ada(json={"url": URL})


async def update_endpoint(scene: Scene) -> Request:
    return "PATCH", await _endpoint(scene), scene.as_ada(json={"description": scene.name})


async def rotate_secret(scene: Scene) -> Request:
    return "POST", f"{await _endpoint(scene)}/rotate-secret", scene.as_ada(json={})


async def delete_endpoint(scene: Scene) -> Request:
    return "DELETE", await _endpoint(scene), scene.as_ada()


WRITES: Final = (
    ("webhook_endpoints.create", create_endpoint),
    ("webhook_endpoints.update", update_endpoint),
    ("webhook_endpoints.rotate_secret", rotate_secret),
    ("webhook_endpoints.delete", delete_endpoint),
)
EVENTS: Final[Mapping[str, list[tuple[str, str]]]] = {
    **{f"{act}_endpoint": [(f"webhook_endpoint.{act}d", ADA)] for act in ("create", "update", "delete")},
    "rotate_secret": [("webhook_endpoint.secret_rotated", ADA)],
}
