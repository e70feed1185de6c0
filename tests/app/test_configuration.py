"""The configurations that settings become: each setting reaches its field."""

from pathlib import Path

import pytest

from app import main, wiring
from app.kit.build import RELEASE
from app.settings.loading import load_settings
from observability.config import CorsPolicy, ObservabilityConfig
from observability.conformance.checker import ConformanceConfig
from observability.run_folder import RunFolder
from observability.tracing.config import TracingConfig
from tests.support.registries import DEPRECATED
from versions.registry import VERSIONS

TRACING = {"sample_ratio": 0.5, "slow_threshold": 2.0, "timeout": 3.0, "trust_parent": True}


def test_the_configuration_of_tracing(tmp_path: Path) -> None:
    endpoint = "http://collector:4318"
    for chosen, ring in (({"endpoint": endpoint}, None), ({}, tmp_path / "traces")):
        settings = load_settings(home=tmp_path, tracing={**TRACING, **chosen})
        assert wiring.tracing_config(settings, "strata-test") == TracingConfig(
            service="strata-test",
            version=RELEASE,
            environment="development",
            endpoint=chosen.get("endpoint"),
            timeout=3.0,
            sample_ratio=0.5,
            slow_threshold=2.0,
            trust_parent=True,
            ring=ring,
        )


def test_the_contracts_that_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[ConformanceConfig] = []
    monkeypatch.setattr(wiring, "ConformanceChecker", built.append)
    (tmp_path / "v2.openapi.json").touch()
    prefixes = {version.name: version.prefix for version in VERSIONS}
    for contracts in (tmp_path, None):
        given = {"sample_ratio": 0.5, "max_body_bytes": 4321, "contracts": contracts}
        wiring.contract_checker(load_settings(home=tmp_path, conformance=given), prefixes)
    first, second = built
    assert first == ConformanceConfig(contracts={"v2": ("/api/v2", tmp_path / "v2.openapi.json")}, body_bytes=4321)
    found = {name: (prefix, path.name) for name, (prefix, path) in second.contracts.items()}
    assert found == {name: (prefix, f"{name}.openapi.json") for name, prefix in prefixes.items()}
    assert all(path.is_file() for _, path in second.contracts.values())


def test_the_configuration_of_observability(tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        run_folder=tmp_path / "run",
        http={"cors_origins": ["https://a.example"], "cors_allow_credentials": True},
        log={"level": "warning", "format": "json"},
        metrics={"consumer_series": 777},
        conformance={"sample_ratio": 0.25},
    )
    found = main._observability(settings, str.upper, [])
    assert found == ObservabilityConfig(
        release=RELEASE,
        lifecycle=str.upper,
        mounts={version.prefix: version.name for version in VERSIONS},
        cors=CorsPolicy(allow_origins=("https://a.example",), allow_credentials=True),
        log_level="warning",
        log_format="json",
        deprecated_versions=frozenset(version.name for version in DEPRECATED),
        metrics_folder=RunFolder(tmp_path / "run").metrics,
        consumer_series=777,
        conformance_ratio=0.25,
    )
    assert main._observability(load_settings(home=tmp_path), str.upper, []).metrics_folder is None
