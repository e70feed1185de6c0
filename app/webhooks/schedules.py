"""Schedules of the feature."""

from collections.abc import Sequence
from typing import Final

import structlog

from app.kit.queue.schedules import Schedule, WorkerResources
from app.settings.webhooks import WebhookSettings
from app.webhooks.housekeeping import DeliveryHousekeeping

_LOG: Final = structlog.get_logger()


def schedules(resources: WorkerResources) -> Sequence[Schedule]:
    """The deletion of old deliveries."""
    housekeeping = DeliveryHousekeeping(resources.database, resources.settings[WebhookSettings].retention_days)

    async def purge() -> None:
        _LOG.info("deliveries_purged", deliveries=await housekeeping.purge())

    return [Schedule("webhooks.purge", "52 3 * * *", purge)]
