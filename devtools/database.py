"""Databases with their file stores: create, clone, rename, drop."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2 import sql

from . import project
from .steps import Problem

MAINTENANCE = "postgres"


def data_dir() -> Path:
    """Return Odoo's data folder (sessions and file stores)."""
    path = project.cache_dir() / "data"
    (path / "filestore").mkdir(parents=True, exist_ok=True)
    return path


def filestore(name: str) -> Path:
    """Return the folder of a database's file store."""
    return data_dir() / "filestore" / name


@contextlib.contextmanager
def _cursor() -> Iterator["psycopg2.extensions.cursor"]:
    try:
        connection = psycopg2.connect(dbname=MAINTENANCE)
    except psycopg2.OperationalError as error:
        raise Problem(f"PostgreSQL does not answer: {error}") from error
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def names(prefix: str = "") -> list[str]:
    """Return the databases whose name starts with ``prefix``."""
    with _cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
            " AND NOT datistemplate ORDER BY 1",
            [prefix],
        )
        return [row[0] for row in cursor.fetchall()]


def exists(name: str) -> bool:
    """Tell whether the database and its file store are there."""
    return name in names(name) and filestore(name).is_dir()


def _copy_filestore(source: Path, target: Path) -> None:
    """Copy by hard links: Odoo never changes a stored file in place."""
    shutil.rmtree(target, ignore_errors=True)
    if not source.is_dir():
        target.mkdir()
        return
    try:
        shutil.copytree(source, target, copy_function=os.link)
    except (OSError, shutil.Error):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)


def clone(source: str, target: str) -> None:
    """Copy a database that nobody is connected to, with its file store."""
    drop(target)
    _copy_filestore(filestore(source), filestore(target))
    with _cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(target), sql.Identifier(source)
            )
        )


def create(name: str) -> None:
    """Create an empty database."""
    drop(name)
    filestore(name).mkdir()
    with _cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )


def rename(source: str, target: str) -> None:
    """Rename a database that nobody is connected to, with its file store."""
    drop(target)
    filestore(source).rename(filestore(target))
    with _cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(source), sql.Identifier(target)
            )
        )


def drop(name: str) -> None:
    """Drop a database with its file store, if it exists."""
    with _cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )
    shutil.rmtree(filestore(name), ignore_errors=True)
