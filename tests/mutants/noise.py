"""What is not mutated, because no test of behaviour can or should notice it. Each rule has its reason."""

import re
from typing import Final

import libcst as cst
import libcst.matchers as m

PROSE: Final = frozenset(
    {"description", "examples", "title", "json_schema_extra", "responses", "model", "summary", "help", "metavar"}
)
"""Arguments that affect only a document or a help page; the contract check compares the documents."""

_GUARDS: Final = frozenset({"strict", "encoding", "stacklevel", "maxsize", "thread_name_prefix"})
"""Arguments that guard against defects elsewhere, size a cache, or name a default of every supported platform."""

_LOGGERS: Final = frozenset({"log", "logger", "_log", "_logger", "debug_log", "_LOG", "LOG"})
"""Texts and fields of a log line are no contract; tests of logs assert those that operators search for."""

_NAMES: Final = frozenset({"__all__", "__slots__", "__test__", "_log", "log", "logger", "_logger", "_LOG"})
"""Assignments that have no effect on behaviour."""

_TYPES: Final = frozenset({"TypeVar", "ParamSpec", "NewType", "TypeAliasType", "cast", "getLogger", "get_logger"})
"""Calls for the type checker, and those that create a logger."""

_TEXTS: Final = frozenset({"message"})
"""Variables with the text of an exception, which is for people."""

_SENTENCE: Final = re.compile(r"[A-Z].* .*[.:]", re.DOTALL)
"""A sentence is for people: the help of a metric, the detail of an error. The laws assert those of a contract."""

_GENERICS: Final = frozenset({"dict", "list", "tuple", "set", "frozenset", "type"})
_ALIAS_NAME: Final = re.compile(r"_?[A-Z][A-Za-z]*[a-z]")


def _is_type(name: str) -> bool:
    return name in _GENERICS or (name != "Annotated" and _ALIAS_NAME.fullmatch(name) is not None)


_ALIAS: Final = m.Subscript(value=m.Name(m.MatchIfTrue(_is_type)))
"""``Pair = tuple[int, int]``: only annotations use the name. FastAPI and pydantic read ``Annotated``."""
_PROTOCOL: Final = m.Name("Protocol") | m.Subscript(value=m.Name("Protocol"))
IGNORED: Final = (
    m.Import()
    | m.ImportFrom()
    | m.Decorator()
    | m.Annotation()
    | m.Subscript(value=m.Name("Literal"))
    | m.Expr(value=m.SimpleString() | m.ConcatenatedString())
    | m.ClassDef(bases=[m.ZeroOrMore(), m.Arg(value=_PROTOCOL), m.ZeroOrMore()])
    | m.If(test=m.Name("TYPE_CHECKING"))
)
"""Docstrings, types, and code that only the type checker reads."""


def _is_prose(node: cst.CSTNode) -> bool:
    return (
        isinstance(node, (cst.FormattedString, cst.ConcatenatedString))
        or (isinstance(node, cst.SimpleString) and " " in node.value)
        or (isinstance(node, cst.Name) and node.value in _TEXTS)
    )


def is_noise(node: cst.CSTNode, raising: bool) -> bool:  # noqa: FBT001 - the visitor passes its state
    """Whether a node and all below it are left alone; ``raising``: it is part of a ``raise`` statement."""
    if isinstance(node, cst.SimpleString):
        return _SENTENCE.fullmatch(node.value[1:-1]) is not None
    if isinstance(node, cst.Arg):
        # The text of an exception is for people.
        named = node.keyword is not None and node.keyword.value in PROSE | _GUARDS
        return named or (raising and _is_prose(node.value))
    if isinstance(node, cst.Call):
        is_log = m.matches(
            node.func, m.Attribute(value=m.Name(m.MatchIfTrue(_LOGGERS.__contains__)), attr=m.DoNotCare())
        )
        return is_log or (isinstance(node.func, cst.Name) and node.func.value in _TYPES)
    if isinstance(node, (cst.Assign, cst.AnnAssign)):
        targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else [node.target]
        names = {target.value for target in targets if isinstance(target, cst.Name)}
        value = node.value or cst.Name("None")
        is_alias = bool(names) and all(map(_ALIAS_NAME.fullmatch, names)) and m.matches(value, _ALIAS)
        return (
            bool(names & (_NAMES | _TEXTS))
            or is_alias
            or m.matches(value, m.Call(func=m.Name(m.MatchIfTrue(_TYPES.__contains__))))
        )
    return m.matches(node, IGNORED)
