"""The settings of one process: read once by a composition root, then passed down.

Every value may be given as an environment variable with the prefix ``STRATA_`` and ``__`` between
levels (``STRATA_HTTP__PORT=9000``) or in a ``.env`` file; the environment wins.
"""

from pathlib import Path
from typing import Literal, Self, cast

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings.group import AnyGroup, Group


class Settings(BaseSettings):
    """The values that belong to no group, and access to the groups by class: ``settings[HttpSettings].port``.

    ``loading.settings_class`` builds the subclass that has the groups.
    """

    model_config = SettingsConfigDict(
        env_prefix="STRATA_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        frozen=True,
        nested_model_default_partial_update=True,
        hide_input_in_errors=True,
    )

    environment: Literal["development", "production"] = "development"
    home: Path = Path(".strata")
    run_folder: Path | None = Field(
        None, description="folder that the processes of one server share; set by the `strata` command"
    )

    def __getitem__(self, group: type[AnyGroup]) -> AnyGroup:
        return cast("AnyGroup", getattr(self, group.group_name))

    def with_groups(self, *groups: Group) -> Self:
        """Return a copy with these groups in place of its own."""
        return self.model_copy(update={group.group_name: group for group in groups})

    @property
    def production(self) -> bool:
        """Whether secrets must be set and development conveniences are off."""
        return self.environment == "production"
