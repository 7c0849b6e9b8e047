"""Checks that no public linter has; see :data:`RULES` for the list.

Usage: ``python3 -m devtools.checks FILE ...``; prints one line per finding.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

METHOD_LINES = 40
FILE_LINES = 400
MONEY = re.compile(r"(^|_)(amount|price|balance)(_|$)")
RULES = {
    "long-method": f"a method of more than {METHOD_LINES} lines, docstring apart",
    "long-file": f"a file of more than {FILE_LINES} lines",
    "float-money": "a Float field for money; use Monetary",
    "many2one-ids": "a Many2one whose name ends with _ids",
    "bare-sudo": "a sudo() that neither a comment nor a name with _sudo explains",
    "no-company-rule": "a stored model with company_id, but no rule on its companies",
}

Finding = tuple[int, str]


def _calls(tree: ast.AST, owner: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Yield (target, attribute, call) of ``target = owner.attribute(...)``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        function, target = node.value.func, node.targets[0]
        if not isinstance(function, ast.Attribute) or not isinstance(target, ast.Name):
            continue
        if isinstance(function.value, ast.Name) and function.value.id == owner:
            yield target.id, function.attr, node.value


def long_methods(tree: ast.Module, lines: list[str]) -> Iterator[Finding]:
    """Find what is too long to be read at once."""
    if len(lines) > FILE_LINES:
        yield 1, "long-file"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and node.end_lineno - body[0].lineno >= METHOD_LINES:
                yield node.lineno, "long-method"


def fields(tree: ast.Module, _lines: list[str]) -> Iterator[Finding]:
    """Find fields of the wrong type for their name."""
    for name, kind, call in _calls(tree, "fields"):
        if kind == "Float" and MONEY.search(name):
            yield call.lineno, "float-money"
        if kind == "Many2one" and name.endswith("_ids"):
            yield call.lineno, "many2one-ids"


def bare_sudo(_tree: ast.Module, lines: list[str]) -> Iterator[Finding]:
    """Find rights that are set aside without a word."""
    for number, line in enumerate(lines, start=1):
        code, hash_sign, _comment = line.partition("#")
        if ".sudo()" not in code or hash_sign or "_sudo" in code:
            continue
        above = lines[number - 2].strip() if number > 1 else ""
        if not above.startswith("#"):
            yield number, "bare-sudo"


def _company_models(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of the stored models that belong to a company."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        names = [b.attr for b in node.bases if isinstance(b, ast.Attribute)]
        if "Model" not in names:
            continue
        if "company_id" not in {target for target, _kind, _c in _calls(node, "fields")}:
            continue
        texts = {
            item.targets[0].id: item.value.value
            for item in node.body
            if isinstance(item, ast.Assign)
            and isinstance(item.targets[0], ast.Name)
            and isinstance(item.value, ast.Constant)
        }
        if texts.get("_name") and texts.get("_auto", True):
            yield node.lineno, texts["_name"]


def company_rules(path: Path, tree: ast.Module) -> Iterator[Finding]:
    """Find models whose add-on has no record rule about their companies."""
    models = list(_company_models(tree))
    addon = next((p for p in path.parents if (p / "__manifest__.py").exists()), None)
    if not models or not addon:
        return
    files = [*addon.glob("security/*.xml")]
    rules = [
        block
        for file in files
        for block in re.findall(
            r'<record[^>]*model="ir\.rule".*?</record>', file.read_text(), re.DOTALL
        )
        if "company" in block
    ]
    for line, model in models:
        reference = f"model_{model.replace('.', '_')}"
        if not any(re.search(rf"\b{reference}\b", block) for block in rules):
            yield line, "no-company-rule"


def check(path: Path) -> list[Finding]:
    """Return the findings in a Python file, in order of their lines."""
    text = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    in_addon = any((parent / "__manifest__.py").exists() for parent in path.parents)
    findings = [] if "tests" in path.parts else [*long_methods(tree, lines)]
    if in_addon:
        findings += fields(tree, lines)
    if in_addon and "tests" not in path.parts:
        findings += [*bare_sudo(tree, lines), *company_rules(path, tree)]
    return sorted(findings)


def main(arguments: list[str]) -> int:
    """Check the files; 1 when anything was found."""
    found = False
    for name in arguments:
        for line, rule in check(Path(name).absolute()):
            found = True
            sys.stdout.write(f"{name}:{line}: [{rule}] {RULES[rule]}\n")
    return int(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
