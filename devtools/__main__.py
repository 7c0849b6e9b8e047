"""Entry point: ``python3 -m devtools <command> [argument ...]``."""

import concurrent.futures
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from . import cleaning, odoo_source, postgres, steps, venv

Arguments = list[str]


def setup(_arguments: Arguments) -> int:
    """Prepare everything; PostgreSQL keeps running until ``stop``."""
    from . import environment, template

    postgres.keep_marker().touch()
    with environment.ready() as ready:
        template.clone_installed(ready)
    return 0


def stop(_arguments: Arguments) -> int:
    """Stop the private PostgreSQL server after ``setup``."""
    postgres.keep_marker().unlink(missing_ok=True)
    with steps.lock("postgres"):
        postgres.Cluster().stop()
    return 0


def run(_arguments: Arguments) -> int:
    """Start Odoo with the add-ons and demo data (FRESH=1, PORT=...)."""
    from . import serve

    return serve.serve()


def test(arguments: Arguments) -> int:
    """Run all tests; arguments go to pytest."""
    from . import testing

    return testing.test(arguments)


def screenshots(_arguments: Arguments) -> int:
    """Take the guide's pictures into docs/images."""
    from . import testing

    return testing.screenshots()


def bench(arguments: Arguments) -> int:
    """Run the named benchmarks, or all."""
    from . import testing

    return testing.bench(arguments)


def lint(_arguments: Arguments) -> int:
    """Check the style of all files, and the log of an installation."""
    from . import linting

    return linting.lint()


def core_tests(arguments: Arguments) -> int:
    """Run Odoo's own tests of some modules without and with our add-ons."""
    from . import core_suites

    return core_suites.compare(arguments)


def pot(_arguments: Arguments) -> int:
    """Write the translation templates of all add-ons."""
    from . import translations

    return translations.export()


def coverage(_arguments: Arguments) -> int:
    """Write which test shows what; fail where one is missing."""
    from . import coverage as table

    return table.write()


def odoo(arguments: Arguments) -> int:
    """Run Odoo itself with the given arguments."""
    from . import environment

    with environment.ready() as ready:
        return subprocess.call(ready.command(*arguments), env=ready.variables)


def shell(arguments: Arguments) -> int:
    """Open Odoo's Python shell on the named database."""
    return odoo(["shell", "--no-http", "-d", *arguments])


def execute(arguments: Arguments) -> int:
    """Run any command with the variables that Odoo needs."""
    from . import environment

    with environment.ready() as ready:
        return subprocess.call(arguments, env=ready.variables)


def db(arguments: Arguments) -> int:
    """Manage databases: list | create NAME | install NAME | clone A B | drop NAME."""
    from . import database, environment, template

    action, *names = arguments or ["list"]
    with environment.ready() as ready:
        if action == "create":
            template.clone_template(ready, *names)
        elif action == "install":
            template.clone_installed(ready, *names)
        elif action == "clone":
            database.clone(*names)
        elif action == "drop":
            database.drop(*names)
        else:
            sys.stdout.write("\n".join(database.names()) + "\n")
    return 0


COMMANDS: dict[str, Callable[[Arguments], int]] = {
    "setup": setup,
    "stop": stop,
    "run": run,
    "test": test,
    "screenshots": screenshots,
    "lint": lint,
    "bench": bench,
    "core-tests": core_tests,
    "pot": pot,
    "coverage": coverage,
    "odoo": odoo,
    "shell": shell,
    "exec": execute,
    "db": db,
}
#: Commands that need neither Odoo nor the virtual environment.
PLAIN = {"clean-cache": cleaning.clean_cache, "stop": stop}


def usage() -> str:
    """Return the list of commands."""
    rows = {**COMMANDS, **PLAIN}
    lines = [f"  {name:<12} {rows[name].__doc__.splitlines()[0]}" for name in rows]
    return "\n".join(["usage: python3 -m devtools <command>", *lines, ""])


def bootstrap(arguments: Arguments) -> None:
    """Fetch Odoo and the Python packages side by side, then restart inside."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        jobs = [pool.submit(odoo_source.locate), pool.submit(venv.ensure)]
        for job in jobs:
            job.result()
    venv.restart_inside(arguments)


def dispatch(arguments: Arguments) -> int:
    """Run one command, outside or inside the virtual environment."""
    name, *rest = arguments or ["help"]
    if rest[:1] == ["--"]:
        rest = rest[1:]
    if name in PLAIN and not rest:
        return PLAIN[name](rest)
    if name not in COMMANDS or name in PLAIN:
        sys.stderr.write(usage())
        return 0 if name in ("help", "-h", "--help") else 2
    if not venv.inside():
        bootstrap(arguments)
    return COMMANDS[name](rest)


def main(arguments: Arguments) -> int:
    """Run one command; say in plain words what went wrong."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    os.environ.pop("PYTHONHOME", None)
    try:
        return dispatch(arguments)
    except steps.Problem as error:
        steps.say(f"stopped: {error}")
        return 1
    except KeyboardInterrupt:
        steps.say("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
