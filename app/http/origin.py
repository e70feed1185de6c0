"""Where the acts of a request come from, for the audit trail."""

from starlette.types import Scope

from app.access.principal import Principal
from app.events.audit import Origin
from app.http.rate_limit.limits import client_address
from observability.requests.context import current


def origin_of(scope: Scope, caller: Principal | None) -> Origin:
    """The caller, its network and the request; an API key acts on behalf of its owner."""
    address, request_id = client_address(scope), current(scope).request_id
    if caller is None or caller.key_uid is None:
        return Origin(None if caller is None else caller.user_uid, None, address, request_id)
    return Origin(caller.key_uid, caller.user_uid, address, request_id)
