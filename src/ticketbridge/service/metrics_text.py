"""Write numbers as text that Prometheus reads. It is loaded when somebody first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from ticketbridge.service.metric_specs import MetricSpec
from ticketbridge.service.metrics import Samples
from ticketbridge.service.metrics_export import SPECS

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def exposition(samples: Samples, accept: str) -> tuple[bytes, str]:
    """Return *samples* as text of one of Prometheus' formats, and its media type, as *accept* asks."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(samples))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Families(Collector):
    """Gives the registry each metric, even one without a number."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Family]:
        """Yield a family for each metric; see prometheus_client."""
        for spec in SPECS.values():
            family = _FAMILIES[spec.kind](spec.name, spec.text, labels=spec.labels)
            for labels, numbers in self._samples.get(spec.name, {}).items():
                _add(family, spec, labels, numbers)
            yield family


def _add(family: Family, spec: MetricSpec, labels: tuple[str, ...], numbers: list[float]) -> None:
    if isinstance(family, HistogramMetricFamily):
        total, *counts = numbers
        bounds = [*map(str, spec.bounds), "+Inf"]
        family.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total)
    else:
        family.add_metric(labels, numbers[0])


_FAMILIES: dict[str, type[Family]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}
