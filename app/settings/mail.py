"""Settings of outgoing mail."""

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import Group, Seconds


class MailSettings(Group, name="mail"):
    """SMTP. Without a host, mail is written to the mailbox folder under ``STRATA_HOME``."""

    host: str | None = None
    port: int = Field(587, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = "Strata <no-reply@strata.example>"
    timeout: Seconds = Field(10.0, description="seconds")
