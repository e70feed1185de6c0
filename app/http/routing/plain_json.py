"""Renders response models that need nothing of pydantic's serializer: a third of its time for a list of 20.

Plain models consist of texts, integers, booleans, times, names, and of lists and models of them, under their own names.
Of an instance, whose values pydantic has validated or a mapping has built, ``__dict__`` is the JSON object.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, PlainSerializer, SerializeAsAny, WrapSerializer

Render = Callable[[Any], bytes]
_LEAVES: Final = frozenset({str, int, bool, datetime, NoneType})
_SERIALIZERS: Final = (PlainSerializer, WrapSerializer, SerializeAsAny)
_OTHERS: Final = ("include", "exclude", "exclude_defaults", "exclude_none")
"""Options of ``response_model_...`` that change a document in a way that only pydantic knows."""


def plain_renderer(types: Sequence[Any], options: Mapping[str, Any], otherwise: Render) -> Render:
    """Return a function with the bytes of ``otherwise``, which renders what is no instance of a plain type."""
    if any(options[name] for name in _OTHERS):
        return otherwise
    plain = frozenset(one for one in types if isinstance(one, type) and _is_plain(one, ()))
    content = _given if options["exclude_unset"] else _all

    def render(value: Any) -> bytes:
        if type(value) not in plain:
            return otherwise(value)
        try:
            return orjson.dumps(value, content, orjson.OPT_UTC_Z)
        except TypeError:
            # A model may be built with other values than its types say.
            return otherwise(value)

    return render


def _all(model: Any) -> dict[str, Any]:
    if not isinstance(model, BaseModel):
        raise TypeError
    return model.__dict__


def _given(model: Any) -> dict[str, Any]:
    values = _all(model)
    given = model.__pydantic_fields_set__
    return values if len(given) == len(values) else {name: value for name, value in values.items() if name in given}


def _is_plain(annotation: Any, outer: Sequence[type]) -> bool:
    if annotation in _LEAVES or annotation in outer:
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return not any(isinstance(one, _SERIALIZERS) for one in arguments[1:]) and _is_plain(arguments[0], outer)
    if origin is Literal:
        return all(type(one) in _LEAVES for one in arguments)
    if origin in {Union, UnionType, list}:
        return all(_is_plain(one, outer) for one in arguments)
    if not isinstance(annotation, type):
        return False
    return issubclass(annotation, StrEnum) or (issubclass(annotation, BaseModel) and _is_plain_model(annotation, outer))


def _is_plain_model(model: type[BaseModel], outer: Sequence[type]) -> bool:
    decorators = model.__pydantic_decorators__
    if decorators.field_serializers or decorators.model_serializers or decorators.computed_fields:
        return False
    if model.model_config.get("extra") == "allow" or model.__pydantic_root_model__:
        return False
    return all(
        field.alias is field.serialization_alias is None
        and not field.exclude
        and not any(isinstance(one, _SERIALIZERS) for one in field.metadata)
        and _is_plain(field.annotation, (*outer, model))
        for field in model.model_fields.values()
    )
