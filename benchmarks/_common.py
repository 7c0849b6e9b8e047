"""What the benchmarks share: worlds built in bulk, runs that leave nothing behind.

A benchmark compares variants of one job *in one run*: they are interleaved, each starts
from a cold cache of the ORM and is rolled back. Milliseconds depend on the machine and
on what else it does; ratios against the peer depend on that much less, ratios by CPU
time (of Python and of the database server) least, and the number of SQL statements not
at all.
"""

import contextlib
import gc
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.tools import SQL

CONTEXT = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
}


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# === MEASURING === #


@dataclass
class Lap:
    """The cost of a job up to one point."""

    seconds: float
    cpu: float
    statements: int


@dataclass
class Variant:
    """One way to do the job.

    :param str name: row of the table
    :param run: function of a :class:`Clock` that does the job; it may note laps, else
        its end is the only one; laps are written, not committed
    :param prepare: function that sets the scene inside the transaction, not measured
    """

    name: str
    run: Callable
    prepare: Callable = lambda: None
    laps: dict[str, list[Lap]] = field(default_factory=dict)


class Clock:
    """Counts time and SQL statements of one run, everything flushed."""

    def __init__(self, env, variant: Variant):
        self.env = env
        self.variant = variant
        self._statements = env.cr.sql_log_count
        self._cpu = self._get_cpu()
        self._start = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note the cost from the start up to now, what waits to be written included."""
        self.env.flush_all()
        lap = Lap(
            time.perf_counter() - self._start,
            self._get_cpu() - self._cpu,
            self.env.cr.sql_log_count - self._statements,
        )
        self.variant.laps.setdefault(name, []).append(lap)

    def stop(self) -> None:
        """Note the cost of the whole job, with what a commit would still do."""
        self.env.cr.flush()
        self.lap(self.variant.name)

    def _get_cpu(self) -> float:
        """Return the processor seconds of this process and its database server."""
        server = Path(f"/proc/{self.env.cr._cnx.info.backend_pid}/stat")
        ticks = 0
        if server.exists():  # else it runs on another machine
            fields = server.read_text().rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def commits_undone(env):
    """Let a job commit as often as it likes: caches empty as after a real commit.

    The rows stay in one transaction, which the caller rolls back.
    """

    def commit():
        env.cr.flush()
        env.cr.clear()

    with patch.object(env.cr, "commit", commit):
        yield


def compare(env, variants: list[Variant], runs: int, tables: tuple[str, ...]) -> None:
    """Run the variants in turn, `runs` times, each from the same state.

    :param variants: filled with their laps
    :param runs: how often each variant runs
    :param tables: what the variants write to; swept after each run, so that no variant
        pays for the rows that another one left dead
    """
    for _number in range(runs):
        for variant in variants:
            sweep(env, tables)
            variant.prepare()
            env.cr.flush()
            env.cr.clear()
            gc.collect()
            with commits_undone(env):
                clock = Clock(env, variant)
                variant.run(clock)
                clock.stop()
            env.cr.rollback()


def sweep(env, tables: tuple[str, ...]) -> None:
    """Remove dead rows and refresh the planner's statistics."""
    env.cr.rollback()
    connection = env.cr._cnx
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f'VACUUM ANALYZE "{table}"')
    finally:
        connection.autocommit = False


def get_sizes(defaults: dict[int, int]) -> dict[int, int]:
    """Return number of rows -> number of runs; arguments like ``1000:5`` win."""
    given = (argument.partition(":") for argument in sys.argv[1:])
    return {int(size): int(runs or 1) for size, _colon, runs in given} or defaults


# === REPORTING === #


def table(variants: list[Variant], rows: int, unit: str, peer: str) -> str:
    """Return the laps as a Markdown table.

    :param rows: number of rows that the job handles
    :param unit: what a row is
    :param peer: name of the lap that ratios are against
    """
    medians = get_medians(variants)
    base = medians[peer]
    lines = [
        f"| {rows:,} {unit}s | ms/{unit} | ratio | ratio by CPU | SQL | SQL/{unit} |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, lap in medians.items():
        lines.append(
            f"| {name} | {1000 * lap.seconds / rows:.3f} "
            f"| {lap.seconds / base.seconds:.2f} | {lap.cpu / base.cpu:.2f} "
            f"| {lap.statements:,} | {lap.statements / rows:.2f} |"
        )
    return "\n".join(lines)


def get_medians(variants: list[Variant]) -> dict[str, Lap]:
    """Return the median cost of each lap."""
    return {
        name: Lap(
            statistics.median(lap.seconds for lap in laps),
            statistics.median(lap.cpu for lap in laps),
            round(statistics.median(lap.statements for lap in laps)),
        )
        for variant in variants
        for name, laps in variant.laps.items()
    }


def goal(text: str, is_met: bool) -> str:
    """Return one line that compares a measured value with its goal."""
    return f"- {'met' if is_met else 'NOT MET'}: {text}"


# === WORLDS === #


def get_company_env(env):
    """Return an environment of the main company, silent while worlds are built."""
    company = env.ref("base.main_company")
    return env(context={**CONTEXT, "allowed_company_ids": company.ids})


def get_tax(env):
    """Return the company's sales tax."""
    return env.company.account_sale_tax_id


def create_pack(env, **vals):
    """Return a product that sells credit."""
    return env["product.product"].create(
        {
            "name": "Prepaid pack",
            "type": "service",
            "invoice_policy": "order",
            "prepaid_ok": True,
            "taxes_id": [Command.set(get_tax(env).ids)],
            "property_account_income_id": env["account.account"]
            .search([("account_type", "=", "income")], limit=1)
            .id,
            **vals,
        }
    )


def create_partners(env, count: int, label: str):
    """Return companies to sell to."""
    return env["res.partner"].create(
        [
            {
                "name": f"{label} {number}",
                "is_company": True,
                "email": f"customer{number}@example.com",
            }
            for number in range(count)
        ]
    )


def copy_rows(env, model: str, ids: list[int], copies: int, changes: dict[str, str]):
    """Copy rows by one SQL statement: the ORM would take minutes.

    :param ids: rows to copy
    :param copies: number of copies of each row
    :param changes: column -> SQL expression of `copy` (1, 2, 3...)
    :return: the new records, in the order of copies
    """
    table = env[model]._table
    env.cr.flush()
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND column_name != 'id'",
        [table],
    )
    names = [name for (name,) in env.cr.fetchall()]
    values = [
        SQL(changes[name]) if name in changes else SQL.identifier("source", name)
        for name in names
    ]
    env.cr.execute(
        SQL(
            "INSERT INTO %(table)s (%(names)s) SELECT %(values)s FROM %(table)s source,"
            " generate_series(1, %(copies)s) copy WHERE source.id = ANY(%(ids)s)"
            " ORDER BY copy, source.id RETURNING id",
            table=SQL.identifier(table),
            names=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(values),
            copies=copies,
            ids=ids,
        )
    )
    return env[model].browse(id_ for (id_,) in env.cr.fetchall())
