"""The name of the consumer that writes deliveries, for API processes, which measure how late it is."""

from typing import Final

WEBHOOKS: Final = "webhooks"
CONSUMERS: Final = (WEBHOOKS,)
