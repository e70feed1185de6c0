"""The truth about webhook endpoints: each user manages their own."""

import httpx2

from tests.truth.table import Act, Effect, Table


def listed(response: httpx2.Response) -> int:
    """The number of listed endpoints."""
    body = response.json()
    return len(body["data"] if isinstance(body, dict) else body)


_SECRETS = "SELECT count(*) FROM webhook_secrets WHERE endpoint_id = $1 AND expires_at IS "
ACTS = {
    "webhooks.list": Act(count=listed),
    "webhooks.get": Act(),
    "webhooks.create": Act(
        [
            Effect("SELECT count(*) FROM webhook_endpoints WHERE url = 'https://127.0.0.1:8443/new'", 1),
            Effect("SELECT count(*) FROM webhook_secrets WHERE expires_at IS NULL", 1),
        ],
        ["webhook_endpoint.created"],
    ),
    "webhooks.create_inward": Act(),
    "webhooks.create_unknown": Act(),
    "webhooks.update": Act(
        [Effect("SELECT description FROM webhook_endpoints WHERE id = $1", "renamed")], ["webhook_endpoint.updated"]
    ),
    "webhooks.disable": Act(
        [Effect("SELECT disabled_reason FROM webhook_endpoints WHERE id = $1", "by_owner")],
        ["webhook_endpoint.updated"],
    ),
    "webhooks.update_inward": Act(),
    "webhooks.rotate": Act(
        [Effect(f"{_SECRETS}NULL", 1), Effect(f"{_SECRETS}NOT NULL", 1)], ["webhook_endpoint.secret_rotated"]
    ),
    "webhooks.test": Act(),
    "webhooks.trigger": Act(events=["webhook_endpoint.tested"]),
    "webhooks.trigger_unknown": Act(),
    "webhooks.delete": Act(
        [Effect("SELECT count(*) FROM webhook_endpoints WHERE id = $1", 0)], ["webhook_endpoint.deleted"]
    ),
}
ROWS = """
                                        | anonymous unverified reader author moderator admin deactivated
webhooks.list           own endpoint     | 401       ok:1       ok:1   ok:1   ok:1      ok:1  401t
                        foreign endpoint | 401       ok:0       ok:0   ok:0   ok:0      ok:0  401t
webhooks.get            own endpoint     | 401       ok         ok     ok     ok        ok    401t
                        foreign endpoint | 401       404        404    404    404       404   401t
                        missing endpoint | 401       404        404    404    404       404   401t
webhooks.create         -                | 401       ok         ok     ok     ok        ok    401t
webhooks.create_inward  -                | 401       422u       422u   422u   422u      422u  401t
webhooks.create_unknown -                | 401       422e       422e   422e   422e      422e  401t
webhooks.update         own endpoint     | 401       ok         ok     ok     ok        ok    401t
                        foreign endpoint | 401       404        404    404    404       404   401t
                        missing endpoint | 401       404        404    404    404       404   401t
webhooks.disable        own endpoint     | 401       ok         ok     ok     ok        ok    401t
webhooks.update_inward  own endpoint     | 401       422u       422u   422u   422u      422u  401t
webhooks.rotate         own endpoint     | 401       ok         ok     ok     ok        ok    401t
                        foreign endpoint | 401       404        404    404    404       404   401t
                        missing endpoint | 401       404        404    404    404       404   401t
webhooks.test           own endpoint     | 401       ok         ok     ok     ok        ok    401t
                        foreign endpoint | 401       404        404    404    404       404   401t
                        missing endpoint | 401       404        404    404    404       404   401t
webhooks.trigger        own endpoint     | 401       ok         ok     ok     ok        ok    401t
webhooks.trigger_unknown own endpoint    | 401       422e       422e   422e   422e      422e  401t
webhooks.delete         own endpoint     | 401       ok         ok     ok     ok        ok    401t
                        foreign endpoint | 401       404        404    404    404       404   401t
                        missing endpoint | 401       404        404    404    404       404   401t
"""
KEYS = """
webhooks.list           own endpoint     | author ok:1  webhooks:read 403
webhooks.get            own endpoint     | author ok    webhooks:read 403
                        missing endpoint | author 404   webhooks:read 403
webhooks.create         -                | author ok    webhooks:write 403  webhooks:read 403  events:read 403
webhooks.update         own endpoint     | author ok    webhooks:write 403  webhooks:read 403  events:read 403
                        missing endpoint | author 404   webhooks:write 403  webhooks:read 403  events:read 403
webhooks.rotate         own endpoint     | author ok    webhooks:write 403  webhooks:read 403
                        missing endpoint | author 404   webhooks:write 403  webhooks:read 403
webhooks.test           own endpoint     | author ok    webhooks:write 403  webhooks:read 403
                        missing endpoint | author 404   webhooks:write 403  webhooks:read 403
webhooks.trigger        own endpoint     | author ok    webhooks:write 403  webhooks:read 403
webhooks.trigger_unknown own endpoint    | author 422e  webhooks:write 403  webhooks:read 403
webhooks.delete         own endpoint     | author ok    webhooks:write 403
                        missing endpoint | author 404   webhooks:write 403
"""
OUTCOMES = {"404": "webhook_endpoint_not_found", "422u": "webhook_url_refused", "422e": "unknown_event_type"}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
