"""Entry point: ``python3 -m devtools <command>``."""

import argparse
import concurrent.futures
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from . import odoo_source, postgres, steps, venv


def _bootstrap(arguments: list[str]) -> None:
    """Fetch Odoo and the Python packages side by side, then restart inside."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        jobs = [pool.submit(odoo_source.locate), pool.submit(venv.ensure)]
        for job in jobs:
            job.result()
    venv.restart_inside(arguments)


@contextlib.contextmanager
def ready(addons_root=None) -> Iterator["object"]:
    """Give the environment with a running server."""
    from . import environment, project

    with postgres.server() as variables:
        os.environ.update(variables)
        yield environment.prepare(
            odoo_source.locate(), addons_root or project.REPO
        )


def setup(_options, _rest) -> int:
    """Prepare everything and keep the private PostgreSQL running."""
    from . import template

    postgres.keep_marker().touch()
    with ready() as environment:
        steps.say(f"template database: {template.ensure(environment)}")
    return 0


def execute(options, rest) -> int:
    """Run any command in the environment."""
    with ready() as environment:
        return subprocess.call(rest, env=environment.variables)


def odoo(options, rest) -> int:
    """Run Odoo with the given arguments."""
    with ready() as environment:
        return subprocess.call(environment.command(*rest), env=environment.variables)


def db(options, rest) -> int:
    """Create (from the template), drop or list databases."""
    from . import database, template

    with ready() as environment:
        if rest[0] == "create":
            database.clone(template.ensure(environment), rest[1])
        elif rest[0] == "clone":
            database.clone(rest[1], rest[2])
        elif rest[0] == "drop":
            database.drop(rest[1])
        else:
            sys.stdout.write("\n".join(database.names()) + "\n")
    return 0


COMMANDS = {"setup": setup, "exec": execute, "odoo": odoo, "db": db}


def main(arguments: list[str]) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python3 -m devtools", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    options, rest = parser.parse_known_args(arguments)
    if rest[:1] == ["--"]:
        rest = rest[1:]
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(143))
    try:
        if not venv.inside():
            _bootstrap(arguments)
        return COMMANDS[options.command](options, rest)
    except steps.Problem as error:
        steps.say(f"stopped: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
