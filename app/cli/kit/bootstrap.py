"""The first admin and the first API key, with which the API can be called right after ``strata up``."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from app.access.commands import KeyDraft
from app.access.errors import InvalidCredentials
from app.access.passwords import PasswordHasher
from app.access.permissions import key_scopes
from app.access.principal import Role
from app.access.reader import PrincipalResolver
from app.access.service import ApiKeyService
from app.cli.kit.users import find_user, new_password, user_service
from app.kit.clock import utc_now
from app.kit.db.database import Database
from app.settings.database import DatabaseSettings
from app.settings.generated import write_private
from app.settings.root import Settings
from app.users.commands import UserDraft, UserEdit

_ADMIN_EMAIL: Final = "admin@strata.example"
_KEY_NAME: Final = "strata up"
_KEY_PLAN: Final = "enterprise"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The content of ``credentials.json``."""

    admin_email: str
    admin_password: str
    api_key: str
    base_url: str


def credentials_path(home: Path) -> Path:
    """The file with the credentials, readable by its owner only."""
    return home / "credentials.json"


async def ensure_credentials(settings: Settings, dsn: str, base_url: str) -> Credentials:
    """Return the stored credentials if they are valid for this database, else create, store and return new ones.

    An existing admin gets a new password and a new key.
    """
    path = credentials_path(settings.home)
    database = await Database.open(dsn, settings[DatabaseSettings])
    try:
        stored = await _read_valid(database, path)
        credentials = replace(stored, base_url=base_url) if stored else await _create(database, base_url)
    finally:
        await database.close()
    if credentials != stored:
        write_private(path, json.dumps(asdict(credentials), indent=2) + "\n")
    path.chmod(0o600)
    return credentials


async def _read_valid(database: Database, path: Path) -> Credentials | None:
    """The stored credentials; ``None`` if the file is missing, damaged, or from another database."""
    try:
        text = path.read_text()  # noqa: ASYNC240 - nothing else runs on this loop
        credentials = Credentials(**json.loads(text))
        await PrincipalResolver(database.reads).by_key(credentials.api_key)
    except (FileNotFoundError, ValueError, TypeError, AttributeError, InvalidCredentials):
        return None
    return credentials if await find_user(database, credentials.admin_email) else None


async def _create(database: Database, base_url: str) -> Credentials:
    password = new_password()
    admin = await find_user(database, _ADMIN_EMAIL)
    async with database.write() as session:
        users = user_service(session, PasswordHasher(1))
        if admin is None:
            admin = await users.create(UserDraft(_ADMIN_EMAIL, password, "Admin", (Role.ADMIN,)))
        else:
            await users.edit(admin.id, UserEdit(password=password, is_active=True))
            await users.set_roles(admin.id, {*admin.roles, Role.ADMIN})
        keys = ApiKeyService(session)
        for key, owner in await keys.list_all():
            if key.name == _KEY_NAME and owner == admin.email and key.revoked_at is None:
                await keys.revoke(key.uid, utc_now())
        _, api_key = await keys.create(KeyDraft(admin.id, _KEY_NAME, sorted(key_scopes()), plan=_KEY_PLAN))
    return Credentials(admin.email, password, api_key, base_url)
