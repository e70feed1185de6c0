"""The release that runs, as a constant and as a metric."""

import platform
from importlib.metadata import version
from typing import Final

from observability.metrics.metrics import Metrics

RELEASE: Final = version("strata")


class BuildMetrics:
    """Exposes the release, so that a graph shows when each process was upgraded."""

    def __init__(self, metrics: Metrics) -> None:
        build = metrics.gauge("strata_build_info", "1 for the release that runs.", ("version", "python"), "max")
        build.labels(RELEASE, platform.python_version()).set(1)
