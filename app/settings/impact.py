"""Settings of impact analysis."""

from pydantic import Field

from app.settings.group import Group, Seconds


class ImpactSettings(Group, name="impact"):
    """What an analysis may take while its client waits; a job does the others."""

    immediate_bytes: int = Field(4_194_304, ge=0, description="documents that are larger are analysed by a job")
    immediate_consumers: int = Field(200, ge=0, description="the evidence of more consumers is analysed by a job")
    immediate_seconds: Seconds = Field(10.0, description="an analysis that takes longer is continued by a job")
    max_memory_bytes: int = Field(2_147_483_648, ge=536_870_912, description="what one comparison may allocate")
