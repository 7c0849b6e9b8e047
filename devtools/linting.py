"""``make lint``: pre-commit's local hooks, and the log of an installation."""

import os
import shutil
import subprocess
from pathlib import Path

from . import environment, project, template, venv
from .steps import Problem, say, step


def _hooks() -> int:
    """Run all hooks on all tracked files."""
    if not shutil.which("npm"):
        raise Problem("npm is missing (prettier needs it): install the package npm.")
    variables = {**os.environ, "PRE_COMMIT_HOME": str(project.cache_dir() / "hooks")}
    # Each hook has an environment of its own.
    variables.pop("PYTHONPATH", None)
    variables["PATH"] = f"{venv.python().parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(venv.python()), "-m", "pre_commit", "run", "--all-files"]
    command += ["--show-diff-on-failure", "--color=never"]
    say("running the hooks (the first time installs their tools)")
    return subprocess.call(command, cwd=project.REPO, env=variables)


def install_log() -> Path:
    """Return the log of installing the add-ons as they are now."""
    with environment.ready() as ready:
        log = template.log_file(template.installed_name(ready))
        if not log.exists():
            template.clone_installed(ready, rebuild=True)
        return log


def _log() -> int:
    """Look for warnings in the installation's log; core's own are configured away."""
    if not project.addons():
        return 0
    log = install_log()
    with step("Checking the installation's log"):
        checker = str(venv.python().parent / "checklog-odoo")
        return subprocess.call([checker, str(log)], cwd=project.REPO)


def lint() -> int:
    """Run all checks, even when one fails."""
    venv.ensure(venv.DEVELOPMENT)
    results = [_hooks(), _log()]
    say("lint: " + ("failed" if any(results) else "all checks passed"))
    return int(any(results))
