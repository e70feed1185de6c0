"""Settings of the listener for operators."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from app.settings.group import Group, SecretRule


class OperationsSettings(Group, name="operations"):
    """A listener of ``strata serve`` for operators, apart from the API: it shows the names of consumers."""

    port: int | None = Field(None, ge=0, le=65535, description="a port for /consumers/{uid}; default: none")
    token: Annotated[SecretStr | None, SecretRule(required=False)] = Field(
        None, description="the bearer token that requests to this port must send"
    )

    @model_validator(mode="after")
    def _port_needs_token(self) -> Self:
        if self.port is not None and (self.token is None or not self.token.get_secret_value()):
            message = "a port needs a token too, since its pages contain names of users: set STRATA_OPERATIONS__TOKEN"
            raise ValueError(message)
        return self
