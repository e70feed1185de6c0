"""The unversioned pages: home page, discovery, health, metrics, and the pages that mails and problems link to."""

from app.web.routes import add_unversioned_routes

__all__ = ["add_unversioned_routes"]
