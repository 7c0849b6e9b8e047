"""The edge of the Stripe stand-in: a server that stands for Stripe's address.

It takes no payment decision: those come from the copy of Stripe's API behind
it, one account per name, ``/worlds/<name>/v1/...``. The edge sends webhooks,
fails on request as networks do, and accepts what real Stripe accepts but the
copy does not. Tests steer it by ``/worlds/<name>/_edge/<command>``, through
:class:`tests.support.stripe_account.StripeAccount`. Standard library only.
"""

import argparse
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from .stripe_edge_state import (
    FORM,
    Answer,
    Processing,
    Webhooks,
    World,
    embed_lists,
    is_old,
)

STUB = Path(__file__).with_name("stripe_stub.js")
ACCOUNT = re.compile(r"/worlds/([\w-]{1,64})(/.*)")
#: Headers that belong to one connection, or to the browser's page.
HOP = {"accept-encoding", "connection", "content-length", "date", "host", "origin"}
HOP |= {"referer", "server", "transfer-encoding"}
#: Parameters that Stripe accepts and the copy refuses; none of them changes
#: whether a test card is charged.
IGNORED = re.compile(r"return_url$|mandate$|.*\[mandate_options\]")
BEFORE = ("refuse", "fail")
AFTER = ("delay", "fail_after", "garbage", "drop")


@dataclass
class Fault:
    """Something that goes wrong with the next requests of a kind.

    ``refuse`` and ``fail`` happen before Stripe did anything, the others
    afterwards: ``delay``, ``fail_after``, ``garbage`` (no JSON), ``drop``.
    """

    kind: str
    path: str = ""
    method: str = "POST"
    times: int = 1
    status: int = 500
    seconds: float = 0

    def __post_init__(self):
        if self.kind not in BEFORE + AFTER:
            raise ValueError(f"no such fault: {self.kind}")

    def take(self, method: str, path: str) -> bool:
        """Tell whether it strikes this request, and count that."""
        if not self.times or self.method not in ("", method):
            return False
        if not re.search(self.path, path):
            return False
        self.times -= 1
        return True

    def error(self) -> Answer:
        """Return the error that Stripe's servers would answer."""
        error = {"type": "api_error", "message": "The stand-in failed on request."}
        if self.status == 429:
            error = {"type": "invalid_request_error", "code": "rate_limit"}
        return reply({"error": error}, self.status)


@dataclass
class Request:
    """A request to the API, as sent and then as the copy understands it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    form: dict[str, str] | None = None

    def tidy(self) -> None:
        """Spell the form as Stripe's own libraries do; read a GET's form."""
        if "form" not in self.headers.get("content-type", ""):
            return
        pairs = urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True)
        pairs = [
            (name, value.lower() if value in ("True", "False") else value)
            for name, value in pairs
            if not IGNORED.match(name) and (value or not name.startswith("shipping["))
        ]
        self.form = dict(pairs)
        self.encode(pairs)

    def encode(self, pairs) -> None:
        """Put the form where the copy expects it."""
        text = urllib.parse.urlencode(pairs)
        if self.method == "GET":
            self.path += ("&" if "?" in self.path else "?") + text
            self.body = b""
            self.headers.pop("content-type")
        else:
            self.body = text.encode()
            self.headers["content-type"] = FORM


def reply(value: object, status: int = 200) -> Answer:
    """Return an answer with JSON."""
    headers = [("Content-Type", "application/json")]
    return Answer(status, headers, json.dumps(value).encode())


class Account:
    """One account behind the edge."""

    def __init__(self, address: urllib.parse.SplitResult, name: str):
        self.world = World(address, name)
        self.clear()

    def clear(self) -> None:
        """Forget everything but the name."""
        self.webhooks = Webhooks(self.world)
        self.processing = Processing(self.world, self.webhooks)
        self.faults: list[Fault] = []
        self.calls: list[dict] = []
        self.lock = threading.Lock()

    def strike(self, kinds: tuple[str, ...], request: Request) -> list[Fault]:
        """Return the faults of these kinds that strike a request."""
        path = request.path.partition("?")[0]
        with self.lock:
            return [
                fault
                for fault in self.faults
                if fault.kind in kinds and fault.take(request.method, path)
            ]

    def answer(self, request: Request) -> Answer | None:
        """Answer a request to the API; None when the line breaks."""
        struck = self.strike(BEFORE, request)
        answer = struck[0].error() if struck else self.execute(request)
        if not struck:
            struck = self.strike(AFTER, request)
        for fault in struck:
            answer = damaged(fault, answer)
        self.calls.append(
            {
                "method": request.method,
                "path": request.path.partition("?")[0],
                "status": answer and answer.status,
                "idempotency_key": request.headers.get("idempotency-key"),
                "faults": [fault.kind for fault in struck],
            }
        )
        return answer

    def execute(self, request: Request) -> Answer:
        """Have a request executed, by the copy where it knows how."""
        path = request.path.partition("?")[0].rstrip("/")
        if path.startswith("/v1/webhook_endpoints"):
            return self.webhook_endpoint(request, path)
        answer = self.own_event(request, path) or self.charge(request, path)
        if request.method != "GET":
            self.webhooks.soon()
        old = is_old(request.headers.get("stripe-version"))
        if (old or self.processing.intents) and answer.body[:1] == b"{":
            value = answer.json()
            self.processing.show(value)
            if old:
                embed_lists(self.world, value)
            answer.body = json.dumps(value).encode()
        return answer

    def charge(self, request: Request, path: str) -> Answer:
        """Pass a request on, unless it is a charge that is to take its time."""
        key = request.headers.get("idempotency-key")
        creates = request.method == "POST" and path == "/v1/payment_intents"
        held = creates and self.processing.holds(request.form or {}, key)
        if held:
            left_out = ("confirm", "off_session")
            pairs = urllib.parse.parse_qsl(request.body.decode())
            request.encode([pair for pair in pairs if pair[0] not in left_out])
        answer = self.world.call(
            request.method, request.path, request.body, request.headers
        )
        return self.processing.held(answer) if held else answer

    def own_event(self, request: Request, path: str) -> Answer | None:
        """Answer about events, when a test made up some of them."""
        if request.method != "GET" or not self.webhooks.own_events:
            return None
        for _place, event in self.webhooks.own_events:
            if path == f"/v1/events/{event['id']}":
                return reply(event)
        if path != "/v1/events":
            return None
        query = urllib.parse.parse_qs(request.path.partition("?")[2])
        return reply(self.webhooks.page(query))

    def webhook_endpoint(self, request: Request, path: str) -> Answer:
        """Answer as Stripe does about webhook endpoints."""
        if request.method == "POST" and path == "/v1/webhook_endpoints":
            form = urllib.parse.parse_qs(request.body.decode())
            return reply(self.webhooks.register(form))
        name = path.rpartition("/")[2]
        if request.method == "DELETE":
            self.webhooks.endpoints.pop(name, None)
            deleted = {"id": name, "object": "webhook_endpoint", "deleted": True}
            return reply(deleted)
        return reply(self.webhooks.listing())

    def control(self, command: str, given: dict) -> object:
        """Do what a test asks for."""
        return getattr(self, f"control_{command}")(**given)

    def control_reset(self, **options) -> dict:
        """Start with an empty account; options as of the copy's ``PUT``."""
        self.clear()
        headers = {"Content-Type": "application/json"}
        answer = self.world.call("PUT", "", json.dumps(options).encode(), headers)
        return answer.json()

    def control_remove(self) -> None:
        """Remove the account."""
        self.clear()
        self.world.call("DELETE", "")

    def control_fault(self, **given) -> None:
        """Let something go wrong, see :class:`Fault`."""
        self.faults.append(Fault(**given))

    def control_clear_faults(self) -> None:
        """Let everything go well again."""
        self.faults.clear()

    def control_calls(self) -> list[dict]:
        """Return the API calls so far."""
        return self.calls

    def control_webhooks(self, automatic: bool) -> None:
        """Hold webhooks back, or send them again; what is waiting goes out."""
        self.webhooks.automatic = automatic
        self.webhooks.soon()

    def control_deliver(self, **given) -> list[dict]:
        """Send webhooks now, see :meth:`Webhooks.deliver`."""
        return self.webhooks.deliver(**given)

    def control_deliveries(self) -> list[dict]:
        """Return what was delivered so far."""
        return self.webhooks.deliveries

    def control_event(self, kind: str, value: dict) -> dict:
        """Make up an event and deliver it."""
        return self.webhooks.add_event(kind, value)

    def control_hold(self, times: int) -> None:
        """Let the next charges take their time: their intents are processing."""
        self.processing.next = times

    def control_settle(self, intent: str, number: str | None = None) -> dict:
        """End a charge that is processing."""
        return self.processing.settle(intent, number).json()


def damaged(fault: Fault, answer: Answer | None) -> Answer | None:
    """Return what a fault makes of an answer."""
    if fault.kind in ("refuse", "drop"):
        return None
    if fault.kind == "delay":
        time.sleep(fault.seconds)
    if fault.kind == "fail_after":
        return fault.error()
    if fault.kind == "garbage":
        page = b"<html>This is not what you expect.</html>"
        return Answer(200, [("Content-Type", "text/html")], page)
    return answer


@dataclass
class Edge:
    """All accounts."""

    address: urllib.parse.SplitResult
    accounts: dict[str, Account] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def account(self, name: str) -> Account:
        """Return an account, which exists as soon as it is named."""
        with self.lock:
            if name not in self.accounts:
                self.accounts[name] = Account(self.address, name)
            return self.accounts[name]


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads requests and writes answers."""

    protocol_version = "HTTP/1.1"
    edge: Edge

    def log_message(self, *_args) -> None:
        """Stay silent; :attr:`Account.calls` has what tests need."""

    def handle_request(self) -> None:
        """Answer one request of any method."""
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        found = ACCOUNT.fullmatch(self.path)
        name, path = found.groups() if found else ("default", self.path)
        try:
            answer = self.route(self.edge.account(name), path, body)
        except Exception as error:  # noqa: BLE001 (the test is told)
            answer = reply({"error": {"message": f"edge: {error!r}"}}, 599)
        if answer:
            self.write(answer)
        else:
            self.close_connection = True

    def route(self, account: Account, path: str, body: bytes) -> Answer | None:
        """Return the answer to a request, None to say nothing."""
        if self.command == "OPTIONS":
            return Answer(204, [], b"")
        if path.startswith("/js.stripe.com/"):
            return Answer(200, [("Content-Type", "text/javascript")], STUB.read_bytes())
        if path.startswith("/_edge/"):
            command = path.removeprefix("/_edge/")
            return reply(account.control(command, json.loads(body or b"{}")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        headers = {name: headers[name] for name in headers if name not in HOP}
        request = Request(self.command, path, headers, body)
        request.tidy()
        return account.answer(request)

    def write(self, answer: Answer) -> None:
        """Send an answer; a web page of any origin may read it."""
        self.send_response(answer.status)
        for name, value in answer.headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        if self.headers.get("Origin"):
            self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.send_header("Access-Control-Allow-Headers", "*, Authorization")
            self.send_header("Access-Control-Allow-Methods", "GET, POST, DELETE")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_DELETE = do_PUT = do_OPTIONS = handle_request  # noqa: N815


def end_with_parent() -> None:
    """End when the process that started this one is gone."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until the parent ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--world", type=urllib.parse.urlsplit, required=True)
    options = parser.parse_args()
    Handler.edge = Edge(options.world)
    threading.Thread(target=end_with_parent, daemon=True).start()
    address = ("127.0.0.1", options.port)
    http.server.ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
