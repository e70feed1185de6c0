"""Contract types for import-linter whose modules are rules over folders: a new feature or version needs no new line.

``package.*`` stands for every folder of ``package`` that the contract does not name.
"""

from collections.abc import Iterable
from typing import Any

from grimp import ImportGraph
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import Layer, LayersContract, ModuleTail
from importlinter.domain import fields
from importlinter.domain.contract import ContractCheck
from importlinter.domain.helpers import module_expressions_to_modules
from importlinter.domain.imports import ModuleExpression

_EVERY_FOLDER = ".*"


def folders(graph: ImportGraph, package: str, named: Iterable[str]) -> set[str]:
    """The folders directly below ``package`` that are not named."""
    return {child for child in graph.find_children(package) if graph.find_children(child)} - set(named)


class FolderLayers(LayersContract):
    """Layers of which ``package.*`` may be one; its folders must not import each other."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter calls it so
        """Check the layers after the rules are replaced by the folders that exist."""
        layers: Any = self.layers
        named = {tail.name for layer in layers for tail in layer.module_tails}
        self.layers = [Layer(set(self._expanded(graph, layer, named)), layer.is_independent) for layer in layers]
        return super().check(graph, verbose)

    @staticmethod
    def _expanded(graph: ImportGraph, layer: Layer, named: set[str]) -> Iterable[ModuleTail]:
        for tail in layer.module_tails:
            if tail.name.endswith(_EVERY_FOLDER):
                package = tail.name.removesuffix(_EVERY_FOLDER)
                yield from (ModuleTail(name) for name in folders(graph, package, named))
            else:
                yield tail


class FolderForbidden(ForbiddenContract):
    """Imports that every folder of a package must avoid, except the folders in ``except_modules``."""

    package = fields.StringField()
    except_modules = fields.SetField(subfield=fields.StringField(), required=False)
    source_modules = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter calls it so
        """Check the folders that exist, and the modules that are named beside them."""
        package: Any = self.package
        excepted: Any = self.except_modules or set()
        modules = graph.find_children(package) - set(excepted)
        self.source_modules = {ModuleExpression(name) for name in modules}
        return super().check(graph, verbose)


class ModuleForbidden(ForbiddenContract):
    """Imports that every module of a package must avoid itself, except those that ``except_modules`` matches.

    In an expression ``*`` stands for one name and ``**`` for any number of names.
    """

    package = fields.StringField()
    except_modules = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)
    source_modules = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter calls it so
        """Check every module by itself; what the modules that it imports do is not considered.

        Only importers of a forbidden module can break the rule. The check of every other module takes seconds.
        """
        package: Any = self.package
        contract: Any = self
        excepted = module_expressions_to_modules(graph, contract.except_modules or ())
        forbidden = {module.name for module in module_expressions_to_modules(graph, contract.forbidden_modules)}
        importers = {
            importer for name in forbidden & graph.modules for importer in graph.find_modules_that_directly_import(name)
        }
        modules = graph.find_descendants(package) & importers - {module.name for module in excepted}
        contract.source_modules = {ModuleExpression(name) for name in modules}
        contract.as_packages, contract.allow_indirect_imports = False, True
        return super().check(graph, verbose)
