"""Fixtures for the tests across add-ons; see README.md."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from devtools.machine import FLAGS

from . import support
from .support import stripe_account as stripe


@pytest.fixture(scope="module")
def scratch_db() -> Iterator[str]:
    """Give a database per test module, where commits disturb nobody."""
    with support.new_database() as name:
        yield name


@pytest.fixture
def new_database() -> Iterator[Callable[[], str]]:
    """Give a function that clones a database; all are dropped after the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(support.new_database())


@pytest.fixture
def odoo_process() -> Iterator[Callable[[str, str], support.OdooProcess]]:
    """Give a function that starts code in a real process; kill leftovers."""
    with ExitStack() as stack:

        def start(code: str, db: str) -> support.OdooProcess:
            process = support.odoo_process(code, db)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture(scope="module")
def live_server(scratch_db: str) -> Iterator[support.LiveServer]:
    """Give a real server on ``scratch_db``."""
    with support.live_server(scratch_db) as server:
        yield server


@pytest.fixture(scope="session")
def stripe_world() -> str:
    """Give the address of the Stripe stand-in; fail where there is none."""
    return stripe.address()


@pytest.fixture
def stripe_account(stripe_world: str) -> Iterator[stripe.StripeAccount]:
    """Give an account of the test's own at the Stripe stand-in."""
    account = stripe.StripeAccount(stripe_world)
    yield account
    account.remove()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium, for one module only.

    Tests that fork would take its driver along, and end it with the fork.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=list(FLAGS)
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, live_server: support.LiveServer) -> Iterator[Page]:
    """Give a fresh browser window; paths are relative to ``live_server``."""
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 1366, "height": 768}
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def screenshot() -> Callable[..., Path]:
    """Give a function that keeps a picture of a page or element by name."""

    def take(target, name: str, **options) -> Path:
        assert re.fullmatch(r"[a-z0-9-]+", name), name
        path = Path(os.environ["SCREENSHOTS"]) / f"{name}.png"
        target.screenshot(path=path, **options)
        return path

    return take
