"""Pytest plug-in: a skipped test is a failure; no test begins shortly before midnight.

Nothing is left out unseen. And a test that prepares what is due today must not look
at it tomorrow.
"""

import time
from datetime import UTC, datetime, timedelta

import pytest

#: A skip whose reason starts so was decided on; every other one is a mistake.
ALLOWED = "allowed:"
#: Seconds that are to be left of the day (UTC, as on the server) when a class or module
#: begins, which prepares what its tests share; and when any test begins.
LEFT_FOR_GROUP, LEFT_FOR_TEST = 240, 90
GROUP = pytest.StashKey()


def _unexpected(terminal) -> list:
    reports = terminal.stats.get("skipped", ())
    return [r for r in reports if f"Skipped: {ALLOWED}" not in str(r.longrepr)]


def seconds_left(now: datetime) -> float:
    """Return how much is left of a day."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=1) - now).total_seconds()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """Wait for the next day where too little is left of this one."""
    is_first = item.config.stash.get(GROUP, None) is not item.parent
    item.config.stash[GROUP] = item.parent
    left = seconds_left(datetime.now(UTC))
    if left < (LEFT_FOR_GROUP if is_first else LEFT_FOR_TEST):
        time.sleep(left + 1)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Fail a session that skipped tests without saying that this is allowed."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and exitstatus == pytest.ExitCode.OK and _unexpected(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Name the tests that were skipped."""
    skipped = _unexpected(terminalreporter)
    if skipped:
        terminalreporter.section("skipped: counted as failures", sep="=", red=True)
    for report in skipped:
        terminalreporter.line(f"{report.nodeid}: {report.longrepr}")
