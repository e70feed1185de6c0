"""Where v2 may break a rule, and why, by rule."""

from typing import Final

EXCEPTIONS: Final = {
    "handlers contain no conditions": {
        "versions/v2/auth/routes.py::issue_token": "RFC 6749 has one endpoint for all grants",
    },
    "mappings decide by what a request contains, not by what it means": {
        "versions/v2/users/mapping.py::permissions": "lists the permissions that the caller has",
    },
    "permissions are checked with require and ensure": {
        "versions/v2/users/mapping.py": "shows the permissions of the caller",
    },
}
