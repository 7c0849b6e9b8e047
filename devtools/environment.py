"""The environment in which Odoo runs: variables, configuration, processes."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import database, odoo_source, postgres, project, venv
from .odoo_source import OdooSource
from .steps import Problem, say

CONF = """\
[options]
addons_path = {addons_path}
data_dir = {data_dir}
http_interface = 127.0.0.1
http_port = {port}
limit_memory_hard = 0
limit_memory_soft = 0
limit_time_cpu = 0
limit_time_real = 0
list_db = False
"""
SHIM = """\
#!/bin/sh
PYTHONPATH= exec "{python}" "{script}" "$@"
"""
LOADING = re.compile(r"Loading module (\S+) \((\d+)/(\d+)\)")
HEARTBEAT = 15
DEFAULT_PORT = 8069


@dataclass(frozen=True)
class Environment:
    """All that a command needs to run Odoo with the add-ons of a folder."""

    source: OdooSource
    addons_root: Path
    variables: dict[str, str]
    conf: Path
    tests: bool = False

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs Odoo with ``arguments``."""
        return [str(venv.python()), "-m", "odoo", *arguments]

    def follow(self, log: Path, *arguments: str) -> None:
        """Run Odoo with its log in a file, telling now and then how far it is.

        :raise Problem: when it fails, with the end of the log
        """
        log.parent.mkdir(exist_ok=True)
        with open(log, "w") as output:
            process = subprocess.Popen(
                self.command(*arguments),
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        with stopping(process):
            told = time.monotonic()
            while process.poll() is None:
                time.sleep(0.1)
                if time.monotonic() - told > HEARTBEAT:
                    told = time.monotonic()
                    found = LOADING.findall(log.read_text(errors="replace"))
                    if found:
                        say("  module {1} of {2}: {0}".format(*found[-1]))
        if process.returncode:
            raise Problem(f"Odoo stopped ({process.returncode}):\n{tail(log)}")

    def snippet(self, db: str, code: str) -> str:
        """Run Python code in Odoo's shell and return what it printed.

        :raise Problem: when the code fails
        """
        process = subprocess.run(
            self.command("shell", "-d", db, "--no-http", "--log-level=error"),
            env=self.variables,
            input=code,
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            raise Problem(f"Odoo's shell failed:\n{process.stderr[-3000:]}")
        return process.stdout


def tail(log: Path, lines: int = 30) -> str:
    """Return the end of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextlib.contextmanager
def stopping(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """Stop a child process at the end of the block, whatever happens."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file in one step, so that a second run never sees half of it."""
    building = path.with_name(f"{path.name}.{os.getpid()}")
    building.write_text(text)
    building.chmod(mode)
    building.rename(path)


def prepare(
    source: OdooSource,
    addons_root: Path = project.REPO,
    port: int = DEFAULT_PORT,
    folder: Path | None = None,
    tests: bool = False,
) -> Environment:
    """Return the environment; the server's variables are already in os.environ.

    :param folder: where to put the configuration; by default in the cache
    :param tests: whether Odoo finds the add-ons that only tests use
    """
    paths = [*source.addons_paths]
    roots = [addons_root, project.TEST_ADDONS] if tests else [addons_root]
    paths += [root for root in roots if project.addons(root)]
    text = CONF.format(
        addons_path=",".join(str(path) for path in paths or [source.core_addons]),
        data_dir=database.data_dir(),
        port=port,
    )
    if not folder:
        folder = project.cache_dir() / "conf" / project.key(text, project.REPO)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    conf = folder / "odoo.conf"
    _write(conf, text)
    script = Path(__file__).with_name("wkhtmltopdf.py")
    shim = SHIM.format(python=venv.python(), script=script)
    _write(folder / "bin" / "wkhtmltopdf", shim, mode=0o755)
    binaries = [str(venv.python().parent), os.environ.get("PATH", os.defpath)]
    variables = {
        **os.environ,
        "PATH": os.pathsep.join([str(folder / "bin"), *binaries]),
        "PYTHONPATH": os.pathsep.join([str(source.python_path), str(project.REPO)]),
        "PYTHONUNBUFFERED": "1",
        "ODOO_RC": str(conf),
        "PGDATABASE": database.MAINTENANCE,
    }
    return Environment(source, addons_root, variables, conf, tests)


@contextlib.contextmanager
def ready() -> Iterator[Environment]:
    """Give the environment, with a running PostgreSQL server."""
    with postgres.server() as variables:
        os.environ.update(variables)
        yield prepare(odoo_source.locate())
