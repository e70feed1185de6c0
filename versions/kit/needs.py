"""The permissions that operations declare, with names that every version uses.

A write whose response shows a resource needs the permission to read it, too.
"""

from collections.abc import Sequence
from typing import Final

from app.access.permissions import Permission
from app.access.policy import AccessPermission
from app.audit.policy import AuditPermission
from app.event_log.policy import EventPermission
from app.files.policy import FilePermission
from app.impact.policy import ImpactPermission
from app.jobs.policy import JobPermission
from app.ledger.policy import LedgerPermission
from app.notifications.policy import NotificationPermission
from app.posts.policy import PostPermission
from app.usage.policy import UsagePermission
from app.users.policy import UserPermission
from app.webhooks.policy import WebhookPermission

Needs = Sequence[Sequence[Permission]]

NOTHING: Final[Needs] = ()
READ_POSTS: Final[Needs] = ((PostPermission.READ,),)
WRITE_POSTS: Final[Needs] = ((PostPermission.WRITE, PostPermission.READ),)
DELETE_POSTS: Final[Needs] = ((PostPermission.WRITE,),)
READ_PROFILE: Final[Needs] = ((UserPermission.READ_PROFILE,),)
EDIT_PROFILE: Final[Needs] = ((UserPermission.WRITE_PROFILE, UserPermission.READ_PROFILE),)
READ_USERS: Final[Needs] = ((UserPermission.READ,),)
CREATE_USERS: Final[Needs] = ((AccessPermission.WRITE_USERS, UserPermission.READ),)
DELETE_USERS: Final[Needs] = ((UserPermission.DELETE,),)
SET_ROLES: Final[Needs] = ((AccessPermission.WRITE_ROLES, UserPermission.READ),)
READ_USER: Final[Needs] = (*READ_PROFILE, *READ_USERS)
EDIT_USER: Final[Needs] = (*EDIT_PROFILE, *CREATE_USERS)
DELETE_USER: Final[Needs] = ((UserPermission.WRITE_PROFILE,), *DELETE_USERS)
READ_USAGE: Final[Needs] = ((UsagePermission.READ,),)
CREDENTIALS: Final[Needs] = ((AccessPermission.WRITE_CREDENTIALS,),)
READ_EVENTS: Final[Needs] = ((EventPermission.READ,),)
STREAM_IN_BROWSERS: Final[Needs] = ((EventPermission.READ, AccessPermission.WRITE_CREDENTIALS),)
READ_AUDIT: Final[Needs] = ((AuditPermission.READ,),)
ADMINISTER_KEYS: Final[Needs] = ((AccessPermission.ADMINISTER_KEYS,),)
READ_LEDGER: Final[Needs] = ((LedgerPermission.READ,),)
WRITE_LEDGER: Final[Needs] = ((LedgerPermission.WRITE, LedgerPermission.READ),)
READ_JOBS: Final[Needs] = ((JobPermission.READ,),)
WRITE_JOBS: Final[Needs] = ((JobPermission.WRITE, JobPermission.READ),)
IMPORT_POSTS: Final[Needs] = ((JobPermission.WRITE, JobPermission.READ, PostPermission.WRITE),)
REPORT_POSTS: Final[Needs] = ((JobPermission.WRITE, JobPermission.READ, PostPermission.READ),)
ANALYSE_IMPACT: Final[Needs] = ((ImpactPermission.READ, UserPermission.READ, JobPermission.WRITE, JobPermission.READ),)
READ_NOTIFICATIONS: Final[Needs] = ((NotificationPermission.READ,),)
MARK_NOTIFICATIONS: Final[Needs] = ((NotificationPermission.WRITE, NotificationPermission.READ),)
SEND_NOTIFICATIONS: Final[Needs] = ((NotificationPermission.SEND, NotificationPermission.READ),)
READ_WEBHOOKS: Final[Needs] = ((WebhookPermission.READ,),)
WRITE_WEBHOOKS: Final[Needs] = ((WebhookPermission.WRITE, WebhookPermission.READ),)
DIRECT_WEBHOOKS: Final[Needs] = ((WebhookPermission.WRITE, WebhookPermission.READ, EventPermission.READ),)
DELETE_WEBHOOKS: Final[Needs] = ((WebhookPermission.WRITE,),)
READ_FILES: Final[Needs] = ((FilePermission.READ,),)
WRITE_FILES: Final[Needs] = ((FilePermission.WRITE, FilePermission.READ),)
DELETE_FILES: Final[Needs] = ((FilePermission.WRITE,),)
