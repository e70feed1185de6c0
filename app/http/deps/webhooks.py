"""Dependencies of webhooks."""

from typing import Annotated

from fastapi import Depends, Request

from app.events.rendering import RENDERERS
from app.http.deps.core import EventRecorderDep, RuntimeDep, WriteSessionDep
from app.http.deps.plans import CapsDep
from app.http.principal import PrincipalDep, resolve_principal
from app.http.runtime import runtime_of
from app.http.webhooks import WebhookComponent
from app.webhooks.delivery_reader import DeliveryReader
from app.webhooks.reader import WebhookReader
from app.webhooks.redelivery import RedeliveryService
from app.webhooks.service import WebhookService
from app.webhooks.testing import EndpointTester
from app.webhooks.triggering import EndpointTrigger


async def _reader(request: Request) -> WebhookReader:
    return WebhookReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _service(
    session: WriteSessionDep, principal: PrincipalDep, caps: CapsDep, events: EventRecorderDep, runtime: RuntimeDep
) -> WebhookService:
    shared = runtime.get(WebhookComponent)
    return WebhookService(session, principal, caps, events, shared.sealer, shared.egress.guard)


async def _tester(request: Request) -> EndpointTester:
    runtime = runtime_of(request.scope)
    shared, principal = runtime.get(WebhookComponent), await resolve_principal(request)
    return EndpointTester(runtime.database.reads, principal, shared.sealer, shared.egress, RENDERERS)


async def _deliveries(request: Request) -> DeliveryReader:
    return DeliveryReader(runtime_of(request.scope).database.reads, await resolve_principal(request))


async def _redelivery(session: WriteSessionDep, principal: PrincipalDep) -> RedeliveryService:
    return RedeliveryService(session, principal)


async def _trigger(session: WriteSessionDep, principal: PrincipalDep, events: EventRecorderDep) -> EndpointTrigger:
    return EndpointTrigger(session, principal, events)


WebhookReaderDep = Annotated[WebhookReader, Depends(_reader)]
WebhookServiceDep = Annotated[WebhookService, Depends(_service)]
EndpointTesterDep = Annotated[EndpointTester, Depends(_tester)]
DeliveryReaderDep = Annotated[DeliveryReader, Depends(_deliveries)]
RedeliveryServiceDep = Annotated[RedeliveryService, Depends(_redelivery)]
EndpointTriggerDep = Annotated[EndpointTrigger, Depends(_trigger)]
