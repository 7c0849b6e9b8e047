"""Pytest plug-in: a skipped test is a failure, so that nothing is left out unseen."""

import pytest

#: A skip whose reason starts so was decided on; every other one is a mistake.
ALLOWED = "allowed:"


def _unexpected(terminal) -> list:
    reports = terminal.stats.get("skipped", ())
    return [r for r in reports if f"Skipped: {ALLOWED}" not in str(r.longrepr)]


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
