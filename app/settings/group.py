"""The base class of settings groups, and the types that several groups use."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Seconds = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True)
class SecretRule:
    """Marks a field as a secret that must be strong in production."""

    required: bool
    """Whether production must set it; development then generates it."""


RequiredSecret = Annotated[SecretStr | None, SecretRule(required=True)]
"""A secret that production must set. In development, a missing one is generated and stored once."""
AcceptedSecret = Annotated[SecretStr | None, SecretRule(required=False)]
"""A secret that is accepted beside the required one. It may be unset, but in production it must be strong."""
AcceptedSecrets = Annotated[list[SecretStr], SecretRule(required=False)]
"""Secrets that are still accepted. They may be empty, but in production each must be strong."""


class StrictModel(BaseModel):
    """Frozen, and a misspelt name is an error rather than a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(StrictModel):
    """A group of settings, whose environment variables begin with ``STRATA_<NAME>__``.

    A class in a module of this folder, such as ``class MailSettings(Group, name="mail")``, is part of the settings
    without further registration. Code reads it with ``settings[MailSettings]``.
    """

    group_name: ClassVar[str] = ""

    def __init_subclass__(cls, *, name: str, **config: Any) -> None:
        super().__init_subclass__(**config)
        cls.group_name = name
