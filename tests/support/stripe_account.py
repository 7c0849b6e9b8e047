"""A test's own account at the Stripe stand-in; see tests/README.md."""

import json
import os
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request

from devtools import stripe_world

SECRET_KEY = "sk_test_0123456789"
PUBLISHABLE_KEY = "pk_test_0123456789"
WEBHOOK_SECRET = "whsec_0123456789"
VISA = "4242424242424242"
DECLINED = "4000000000000341"
INSUFFICIENT_FUNDS = "4000000000009995"
EXPIRED = "4000000000000069"
NEEDS_AUTHENTICATION = "4000002760003184"
DISPUTED = "4000000000000259"
DISPUTE_INQUIRY = "4000000000001976"


class StripeRefusalError(Exception):
    """The stand-in answered with an error."""

    def __init__(self, status: int, error: dict):
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error


class StripeConnectionError(Exception):
    """The stand-in did not answer, or not as Stripe does."""


def address() -> str:
    """Return where the stand-in answers.

    :raise RuntimeError: when there is none, so that the test fails
    """
    if stripe_world.BASE not in os.environ:
        reason = os.environ.get(stripe_world.PROBLEM, "run the tests by make test")
        raise RuntimeError(f"no Stripe stand-in: {reason}")
    return os.environ[stripe_world.BASE]


def _send(request: urllib.request.Request) -> dict | list | None:
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        raise StripeRefusalError(
            error.code, json.loads(error.read())["error"]
        ) from error
    except (OSError, ValueError) as error:
        raise StripeConnectionError(str(error)) from error


class StripeAccount:
    """An account that no other test uses, in test mode, empty at first.

    ``url`` is what to use in place of Stripe's API address, ``js_url`` in place
    of its script for browsers.
    """

    def __init__(self, base: str | None = None):
        self.url = f"{base or address()}/worlds/{secrets.token_hex(8)}"
        self.js_url = f"{self.url}/js.stripe.com/v3/"
        self.reset()

    # The API, as any client of Stripe uses it.

    def call(self, method: str, path: str, *, key: str | None = None, **form):
        """Call the API, with an idempotency key or without; return its answer."""
        headers = {"Authorization": f"Bearer {SECRET_KEY}"}
        if key:
            headers["Idempotency-Key"] = key
        text = urllib.parse.urlencode(form)
        url, body = f"{self.url}/v1/{path}", text.encode()
        if method == "GET":
            url, body = f"{url}?{text}" if text else url, None
        return _send(urllib.request.Request(url, body, headers, method=method))

    def customer(self, name: str = "Test customer") -> str:
        """Make a customer; return its id."""
        return self.call("POST", "customers", name=name)["id"]

    def card(self, number: str = VISA, customer: str = "", year: int = 2040) -> str:
        """Make a payment method of a test card; return its id.

        :param customer: whom to attach it to. The numbers that Stripe declines
            cannot be attached, but for DECLINED; they can be charged all the same.
        """
        card = {"card[number]": number, "card[cvc]": "123", "card[exp_month]": "12"}
        card["card[exp_year]"] = str(year)
        made = self.call("POST", "payment_methods", type="card", **card)["id"]
        if customer:
            self.call("POST", f"payment_methods/{made}/attach", customer=customer)
        return made

    def charge(self, amount: int, customer: str, card: str, **more) -> dict:
        """Charge a saved card in the customer's absence; return the intent."""
        form = {"currency": "usd", "confirm": "true", "off_session": "true", **more}
        form.update(amount=amount, customer=customer, payment_method=card)
        return self.call("POST", "payment_intents", **form)

    def listing(self, path: str, **filters) -> list[dict]:
        """Return the objects of a list, newest first."""
        found, after = [], {}
        while True:
            page = self.call("GET", path, limit=100, **filters, **after)
            found += page["data"]
            if not page["has_more"]:
                return found
            after = {"starting_after": found[-1]["id"]}

    def intents(self, description: str | None = None) -> list[dict]:
        """Return the payment intents, of one description or all."""
        return _described(self.listing("payment_intents"), description)

    def charges(self, description: str | None = None) -> list[dict]:
        """Return the charges that were paid, of one description or all."""
        paid = [charge for charge in self.listing("charges") if charge["paid"]]
        return _described(paid, description)

    def events(self, kind: str | None = None) -> list[dict]:
        """Return the events, of one type or all."""
        return self.listing("events", **({"type": kind} if kind else {}))

    # What happens at Stripe without a call of ours.

    def hold_charges(self, times: int = 1) -> None:
        """Let the next charges take their time: their intents are processing."""
        self._control("hold", times=times)

    def settle(self, intent: str, number: str | None = None) -> dict:
        """End a charge that is processing; return the intent, or its error.

        :param number: the test card that decides, when not the charge's own
        """
        return self._control("settle", intent=intent, number=number)

    def win_dispute(self, dispute: str) -> dict:
        """Let the bank decide for the merchant."""
        evidence = {"evidence[uncategorized_text]": "winning_evidence"}
        return self.call("POST", f"disputes/{dispute}", submit="true", **evidence)

    def lose_dispute(self, dispute: str) -> dict:
        """Let the bank decide for the customer."""
        return self.call("POST", f"disputes/{dispute}/close")

    def renew_card(self, card: str, year: int) -> dict:
        """Let the bank issue the card anew, which Stripe learns by itself."""
        form = {"card[exp_month]": "1", "card[exp_year]": str(year)}
        renewed = self.call("POST", f"payment_methods/{card}", **form)
        return self.add_event("payment_method.automatically_updated", renewed)

    def add_event(self, kind: str, value: dict) -> dict:
        """Make up an event about an object; it is listed and delivered."""
        return self._control("event", kind=kind, value=value)

    # Webhooks.

    def webhook(self, url: str, *events: str, api_version: str = "") -> str:
        """Have events sent to a URL, signed; return the secret."""
        form = {f"enabled_events[{i}]": kind for i, kind in enumerate(events or "*")}
        if api_version:
            form["api_version"] = api_version
        form.update(url=url, secret=WEBHOOK_SECRET)
        return self.call("POST", "webhook_endpoints", **form)["secret"]

    def hold_webhooks(self) -> None:
        """Send no webhook by itself any more; :meth:`deliver` sends them."""
        self._control("webhooks", automatic=False)

    def release_webhooks(self) -> None:
        """Send webhooks by themselves again, first those that were held."""
        self._control("webhooks", automatic=True)

    def deliver(self, *events: str, times: int = 1, reverse: bool = False) -> list:
        """Send what waits, or the events of these ids (again); return how it went."""
        return self._control("deliver", ids=events, times=times, reverse=reverse)

    def deliveries(self, kind: str | None = None) -> list[dict]:
        """Return what was delivered: event, type, object, url, status, problem."""
        rows = self._control("deliveries")
        return [row for row in rows if kind in (None, row["type"])]

    def wait_for_delivery(self, kind: str, count: int = 1, timeout: float = 20) -> list:
        """Wait until events of a type were delivered."""
        deadline = time.monotonic() + timeout
        while len(found := self.deliveries(kind)) < count:
            assert time.monotonic() < deadline, f"{kind}: {self.deliveries()}"
            time.sleep(0.05)
        return found

    # What goes wrong on the way.

    def fault(self, kind: str, path: str = "payment_intents$", **more) -> None:
        """Let the next request fail, see README: method, times, status, seconds."""
        self._control("fault", kind=kind, path=path, **more)

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self._control("clear_faults")

    def calls(self, path: str = "", method: str = "") -> list[dict]:
        """Return the API calls so far whose path has this text."""
        rows = self._control("calls")
        return [
            row for row in rows if path in row["path"] and method in ("", row["method"])
        ]

    def reset(self, **options) -> None:
        """Empty the account; ``now="2030-01-01T00:00:00Z"`` moves its clock."""
        self._control("reset", **options)

    def remove(self) -> None:
        """Remove the account."""
        self._control("remove")

    def _control(self, command: str, **given):
        body = json.dumps(given).encode()
        return _send(urllib.request.Request(f"{self.url}/_edge/{command}", body))


def _described(rows: list[dict], description: str | None) -> list[dict]:
    return [row for row in rows if description in (None, row["description"])]
