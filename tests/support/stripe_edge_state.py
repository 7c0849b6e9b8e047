"""What the edge remembers of one account: its events, webhooks and held charges."""

import copy
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

KEY = {"Authorization": "Bearer sk_test_edge"}
FORM = "application/x-www-form-urlencoded"
#: The API version since which charges and refunds are no longer embedded.
WITHOUT_LISTS = "2022-11-15"
#: Events that follow one another so fast are delivered together, in their order.
DELIVERY_DELAY = 0.2
DELIVERY_TIMEOUT = 30


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> dict:
        """Return the body's object."""
        return json.loads(self.body)


@dataclass
class World:
    """One account in the copy of Stripe's API."""

    address: urllib.parse.SplitResult
    name: str

    def call(self, method: str, path: str, body: bytes = b"", headers=None) -> Answer:
        """Send a request; ``path`` starts with a slash, or names the account."""
        connection = http.client.HTTPConnection(
            self.address.hostname, self.address.port, timeout=60
        )
        try:
            target = f"/worlds/{self.name}{path}"
            connection.request(method, target, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> dict:
        """Read an object or a list."""
        return self.call("GET", path, headers=KEY).json()

    def post(self, path: str, **form: object) -> Answer:
        """Write with form values."""
        body = urllib.parse.urlencode(form).encode()
        return self.call("POST", path, body, {**KEY, "Content-Type": FORM})

    def all_events(self) -> list[dict]:
        """Return the account's events, oldest first."""
        found, after = [], ""
        while True:
            page = self.get(f"/v1/events?limit=100{after}")
            found += page["data"]
            if not page["has_more"]:
                return found[::-1]
            after = f"&starting_after={found[-1]['id']}"


def embed_lists(world: World, value: object) -> None:
    """Add the lists that old API versions embed: an intent's charges, refunds."""
    if isinstance(value, list):
        for item in value:
            embed_lists(world, item)
    if not isinstance(value, dict):
        return
    for item in list(value.values()):
        embed_lists(world, item)
    kind, identifier = value.get("object"), value.get("id")
    if kind == "payment_intent" and identifier and "charges" not in value:
        path = f"/v1/charges?payment_intent={identifier}&limit=10"
        value["charges"] = world.get(path)
    if kind == "charge" and identifier and not isinstance(value.get("refunds"), dict):
        value["refunds"] = world.get(f"/v1/refunds?charge={identifier}&limit=10")


def is_old(version: str | None) -> bool:
    """Tell whether an API version embeds lists."""
    return bool(version) and version[:10] < WITHOUT_LISTS


def signature(secret: str, body: bytes) -> str:
    """Return the Stripe-Signature header of a webhook."""
    now = int(time.time())
    digest = hmac.new(secret.encode(), b"%d.%s" % (now, body), hashlib.sha256)
    return f"t={now},v1={digest.hexdigest()}"


@dataclass
class Webhooks:
    """The endpoints of an account, and what was sent to them."""

    world: World
    automatic: bool = True
    endpoints: dict[str, dict] = field(default_factory=dict)
    own_events: list[tuple[int, dict]] = field(default_factory=list)
    deliveries: list[dict] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def register(self, form: dict[str, list[str]]) -> dict:
        """Add an endpoint; it learns what happens from now on."""
        if not self.endpoints:
            self.sent.update(event["id"] for event in self.events())
        kinds = [
            v for k, vs in form.items() if k.startswith("enabled_events") for v in vs
        ]
        endpoint = {
            "id": f"we_{secrets.token_hex(12)}",
            "object": "webhook_endpoint",
            "url": form["url"][0],
            "status": "enabled",
            "livemode": False,
            "created": int(time.time()),
            "enabled_events": kinds or ["*"],
            "api_version": form.get("api_version", [None])[0],
            "secret": form.get("secret", [f"whsec_{secrets.token_hex(16)}"])[0],
        }
        self.endpoints[endpoint["id"]] = endpoint
        return endpoint

    def listing(self) -> dict:
        """Return the endpoints as Stripe lists them, without secrets."""
        rows = [
            {name: value for name, value in row.items() if name != "secret"}
            for row in self.endpoints.values()
        ]
        url = "/v1/webhook_endpoints"
        return {"object": "list", "url": url, "has_more": False, "data": rows}

    def events(self) -> list[dict]:
        """Return all events, oldest first, with those that a test made up."""
        found = self.world.all_events()
        for place, event in reversed(self.own_events):
            found.insert(place, event)
        return found

    def page(self, query: dict[str, list[str]]) -> dict:
        """Return a page of events as Stripe lists them, newest first."""
        kinds = {v for k, vs in query.items() if k.startswith("type") for v in vs}
        since = int(query.get("created[gte]", query.get("created[gt]", ["0"]))[0])
        rows = [
            event
            for event in self.events()[::-1]
            if event["created"] >= since and (not kinds or event["type"] in kinds)
        ]
        identifiers = [event["id"] for event in rows]
        after = query.get("starting_after", [None])[0]
        first = identifiers.index(after) + 1 if after in identifiers else 0
        end = first + int(query.get("limit", ["10"])[0])
        more = end < len(rows)
        data = rows[first:end]
        return {"object": "list", "url": "/v1/events", "has_more": more, "data": data}

    def add_event(self, kind: str, value: dict) -> dict:
        """Make up an event that the copy of Stripe's API does not know."""
        event = {
            "id": f"evt_edge{secrets.token_hex(10)}",
            "object": "event",
            "api_version": None,
            "created": int(time.time()),
            "data": {"object": value},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.own_events.append((len(self.world.all_events()), event))
        self.soon()
        return event

    def soon(self) -> None:
        """Deliver what is new in a moment, unless deliveries are held back."""
        if self.automatic and self.endpoints:
            threading.Timer(DELIVERY_DELAY, self._automatically).start()

    def _automatically(self) -> None:
        if self.automatic:
            self.deliver()

    def deliver(self, ids=None, times: int = 1, reverse: bool = False) -> list[dict]:
        """Send the given events, else all that are new; return the deliveries."""
        with self.lock:
            chosen = [
                event
                for event in self.events()
                if (event["id"] in ids if ids else event["id"] not in self.sent)
            ]
            self.sent.update(event["id"] for event in chosen)
            before = len(self.deliveries)
            for event in chosen[::-1] if reverse else chosen:
                for endpoint in list(self.endpoints.values()):
                    if {"*", event["type"]} & set(endpoint["enabled_events"]):
                        for _time in range(times):
                            self._send(endpoint, event)
            return self.deliveries[before:]

    def _send(self, endpoint: dict, event: dict) -> None:
        event = copy.deepcopy(event)
        event["api_version"] = endpoint["api_version"] or event["api_version"]
        if is_old(endpoint["api_version"]):
            embed_lists(self.world, event["data"]["object"])
        body = json.dumps(event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(endpoint["secret"], body),
        }
        request = urllib.request.Request(endpoint["url"], body, headers)
        status, problem = None, None
        try:
            with urllib.request.urlopen(request, timeout=DELIVERY_TIMEOUT) as response:
                status = response.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError as error:
            problem = str(error)
        self.deliveries.append(
            {
                "event": event["id"],
                "type": event["type"],
                "object": event["data"]["object"].get("id"),
                "url": endpoint["url"],
                "status": status,
                "problem": problem,
            }
        )


@dataclass
class Processing:
    """Confirmations that are held back, as a bank debit takes days.

    The copy of Stripe's API has no such state. The intent is made there without
    confirmation and shown as ``processing``; settling confirms it there, with
    the outcome of its card or of the test number given.
    """

    world: World
    webhooks: Webhooks
    next: int = 0
    keys: set[str] = field(default_factory=set)
    intents: set[str] = field(default_factory=set)

    def holds(self, form: dict[str, str], key: str | None) -> bool:
        """Tell whether to hold this creation of an intent back."""
        if key and key in self.keys:
            return True
        if not self.next or form.get("confirm") != "true":
            return False
        self.next -= 1
        if key:
            self.keys.add(key)
        return True

    def held(self, answer: Answer) -> Answer:
        """Return the answer to a creation that was held back."""
        intent = answer.json()
        if answer.status != 200:
            return answer
        intent["status"] = "processing"
        replayed = any(
            name.lower() == "idempotent-replayed" for name, _v in answer.headers
        )
        if not replayed:
            self.intents.add(intent["id"])
            self.webhooks.add_event("payment_intent.processing", intent)
        return Answer(answer.status, answer.headers, json.dumps(intent).encode())

    def show(self, value: object) -> None:
        """Show held intents as processing, wherever they are in an answer."""
        if isinstance(value, list):
            for item in value:
                self.show(item)
        if not isinstance(value, dict) or value.get("object") == "event":
            return
        for item in value.values():
            self.show(item)
        if value.get("object") == "payment_intent" and value["id"] in self.intents:
            value["status"] = "processing"

    def settle(self, intent: str, number: str | None) -> Answer:
        """Confirm a held intent, with its own card or another test number."""
        self.intents.discard(intent)
        form = {"off_session": "true"}
        if number:
            card = {"card[number]": number, "card[exp_month]": 12, "card[cvc]": 123}
            card["card[exp_year]"] = time.localtime().tm_year + 4
            made = self.world.post("/v1/payment_methods", type="card", **card)
            form["payment_method"] = made.json()["id"]
        answer = self.world.post(f"/v1/payment_intents/{intent}/confirm", **form)
        self.webhooks.soon()
        return answer
