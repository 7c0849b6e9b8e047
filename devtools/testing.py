"""``make test``: the add-ons' own tests and the top-level ones, one pytest run."""

import contextlib
import os
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


def _paths(arguments: list[str]) -> list[str]:
    """Return what to test: the paths given, else everything there is."""
    for word in arguments:
        if not word.startswith("-") and (project.REPO / word.split("::")[0]).exists():
            return []
    folders = [project.REPO / name / "tests" for name in project.addons()]
    folders.append(project.REPO / "tests")
    return [str(path.relative_to(project.REPO)) for path in folders if path.is_dir()]


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
    """Run pytest; the last line printed is its summary."""
    with prepared() as (ready, run):
        command = [
            *(str(venv.python()), "-m", "pytest", "-p", "devtools.pytest_plugin"),
            *("--odoo-http", "--odoo-log-level=error"),
            *(f"--odoo-config={ready.conf}", f"--odoo-database={run.database('main')}"),
            *("-o", f"cache_dir={project.cache_dir() / 'pytest'}"),
            f"--basetemp={run.folder / 'tmp'}",
            *_paths(arguments),
            *arguments,
        ]
        say("running pytest")
        process = subprocess.Popen(command, env=ready.variables, cwd=project.REPO)
        with environment.stopping(process):
            return process.wait()


def screenshots() -> int:
    """Take the guide's pictures: run the browser stories into docs/images."""
    os.environ.setdefault("SCREENSHOTS", str(project.REPO / "docs" / "images"))
    return test(["tests/browser"])


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
