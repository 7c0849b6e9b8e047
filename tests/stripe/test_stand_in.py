"""The Stripe stand-in itself: what the other tests rely on. Odoo takes no part."""

import time

import pytest
import stripe

from ..support import stripe_account as stand_in


@pytest.fixture
def customer(stripe_account) -> str:
    """Give a customer."""
    return stripe_account.customer()


@pytest.fixture
def visa(stripe_account, customer) -> str:
    """Give a card of the customer that can be charged."""
    return stripe_account.card(customer=customer)


@pytest.fixture
def client(stripe_account) -> stripe.StripeClient:
    """Give Stripe's own library, set to the stand-in."""
    addresses = {"api": stripe_account.url}
    return stripe.StripeClient(stand_in.SECRET_KEY, base_addresses=addresses)


def test_saved_card_is_charged(stripe_account, customer, visa):
    intent = stripe_account.charge(1250, customer, visa, description="INV/1")
    assert (intent["status"], intent["livemode"]) == ("succeeded", False)
    (charge,) = stripe_account.charges("INV/1")
    assert (charge["amount"], charge["id"]) == (1250, intent["latest_charge"])


def test_own_library_of_stripe_finds_the_charge(stripe_account, customer, visa, client):
    intent = stripe_account.charge(900, customer, visa, description="INV/2")
    since = {"gte": int(time.time()) - 60}
    found = client.v1.payment_intents.list({"customer": customer, "created": since})
    assert [row.id for row in found.auto_paging_iter()] == [intent["id"]]


def test_accounts_are_apart(stripe_account, customer, visa):
    stripe_account.charge(900, customer, visa)
    assert stand_in.StripeAccount().intents() == []


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        (stand_in.DECLINED, "card_declined", "generic_decline"),
        (stand_in.INSUFFICIENT_FUNDS, "card_declined", "insufficient_funds"),
        ("4000000000009987", "card_declined", "lost_card"),
        ("4000000000009979", "card_declined", "stolen_card"),
        (stand_in.EXPIRED, "expired_card", None),
    ],
)
def test_decline(stripe_account, customer, number, code, decline_code):
    card = stripe_account.card(number)
    with pytest.raises(stand_in.StripeRefusalError) as caught:
        stripe_account.charge(500, customer, card, description="INV/3")
    error = caught.value.error
    assert (caught.value.status, error["type"]) == (402, "card_error")
    assert (error["code"], error.get("decline_code")) == (code, decline_code)
    (intent,) = stripe_account.intents("INV/3")
    assert error["payment_intent"]["id"] == intent["id"]
    assert intent["status"] == "requires_payment_method"
    assert stripe_account.charges() == []


def test_absent_customer_cannot_authenticate(stripe_account, customer):
    card = stripe_account.card(stand_in.NEEDS_AUTHENTICATION, customer)
    with pytest.raises(stand_in.StripeRefusalError) as caught:
        stripe_account.charge(500, customer, card)
    assert caught.value.status == 402
    assert caught.value.error["code"] == "authentication_required"


def test_same_key_charges_once(stripe_account, customer, visa):
    intents = {stripe_account.charge(5, customer, visa, key="a")["id"] for _ in "12"}
    assert len(intents) == len(stripe_account.charges()) == 1
    with pytest.raises(stand_in.StripeRefusalError, match="idempotency"):
        stripe_account.charge(6, customer, visa, key="a")


@pytest.mark.parametrize("kind", ["drop", "garbage", "fail_after"])
def test_lost_answer_leaves_one_charge(stripe_account, customer, visa, kind):
    stripe_account.fault(kind)
    with pytest.raises(Exception, match="api_error|without response|Expecting"):
        stripe_account.charge(700, customer, visa, key="a", description="INV/4")
    (charge,) = stripe_account.charges("INV/4")
    again = stripe_account.charge(700, customer, visa, key="a", description="INV/4")
    assert again["latest_charge"] == charge["id"]
    assert len(stripe_account.charges("INV/4")) == 1
    calls = stripe_account.calls("payment_intents", "POST")
    assert [call["faults"] for call in calls] == [[kind], []]


@pytest.mark.parametrize("kind", ["refuse", "fail"])
def test_early_failure_charges_nothing(stripe_account, customer, visa, kind):
    stripe_account.fault(kind, times=2, status=503)
    for _time in range(2):
        with pytest.raises(Exception, match="503|without response"):
            stripe_account.charge(700, customer, visa)
    assert stripe_account.intents() == []
    assert stripe_account.charge(700, customer, visa)["status"] == "succeeded"


def test_library_repeats_and_charges_once(stripe_account, customer, visa, client):
    stripe_account.fault("drop")
    stripe_account.fault("fail", status=500)
    form = {"amount": 5, "currency": "usd", "customer": customer, "confirm": True}
    form |= {"payment_method": visa, "off_session": True}
    options = {"max_network_retries": 2}
    assert client.v1.payment_intents.create(form, options).status == "succeeded"
    assert len(stripe_account.charges()) == 1


def test_delay(stripe_account, customer, visa):
    stripe_account.fault("delay", seconds=0.5)
    start = time.monotonic()
    stripe_account.charge(700, customer, visa)
    assert time.monotonic() - start > 0.5


def test_too_many_requests(stripe_account, customer, visa):
    stripe_account.fault("fail", "customers", method="GET", status=429)
    with pytest.raises(stand_in.StripeRefusalError, match="rate_limit"):
        stripe_account.call("GET", f"customers/{customer}")


def test_signed_webhook(stripe_account, customer, visa, receiver):
    stripe_account.webhook(receiver.url, "payment_intent.succeeded")
    intent = stripe_account.charge(800, customer, visa, description="INV/5")
    (delivery,) = stripe_account.wait_for_delivery("payment_intent.succeeded")
    assert (delivery["status"], delivery["object"]) == (200, intent["id"])
    (event,) = receiver.events
    assert event["data"]["object"]["description"] == "INV/5"
    assert event["id"] in {row["id"] for row in stripe_account.events()}


def test_old_versions_embed_the_charges(stripe_account, customer, visa, receiver):
    stripe_account.webhook(receiver.url, api_version="2019-05-16")
    intent = stripe_account.charge(800, customer, visa)
    stripe_account.wait_for_delivery("payment_intent.succeeded")
    event = receiver.events[receiver.kinds().index("payment_intent.succeeded")]
    (charge,) = event["data"]["object"]["charges"]["data"]
    assert charge["id"] == intent["latest_charge"]


def test_webhooks_late_twice_and_in_reverse(stripe_account, customer, visa, receiver):
    stripe_account.webhook(receiver.url)
    stripe_account.hold_webhooks()
    stripe_account.charge(800, customer, visa)
    time.sleep(0.5)
    assert receiver.events == []
    stripe_account.deliver(reverse=True, times=2)
    kinds = receiver.kinds("payment_intent")
    assert kinds == ["payment_intent.succeeded"] * 2 + ["payment_intent.created"] * 2


def test_delivery_again(stripe_account, customer, visa, receiver):
    stripe_account.webhook(receiver.url)
    stripe_account.charge(800, customer, visa)
    (delivery,) = stripe_account.wait_for_delivery("payment_intent.succeeded")
    stripe_account.deliver(delivery["event"])
    assert receiver.kinds().count("payment_intent.succeeded") == 2
    assert len({event["id"] for event in receiver.events}) < len(receiver.events)


@pytest.mark.parametrize("won", [True, False])
def test_dispute(stripe_account, customer, receiver, won):
    stripe_account.webhook(receiver.url)
    card = stripe_account.card(stand_in.DISPUTED, customer)
    intent = stripe_account.charge(4000, customer, card)
    (dispute,) = stripe_account.listing("disputes")
    assert dispute["payment_intent"] == intent["id"]
    assert dispute["status"] == "needs_response"
    settle = stripe_account.win_dispute if won else stripe_account.lose_dispute
    assert settle(dispute["id"])["status"] == ("won" if won else "lost")
    stripe_account.wait_for_delivery("charge.dispute.closed")
    assert receiver.kinds("charge.dispute.")[:2] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]
    reinstated = "charge.dispute.funds_reinstated" in receiver.kinds()
    assert reinstated == won


@pytest.mark.parametrize(
    ("number", "status", "last"),
    [
        (None, "succeeded", "payment_intent.succeeded"),
        (
            stand_in.INSUFFICIENT_FUNDS,
            "requires_payment_method",
            "payment_intent.payment_failed",
        ),
    ],
)
def test_processing(stripe_account, customer, visa, receiver, number, status, last):
    stripe_account.webhook(receiver.url)
    stripe_account.hold_charges()
    first = stripe_account.charge(300, customer, visa, key="a", description="INV/6")
    again = stripe_account.charge(300, customer, visa, key="a", description="INV/6")
    (listed,) = stripe_account.intents("INV/6")
    assert {first["id"], again["id"]} == {listed["id"]}
    assert {row["status"] for row in (first, again, listed)} == {"processing"}
    assert stripe_account.charges() == []
    stripe_account.settle(first["id"], number)
    (settled,) = stripe_account.intents("INV/6")
    assert settled["status"] == status
    assert len(stripe_account.charges("INV/6")) == (status == "succeeded")
    stripe_account.wait_for_delivery(last)
    kinds = ["payment_intent.created", "payment_intent.processing", last]
    assert receiver.kinds("payment_intent") == kinds
    listed = [row["type"] for row in stripe_account.events()]
    assert [kind for kind in listed if kind in kinds] == kinds[::-1]


def test_renewed_card(stripe_account, visa, receiver):
    kind = "payment_method.automatically_updated"
    stripe_account.webhook(receiver.url, kind)
    stripe_account.renew_card(visa, 2045)
    stripe_account.wait_for_delivery(kind)
    (event,) = receiver.events
    assert event["data"]["object"]["card"]["exp_year"] == 2045
    assert [row["id"] for row in stripe_account.events(kind)] == [event["id"]]


def test_refund(stripe_account, customer, visa):
    intent = stripe_account.charge(1000, customer, visa)
    form = {"payment_intent": intent["id"], "amount": 400}
    assert stripe_account.call("POST", "refunds", **form)["status"] == "succeeded"
    with pytest.raises(stand_in.StripeRefusalError):
        stripe_account.call("POST", "refunds", **{**form, "amount": 601})
