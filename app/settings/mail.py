"""Settings of outgoing mail."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

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

    @model_validator(mode="after")
    def _login_is_complete(self) -> Self:
        if (self.username is None) != (self.password is None):
            message = "mail.username and mail.password belong together: set both, or neither"
            raise ValueError(message)
        return self
