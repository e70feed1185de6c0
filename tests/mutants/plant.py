"""Plants a mutant into this process: into functions that exist already, or into a module that is not imported yet."""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

_IN_FUNCTION: Final = "<locals>"
Functions = Mapping[tuple[str, CodeType], list[FunctionType]]


class CannotPlantError(Exception):
    """The mutant changes what the module's import computed, so the module must be imported anew."""


class Planted(MetaPathFinder, Loader):
    """Imports one module from the source of its mutant."""

    def __init__(self, module: str, path: str, code: str) -> None:
        self._module = module
        self._path = path
        self._code = code

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002 - importlib's signature
        if name != self._module:
            return None
        is_package = self._path.endswith("__init__.py")
        spec = ModuleSpec(name, self, origin=self._path, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [self._path.rpartition("/")[0]]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._code, self._path, "exec"), module.__dict__)  # noqa: S102 - our own source


def functions_by_code() -> Functions:
    """Every function of this process by its file and code, which closures share; equal codes may be of several files.

    ``gc.freeze`` hides functions, so call it before.
    """
    found: dict[tuple[str, CodeType], list[FunctionType]] = defaultdict(list)
    for each in gc.get_objects():
        if type(each) is FunctionType:
            found[each.__code__.co_filename, each.__code__].append(each)
    return found


def plant(module: str, path: str, code: str, functions: Functions) -> None:
    """Make the running application the mutant, or raise ``CannotPlantError``."""
    if module not in sys.modules:
        sys.meta_path.insert(0, Planted(module, path, code))
        return
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one call less in a process that tests may have patched
        original = compile(file.read(), path, "exec")
    by_place = {_place(old): (file_name, old) for file_name, old in functions if file_name == path}
    for old, new in _changed(original, compile(code, path, "exec")):
        running = by_place.get(_place(old))
        if running is None and _IN_FUNCTION not in old.co_qualname:
            raise CannotPlantError  # A decorator has kept the code only.
        for function in functions[running] if running is not None else ():
            try:
                function.__code__ = new
            except ValueError as error:
                raise CannotPlantError from error  # The mutant closes over other variables.


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Pairs of changed functions, outer ones first: a closure that exists already has the code of the inner one."""
    if _is_executed_at_import(old) and _own(old) != _own(new):
        raise CannotPlantError
    if not _is_executed_at_import(old) and _deep(old) != _deep(new):
        yield old, new
    before, after = _nested(old), _nested(new)
    if len(before) == len(after):
        for pair in zip(before, after, strict=True):
            yield from _changed(*pair)


def _is_executed_at_import(code: CodeType) -> bool:
    """Modules, classes, and comprehensions of either; lambdas and functions run later."""
    is_body = not code.co_flags & 0x2  # CO_NEWLOCALS: functions have it
    is_comprehension = code.co_name.startswith("<") and code.co_name not in ("<lambda>", "<module>")
    return is_body or (is_comprehension and _IN_FUNCTION not in code.co_qualname)


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _own(code: CodeType) -> tuple[object, ...]:
    """What the interpreter executes, without positions and without nested functions."""
    constants = tuple(repr(each) for each in code.co_consts if not isinstance(each, CodeType))
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_name, code.co_code, constants, names, code.co_argcount, code.co_kwonlyargcount, len(_nested(code))


def _deep(code: CodeType) -> tuple[object, ...]:
    return (*_own(code), *(_deep(each) for each in _nested(code)))
