"""The collaborators of webhooks that live as long as the process."""

from app.http.runtime import Component, Runtime
from app.kit.egress.opening import open_guard
from app.kit.egress.pinned import PinnedEgress
from app.settings.errors import require_secret
from app.settings.webhooks import WebhookSettings
from app.webhooks.signing import SecretSealer


class WebhookComponent(Component):
    """Seals secrets, and sends messages to endpoints."""

    def __init__(self, sealer: SecretSealer, egress: PinnedEgress) -> None:
        self.sealer = sealer
        self.egress = egress

    @classmethod
    def build(cls, runtime: Runtime) -> "WebhookComponent":
        """Raises ``SettingsError`` without a sealing key."""
        key = require_secret(runtime.settings[WebhookSettings].sealing_key, "webhooks", "sealing_key")
        return cls(SecretSealer(key), PinnedEgress(open_guard(runtime.settings)))
