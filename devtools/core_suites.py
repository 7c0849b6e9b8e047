"""``make core-tests``: Odoo's own tests, without and with our add-ons."""

import re
import subprocess
from collections.abc import Callable

from . import database, environment, machine, project, scratch, template
from .environment import Environment
from .steps import Problem, say, step

DEFAULT_MODULES = ("sale_timesheet", "hr_timesheet")
FAILED = re.compile(r" (?:FAIL|ERROR): (setUpClass \([^)]*\)|\S+)")
SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


def _run(ready: Environment, db: str, modules: list[str], title: str) -> set[str]:
    """Run the suites on a database; return what failed."""
    log = project.cache_dir() / "logs" / f"core-tests-{title.split()[0]}.log"
    tags = ",".join(f"/{name}" for name in modules)
    command = ready.command("-d", db, "-u", ",".join(modules), "--stop-after-init")
    command += ["--test-tags", tags]
    with step(f"Core tests {title}"), open(log, "w") as output:
        process = subprocess.Popen(
            command,
            env=ready.variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with environment.stopping(process):
            process.wait()
    text = log.read_text(errors="replace")
    summary = SUMMARY.findall(text)
    if not summary or not int(summary[-1][2]):
        raise Problem(f"no tests ran; see {log}\n{environment.tail(log, 15)}")
    say("  {2} tests, {0} failed, {1} errors; log: {3}".format(*summary[-1], log))
    return set(FAILED.findall(text))


def compare(arguments: list[str]) -> int:
    """Tell what fails only with our add-ons; 1 when there is any."""
    modules = arguments or list(DEFAULT_MODULES)

    def without(ready: Environment, db: str) -> None:
        template.clone_template(ready, db)

    def with_ours(ready: Environment, db: str) -> None:
        template.clone_installed(ready, db, assets=True)

    variants: dict[str, Callable[[Environment, str], None]] = {
        "without our add-ons": without,
        "with-ours installed": with_ours,
    }
    failed = []
    with scratch.environment() as (ready, run):
        machine.ensure_chromium()
        for number, (title, make) in enumerate(variants.items()):
            db = run.database(str(number))
            make(ready, db)
            failed.append(_run(ready, db, modules, title))
            database.drop(db)
    core, ours = failed
    for name in sorted(ours & core):
        say(f"fails without our add-ons too: {name}")
    for name in sorted(ours - core):
        say(f"FAILS ONLY WITH OUR ADD-ONS: {name}")
    say(f"{len(ours - core)} failures come from our add-ons")
    return int(bool(ours - core))
