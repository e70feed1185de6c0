"""The loop of deliveries, as workers run it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from app.events.render_failures import RenderFailures
from app.events.rendering import RENDERERS, RETIREMENTS
from app.kit.db.listener import Listener
from app.kit.egress.opening import open_guard
from app.kit.egress.pinned import PinnedEgress
from app.kit.queue.schedules import WorkerResources
from app.settings.errors import require_secret
from app.settings.webhooks import WebhookSettings
from app.settings.worker import WorkerSettings
from app.webhooks.delivering import DeliveryLoop
from app.webhooks.nudges import DUE
from app.webhooks.signing import SecretSealer
from observability.tracing.tracer import Tracing


def worker_loops(
    resources: WorkerResources, listener: Listener, tracing: Tracing
) -> Sequence[AbstractAsyncContextManager[None]]:
    """The one loop. Raises ``SettingsError`` without a sealing key."""
    key = require_secret(resources.settings[WebhookSettings].sealing_key, "webhooks", "sealing_key")
    egress = PinnedEgress(open_guard(resources.settings))
    resources.metrics.group(RenderFailures).start_at_zero(RENDERERS)
    sealer = SecretSealer(key)
    loop = DeliveryLoop(resources.database, sealer, egress, RENDERERS, RETIREMENTS, tracing, resources.metrics)
    listener.subscribe(DUE.channel, lambda _payload: loop.nudged.set())
    return [loop.running(resources.settings[WorkerSettings].shutdown_timeout)]
