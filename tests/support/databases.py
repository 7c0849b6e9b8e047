"""Databases of a test's own, where it may commit."""

import contextlib
import itertools
import os
from collections.abc import Iterator

import psycopg2

from devtools import database

_numbers = itertools.count(1)

ZONES = """
    UPDATE res_partner SET tz = 'UTC'
     WHERE id IN (SELECT partner_id FROM res_company UNION
                  SELECT partner_id FROM res_users)
"""


@contextlib.contextmanager
def new_database() -> Iterator[str]:
    """Give a database with the add-ons installed; drop it at the end.

    Its company is where the server is, so that both have one day at any hour.
    """
    name = f"{os.environ['DEVTOOLS_RUN']}_s{os.getpid()}_{next(_numbers)}"
    database.clone(os.environ["DEVTOOLS_BASE"], name)
    try:
        sql(name, ZONES)
        yield name
    finally:
        database.drop(name)


def sql(db: str, query: str, parameters: object = None) -> list[tuple]:
    """Run one statement in a transaction of its own; return the rows, if any."""
    with (
        contextlib.closing(psycopg2.connect(dbname=db)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []
