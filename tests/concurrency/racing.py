"""Real processes with real connections: what one test transaction cannot show.

Every process is forked from the test runner with the models already loaded, opens its
own connection, and behaves as in production. Nothing waits for the clock: processes
meet at barriers, so that a race takes place each time.
"""

import contextlib
import gc
import logging
import multiprocessing
import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import odoo.modules.module
import odoo.service.model
import odoo.sql_db
from odoo import api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying
from odoo.tools import config

FORK = multiprocessing.get_context("fork")

#: Seconds after which a process that says nothing is taken for a deadlock.
PATIENCE = 120
#: Where transactions that move a balance meet: model and method.
LEDGER_LOCK = ("prepaid.budget", "_lock_for_ledger")
#: Odoo waits up to 2, 4, 8, 16 s between tries; here a twentieth of it is enough.
BACK_OFF = 0.05


class ProcessError(Exception):
    """A process died or failed in a way that the test did not ask for."""


@dataclass
class Outcome:
    """What became of one request."""

    value: object = None
    error: str = ""
    message: str = ""
    tries: int = 0
    conflicts: int = 0

    @property
    def ok(self):
        """Whether the request succeeded."""
        return not self.error


def oks(outcomes):
    """Return which of the requests succeeded."""
    return [outcome.ok for outcome in outcomes]


def conflicts(outcomes):
    """Return how often PostgreSQL refused a statement because of somebody else."""
    return sum(outcome.conflicts for outcome in outcomes)


@dataclass(frozen=True)
class Scheduled:
    """A unit that runs as scheduled actions do: Odoo does not try it again."""

    run: Callable

    def __call__(self, env):
        return self.run(env)


# === INSIDE A PROCESS === #


def become_production(seed):
    """Shake off what the process inherited from the test runner."""
    gc.freeze()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
    odoo.modules.module.current_test = False
    config["test_enable"] = False
    threading.current_thread().testing = False
    random.seed(seed)
    # Conflicts are what the races are about: they are counted, not logged.
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)
    odoo.service.model.time = SimpleNamespace(
        sleep=lambda seconds: time.sleep(seconds * BACK_OFF)
    )


@contextlib.contextmanager
def watched_conflicts(outcome: Outcome) -> Iterator[None]:
    """Count the statements that PostgreSQL refused because of somebody else."""
    original = odoo.sql_db.Cursor.execute

    def execute(cursor, *args, **kwargs):
        try:
            return original(cursor, *args, **kwargs)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            outcome.conflicts += 1
            raise

    odoo.sql_db.Cursor.execute = execute
    try:
        yield
    finally:
        odoo.sql_db.Cursor.execute = original


def after_lock(registry, lock, callback):
    """Call back as soon as this process holds a lock.

    :param lock: names of the model and of its method that locks
    """
    model, method = lock
    Model = registry[model]
    original = getattr(Model, method)

    def wait_for_lock(records):
        original(records)
        if records.ids:
            callback()

    setattr(Model, method, wait_for_lock)


def attempt(registry, unit, uid, meet=None) -> Outcome:
    """Run one request as HTTP and RPC do: tried again after a conflict.

    :param unit: function of the environment
    :param meet: called once, when the first try has taken its snapshot of the data
    """
    outcome = Outcome()
    with registry.cursor() as cr, watched_conflicts(outcome):
        env = api.Environment(cr, uid, {})

        def step():
            outcome.tries += 1
            if outcome.tries == 1 and meet:
                cr.execute("SELECT 1")
                meet()
            return unit(env)

        try:
            if isinstance(unit, Scheduled):
                outcome.value = step()
                cr.commit()
            else:
                outcome.value = retrying(step, env)
        except (UserError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY) as error:
            cr.rollback()
            outcome.error = type(error).__name__
            outcome.message = str(error)
    return outcome


def take_part(registry, unit, uid, barrier, locked, is_leader, lock) -> Outcome:
    """Run one unit of a race; see :meth:`Processes.race`."""
    if is_leader:
        after_lock(registry, lock, locked.set)

    def meet():
        barrier.wait(PATIENCE)
        if not is_leader and not locked.wait(PATIENCE):
            raise ProcessError("The leader never took the lock")

    try:
        return attempt(registry, unit, uid, meet)
    finally:
        locked.set()


# === PROCESSES === #


def _main(db, body, seed, pipe):
    try:
        become_production(seed)
        registry = Registry(db).check_signaling()
        pipe.send((body(registry), None))
    except BaseException:  # noqa: BLE001 - the parent raises it
        pipe.send((None, traceback.format_exc()))
    finally:
        pipe.close()


class Job:
    """One forked process and the pipe on which it answers."""

    def __init__(self, db, body, seed):
        self.pipe, theirs = FORK.Pipe(duplex=False)
        self.process = FORK.Process(
            target=_main, args=(db, body, seed, theirs), daemon=True
        )
        self.process.start()
        theirs.close()

    def result(self, patience=PATIENCE):
        """Wait for the answer.

        :raise ProcessError: it failed, died, or is stuck
        """
        if not self.pipe.poll(patience):
            raise ProcessError(f"No answer within {patience} s: deadlock?")
        try:
            value, failure = self.pipe.recv()
        except EOFError:
            self.process.join(PATIENCE)
            raise ProcessError(f"Died with {self.process.exitcode}") from None
        self.process.join(PATIENCE)
        if failure:
            raise ProcessError(failure)
        return value

    def kill(self):
        """End the process at once, as the kernel does when memory runs out."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE)
        self.pipe.close()


@contextlib.contextmanager
def open_processes(db) -> Iterator["Processes"]:
    """Give processes on a database, where Odoo behaves as in production."""
    enabled, config["test_enable"] = config["test_enable"], False
    try:
        with Processes(db) as processes:
            yield processes
    finally:
        config["test_enable"] = enabled


class Processes:
    """Processes on one database, all reaped when the block ends."""

    def __init__(self, db, seed=1):
        self.db = db
        self.seed = seed
        self.jobs = []

    def __enter__(self):
        # Loaded once, inherited by every process; no connection may be inherited.
        Registry(self.db)
        odoo.sql_db.close_db(self.db)
        return self

    def __exit__(self, *_exc):
        self.reap()
        Registry.delete(self.db)
        odoo.sql_db.close_db(self.db)

    def rehearse(self, function, uid=api.SUPERUSER_ID):
        """Run a function of the environment here and roll it back.

        What the registry works out on first use is inherited by every process then.
        """
        registry = Registry(self.db)
        with registry.cursor() as cr:
            function(api.Environment(cr, uid, {}))
            cr.rollback()
        registry.reset_changes()
        odoo.sql_db.close_db(self.db)

    def reap(self):
        """Kill what still runs."""
        while self.jobs:
            self.jobs.pop().kill()

    def start(self, body) -> Job:
        """Start a process.

        :param body: function of the registry; what it returns is the result
        """
        self.seed += 1
        job = Job(self.db, body, self.seed)
        self.jobs.append(job)
        return job

    def run(self, function, uid=api.SUPERUSER_ID):
        """Run a function of the environment in a process, commit, return its value."""

        def body(registry):
            with registry.cursor() as cr:
                return function(api.Environment(cr, uid, {}))

        return self.gather([body])[0]

    def event(self):
        """Return an event that processes and test share."""
        return FORK.Event()

    def gather(self, bodies, patience=PATIENCE) -> list:
        """Run functions of the registry side by side and return their values."""
        try:
            jobs = [self.start(body) for body in bodies]
            return [job.result(patience) for job in jobs]
        finally:
            self.reap()

    def race(
        self,
        *units,
        uid=api.SUPERUSER_ID,
        leader=None,
        lock=LEDGER_LOCK,
        patience=PATIENCE,
    ) -> list[Outcome]:
        """Run units at once, each in a process of its own.

        All take their snapshot of the data before any of them goes on, so that each
        sees a world without the others.

        :param units: functions of the environment
        :param int leader: index of the unit that gets the lock first; the others ask
            for it while it is held. None: whoever is faster
        :param lock: names of the model and of its method that locks
        :param patience: seconds after which a silent process is taken for stuck
        """
        barrier = FORK.Barrier(len(units))
        locked = FORK.Event()
        if leader is None:
            locked.set()
        return self.gather(
            [
                partial(
                    take_part,
                    unit=unit,
                    uid=uid,
                    barrier=barrier,
                    locked=locked,
                    is_leader=index == leader,
                    lock=lock,
                )
                for index, unit in enumerate(units)
            ],
            patience,
        )
