"""Derives the model of a response that has some of the members of another, so that a new member is declared once."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, create_model

M = TypeVar("M", bound=BaseModel)


def all_optional(model: type[M]) -> type[M]:
    """Class decorator: makes every member of a model optional, its inherited members included.

    Build the model with ``model_construct``, which sets only the given members. The others are not sent.
    """
    fields: dict[str, Any] = {
        # A member with a default may be absent; a factory, which never runs, is not in the OpenAPI document.
        name: (Annotated[field.annotation, field], Field(default_factory=lambda: None))
        for name, field in model.model_fields.items()
    }
    return create_model(model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__, **fields)
