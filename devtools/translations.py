"""``make pot``: the translation templates of all add-ons."""

import re
import subprocess

from . import project, scratch, template
from .steps import say

#: Lines that change with every export.
DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date): .*\n', re.MULTILINE)

#: Where a term stands, one line of a block.
PLACE = re.compile(r"^#: (.*)$", re.MULTILINE)


def _without_tests(text: str) -> str:
    """Leave out what only tests say: nobody reads it in the product."""
    blocks = text.split("\n\n")
    return "\n\n".join(block for block in blocks if not _is_of_tests(block))


def _is_of_tests(block: str) -> bool:
    places = " ".join(PLACE.findall(block)).split()
    return bool(places) and all("/tests/" in place for place in places)


def export() -> int:
    """Write ``i18n/<add-on>.pot`` of each add-on; dates are left out."""
    with scratch.environment() as (ready, run):
        db = run.database("pot")
        template.clone_installed(ready, db)
        for name in project.addons():
            target = project.REPO / name / "i18n" / f"{name}.pot"
            target.parent.mkdir(exist_ok=True)
            command = ready.command("i18n", "export", "-d", db, "-o", target, name)
            result = subprocess.run(
                command,
                env=ready.variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
            if result.returncode or not target.exists():
                say(f"{name}: {result.stderr[-2000:]}")
                return 1
            target.write_text(_without_tests(DATES.sub("", target.read_text())))
            say(f"wrote {target.relative_to(project.REPO)}")
    return 0
