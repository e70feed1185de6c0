"""The requests of v2 about deliveries."""

from tests.truth.table import Call

_RECOVER = Call("webhook_endpoints.recover", 202, query={"since": "2020-01-01T00:00:00Z"})
CALLS = {
    "deliveries.list": [Call("deliveries.list")],
    "deliveries.list_after": [Call("deliveries.list", query={"after": "$event_id"})],
    "deliveries.get": [Call("deliveries.get")],
    "deliveries.redeliver": [Call("deliveries.redeliver", 202)],
    "deliveries.recover": [_RECOVER],
    "deliveries.recover_nothing": [_RECOVER],
}
