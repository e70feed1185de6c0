"""What the exports of one process share."""

from app.exports.metrics import ExportMetrics
from app.http.exports.places import ExportPlaces
from app.http.plans import PlansComponent
from app.http.runtime import Component, Runtime


class ExportComponent(Component):
    """The instruments, whose series exist from the start of the process, and the places of users."""

    def __init__(self, metrics: ExportMetrics, places: ExportPlaces) -> None:
        self.metrics = metrics
        self.places = places

    @classmethod
    def build(cls, runtime: Runtime) -> "ExportComponent":
        """The instruments of the process, and the limits of the plans."""
        return cls(runtime.metrics.group(ExportMetrics), ExportPlaces(runtime.get(PlansComponent).catalogue))
