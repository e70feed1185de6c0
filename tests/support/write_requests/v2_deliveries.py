"""A valid request for every write of deliveries in v2."""

from typing import Any, Final

from sqlalchemy import text

from tests.support.writes import Request, Scene

_PATH: Final = "/api/v2/webhook-endpoints"
_FAILED: Final = text(
    "INSERT INTO deliveries (uid, endpoint_id, event_id, event_uid, event_type, position, api_version, status, next_at,"
    " finished_at) SELECT gen_random_uuid(), :endpoint, event.id, event.uid, event.type, 0, 'v2', 'failed', now(),"
    " now() FROM events AS event ORDER BY event.id DESC LIMIT 1"
)


async def _delivery(scene: Scene) -> dict[str, Any]:
    """A failed delivery of the newest event to a new endpoint."""
    made = (await scene.send("POST", _PATH, json={"url": "https://127.0.0.1:8443/hook"})).json()
    async with scene.test_app.runtime.database.write() as session:
        await session.execute(_FAILED, {"endpoint": made["v1_id"]})
    listed = (await scene.send("GET", f"{_PATH}/{made['id']}/deliveries")).json()
    found: dict[str, Any] = listed["data"][0]
    return found


async def redeliver(scene: Scene) -> Request:
    return "POST", f"/api/v2/deliveries/{(await _delivery(scene))['id']}/redeliver", scene.as_ada()


async def recover_deliveries(scene: Scene) -> Request:
    endpoint = (await _delivery(scene))["webhook_endpoint_id"]
    return "POST", f"{_PATH}/{endpoint}/recover", scene.as_ada(params={"since": "2020-01-01T00:00:00Z"})


WRITES: Final = (("deliveries.redeliver", redeliver), ("webhook_endpoints.recover", recover_deliveries))
NO_EVENTS: Final[dict[str, list[tuple[str, str]]]] = {"redeliver": [], "recover_deliveries": []}
"""A delivery is no change of what events are about: it would be delivered itself."""
