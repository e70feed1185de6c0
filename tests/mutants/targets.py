"""The packages that are mutated, and the tests that must catch their mutants."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

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
    "app/kit": (
        "tests/app/kit",
        *_REQUESTS,
        "tests/app/test_worker_jobs.py",
        "tests/app/test_worker_tracing.py",
        "tests/versions/test_faults.py",
        "tests/versions/test_overload.py",
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
    "app/files": ("tests/app/files", "tests/app/test_schedules.py"),
    "app/identities": ("tests/app/identities", "tests/app/test_schedules.py", "tests/truth", *_VERSIONS),
    "app/jobs": ("tests/app/jobs", *_REQUESTS),
    "app/ledger": (
        "tests/app/ledger",
        "tests/app/cli/test_ledger.py",
        "tests/app/test_schedules.py",
        *_REQUESTS,
        "tests/versions/test_ledger.py",
    ),
    "app/models": ("tests/app/models", *_REQUESTS, "tests/app/auth", "tests/app/posts", "tests/app/events"),
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
    "app/usage": ("tests/app/usage", "tests/app/cli", "tests/app/test_schedules.py", *_REQUESTS),
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
    **{f"versions/{version.name}": (*_laws_of(version.name), *_REQUESTS) for version in VERSIONS},
    "contracts/compat": ("tests/contracts/compat",),
}
"""Tests by package: files, and folders with all below them, the first of which are preferred where many tests execute a
line. A package does not contain those below it in this table."""

NOT_MUTATED: Final = {
    "app/migrations": "a migration is frozen when it is released; tests/upgrades migrates recorded databases",
    "app/asgi.py": "the entry point of a server process; tests/system starts it",
    "app/__init__.py": "empty",
    "versions/__init__.py": "empty",
    "versions/registry.py": "finds the versions; without one, no request to it succeeds",
    **{
        f"versions/{version.name}/traffic.py": "sample requests of `strata traffic`: any mixture of valid ones serves"
        for version in VERSIONS
    },
    **{
        f"app/cli/{name}.py": "runs as a process of its own in its tests, and a mutant exists in one process only"
        for name in (
            "__main__",
            "contract",
            "contract_exceptions",
            "contract_output",
            "doctor",
            "log_level",
            "migrate",
            "seed",
            "serve",
            "top",
            "traffic",
            "up",
            "usage",
            "version_lifecycle",
            "version_source",
            "versions",
            "worker",
            "kit/bootstrap",
            "kit/consumers",
            "kit/diagnosis",
            "kit/listeners",
            "kit/local_server",
            "kit/parent_pipe",
            "kit/restarts",
            "kit/supervisor",
            "kit/workers",
        )
    },
}
_NO_MUTANTS: Final = (
    "tests/contracts/compat/test_hostile_documents.py",
    "tests/contracts/compat/test_metamorphic.py",
    "tests/versions/test_garbage.py",
    "tests/versions/test_hostile_requests.py",
)
"""Random or huge input for many seconds: what these tests catch depends on the seed of the run, or is their time."""


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
    return [file for file in dict.fromkeys(found) if file not in _NO_MUTANTS]


def package_of(module: str) -> str:
    """The package of the table that a module belongs to."""
    path = f"{path_of(module)}/"
    return max((package for package in PACKAGES if path.startswith(f"{package}/")), key=len)
