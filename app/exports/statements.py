"""The statements of exports: PostgreSQL writes each value as the API does, so that no row passes through Python.

A TypeID takes PostgreSQL 0.6 microseconds with two letters at a time from a table, and 3 with one at a time.
"""

from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Select,
    String,
    Text,
    bindparam,
    case,
    cast,
    func,
    join,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.expression import ColumnElement

from app.exports.bodies import SEPARATOR
from app.exports.commands import Column, Columns, ExportFormat
from app.kit.db.statements import Read
from app.models import File, Post, PostAttachment, User
from app.posts.policy import Viewer
from app.posts.views import PostStatus

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = "".join(first + second for first in _ALPHABET for second in _ALPHABET).encode().hex()
_LETTERS: Final = select(literal_column(f"'\\x{_PAIRS}'::bytea").label("pairs")).subquery("letters")
"""PostgreSQL puts the constant in the place of each reference, so that the statement has it once."""
_NUMBER_OF_PAIRS: Final = 13
_BITS: Final = 10
_PADDING: Final = 2
"""26 letters hold 130 bits, and a UUID has 128."""
_FORMULA: Final = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
"""The beginning of a cell that a spreadsheet may calculate (OWASP, "CSV Injection"), also in full width."""
_TIME: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_PUBLISHED: Final[ColumnElement[str]] = literal_column(f"'{PostStatus.PUBLISHED.value}'")
_OF_POST: Final[dict[str, ColumnElement[Any]]] = {
    "author_uid": User.uid.expression,
    "is_published": Post.status == _PUBLISHED,
}


@lru_cache(maxsize=64)
def posts(columns: Columns, form: ExportFormat, viewer: Viewer) -> Read:
    """The posts that a viewer may see, in the order of their ids."""
    source = join(Post, User, User.id == Post.author_id).join(_LETTERS, true())
    written = [
        _attachments(column, form) if column.members else _written(_of_post(column.field), column, form)
        for column in columns
    ]
    selected = select(*written).select_from(source).order_by(Post.id)
    if viewer == "anyone":
        selected = selected.where(Post.status == _PUBLISHED)
    elif viewer == "author":
        own = Post.author_id == bindparam("viewer_id", type_=BigInteger)
        selected = selected.where(or_(Post.status == _PUBLISHED, own))
    return _rows(selected, form)


@lru_cache(maxsize=64)
def users(columns: Columns, form: ExportFormat) -> Read:
    """All users, in the order of their ids."""
    written = [_written(getattr(User, column.field).expression, column, form) for column in columns]
    return _rows(select(*written).select_from(join(User, _LETTERS, true())).order_by(User.id), form)


def _attachments(column: Column, form: ExportFormat) -> ColumnElement[Any]:
    """The files of a post. They are looked up for posts only that have some."""
    csv = form is ExportFormat.CSV
    values = [_as_text(getattr(File, member.field).expression, member, csv=False) for member in column.members]
    if csv:
        written = func.string_agg(values[0], aggregate_order_by(_literal(" "), PostAttachment.position), type_=Text)
    else:
        pairs = zip((_literal(member.name) for member in column.members), values, strict=True)
        document = func.json_build_object(*chain.from_iterable(pairs))
        written = func.json_agg(aggregate_order_by(document, PostAttachment.position), type_=JSON)
    source = join(PostAttachment, File, File.id == PostAttachment.file_id)
    found = select(written).select_from(source).where(PostAttachment.post_id == Post.id).correlate(Post)
    nothing: ColumnElement[Any] = literal_column("''" if csv else "'[]'::json")
    return case((Post.attachments.is_(None), nothing), else_=found.scalar_subquery()).label(column.name)


def _of_post(field: str) -> ColumnElement[Any]:
    return _OF_POST[field] if field in _OF_POST else getattr(Post, field).expression


def _rows(selected: Select[Any], form: ExportFormat) -> Read:
    if form is ExportFormat.CSV:
        return Read(selected)
    rows, row = selected.subquery("r"), func.row_to_json(literal_column("r"))
    if form is ExportFormat.JSON:
        row = func.concat(_literal(SEPARATOR), row)
    return Read(select(row).select_from(rows))


def _written(value: ColumnElement[Any], column: Column, form: ExportFormat) -> ColumnElement[Any]:
    return _as_text(value, column, csv=form is ExportFormat.CSV).label(column.name)


def _as_text(value: ColumnElement[Any], column: Column, *, csv: bool) -> ColumnElement[Any]:
    if column.prefix is not None:
        return _typeid(column.prefix, str(value))
    if isinstance(value.type, DateTime):
        # The API omits microseconds that are zero.
        return func.replace(func.to_char(value, _literal(_TIME)), _literal(".000000Z"), _literal("Z"))
    if csv and isinstance(value.type, String):
        return case((value.op("~")(_literal(_FORMULA)), func.concat(_literal("'"), value)), else_=value)
    if csv and isinstance(value.type, Boolean):
        return cast(value, Text)
    return func.array_to_string(value, _literal(" ")) if csv and isinstance(value.type, ARRAY) else value


def _typeid(prefix: str, uid: str) -> ColumnElement[str]:
    """As ``versions.kit.typeid.encode``. ``uid`` is the name of a column."""
    pairs = (f"substr(letters.pairs, {_pair(uid, number)} * 2 + 1, 2)" for number in range(_NUMBER_OF_PAIRS))
    return literal_column(f"'{prefix}_' || convert_from({' || '.join(pairs)}, 'UTF8')", String)


def _pair(uid: str, number: int) -> str:
    """Ten bits of the uid as a number."""
    first = number * _BITS - _PADDING
    if first < 0:
        return f"get_byte(uuid_send({uid}), 0)"
    byte, offset = divmod(first, 8)
    both = f"get_byte(uuid_send({uid}), {byte}) << 8 | get_byte(uuid_send({uid}), {byte + 1})"
    return f"((({both}) >> {16 - offset - _BITS}) & 1023)"


def _literal(text: str) -> ColumnElement[str]:
    return literal_column("E'" + text.replace("\\", "\\\\").replace("'", "''") + "'", String)
