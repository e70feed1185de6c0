"""Finds a user by e-mail address."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from app.models import User

_Statement = TypeVar("_Statement", bound=Select[*tuple[Any, ...]])


def with_address(statement: _Statement, email: ColumnElement[str], canonical: ColumnElement[str]) -> _Statement:
    """The one user that this address identifies.

    That is the user with its canonical form. A user without a canonical form, see ``User``, is found by the exact
    spelling only, which then precedes the canonical form.
    """
    exact = User.email == email
    return (
        statement.where(or_(User.email_canonical == canonical, and_(User.email_canonical.is_(None), exact)))
        .order_by(exact.desc(), User.email_canonical.is_(None), User.id)
        .limit(1)
    )
