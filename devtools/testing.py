"""``make test``: the add-ons' own tests and the top-level ones, in pytest."""

import contextlib
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import (
    database,
    environment,
    machine,
    project,
    scratch,
    stripe_world,
    template,
    venv,
)
from .steps import say

#: About half of the time runs beside all the rest: two cores, two lanes.
SECOND_LANE = (
    "invoice_autopay/tests",
    "invoice_autopay_stripe/tests",
    "tests/stripe",
    "tests/concurrency",
    "tests/browser",
)


def _is_path(word: str) -> bool:
    return not word.startswith("-") and (project.REPO / word.split("::")[0]).exists()


def _lanes(arguments: list[str]) -> list[list[str]]:
    """Return what each process tests: the paths given, else everything in two lanes."""
    if any(_is_path(word) for word in arguments):
        return [arguments]
    folders = [project.REPO / name / "tests" for name in project.addons()]
    folders += sorted((project.REPO / "tests").iterdir())
    names = [
        str(path.relative_to(project.REPO))
        for path in folders
        if path.name.startswith("test_") or any(path.glob("test_*.py"))
    ]
    first = [name for name in names if name not in SECOND_LANE]
    if arguments or os.environ.get("LANES") == "1":
        return [[*names, *arguments]]
    return [first, list(SECOND_LANE)]


def screenshots_folder() -> Path:
    """Return where browser tests put their pictures, created when missing."""
    given = os.environ.get("SCREENSHOTS")
    folder = Path(given or project.cache_dir() / "screenshots").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def prepared() -> Iterator[tuple[environment.Environment, scratch.Run]]:
    """Give an environment with the add-ons installed in two databases.

    ``<run>_main`` is for tests that roll back; nobody ever connects to
    ``<run>_base``, so that tests which commit can clone it at any time. The
    Stripe stand-in runs meanwhile, and all processes of the run know where.
    """
    venv.ensure(venv.DEVELOPMENT)
    with contextlib.ExitStack() as stack:
        ready, run = stack.enter_context(scratch.environment(tests=True))
        stripe = stack.enter_context(stripe_world.variables(run.folder))
        chromium = machine.ensure_chromium()
        names = run.database("main"), run.database("base")
        template.clone_installed(ready, *names, assets=True)
        ready.variables.update(
            stripe,
            CHROMIUM=chromium,
            DEVTOOLS_RUN=run.name,
            DEVTOOLS_BASE=names[1],
            DEVTOOLS_FOLDER=str(run.folder),
            SCREENSHOTS=str(screenshots_folder()),
        )
        yield ready, run


def test(arguments: list[str]) -> int:
    """Run pytest; the last lines printed are its summary.

    All tests run in two processes side by side, each with its own database and port;
    `LANES=1` runs them one after the other.
    """
    with prepared() as (ready, run), contextlib.ExitStack() as stack:
        lanes = _lanes(arguments)
        say(f"running pytest{' in two lanes' if len(lanes) > 1 else ''}")
        started = [
            stack.enter_context(_lane(ready, run, number, words))
            for number, words in enumerate(lanes)
        ]
        results = [process.wait() for process in started]
        for number in range(1, len(lanes)):
            say(_log(run, number).read_text(errors="replace"))
        return next((result for result in results if result), 0)


def _log(run: scratch.Run, number: int) -> Path:
    return run.folder / f"lane-{number}.log"


@contextlib.contextmanager
def _lane(
    ready: environment.Environment, run: scratch.Run, number: int, words: list[str]
) -> Iterator[subprocess.Popen]:
    """Give a running pytest; the first one prints, others write to their logs."""
    with contextlib.ExitStack() as stack:
        conf, db, output = ready.conf, run.database("main"), None
        if number:
            conf, db = run.folder / f"lane-{number}.conf", run.database(f"lane{number}")
            port = stack.enter_context(scratch.port())
            text = ready.conf.read_text()
            conf.write_text(
                re.sub(r"(?m)^http_port = .*$", f"http_port = {port}", text)
            )
            template.clone_installed(ready, db, assets=True)
            output = stack.enter_context(open(_log(run, number), "w"))
        command = [
            *(str(venv.python()), "-m", "pytest", "-p", "devtools.pytest_plugin"),
            *("--odoo-http", "--odoo-log-level=error"),
            *(f"--odoo-config={conf}", f"--odoo-database={db}"),
            *("-o", f"cache_dir={project.cache_dir() / f'pytest-{number}'}"),
            f"--basetemp={run.folder / f'tmp-{number}'}",
            *words,
        ]
        variables = {**ready.variables, "ODOO_RC": str(conf)}
        process = subprocess.Popen(
            command,
            env=variables,
            cwd=project.REPO,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
        )
        yield stack.enter_context(environment.stopping(process))


def screenshots() -> int:
    """Take the guide's pictures: run the browser stories into docs/images."""
    os.environ.setdefault("SCREENSHOTS", str(project.REPO / "docs" / "images"))
    return test(["tests/browser", "tests/stripe/test_plan_browser.py"])


def bench(names: list[str]) -> int:
    """Run benchmarks, each in its own database with the add-ons installed.

    A benchmark is a Python file in ``benchmarks/`` that finds ``env``, as in
    Odoo's shell; it may commit. ``BENCH_ARGS`` reaches it as ``sys.argv``.
    """
    folder = project.REPO / "benchmarks"
    available = sorted(p.stem for p in folder.glob("*.py") if p.stem[0] != "_")
    result = 0
    with scratch.environment() as (ready, run):
        for name in names or available:
            if name not in available:
                say(f"no benchmark {name}; there are: {', '.join(available)}")
                return 2
            db = run.database(name)
            template.clone_installed(ready, db)
            say(f"benchmark {name}")
            result |= _bench_one(ready, db, folder / f"{name}.py")
            database.drop(db)
    return result


def _bench_one(ready: environment.Environment, db: str, script: Path) -> int:
    words = [script.name, *shlex.split(os.environ.get("BENCH_ARGS", ""))]
    code = (
        f"import runpy, sys; sys.argv = {words!r}; sys.path.insert(0, "
        f"{str(script.parent)!r}); runpy.run_path({str(script)!r}, "
        "init_globals={'env': env}, run_name='__main__')"
    )
    command = ready.command("shell", "-d", db, "--no-http", "--log-level=error")
    return subprocess.run(
        command, env=ready.variables, input=code, text=True, check=False
    ).returncode
