"""The template database: core modules with demo data, built once per recipe."""

import hashlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

from . import database, project, venv
from .environment import Environment
from .steps import Problem, lock, say, step

PREFIX = "pbt_template_"
LOADING = re.compile(r"Loading module (\S+) \((\d+)/(\d+)\)")
HEARTBEAT = 15

FINISH = """
import json
for bundle, path in json.loads({assets!r}):
    env["ir.asset"].create({{
        "name": "Stripped from Debian's package", "bundle": bundle,
        "directive": "remove", "path": path, "sequence": 99,
    }})
for chart in ("generic_coa",):
    company = env.ref("base.main_company")
    if not company.chart_template:
        env["account.chart.template"].try_loading(chart, company=company)
env.cr.commit()
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
"""


def name(environment: Environment) -> str:
    """Return the name that the template of this recipe has."""
    parts = [
        environment.source.version,
        *project.TEMPLATE_MODULES,
        venv.pins(),
        str(project.TEMPLATE_RECIPE),
    ]
    return PREFIX + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def follow(command: list[str], variables: dict[str, str], log: Path) -> None:
    """Run Odoo with its log in a file, telling now and then how far it is.

    :raise Problem: when it fails, with the end of the log
    """
    with open(log, "w") as output:
        process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        told = time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - told > HEARTBEAT:
                told = time.monotonic()
                found = LOADING.findall(log.read_text(errors="replace"))
                if found:
                    say("  module {1} of {2}: {0}".format(*found[-1]))
    finally:
        process.terminate()
        process.wait()
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise Problem(f"Odoo stopped with code {process.returncode}:\n{tail}")


def run_snippet(environment: Environment, db: str, code: str) -> str:
    """Run Python code in Odoo's shell and return what it printed.

    :raise Problem: when the code fails
    """
    command = environment.command("shell", "-d", db, "--no-http", "--log-level=warn")
    process = subprocess.run(
        command,
        env=environment.variables,
        input=code,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if process.returncode or "Traceback (most recent call last)" in process.stdout:
        raise Problem(f"Odoo's shell failed:\n{process.stdout[-3000:]}")
    return process.stdout


def _build(environment: Environment, target: str) -> None:
    building = f"{target}_building_{os.getpid()}"
    log = project.cache_dir() / f"{target}.log"
    database.create(building)
    try:
        command = environment.command(
            *("-d", building, "-i", ",".join(project.TEMPLATE_MODULES)),
            *("--with-demo", "--stop-after-init", "--no-http"),
        )
        follow(command, environment.variables, log)
        assets = json.dumps(project.STRIPPED_ASSETS)
        run_snippet(environment, building, FINISH.format(assets=assets))
        database.rename(building, target)
    finally:
        database.drop(building)


def ensure(environment: Environment) -> str:
    """Build the template database on first use; return its name."""
    target = name(environment)
    with lock("template"):
        if not database.exists(target):
            with step("Building the template database (Odoo's modules, demo data)"):
                _build(environment, target)
    return target
