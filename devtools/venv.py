"""The private virtual environment with Odoo's and our Python dependencies."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import project
from .steps import Problem, lock, run, step

SUPPORTED = ((3, 10), (3, 13))
#: What a command may need: to run Odoo, to test and check, to run PostgreSQL
#: where the machine has no server programs.
RUNTIME, DEVELOPMENT, POSTGRES = "", "-dev", "-postgres"
#: Installed with RUNTIME; a file of its own, as core's database is built without.
ADDONS = "-addons"
GROUPS = (RUNTIME, ADDONS, DEVELOPMENT, POSTGRES)


def _file(group: str) -> Path:
    return Path(__file__).parent / f"requirements{group}.txt"


def pins(groups: tuple[str, ...] = GROUPS) -> str:
    """Return the text of the requirement files of these groups."""
    return "\n".join(_file(group).read_text() for group in groups)


def _interpreter() -> tuple[str, str]:
    """Return a supported Python and its version, this one if possible."""
    low, high = SUPPORTED
    if low <= sys.version_info[:2] <= high:
        return sys.executable, "{}.{}".format(*sys.version_info)
    for minor in range(high[1], low[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found, f"3.{minor}"
    raise Problem("Odoo 19 needs Python 3.10 to 3.13; install one, e.g. python3.12.")


def folder() -> Path:
    """Return where the environment for these pins and this Python belongs."""
    _python, version = _interpreter()
    key = hashlib.sha256(f"{version}\n{pins()}".encode()).hexdigest()[:12]
    return project.cache_dir() / f"venv-{version}-{key}"


def python() -> Path:
    """Return the interpreter of the environment (which may not exist yet)."""
    return folder() / "bin" / "python"


def _create(target: Path) -> None:
    interpreter, _version = _interpreter()
    shutil.rmtree(target, ignore_errors=True)
    try:
        run([interpreter, "-m", "venv", target])
    except Problem as error:
        raise Problem(
            f"{error}\nPython's venv module is missing; on Debian and Ubuntu install "
            "the package python3-venv."
        ) from error


def ensure(group: str = RUNTIME) -> Path:
    """Install a group of packages on first use; return the interpreter."""
    target = folder()
    complete = target / f"complete{group}"
    if complete.exists():
        return python()
    with lock("venv"):
        if not (target / f"complete{RUNTIME}").exists():
            _create(target)
        if not complete.exists():
            pip = [target / "bin" / "python", "-m", "pip", "install", "--quiet"]
            options = ["--disable-pip-version-check", "--prefer-binary", "--no-compile"]
            files = [_file(group)] + ([_file(ADDONS)] if group == RUNTIME else [])
            with step(f"Installing Python packages ({_file(group).name})"):
                run([*pip, *options, *(word for f in files for word in ("-r", f))])
            complete.touch()
    return python()


def inside() -> bool:
    """Tell whether this process runs in the environment."""
    return Path(sys.prefix) == folder()


def restart_inside(arguments: list[str]) -> None:
    """Replace this process by the same command inside the environment."""
    environment = {**os.environ, "PYTHONPATH": str(project.REPO)}
    command = [str(python()), "-m", "devtools", *arguments]
    if not hasattr(os, "execve"):
        sys.exit(subprocess.call(command, env=environment))
    os.execve(command[0], command, environment)
