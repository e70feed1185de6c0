"""The base class of settings groups, and the types that several groups use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

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


AnyGroup = TypeVar("AnyGroup", bound="Group")


class Groups(Protocol):
    """The groups of the settings by their class, as ``Settings`` has them."""

    def __getitem__(self, group: type[AnyGroup]) -> AnyGroup: ...


class Group(StrictModel):
    """A group of settings, whose environment variables begin with ``STRATA_<NAME>__``.

    A class in a module of this folder, such as ``class MailSettings(Group, name="mail")``, is part of the settings
    without further registration. Code reads it with ``settings[MailSettings]``.
    """

    group_name: ClassVar[str] = ""

    def __init_subclass__(cls, *, name: str, **config: Any) -> None:
        super().__init_subclass__(**config)
        cls.group_name = name

    def conflicts(self, groups: Groups) -> Sequence[str]:  # noqa: ARG002 - for groups that depend on others
        """A message for each value that another group contradicts."""
        return ()
