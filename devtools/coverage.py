"""``make coverage``: which test shows which feature and case of prepaid billing."""

import ast
import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from . import project
from .steps import say

NUMBERS = project.REPO / "tests" / "cases.csv"
PAGE = project.REPO / "docs" / "coverage.md"
#: The add-ons whose tests may carry these numbers, and the tests across add-ons.
FOLDERS = (
    "prepaid_billing",
    "prepaid_billing_dashboard",
    "invoice_autopay",
    "invoice_autopay_stripe",
    "tests",
)
NUMBER = re.compile(r"(?:^|_)(bf?)0*(\d+)(?=_|$)")
HEADINGS = {"BF": "Features", "B": "Cases"}


def numbers_in(name: str) -> list[str]:
    """Return the numbers that the name of a test carries: `test_b01_bf3_x`."""
    return [
        f"BF{int(number)}" if kind == "bf" else f"B{int(number):02}"
        for kind, number in NUMBER.findall(name)
    ]


def tests_in(path: Path) -> Iterator[str]:
    """Yield the names of the tests of a file, with their classes."""
    for node in ast.parse(path.read_text()).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for item in inner:
            if isinstance(item, ast.FunctionDef) and item.name.startswith("test_"):
                yield f"{node.name}.{item.name}" if item is not node else item.name


def find_tests() -> dict[str, list[tuple[Path, str]]]:
    """Return the tests of each number."""
    found = defaultdict(list)
    for folder in FOLDERS:
        for path in sorted((project.REPO / folder).rglob("test_*.py")):
            for name in tests_in(path):
                for number in numbers_in(name.rsplit(".")[-1]):
                    found[number].append((path, name))
    return found


def _row(number: str, title: str, tests: list[tuple[Path, str]]) -> str:
    links = "<br>".join(
        f"[{name}](../{path.relative_to(project.REPO).as_posix()})"
        for path, name in tests
    )
    return f"| {number} | {title} | {links or '**no test yet**'} |"


def write() -> int:
    """Write ``docs/coverage.md``; 1 when a number has no test."""
    with NUMBERS.open(newline="") as file:
        titles = {row["number"]: row["title"] for row in csv.DictReader(file)}
    found = find_tests()
    text = [
        "# What is shown by which test",
        "",
        "Written by `make coverage` from the names of the tests.",
    ]
    for prefix, heading in HEADINGS.items():
        text += ["", f"## {heading}", "", "| | What | Tests |", "|---|---|---|"]
        text += [
            _row(number, title, found.get(number, []))
            for number, title in titles.items()
            if number.rstrip("0123456789") == prefix
        ]
    PAGE.write_text("\n".join(text) + "\n")
    missing = [number for number in titles if number not in found]
    say(f"wrote {PAGE.relative_to(project.REPO)}: {len(titles)} numbers")
    if missing:
        say(f"{len(missing)} without a test: {', '.join(missing)}")
    return int(bool(missing))
