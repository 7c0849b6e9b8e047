"""Windows of users on a real server; an error that a user would see fails the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from .rpc import Rpc
from .window import Window


@pytest.fixture(scope="module")
def rpc(live_server) -> Rpc:
    """Give the external API as the administrator."""
    return Rpc(live_server, "admin")


@pytest.fixture
def open_window(browser: Browser, live_server) -> Iterator[Callable[..., Window]]:
    """Give a function that logs a user in; check all windows for errors at the end."""
    windows = []
    with ExitStack() as stack:

        def open_window(login: str, width: int = 1280, height: int = 720) -> Window:
            context = browser.new_context(
                base_url=live_server.url,
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            window = Window(context)
            windows.append(window)
            window.log_in(login)
            return window

        yield open_window
        for window in windows:
            window.assert_no_errors()
