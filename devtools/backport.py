"""Rewrites Python 3.14 source so that Python 3.11 to 3.13 can read it.

Only spelling changes, never behaviour; the annotations concerned are for type
checkers alone. It knows what the pinned stand-in uses, no more:

- ``type X = Literal[...]`` (PEP 695), which is read at run time, becomes the
  same by ``typing_extensions``; any other alias becomes ``Any``;
- ``class A[T]:`` and ``def f[T](...)`` (PEP 695) lose their parameters;
- ``except A, B:`` (PEP 758) gets its brackets back;
- an f-string's expression over several lines (PEP 701) becomes one line;
- annotations are not evaluated (PEP 649), by the ``__future__`` import;
- ``os.process_cpu_count`` becomes ``os.cpu_count``.
"""

import ast
import re
from pathlib import Path

ALIAS = re.compile(r"^type (\w+)(?:\[[^\]]*\])? = ", re.MULTILINE)
GENERIC = re.compile(r"^([ \t]*)(class|def|async def) \w+(?=\[)", re.MULTILINE)
EXCEPT = re.compile(r"^(\s*except )(\w+(?:, \w+)+):", re.MULTILINE)
LONG_FIELD = re.compile(r'f"\{\n(.*?)\n\s*\}', re.DOTALL)
FUTURE = "from __future__ import annotations"
LITERAL = '{name} = __import__("typing_extensions").TypeAliasType("{name}", {value})'
SUBSCRIPT = "    __class_getitem__ = classmethod(lambda cls, _parameters: cls)\n"


def _after_bracket(text: str, start: int) -> int:
    """Return the place after the bracket that opens at ``start``."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if not depth:
            return place + 1
    raise ValueError("a bracket is never closed")


def _after_statement(text: str, start: int) -> int:
    """Return the end of the statement at ``start``, which may span lines."""
    place = start
    while place < len(text) and text[place] != "\n":
        place = _after_bracket(text, place) if text[place] in "([{" else place + 1
    return place


def _aliases(text: str) -> str:
    while match := ALIAS.search(text):
        end = _after_statement(text, match.end())
        value = text[match.end() : end]
        if value.startswith("Literal["):
            new = LITERAL.format(name=match[1], value=value)
        else:
            new = f'{match[1]} = __import__("typing").Any'
        text = text[: match.start()] + new + text[end:]
    return text


def _generics(text: str) -> str:
    place = 0
    while match := GENERIC.search(text, place):
        place = match.end()
        text = text[:place] + text[_after_bracket(text, place) :]
        if match[2] == "class":
            body = text.index(":\n", place) + 2
            text = text[:body] + match[1] + SUBSCRIPT + text[body:]
    return text


def _one_line(match: re.Match) -> str:
    return 'f"{' + " ".join(line.strip() for line in match[1].splitlines()) + "}"


def _future(text: str) -> str:
    """Put the import after the module's docstring."""
    body = ast.parse(text).body
    if not body or FUTURE in text:
        return text
    first = body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    lines = text.splitlines(keepends=True)
    lines.insert(first.end_lineno if is_docstring else 0, f"{FUTURE}\n")
    return "".join(lines)


def convert(text: str) -> str:
    """Return the source in older spelling.

    :raise SyntaxError: when something else in it is too new
    """
    text = text.replace("os.process_cpu_count()", "os.cpu_count()")
    text = EXCEPT.sub(r"\1(\2):", text)
    text = LONG_FIELD.sub(_one_line, text)
    return _future(_generics(_aliases(text)))


def convert_folder(folder: Path) -> None:
    """Convert all modules of a package where they are."""
    for path in folder.rglob("*.py"):
        path.write_text(convert(path.read_text("utf-8")), "utf-8")
