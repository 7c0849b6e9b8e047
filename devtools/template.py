"""Databases to clone: core modules with demo data; the same with our add-ons.

Both are built once per recipe: the first is keyed by Odoo, the module list and
the Python pins; the second also by the add-ons' content. One lock guards both,
since PostgreSQL clones only databases that nobody is connected to.
"""

import contextlib
import os
from pathlib import Path

import psycopg2

from . import database, postgres, project, venv
from .environment import Environment
from .steps import Problem, lock, say, step

#: How many states of the add-ons keep their installed database.
KEPT = 3

#: The parameter that names the database whose bundles were compiled.
MARK = "devtools.compiled_bundles"

ASSETS = """
for name in {bundles!r}:
    bundle = env["ir.qweb"]._get_asset_bundle(name)
    bundle.js()
    bundle.css()
env["ir.config_parameter"].set_param({mark!r}, {name!r})
env.cr.commit()
"""


def template_name(environment: Environment) -> str:
    """Return the name that the template of this recipe has."""
    recipe = project.key(
        environment.source.version,
        *project.TEMPLATE_MODULES,
        venv.pins((venv.RUNTIME,)),
        project.TEMPLATE_RECIPE,
    )
    return f"{postgres.database_prefix()}template_{recipe}"


def installed_name(environment: Environment) -> str:
    """Return the name of the database with the add-ons as they are now."""
    root = environment.addons_root
    state = [f"{name} {project.addon_key(name, root)}" for name in project.addons(root)]
    recipe = project.key(template_name(environment), *state)
    return f"{postgres.database_prefix()}installed_{recipe}"


def log_file(name: str) -> Path:
    """Return where the log of building a database is kept."""
    return project.cache_dir() / "logs" / f"{name}.log"


def _finish_template(name: str) -> None:
    """Mask the files that Debian strips; make sure of the chart of accounts."""
    with psycopg2.connect(dbname=name) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ir_asset (name, bundle, directive, path, sequence, active)"
            " VALUES ('Stripped by Debian', %s, 'remove', %s, 99, true)",
            project.STRIPPED_ASSETS,
        )
        cursor.execute("SELECT chart_template FROM res_company ORDER BY id LIMIT 1")
        chart = cursor.fetchone()[0]
    connection.close()
    if not chart:
        raise Problem("the main company has no chart of accounts")


def _build_template(environment: Environment, target: str) -> None:
    building = f"{target}_b{os.getpid()}"
    database.create(building)
    try:
        modules = ",".join(project.TEMPLATE_MODULES)
        options = ("--with-demo", "--stop-after-init", "--no-http")
        log = log_file(target)
        environment.follow(log, "-d", building, "-i", modules, *options)
        _finish_template(building)
        database.rename(building, target)
    finally:
        database.drop(building)


def _ensure_template(environment: Environment) -> str:
    target = template_name(environment)
    if not database.exists(target):
        with step("Building the template database (Odoo's modules, demo data)"):
            _build_template(environment, target)
    return target


def clone_template(environment: Environment, *targets: str) -> None:
    """Clone the template database, building it on first use."""
    with lock("databases"):
        source = _ensure_template(environment)
        for target in targets:
            database.clone(source, target)


def _install(
    environment: Environment, source: str, target: str, addons: list[str]
) -> None:
    building = f"{target}_b{os.getpid()}"
    database.clone(source, building)
    try:
        options = ("--with-demo", "--stop-after-init", "--no-http")
        if addons:
            log = log_file(target)
            environment.follow(log, "-d", building, "-i", ",".join(addons), *options)
            _check_installed(building, addons)
        database.rename(building, target)
    finally:
        database.drop(building)


def _modules(name: str) -> set[str]:
    """Return what is installed in a database."""
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT name FROM ir_module_module WHERE state = 'installed'")
        return {row[0] for row in cursor.fetchall()}


def _check_installed(name: str, addons: list[str]) -> None:
    """Odoo skips a module that it cannot install with a mere warning."""
    missing = sorted(set(addons) - _modules(name))
    if missing:
        raise Problem(f"not installed: {', '.join(missing)}; see the log")


def _compile(environment: Environment, name: str) -> None:
    """Compile the bundles of browser tests, unless that was done before.

    A clone inherits them; then only what an add-on changed is compiled again.
    """
    with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
        cursor = connection.cursor()
        query = "SELECT value FROM ir_config_parameter WHERE key = %s"
        cursor.execute(query, [MARK])
        if cursor.fetchone() == (name,):
            return
    with step("Compiling the browser bundles"):
        code = ASSETS.format(bundles=project.TEST_BUNDLES, mark=MARK, name=name)
        environment.snippet(name, code)


def _with_test_addons(environment: Environment, source: str) -> str:
    """Return the database that has the add-ons of the tests as well.

    One is installed where all that it depends on is there; it may depend on
    another one whose name comes before its own.
    """
    root, known, addons = project.TEST_ADDONS, _modules(source), []
    for name in project.addons(root):
        if project.depends(name, root) <= known.union(addons):
            addons.append(name)
    if not addons:
        return source
    state = [f"{name} {project.addon_key(name, root)}" for name in addons]
    target = f"{postgres.database_prefix()}tested_{project.key(source, *state)}"
    if not database.exists(target):
        with step("Installing the add-ons of the tests"):
            _install(environment, source, target, addons)
    return target


def _prune(target: str, kind: str) -> None:
    """Drop installed databases not used lately, and those of killed builds."""
    prefix = f"{postgres.database_prefix()}{kind}_"
    ages = []
    for name in database.names(prefix):
        store = database.filestore(name)
        if not store.exists() or "_" in name.removeprefix(prefix):
            database.drop(name)
        elif name != target:
            ages.append((store.stat().st_mtime, name))
    for _age, name in sorted(ages, reverse=True)[KEPT - 1 :]:
        database.drop(name)


def clone_installed(
    environment: Environment,
    *targets: str,
    assets: bool = False,
    rebuild: bool = False,
) -> str:
    """Clone the database with our add-ons, installing them on first use.

    An environment for tests has the add-ons of the tests, too.

    :param assets: also compile the bundles that browser tests load
    :param rebuild: install again, even when that was done before
    :return: the name of the database that was cloned
    """
    source = installed_name(environment)
    with lock("databases"):
        template = _ensure_template(environment)
        if assets:
            _compile(environment, template)
        if rebuild or not database.exists(source):
            with step("Installing the add-ons"):
                addons = project.addons(environment.addons_root)
                _install(environment, template, source, addons)
        os.utime(database.filestore(source))
        _prune(source, "installed")
        if environment.tests:
            source = _with_test_addons(environment, source)
            os.utime(database.filestore(source))
            _prune(source, "tested")
        if assets:
            _compile(environment, source)
        for target in targets:
            database.clone(source, target)
    if targets:
        say(f"database ready: {', '.join(targets)}")
    return source
