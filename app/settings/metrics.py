"""Settings of the Prometheus endpoint."""

from pydantic import Field, SecretStr

from app.settings.group import Group


class MetricsSettings(Group, name="metrics"):
    """The ``/metrics`` endpoint."""

    port: int | None = Field(None, ge=0, le=65535, description="a separate port for /metrics; default: the API's")
    token: SecretStr | None = Field(None, description="the bearer token that a scraper must send")
    consumer_series: int = Field(1000, ge=100, description="maximum number of series labelled by consumer")
