"""Finds the modules that features declare under a common name, so that no central file lists features."""

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType


def modules(package: str, name: str, *, but: Collection[str] = ()) -> Iterator[ModuleType]:
    """Import and yield every module ``<package>.<folder>.<name>`` that exists, sorted by folder.

    A folder without such a module is not imported. ``modules("app", "policy")`` yields ``app.posts.policy`` and others.
    ``but`` names folders in which a module of this name declares something else.
    """
    root = importlib.import_module(package)
    folders = {
        info.name: [str(Path(path, info.name)) for path in root.__path__]
        for info in pkgutil.iter_modules(root.__path__)
        if info.ispkg
    }
    for folder in sorted(folders.keys() - set(but)):
        # Asks for one name: the names of all modules of all folders would take ten milliseconds.
        if PathFinder.find_spec(f"{package}.{folder}.{name}", folders[folder]) is not None:
            yield importlib.import_module(f"{package}.{folder}.{name}")
