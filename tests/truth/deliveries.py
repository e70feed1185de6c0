"""The truth about deliveries: each user sees and repeats those to their own endpoints."""

from typing import Final

from tests.truth.table import Act, Effect, Table
from tests.truth.webhooks import listed

_REPEATED: Final = Effect(
    "SELECT count(*) FROM deliveries WHERE endpoint_id = $1 AND kind = 'manual' AND status = 'pending'", 1
)
_NOT_REPEATED: Final = Effect("SELECT count(*) FROM deliveries WHERE endpoint_id = $1 AND kind = 'manual'", 0)
ACTS = {
    "deliveries.list": Act(count=listed),
    "deliveries.list_after": Act(count=listed),
    "deliveries.get": Act(),
    "deliveries.redeliver": Act([_REPEATED]),
    "deliveries.recover": Act([_REPEATED], count=lambda response: int(response.json()["recovered"])),
    "deliveries.recover_nothing": Act([_NOT_REPEATED], count=lambda response: int(response.json()["recovered"])),
}
ROWS = """
                                                     | anonymous unverified reader author admin deactivated
deliveries.list       own delivery                    | 401       ok:1       ok:1   ok:1   ok:1  401t
                      own endpoint                    | 401       ok:0       ok:0   ok:0   ok:0  401t
                      delivery of a deleted event     | 401       ok:1       ok:1   ok:1   ok:1  401t
                      foreign endpoint                | 401       404        404    404    404   401t
                      missing endpoint                | 401       404        404    404    404   401t
deliveries.list_after own delivery                    | 401       ok:0       ok:0   ok:0   ok:0  401t
                      undelivered event               | 401       404e       404e   404e   404e  401t
                      foreign delivery                | 401       404        404    404    404   401t
deliveries.get        own delivery                    | 401       ok         ok     ok     ok    401t
                      delivery to a disabled endpoint | 401       ok         ok     ok     ok    401t
                      foreign delivery                | 401       404d       404d   404d   404d  401t
                      missing delivery                | 401       404d       404d   404d   404d  401t
deliveries.redeliver  own delivery                    | 401       ok         ok     ok     ok    401t
                      delivery to a disabled endpoint | 401       409d       409d   409d   409d  401t
                      delivery of a deleted event     | 401       409e       409e   409e   409e  401t
                      foreign delivery                | 401       404d       404d   404d   404d  401t
                      missing delivery                | 401       404d       404d   404d   404d  401t
deliveries.recover    own delivery                    | 401       ok:1       ok:1   ok:1   ok:1  401t
                      delivery to a disabled endpoint | 401       409d       409d   409d   409d  401t
                      foreign delivery                | 401       404        404    404    404   401t
                      missing endpoint                | 401       404        404    404    404   401t
deliveries.recover_nothing delivery of a deleted event | 401       ok:0       ok:0   ok:0   ok:0  401t
"""
KEYS = """
deliveries.list       own delivery     | author ok:1  webhooks:read 403
deliveries.list_after own delivery     | author ok:0  webhooks:read 403
deliveries.get        own delivery     | author ok    webhooks:read 403
                      missing delivery | author 404d  webhooks:read 403
deliveries.redeliver  own delivery     | author ok    webhooks:write 403  webhooks:read 403
                      missing delivery | author 404d  webhooks:write 403  webhooks:read 403
deliveries.recover    own delivery     | author ok:1  webhooks:write 403  webhooks:read 403
deliveries.recover_nothing delivery of a deleted event | author ok:0  webhooks:write 403  webhooks:read 403
"""
OUTCOMES = {
    "404": "webhook_endpoint_not_found",
    "404d": "delivery_not_found",
    "404e": "event_not_delivered",
    "409d": "webhook_endpoint_disabled",
    "409e": "event_deleted",
}
TABLE = Table(ACTS, OUTCOMES, ROWS, KEYS)
