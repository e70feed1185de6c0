"""Changed builds: the running application behind a layer that behaves as the changed document says."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.contracts.replay.recording import Recorded, is_broken

Json = Any
Edit = Callable[[Json], None]
Rejects = Callable[[Recorded], bool]


@dataclass(frozen=True)
class Build:
    """One change: the edit of the document, and how the build behaves since.

    `exact`: evidence decides it, so that `breaks` must be exactly the consumers that the replay breaks.
    """

    name: str
    version: str
    operation: tuple[str, str]
    edit: Edit
    rejects: Rejects = lambda _: False
    responds: Edit | None = None
    exact: bool = True

    @property
    def operation_name(self) -> str:
        """The operation as evidence names it."""
        method, path = self.operation
        return f"{method} {path.removeprefix(f'/api/{self.version}').replace('{}', '{post_id}')}"

    def breaks(self, request: Recorded) -> bool:
        """Whether the request fails, or its consumer misses what it reads, with the unchanged response to it."""
        if self.rejects(request):
            return True
        if self.responds is None or not request.reads or request.response is None:
            return False
        response = deepcopy(request.response)
        for post in response.get("data", [response]):
            self.responds(post)
        return is_broken(request, response)
