"""The unversioned surface: front door, discovery, health, and the pages that mails and problems link to."""

from app.web.routes import add_front_door

__all__ = ["add_front_door"]
