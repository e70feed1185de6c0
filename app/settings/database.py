"""Settings of the database."""

import re

from pydantic import Field, SecretStr, field_validator

from app.settings.group import Group, Seconds


class DatabaseSettings(Group, name="database"):
    """PostgreSQL 15 or newer. Without a URL, the embedded server under ``STRATA_HOME`` is used."""

    url: SecretStr | None = Field(None, description="postgresql://user:password@host:port/name")
    owner_url: SecretStr | None = Field(
        None,
        description="the same database for the role that owns the tables; only `strata migrate` and `strata up` use it",
    )
    read_pool_size: int = Field(8, ge=1, description="connections of one process that serve reads")
    write_pool_size: int = Field(6, ge=1, description="connections of one process that serve writes")
    export_pool_size: int = Field(2, ge=1, description="connections of one process that serve exports, one for each")
    max_waiting_exports: int = Field(
        8, ge=0, description="exports of one process that wait for a connection; further ones are rejected with 503"
    )
    export_wait: Seconds = Field(
        3.0, description="seconds that an export waits for a connection; shorter than http.request_timeout"
    )
    export_timeout: Seconds = Field(
        900.0, description="seconds after which an export is cut, since its snapshot delays vacuum"
    )
    connect_timeout: Seconds = Field(5.0, description="seconds to wait for a connection")
    statement_timeout: Seconds = Field(
        7.0, description="seconds after which PostgreSQL cancels a statement; shorter than http.request_timeout"
    )
    lock_timeout: Seconds = Field(5.0, description="seconds a statement may wait for a lock")
    idle_transaction_timeout: Seconds = Field(
        15.0, description="seconds between two statements of a transaction after which PostgreSQL ends the session"
    )

    @field_validator("url", "owner_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not re.match(r"postgres(ql)?://", url.get_secret_value()):
            raise ValueError("must be a PostgreSQL URL: postgresql://user:password@host:port/name")
        return url
