"""The truth about the log of events: public events, events of the caller's own objects, and for administrators all."""

from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from tests.truth.credentials import user_of
from tests.truth.ledger import listed
from tests.truth.states import MISSING, Values, identify, state
from tests.truth.table import Act, Table
from tests.truth.world import World

_OTHER: Final = "second admin"
_RELAYED: Final = True
_OLD: Final = UUID("01900000-0000-7000-8000-000000000000")
"""An id of the year 2024."""
_INSERT: Final = (
    "INSERT INTO events (uid, type, schema, subject_uid, subject_id, owner_uid, counterparty_uid, audience, payload,"
    " position) VALUES ($1, 'hold.resolved', 1, $2, NULL, $3, $4, $5, '{\"outcome\": \"captured\"}',"
    " CASE WHEN $6::boolean THEN nextval('events_position_seq') END) RETURNING id"
)


def _values(number: int, uid: UUID) -> Values:
    return {"event_id": identify("event", number, uid), "row": number}


def _register(name: str, audience: str, *, owns: bool = False, receives: bool = False, relayed: bool = True) -> None:
    @state(name, of_the_caller=True)
    async def arrange(world: World, caller: str) -> Values:
        own, other = world.people[user_of(caller)].user.uid, world.people[_OTHER].user.uid
        uid = uuid7()
        owner, counterparty = own if owns else other, own if receives else other
        number = await world.database.driver.fetchval(_INSERT, uid, uuid7(), owner, counterparty, audience, relayed)
        return _values(number, uid)


_register("public event", "public")
_register("own event", "owner", owns=True)
_register("received event", "owner", receives=True)
_register("foreign event", "owner")
_register("own event for administrators", "admin", owns=True)
_register("own event without a position", "owner", owns=True, relayed=False)


@state("missing event")
async def missing_event(_world: World, _caller: str) -> Values:
    return _values(MISSING, uuid7())


@state("deleted event")
async def deleted_event(world: World, _caller: str) -> Values:
    await world.database.driver.fetchval(_INSERT, uuid7(), uuid7(), None, None, "public", _RELAYED)
    return _values(MISSING, _OLD)


ACTS = {
    "events.list": Act(count=listed),
    "events.get": Act(),
    "events.list_after": Act(count=listed),
    "streams.open": Act(),
    "stream_sessions.create": Act(),
}
ROWS = """
                                          | anonymous unverified reader author moderator admin deactivated
events.list       public event            | 401       ok:1       ok:1   ok:1   ok:1      ok:1  401t
                  own event               | 401       ok:1       ok:1   ok:1   ok:1      ok:1  401t
                  received event          | 401       ok:1       ok:1   ok:1   ok:1      ok:1  401t
                  foreign event           | 401       ok:0       ok:0   ok:0   ok:0      ok:1  401t
                  own event for administrators | 401  ok:0       ok:0   ok:0   ok:0      ok:1  401t
                  own event without a position | 401  ok:0       ok:0   ok:0   ok:0      ok:0  401t
events.list_after own event               | 401       ok:0       ok:0   ok:0   ok:0      ok:0  401t
                  foreign event           | 401       404e       404e   404e   404e      ok:0  401t
                  missing event           | 401       404e       404e   404e   404e      404e  401t
                  deleted event           | 401       404d       404d   404d   404d      404d  401t
events.get        public event            | 401       ok         ok     ok     ok        ok    401t
                  own event               | 401       ok         ok     ok     ok        ok    401t
                  received event          | 401       ok         ok     ok     ok        ok    401t
                  foreign event           | 401       404e       404e   404e   404e      ok    401t
                  own event for administrators | 401  404e       404e   404e   404e      ok    401t
                  own event without a position | 401  404e       404e   404e   404e      404e  401t
                  missing event           | 401       404e       404e   404e   404e      404e  401t
streams.open      public event            | 401       ok         ok     ok     ok        ok    401t
stream_sessions.create -                  | 401       ok         ok     ok     ok        ok    401t
"""
KEYS = """
events.list       own event               | author ok:1  events:read 403
events.list_after own event               | author ok:0  events:read 403
events.get        own event               | author ok    events:read 403
                  foreign event           | admin  ok    events:read 403  events:read_all 404e
                  missing event           | admin  404e  events:read 403
streams.open      public event            | author ok    events:read 403
stream_sessions.create -                  | author ok    events:read 403  credentials:write 403
"""
TABLE = Table(ACTS, {"404e": "event_not_found", "404d": "events_deleted"}, ROWS, KEYS)
