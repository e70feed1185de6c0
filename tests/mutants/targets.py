"""The packages that are mutated, and the tests that must catch their mutants."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.mutants.excluded import NO_MUTANTS, NOT_MUTATED
from versions.registry import VERSIONS

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("app", "observability", "versions", "contracts/compat")
THRESHOLD: Final = 90
"""The percentage of the mutants of each package that its tests must catch."""

MAX_SECONDS: Final = 10.0
"""Seconds of tests per mutant, in the full set and in the sample."""
OF_DEFINITIONS: Final = (
    "tests/app/models/test_schema.py",
    "tests/app/settings/test_declared_settings.py",
    "tests/app/test_errors.py",
    "tests/app/test_instruments.py",
    "tests/app/test_stored_forms.py",
)
"""Tests of what modules define when they are imported, such as the status of every error: they execute no line of the
module. They run first against each mutant of such a definition, of every package of ``app``."""

_VERSIONS: Final = tuple(f"tests/versions/{version.name}" for version in VERSIONS)
_REQUESTS: Final = (
    *_VERSIONS,
    "tests/versions/test_bad_input.py",
    "tests/versions/test_entry.py",
    "tests/truth",
)


def _laws_of(name: str) -> Iterator[str]:
    """The laws that compare a version with another one."""
    for path in sorted(ROOT.glob("tests/laws/*/test_laws.*")):
        if name in path.parent.name.split("_"):
            yield str(path.relative_to(ROOT))


def _of_versions(*names: str) -> Iterator[str]:
    """The test files with these names, of each version that has them."""
    for folder in _VERSIONS:
        yield from (f"{folder}/{name}" for name in names if (ROOT / folder / name).exists())


_HTTP: Final = ("tests/app/http", *_REQUESTS, "tests/versions")

PACKAGES: Final[dict[str, tuple[str, ...]]] = {
    "app/access": (
        "tests/app/access",
        "tests/app/auth",
        "tests/truth",
        *_VERSIONS,
        "tests/versions/test_credentials.py",
        "tests/versions/test_declared_permissions.py",
        "tests/versions/test_rejected_credentials.py",
        "tests/versions/test_tokens.py",
    ),
    "app/audit": (
        "tests/app/audit",
        "tests/app/cli",
        "tests/app/test_schedules.py",
        *_REQUESTS,
        "tests/versions/test_events_of_writes.py",
    ),
    "app/auth": (
        "tests/app/auth",
        "tests/truth",
        *_VERSIONS,
        "tests/versions/test_credentials.py",
        "tests/versions/test_current_password_guesses.py",
        "tests/versions/test_forms.py",
        "tests/versions/test_password_spraying.py",
        "tests/versions/test_registrations.py",
        "tests/versions/test_tokens.py",
    ),
    "app/errors.py": (*_REQUESTS, "tests/app/kit/db", "tests/versions/test_faults.py"),
    "app/event_log": ("tests/app/event_log", *_REQUESTS),
    "app/events": ("tests/app/events", "tests/app/event_log", *_REQUESTS),
    "app/http": _HTTP,
    "app/http/response_cache": (
        "tests/app/http/response_cache",
        "tests/versions/test_response_cache.py",
        "tests/versions/test_shared_cache.py",
    ),
    "app/kit": (
        "tests/app/kit",
        *_REQUESTS,
        "tests/app/test_worker_jobs.py",
        "tests/app/test_worker_tracing.py",
        "tests/versions/test_faults.py",
        "tests/versions/test_overload.py",
    ),
    "app/kit/queue": (
        "tests/app/kit/queue",
        "tests/app/jobs/test_retention.py",
        "tests/app/test_worker_jobs.py",
        "tests/app/test_worker_tracing.py",
        "tests/app/test_schedules.py",
    ),
    "app/lifecycle": (
        "tests/app/lifecycle",
        "tests/app/cli",
        "tests/app/audit/test_acts.py",
        "tests/versions/test_lifecycle.py",
        "tests/observability/metrics",
    ),
    "app/main.py": (
        "tests/app/test_composition.py",
        *_REQUESTS,
        "tests/app/test_configuration.py",
        "tests/app/test_wiring.py",
        "tests/app/web",
        "tests/versions/test_tombstones.py",
    ),
    "app/exports": (
        "tests/app/exports",
        "tests/truth",
        *_of_versions("test_export_responses.py", "test_exports.py"),
    ),
    "app/files": (
        "tests/app/files",
        "tests/app/test_schedules.py",
        "tests/app/cli/test_files.py",
        "tests/versions/test_downloads.py",
        "tests/versions/test_hostile_uploads.py",
        *_of_versions(
            "test_attachments.py",
            "test_completions.py",
            "test_files.py",
            "test_presigned_downloads.py",
            "test_presigned_uploads.py",
        ),
    ),
    "app/identities": ("tests/app/identities", "tests/app/test_schedules.py", "tests/truth", *_VERSIONS),
    "app/impact": (
        "tests/app/impact",
        "tests/app/cli/test_impact.py",
        *_of_versions("test_impact.py"),
    ),
    "app/jobs": ("tests/app/jobs", *_REQUESTS),
    "app/ledger": (
        "tests/app/ledger",
        "tests/app/cli/test_ledger.py",
        "tests/app/test_schedules.py",
        *_REQUESTS,
        "tests/versions/test_ledger.py",
    ),
    "app/migration_guides": (
        "tests/app/migration_guides",
        "tests/app/web/test_migration_guide.py",
        "tests/app/web/test_personal_guide.py",
        *_of_versions("test_personal_guide.py"),
    ),
    "app/models": ("tests/app/models", *_REQUESTS, "tests/app/auth", "tests/app/posts", "tests/app/events"),
    "app/webhooks": ("tests/app/webhooks", *_REQUESTS),
    "app/rooms": ("tests/app/rooms", "tests/app/test_schedules.py"),
    "app/notifications": ("tests/app/notifications", "tests/app/test_schedules.py", *_REQUESTS),
    "app/plans": ("tests/app/plans", "tests/app/cli", *_VERSIONS, "tests/versions/test_rate_limits.py"),
    "app/posts": (
        "tests/app/posts",
        *_REQUESTS,
        "tests/versions/test_compiled_reads.py",
        "tests/versions/test_concurrency.py",
    ),
    "app/reports": ("tests/app/reports",),
    "app/settings": ("tests/app/settings", "tests/versions/test_rate_limits.py", "tests/app/test_wiring.py"),
    "app/usage": (
        "tests/app/usage",
        "tests/app/cli/test_usage.py",
        "tests/app/test_schedules.py",
        "tests/contracts/usage",
        "tests/truth",
        *_of_versions("test_impact.py", "test_usage.py", "test_used_elements.py"),
    ),
    "app/users": (
        "tests/app/users",
        "tests/app/auth",
        *_REQUESTS,
        "tests/versions/test_concurrency.py",
    ),
    "app/web": ("tests/app/web", "tests/versions/test_entry.py"),
    "app/wiring.py": ("tests/app/test_configuration.py", "tests/app/test_composition.py", "tests/app/test_wiring.py"),
    # The test of schedules runs each of them; the tests of a feature need not.
    **{
        str(path.relative_to(ROOT)): ("tests/app/test_schedules.py", f"tests/app/{path.parent.name}")
        for path in sorted(ROOT.glob("app/*/schedules.py"))
    },
    "app/worker.py": (
        "tests/app/test_worker_supervision.py",
        "tests/app/test_worker_jobs.py",
        "tests/app/test_worker_run.py",
        "tests/app/test_worker_tracing.py",
        "tests/app/test_schedules.py",
        "tests/app/test_composition.py",
    ),
    "app/cli": ("tests/app/cli",),
    "observability": (
        "tests/observability",
        "tests/versions/test_entry.py",
        "tests/versions/test_compiled_reads.py",
        "tests/architecture/test_framework.py",
        "tests/architecture/test_read_plan.py",
    ),
    "observability/concurrency": ("tests/observability/concurrency",),
    "observability/conformance": ("tests/observability/conformance", "tests/observability/metrics/test_requests.py"),
    "observability/dashboards": (
        "tests/observability/test_generated_files.py",
        "tests/observability/test_dashboards.py",
    ),
    "observability/logs": ("tests/observability/logs", "tests/observability/requests"),
    "observability/metrics": ("tests/observability/metrics", "tests/observability/requests"),
    "observability/rate_limit": ("tests/observability/rate_limit",),
    "observability/requests": ("tests/observability/requests", "tests/observability/logs"),
    "observability/rules": (
        "tests/observability/test_generated_files.py",
        "tests/observability/test_rules.py",
        "tests/observability/metrics/test_objectives.py",
    ),
    "observability/tracing": ("tests/observability/tracing", "tests/observability/metrics/test_requests.py"),
    "versions/kit": (
        "tests/versions/kit",
        *_REQUESTS,
        "tests/versions",
        "tests/architecture/test_routes.py",
        "tests/architecture/test_documents.py",
    ),
    **{
        f"versions/{version.name}": (
            f"tests/versions/{version.name}",
            *_laws_of(version.name),
            "tests/versions/test_bad_input.py",
            "tests/versions/test_entry.py",
            "tests/truth",
        )
        for version in VERSIONS
    },
    "contracts/compat": ("tests/contracts/compat", "tests/contracts/impact"),
}
"""Tests by package: files, and folders with all below them, the first of which are preferred where many tests execute a
line. A package does not contain those below it in this table."""


def path_of(module: str) -> str:
    """The path of a module, as coverage reports it."""
    base = module.replace(".", "/")
    return f"{base}/__init__.py" if (ROOT / base).is_dir() else f"{base}.py"


def modules_of(package: str) -> list[str]:
    """The modules of a package that contain code."""
    path = ROOT / package
    files = [path] if path.suffix else sorted(path.rglob("*.py"))
    names = (str(file.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__") for file in files)
    return [
        name
        for name in names
        if (ROOT / path_of(name)).stat().st_size and path_of(name) not in NOT_MUTATED and package_of(name) == package
    ]


def part_of_packages(number: int, parts: int) -> list[str]:
    """One of several parts of the packages, which have about the same size of source: jobs run them in parallel."""
    sizes = {each: sum((ROOT / path_of(name)).stat().st_size for name in modules_of(each)) for each in PACKAGES}
    shares: list[list[str]] = [[] for _ in range(parts)]
    for package in sorted(sizes, key=lambda each: (-sizes[each], each)):
        min(shares, key=lambda share: sum(sizes[each] for each in share)).append(package)
    return shares[number - 1]


def files_of_tests(package: str) -> list[str]:
    """The test files that run against the mutants of a package."""
    found: list[str] = []
    for place in PACKAGES[package]:
        path = ROOT / place
        files = [path] if path.suffix else sorted(path.rglob("test_*.py"))
        found += [str(file.relative_to(ROOT)) for file in files]
    if package.startswith("app"):
        found += OF_DEFINITIONS
    return [file for file in dict.fromkeys(found) if file not in NO_MUTANTS]


def package_of(module: str) -> str:
    """The package of the table that a module belongs to."""
    path = f"{path_of(module)}/"
    return max((package for package in PACKAGES if path.startswith(f"{package}/")), key=len)
