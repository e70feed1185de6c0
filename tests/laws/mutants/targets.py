"""The modules that are mutated, and the laws that are asked about each."""

from typing import Final

MAPPINGS: Final = (
    "versions.v1.auth.mapping",
    "versions.v1.posts.mapping",
    "versions.v1.users.mapping",
    "versions.v2.auth.mapping",
    "versions.v2.posts.mapping",
    "versions.v2.users.mapping",
)
"""What ``make mutants`` plants."""

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
"""Planted when they are named: each mutant needs a new application. The gate holds most of what they say."""

THRESHOLD: Final = 95
"""Per cent of the mutants that must be caught."""

FAMILIES: Final = {
    "posts": ("posts", "pages", "rejections", "preconditions"),
    "users": ("users", "permissions", "rejections", "sessions"),
    "auth": ("sessions", "rejections"),
    "errors": ("rejections", "permissions", "users", "sessions"),
    "ids": ("posts", "users", "sessions", "rejections"),
    "paging": ("pages", "rejections"),
}
"""The families of laws that are asked, by the part of a module's name."""
