"""Settings of contract checks in production."""

from importlib.resources import files
from pathlib import Path

from pydantic import Field, field_validator

from app.settings.group import Group


class ConformanceSettings(Group, name="conformance"):
    """Sampled checks of requests and responses against the frozen contracts, after the response has been sent."""

    sample_ratio: float = Field(
        0.01, ge=0, le=1, description="share of requests that is checked; 0 turns the check off, at no cost"
    )
    contracts: Path | None = Field(
        None, description="folder with vN.openapi.json for each version; default: the contracts of this release"
    )
    max_body_bytes: int = Field(262_144, ge=1024, description="requests and responses with more are not checked")

    @field_validator("contracts")
    @classmethod
    def _has_contracts(cls, folder: Path | None) -> Path | None:
        if folder is not None and not any(folder.glob("*.openapi.json")):
            raise ValueError("must be a folder with contracts, vN.openapi.json for each version")
        return folder

    @property
    def folder(self) -> Path:
        """The folder with the contracts."""
        return self.contracts or Path(str(files("contracts")))
