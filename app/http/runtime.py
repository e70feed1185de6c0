"""What the requests of one process share, reached from any ASGI scope."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self, TypeVar, cast

from app.kit.db.database import UnitOfWork
from app.settings.root import Settings
from observability.metrics.metrics import Metrics

_KEY: Final = "runtime"


class Component:
    """A collaborator that lives as long as the process.

    A feature defines a subclass beside the code that uses it; ``Runtime.build`` builds one instance of each subclass.
    """

    registered: ClassVar[list[type["Component"]]] = []

    def __init_subclass__(cls) -> None:
        Component.registered.append(cls)

    @classmethod
    def build(cls, runtime: "Runtime") -> Self:
        """Build the component from settings, database and metrics. Raises ``SettingsError`` for unusable settings."""
        raise NotImplementedError

    def running(self) -> AbstractAsyncContextManager[None]:
        """What runs in the background while the process serves requests: nothing by default."""
        return nullcontext()


C = TypeVar("C", bound=Component)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Settings, database and metrics of one process, and its components by their class."""

    settings: Settings
    database: UnitOfWork
    metrics: Metrics
    _components: dict[type[Component], Component] = field(default_factory=dict)

    @classmethod
    def build(cls, settings: Settings, database: UnitOfWork, metrics: Metrics | None = None) -> "Runtime":
        """Build every component now, so that unusable settings stop the start. Raises ``SettingsError``."""
        runtime = cls(settings, database, metrics or Metrics())
        for kind in Component.registered:
            runtime.get(kind)
        return runtime

    def get(self, kind: type[C]) -> C:
        """The one instance of a component."""
        component = self._components.get(kind)
        if component is None:
            component = self._components[kind] = kind.build(self)
        return cast("C", component)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background tasks of all components during the block."""
        async with AsyncExitStack() as stack:
            for component in self._components.values():
                await stack.enter_async_context(component.running())
            yield

    def state(self) -> Mapping[str, Any]:
        """The lifespan state from which ``runtime_of`` reads."""
        return {_KEY: self}


def runtime_of(scope: Mapping[str, Any]) -> Runtime:
    """The runtime that the root application's lifespan built."""
    runtime: Runtime = scope["state"][_KEY]
    return runtime
