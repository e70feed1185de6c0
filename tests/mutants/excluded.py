"""Modules that are not mutated, and tests that do not run against mutants."""

from typing import Final

from versions.registry import VERSIONS

NOT_MUTATED: Final = {
    "app/migrations": "a migration is frozen when it is released; tests/upgrades migrates recorded databases",
    "app/impact/child.py": "runs as a process of its own in its tests, and a mutant exists in one process only",
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
NO_MUTANTS: Final = (
    "tests/contracts/compat/test_hostile_documents.py",
    "tests/contracts/compat/test_metamorphic.py",
    "tests/versions/test_garbage.py",
    "tests/versions/test_hostile_requests.py",
)
"""Random or huge input for many seconds: what these tests catch depends on the seed of the run, or is their time."""
