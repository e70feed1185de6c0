"""The modules that are mutated, and the laws that run against each."""

from typing import Final

MAPPINGS: Final = (
    "versions.v1.auth.mapping",
    "versions.v1.posts.mapping",
    "versions.v1.users.mapping",
    "versions.v2.auth.mapping",
    "versions.v2.posts.mapping",
    "versions.v2.users.mapping",
)
"""The modules that ``make mutants`` mutates."""

ENVELOPES: Final = (
    "versions.v1.errors",
    "versions.v2.auth.errors",
    "versions.v2.errors",
    "versions.v2.ids",
    "versions.v2.paging",
)
SCHEMAS: Final = (
    "versions.v1.auth.schemas",
    "versions.v1.posts.schemas",
    "versions.v1.users.schemas",
    "versions.v2.auth.schemas",
    "versions.v2.posts.schemas",
    "versions.v2.users.schemas",
)
"""Mutated only when named: each mutant needs a new application, and the contract check covers most of them."""

THRESHOLD: Final = 95
"""The percentage of mutants that the laws must catch."""

FAMILIES: Final = {
    "posts": ("posts", "pages", "rejections", "preconditions"),
    "users": ("users", "permissions", "rejections", "sessions"),
    "auth": ("sessions", "rejections"),
    "errors": ("rejections", "permissions", "users", "sessions"),
    "ids": ("posts", "users", "sessions", "rejections"),
    "paging": ("pages", "rejections"),
}
"""The families of laws by a part of the module's name."""
