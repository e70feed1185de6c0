"""Finds the modules that features declare under a common name, so that no central file lists features."""

import importlib
import pkgutil
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType


@cache
def modules(package: str, name: str, *, but: tuple[str, ...] = ()) -> tuple[ModuleType, ...]:
    """Import every module ``<package>.<folder>.<name>`` that exists, and return them sorted by folder.

    A folder without such a module is not imported. ``modules("app", "policy")`` is ``app.posts.policy`` and others.
    ``but`` names folders in which a module of this name declares something else. Folders are read once: requests ask,
    and a look at all folders takes two milliseconds.
    """
    root = importlib.import_module(package)
    folders = {
        info.name: [str(Path(path, info.name)) for path in root.__path__]
        for info in pkgutil.iter_modules(root.__path__)
        if info.ispkg
    }
    return tuple(
        importlib.import_module(f"{package}.{folder}.{name}")
        for folder in sorted(folders.keys() - set(but))
        # Asks for one name: the names of all modules of all folders would take ten milliseconds.
        if PathFinder.find_spec(f"{package}.{folder}.{name}", folders[folder]) is not None
    )
