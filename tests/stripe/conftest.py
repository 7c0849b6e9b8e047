"""A receiver of webhooks that trusts nobody but Stripe's own library; processes."""

import http.server
import threading
from collections.abc import Iterator

import pytest
import stripe

from ..concurrency.racing import Processes, open_processes
from ..support import new_database
from ..support.stripe_account import WEBHOOK_SECRET


class Receiver:
    """A web server that keeps the events it is sent."""

    def __init__(self):
        self.events = []
        handler = type("Handler", (_Handler,), {"receiver": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def kinds(self, prefix: str = "") -> list[str]:
        """Return the types of the events so far, in the order they came."""
        kinds = [event["type"] for event in self.events]
        return [kind for kind in kinds if kind.startswith(prefix)]


class _Handler(http.server.BaseHTTPRequestHandler):
    receiver: Receiver

    def log_message(self, *_args) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = self.headers["Stripe-Signature"]
        event = stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET)
        self.receiver.events.append(event)
        self.send_response(200)
        self.end_headers()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a running receiver."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=[0.05])
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """Give processes on a database of their own."""
    with new_database() as name, open_processes(name) as processes:
        yield processes
