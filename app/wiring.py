"""Builds what several processes share: tracing, contract conformance, and the handlers of jobs."""

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from app.auth import job_names as auth_jobs
from app.auth.jobs import AuthJobs
from app.identities import job_names as identity_job_names
from app.identities.jobs import identity_jobs
from app.kit.build import RELEASE
from app.kit.db.database import Database
from app.kit.mail.mailer import Mailer
from app.settings.auth import AuthSettings
from app.settings.conformance import ConformanceSettings
from app.settings.errors import require_secret
from app.settings.http import HttpSettings
from app.settings.root import Settings
from app.settings.tracing import TracingSettings
from observability.conformance.checker import ConformanceChecker, ConformanceConfig
from observability.tracing.config import TracingConfig

JobHandler = Callable[[Mapping[str, Any]], Awaitable[None]]
JOBS: Final = (*auth_jobs.JOBS, *identity_job_names.JOBS)
"""The jobs of all features."""


def job_handlers(database: Database, mailer: Mailer, settings: Settings) -> Mapping[str, JobHandler]:
    """The handlers of all jobs by name. Raises ``SettingsError`` without a signing key."""
    signing_key = require_secret(settings[AuthSettings].signing_key, "auth", "signing_key")
    return {
        **AuthJobs.build(database, mailer, signing_key, settings).handlers,
        **identity_jobs(database, mailer, signing_key, settings[HttpSettings].base_url),
    }


def contract_checker(settings: Settings, prefixes: Mapping[str, str]) -> ConformanceChecker | None:
    """The checker of every version with a frozen contract; ``None`` when the sample ratio is 0.

    ``prefixes`` maps a version's name to the path under which it is served.
    """
    conformance = settings[ConformanceSettings]
    if not conformance.sample_ratio:
        return None
    folder = conformance.contracts or Path(str(files("contracts")))
    paths = {name: folder / f"{name}.openapi.json" for name in prefixes}
    contracts = {name: (prefixes[name], path) for name, path in paths.items() if path.exists()}
    return ConformanceChecker(ConformanceConfig(contracts=contracts, body_bytes=conformance.max_body_bytes))


def tracing_config(settings: Settings, service: str) -> TracingConfig:
    """The tracing configuration of one process. ``service`` is the name its spans carry."""
    given = settings[TracingSettings]
    return TracingConfig(
        service=service,
        version=RELEASE,
        environment=settings.environment,
        endpoint=given.endpoint,
        timeout=given.timeout,
        sample_ratio=given.sample_ratio,
        slow_threshold=given.slow_threshold,
        trust_parent=given.trust_parent,
        ring=ring_folder(settings.home) if given.endpoint is None else None,
    )


def ring_folder(home: Path) -> Path:
    """The folder of the local trace ring, which ``strata traces`` reads."""
    return home / "traces"
