"""The modules that are mutated, and the laws that are asked first about each."""

from typing import Final

SCHEMAS: Final = (
    "versions.v1.auth.schemas",
    "versions.v1.posts.schemas",
    "versions.v1.users.schemas",
    "versions.v2.auth.schemas",
    "versions.v2.posts.schemas",
    "versions.v2.users.schemas",
)
MAPPINGS: Final = (
    "versions.v1.auth.mapping",
    "versions.v1.posts.mapping",
    "versions.v1.users.mapping",
    "versions.v1.errors",
    "versions.v2.auth.errors",
    "versions.v2.auth.mapping",
    "versions.v2.posts.mapping",
    "versions.v2.users.mapping",
    "versions.v2.errors",
    "versions.v2.ids",
    "versions.v2.paging",
)
TARGETS: Final = (*MAPPINGS, *SCHEMAS)
THRESHOLD: Final = 95
"""Per cent of the mutants that must be caught."""

FIRST: Final = {
    "posts": ("posts", "pages", "refusals", "preconditions"),
    "users": ("users", "permissions", "refusals", "sessions"),
    "auth": ("sessions", "refusals"),
    "errors": ("refusals", "permissions", "users", "sessions"),
    "ids": ("posts", "users", "sessions", "refusals"),
    "paging": ("pages", "refusals"),
}
"""Families of laws by the part of the module's name that they are closest to; the others follow."""
