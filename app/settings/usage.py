"""Settings of usage evidence."""

from pydantic import Field

from app.settings.group import Group


class UsageSettings(Group, name="usage"):
    """The sample of requests from which Strata learns what consumers use, after the response has been sent."""

    first_samples: int = Field(
        20, ge=0, description="requests of each consumer, operation and hour that each process summarises in any case"
    )
    sample_ratio: float = Field(
        0.01, ge=0, le=1, description="share of all requests that is summarised too; with 0 for both, none is"
    )
    max_samples_per_second: float = Field(50, gt=0, description="requests that each process summarises at most")
    max_waiting: int = Field(256, ge=1, description="requests that wait to be summarised; further ones are dropped")
    max_body_bytes: int = Field(262_144, ge=1024, description="requests with longer bodies are not summarised")
    max_rows_per_day: int = Field(
        100_000, ge=1, description="pairs of consumer and operation whose evidence is stored for a day"
    )

    @property
    def collects(self) -> bool:
        """Whether any request is summarised."""
        return bool(self.first_samples or self.sample_ratio)
