"""Where v1 may break a rule, and why, by rule."""

from typing import Final

EXCEPTIONS: Final = {
    "handlers contain no conditions": {
        "versions/v1/posts/routes.py::get_post": "HEAD is safe, so it counts no view: a rule of HTTP",
    },
}
