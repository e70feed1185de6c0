"""The permission to read one's own usage."""

from app.access.permissions import Permission


class UsagePermission(Permission):
    READ = "usage:read"
