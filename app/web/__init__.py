"""The unversioned surface: front door, discovery, health, and the pages that mails and problems link to."""

from app.web.routes import add_unversioned_routes

__all__ = ["add_unversioned_routes"]
