"""What customers see and do themselves, and what nobody else can."""

import re

from lxml import html

from odoo import Command, fields
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.payment.utils import generate_access_token

from .common import AutopayCommon


@tagged("post_install", "-at_install")
class AutopayPortalCommon(AutopayCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Partner = cls.env["res.partner"].sudo()
        cls.contact = Partner.create({"name": "Zoe", "parent_id": cls.customer.id})
        cls.stranger = Partner.create({"name": "Brown", "is_company": True})
        cls._create_user("ada_owner", cls.customer)
        cls._create_user("ada_contact", cls.contact)
        cls._create_user("brown_owner", cls.stranger)
        cls.provider.is_published = True
        others = cls.env["payment.provider"].sudo().search([])  # demo data's
        (others - cls.provider).filtered(
            lambda p: p.company_id == cls.company
        ).state = "disabled"

    @classmethod
    def _create_user(cls, login, partner):
        return new_test_user(
            cls.env(su=True),
            login=login,
            groups="base.group_portal",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            partner_id=partner.id,
        )

    def _log_in(self, login):
        if getattr(self, "_logged_in", None) != login:
            self.authenticate(login, login)
            self._logged_in = login

    def _get(self, url, login="ada_owner", status=200):
        """Open a page as a user; return the response after any redirect."""
        self._log_in(login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, status, f"{login}: {url}")
        return response

    def _get_page(self, url, login="ada_owner"):
        return html.fromstring(self._get(url, login).content)

    def _post(self, url, login="ada_owner", status=200, **data):
        """Send a form as a user; return the response after any redirect."""
        self._log_in(login)
        response = self.url_open(url, {**data, "csrf_token": Request.csrf_token(self)})
        self.assertEqual(response.status_code, status, f"{login}: {url}")
        self.env.invalidate_all()
        return response

    def _get_text(self, node):
        return " ".join(node.text_content().replace("\ufeff", "").split())

    def _get_body(self, response):
        body = html.fromstring(response.content).find("body")
        return self._get_text(body)

    def _get_offer(self, login="ada_owner", url="/my/autopay/new"):
        """Return the form to allow automatic payments, filled in as it comes."""
        page = self._get_page(url, login)
        form = page.get_element_by_id("autopay_form")
        return page, dict(form.form_values())

    def _end(self, mandate=None):
        (mandate or self.mandate).sudo()._withdraw("staff")
        self.env.flush_all()

    def _call(self, url, login, **params):
        """Call a route as the browser's scripts do."""
        self._log_in(login)
        return self.make_jsonrpc_request(url, params)

    def assertRefusedCall(self, url, login, words, **params):
        """A route answers with an error that the customer reads in a dialog."""
        self._log_in(login)
        with mute_logger("odoo.http"):
            answer = self.opener.post(
                self.base_url() + url,
                json={"jsonrpc": "2.0", "method": "call", "params": params},
            ).json()
        self.assertIn(words, answer["error"]["data"]["message"])


class TestPortalPages(AutopayPortalCommon):
    def test_pf32_my_automatic_payments(self):
        """What is paid by what, up to how much, and what comes next."""
        invoice = self._invoice(120.0)
        page = self._get_page("/my")
        self.assertTrue(page.xpath("//a[@href='/my/autopay']"))
        counters = self._call("/my/counters", "ada_owner", counters=["autopay_count"])
        self.assertEqual(counters, {"autopay_count": 1})
        for login in ("ada_owner", "ada_contact"):
            page = self._get_page("/my/autopay", login)
            text = self._get_text(page.xpath("//section[hasclass('o_autopay')]")[0])
            for word in ("All invoices", "4242", "$ 1,000.00", "$ 120.00"):
                self.assertIn(word, text)
            self.assertIn("Will be charged today", text)
            [link] = page.xpath("//li[hasclass('o_autopay_next')]//a")
            self.assertEqual(link.text, invoice.name)
            self.assertEqual(link.get("href"), invoice.get_portal_url())
            self.assertNotIn("andate", self._get_text(page))

    def test_pf32_stop(self):
        """Stopping asks first, is stored with its evidence, and nothing is charged."""
        invoice = self._invoice(120.0)
        url = f"/my/autopay/{self.mandate.id}/stop"
        self.assertIn(invoice.name, self._get(url).text)
        self.assertEqual(self.mandate.state, "active")
        response = self._post(f"{url}/confirm", login="ada_contact")
        self.assertTrue(response.url.endswith("/my/autopay?done=stopped"))
        self.assertEqual(self.mandate.state, "withdrawn")
        event = self.mandate.event_ids[0]
        self.assertEqual((event.kind, event.origin), ("withdrawn", "portal"))
        self.assertEqual(event.ip_address, "127.0.0.1")
        self.assertIn("python-requests", event.user_agent)
        self.assertEqual(event.user_id.login, "ada_contact")
        page = html.fromstring(response.content)
        self.assertFalse(page.xpath("//section[hasclass('o_autopay')]"))
        self.assertIn("4242", self._get_text(page.xpath("//details")[0]))
        self._run()
        self.assertEqual(self._collection(invoice).state, "stopped")
        self.assertFalse(self._attempts(invoice))

    def test_p46_failure_in_plain_words(self):
        """A declined charge says why and when it is tried again, and can be paid."""
        self.token.sudo().demo_simulated_state = "error"
        invoice = self._invoice(100.0)
        self._run()
        collection = self._collection(invoice)
        page = self._get_page("/my/autopay")
        [row] = page.xpath("//li[hasclass('o_autopay_problem')]")
        self.assertIn("The payment was declined. We try again on", self._get_text(row))
        [pay] = row.xpath(".//a[hasclass('btn')]/@href")
        self.assertIn(invoice.name, self._get(pay).text)
        collection.write({"reason": "Traceback", "is_blocked": True})
        text = self._get_body(self._get("/my/autopay"))
        self.assertIn("We are looking into it", text)
        self.assertNotIn("Traceback", text)

    def test_p48_removed_method(self):
        """Without a payment method the page asks for one."""
        self._invoice(100.0)
        self.token.sudo().active = False
        self._run()
        text = self._get_body(self._get("/my/autopay"))
        self.assertIn("None: please choose one", text)
        self.assertIn("There is no payment method any more.", text)

    def test_p56_above_the_limit(self):
        """An invoice above the limit is not charged, and the page says why."""
        self._invoice(2000.0)
        self._run()
        text = self._get_body(self._get("/my/autopay"))
        self.assertIn("above the largest amount that you allowed, $ 1,000.00", text)

    def test_pf39_payment_in_progress(self):
        """While an answer is awaited, page and invoice say so and offer no payment."""
        self.token.sudo().demo_simulated_state = "pending"
        invoice = self._invoice(100.0)
        self._run()
        self.assertEqual(self._attempts(invoice).state, "processing")
        text = self._get_body(self._get("/my/autopay"))
        self.assertIn("A payment is in progress.", text)
        page = self._get_page(invoice.get_portal_url())
        self.assertIn("A payment is in progress", self._get_text(page))
        self.assertFalse(page.xpath("//a[@data-bs-target='#pay_with']"))
        self.assertFalse(invoice._has_to_be_paid())

    def test_p51_no_provider(self):
        """Without any provider: no card, a page that says so, invoices as before."""
        self._end()
        self.token.sudo().active = False
        self.provider.state = "disabled"
        for url in ("/my/autopay", "/my/autopay/new"):
            text = self._get_body(self._get(url))
            self.assertIn("does not take payments online", text)
        invoice = self._invoice(100.0)
        self.assertIn(invoice.name, self._get(invoice.get_portal_url()).text)
        login = "brown_owner"
        counters = self._call("/my/counters", login, counters=["autopay_count"])
        self.assertEqual(counters, {"autopay_count": 0})

    def test_p51_provider_that_keeps_nothing(self):
        self._end()
        self.provider.allow_tokenization = False
        text = self._get_body(self._get("/my/autopay/new"))
        self.assertIn("payment methods cannot be saved", text)

    def test_p51_currency_that_is_not_taken(self):
        self._end()
        eur = self.env.ref("base.EUR")
        eur.sudo().active = True
        self.provider.available_currency_ids = eur
        text = self._get_body(self._get("/my/autopay/new"))
        self.assertIn("Invoices in USD cannot be paid automatically.", text)


class TestPortalAllow(AutopayPortalCommon):
    def setUp(self):
        super().setUp()
        self._end()

    def test_p57_first_charge_equals_the_page(self):
        """Amounts and days on the page are those that are charged."""
        self.company.autopay_notice_days = 3
        today = fields.Date.today()
        due_soon = self._invoice(120.0)
        due_later = self._invoice(
            80.0, invoice_date_due=fields.Date.add(today, days=20)
        )
        page, values = self._get_offer()
        text = self._get_text(page.get_element_by_id("autopay_charges"))
        soon = fields.Date.add(today, days=3).strftime("%m/%d/%Y")
        later = fields.Date.add(today, days=20).strftime("%m/%d/%Y")
        self.assertIn(f"{due_soon.name} $ 120.00 on {soon}", text)
        self.assertIn(f"{due_later.name} $ 80.00 on {later}", text)
        self.assertEqual(values["max_amount"], "240.00")
        response = self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertTrue(response.url.endswith("/my/autopay?done=allowed"))
        charges = {
            c.move_id: (c.date, c.amount_due)
            for c in self._collection(due_soon + due_later)
        }
        self.assertEqual(
            charges,
            {
                due_soon: (fields.Date.add(today, days=3), 120.0),
                due_later: (fields.Date.add(today, days=20), 80.0),
            },
        )

    def test_p57_parts_of_an_invoice(self):
        """Each part of an invoice is listed with its own day."""
        self._invoice_in_parts(100.0, ("percent", 30.0, 0), ("percent", 70.0, 30))
        page, _values = self._get_offer()
        rows = page.xpath("//ul[@id='autopay_charges']/li")
        texts = [self._get_text(row) for row in rows]
        self.assertEqual(len(texts), 2)
        self.assertIn("$ 30.00", texts[0])
        self.assertIn("$ 70.00", texts[1])

    def test_p57_page_that_has_changed(self):
        """Consent to a page that is not true any more is asked for again."""
        _page, values = self._get_offer()
        self._invoice(10.0)
        response = self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertIn("has changed in the meantime", self._get_body(response))
        self.assertFalse(self._get_active())
        _page, values = self._get_offer()
        self.company.autopay_consent_text = "Something else."
        response = self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertIn("has changed in the meantime", self._get_body(response))
        self.assertFalse(self._get_active())

    def test_p55_what_is_stored(self):
        """The text as it was read, its version, who, from where."""
        page, values = self._get_offer("ada_contact")
        [box] = page.xpath("//input[@name='agreed']")
        self.assertIsNone(box.get("checked"))
        self.assertEqual(values["token_id"], str(self.token.id))
        values["max_amount"] = "500.50"
        self._post(
            "/my/autopay/new/allow", "ada_contact", **values, agreed="1", partner_id="1"
        )
        mandate = self._get_active()
        self.assertEqual(mandate.consent_text, self.company._get_autopay_consent())
        consent = page.get_element_by_id("autopay_consent")
        self.assertEqual(
            self._get_text(consent), " ".join(mandate.consent_text.split())
        )
        self.assertEqual(mandate.consent_version, "1")
        self.assertEqual((mandate.max_amount, mandate.origin), (500.5, "portal"))
        self.assertEqual(
            (mandate.partner_id, mandate.res_model), (self.customer, False)
        )
        event = mandate.event_ids
        self.assertEqual(event.user_id.login, "ada_contact")
        self.assertEqual(event.ip_address, "127.0.0.1")

    def test_p55_notice_is_promised_only_where_it_is_sent(self):
        """The default text follows the setting; the company's own words stay."""
        promise = "told before each charge"
        for days in (3, 0):
            self.company.autopay_notice_days = days
            page, _values = self._get_offer()
            consent = self._get_text(page.get_element_by_id("autopay_consent"))
            self.assertEqual(promise in consent, bool(days))
            self.assertIn("withdraw this consent", consent)
        self.company.autopay_consent_text = f"I am {promise}, by phone."
        self.assertIn(promise, self.company._get_autopay_consent())

    def test_p55_text_in_the_customers_language(self):
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        self.company.with_context(lang="fr_FR").autopay_consent_text = "J'accepte."
        self.customer.lang = "fr_FR"
        _page, values = self._get_offer()
        self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertEqual(self._get_active().consent_text, "J'accepte.")

    def test_p55_answers_that_are_missing(self):
        """Not ticked, no method, no amount: asked again, with what was typed kept."""
        _page, values = self._get_offer()
        for changed, words in [
            ({}, "confirm that you allow"),
            ({"agreed": "1", "token_id": ""}, "Choose a payment method"),
            ({"agreed": "1", "max_amount": ""}, "a number above zero"),
            ({"agreed": "1", "max_amount": "-5"}, "a number above zero"),
            ({"agreed": "1", "max_amount": "nan"}, "a number above zero"),
            ({"agreed": "1", "max_amount": "inf"}, "a number above zero"),
        ]:
            with self.subTest(changed=changed):
                answers = {**values, **changed}
                response = self._post("/my/autopay/new/allow", **answers)
                self.assertIn(words, self._get_body(response))
                self.assertFalse(self._get_active())

    def test_p55_several_methods(self):
        """None is chosen beforehand; without one the way to save one is shown."""
        self._create_token(details="1881")
        page, values = self._get_offer()
        self.assertNotIn("token_id", values)
        self.assertEqual(len(page.xpath("//input[@name='token_id']")), 2)
        page = self._get_page("/my/autopay/new", "brown_owner")
        [link] = page.xpath("//a[@href='/my/payment_method?autopay=new']")
        form = self._get_page(link.get("href"), "brown_owner")
        form = form.get_element_by_id("o_payment_form")
        self.assertEqual(form.get("data-landing-route"), "/my/autopay/new")

    def test_p55_allowed_again(self):
        """What was stopped with an earlier consent is collected by the new one."""
        _page, values = self._get_offer()
        self._post("/my/autopay/new/allow", **values, agreed="1")
        invoice = self._invoice(60.0)
        self._end(self._get_active())
        self.assertEqual(self._collection(invoice).state, "stopped")
        page, values = self._get_offer()
        self.assertIn(invoice.name, self._get_text(page))
        self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertEqual(self._collection(invoice).state, "scheduled")
        self.assertEqual(self._collection(invoice).mandate_id, self._get_active())
        self._run()
        self.assertEqual(self._attempts(invoice).mapped("state"), ["succeeded"])

    def test_p55_twice(self):
        """A second consent for the same invoices is not taken."""
        _page, values = self._get_offer()
        self._post("/my/autopay/new/allow", **values, agreed="1")
        response = self._post("/my/autopay/new/allow", **values, agreed="1")
        self.assertIn("already paid automatically", self._get_body(response))
        self.assertEqual(len(self._get_active()), 1)

    def _get_active(self):
        return (
            self.env["autopay.mandate"]
            .sudo()  # as the system
            .search([("partner_id", "=", self.customer.id), ("state", "=", "active")])
        )


class TestPortalMethod(AutopayPortalCommon):
    def test_pf33_use_a_saved_method(self):
        """Another saved method is used from now on; nothing is charged."""
        other = self._create_token(details="1881")
        url = f"/my/autopay/{self.mandate.id}/method"
        page = self._get_page(url)
        [value] = page.xpath("//input[@name='token_id']/@value")
        self.assertEqual(value, str(other.id))
        self._post(f"{url}/use", token_id=other.id)
        self.assertEqual(self.mandate.token_id, other)
        event = self.mandate.event_ids[0]
        self.assertEqual((event.kind, event.ip_address), ("method", "127.0.0.1"))
        self.assertEqual(event.method, "1881")
        self.assertFalse(self._get_transactions())

    def test_pf33_save_a_new_method(self):
        """Core's form saves a method without a charge, and it is used."""
        invoice = self._invoice(100.0)
        values = self._begin()
        [transaction] = self._get_transactions()
        self.assertEqual(transaction.operation, "validation")
        self.assertEqual(transaction.amount, 0.0)
        self.assertEqual(transaction.landing_route, "/my/autopay/saved")
        self.assertEqual(transaction.autopay_mandate_id, self.mandate)
        self._answer(values, "done", "9995")
        self.assertEqual(self.mandate.token_id.payment_details, "9995")
        self.assertFalse(transaction.autopay_mandate_id)
        response = self._get("/my/autopay/saved")
        self.assertIn("Nothing was charged for that", self._get_body(response))
        self.assertFalse(self._attempts(invoice))
        self._run()
        self.assertEqual(self._attempts(invoice).token_id, self.mandate.token_id)

    def test_pf33_saved_later_by_webhook(self):
        """A method whose saving takes time is used when the provider tells."""
        values = self._begin()
        self._answer(values, "pending", "9995")
        self.assertEqual(self.mandate.token_id, self.token)
        response = self._get("/my/autopay/saved")
        self.assertIn("is being saved", self._get_body(response))
        self._get_transactions()._process(
            "demo", {"reference": values["reference"], "simulated_state": "done"}
        )
        self.assertEqual(self.mandate.token_id.payment_details, "9995")
        # The same news again, after the customer chose otherwise.
        self._post(f"/my/autopay/{self.mandate.id}/method/use", token_id=self.token.id)
        self._get_transactions()._process(
            "demo", {"reference": values["reference"], "simulated_state": "done"}
        )
        self.assertEqual(self.mandate.token_id, self.token)

    def test_pf33_a_later_choice_wins(self):
        """What is saved late does not replace what was chosen meanwhile."""
        other = self._create_token(details="1881")
        values = self._begin()
        self._post(f"/my/autopay/{self.mandate.id}/method/use", token_id=other.id)
        self._answer(values, "done", "9995")
        self.assertEqual(self.mandate.token_id, other)

    def test_pf33_not_saved(self):
        values = self._begin()
        self._answer(values, "error", "9995")
        self.assertEqual(self.mandate.token_id, self.token)
        response = self._get("/my/autopay/saved")
        self.assertIn("was not saved", self._get_body(response))

    def test_pf33_stopped_meanwhile(self):
        """A method that is saved after stopping is not used for anything."""
        values = self._begin()
        self._post(f"/my/autopay/{self.mandate.id}/stop/confirm")
        self._answer(values, "done", "9995")
        self.assertEqual(self.mandate.token_id, self.token)
        self.assertEqual(self.mandate.state, "withdrawn")

    def test_p47_try_again_with_the_new_method(self):
        """A new method may pay at once what the old one could not: once."""
        self.token.sudo().demo_simulated_state = "error"
        invoice = self._invoice(100.0)
        self._run()
        retry = f"/my/autopay/{self.mandate.id}/retry"
        self.assertNotIn("Try again now", self._get("/my/autopay").text)
        self._post(retry)
        self.assertEqual(len(self._attempts(invoice)), 1)
        other = self._create_token(details="1881", answer="error")
        self._post(f"/my/autopay/{self.mandate.id}/method/use", token_id=other.id)
        self.assertIn("Try again now", self._get("/my/autopay").text)
        response = self._post(retry)
        self.assertIn("We are charging it now", self._get_body(response))
        collection = self._collection(invoice)
        self.assertEqual(collection.date, fields.Date.today())
        self._run()
        self.assertEqual(self._attempts(invoice).token_id, self.token + other)
        self.assertNotIn("Try again now", self._get("/my/autopay").text)
        self._post(retry)
        self._run()
        self.assertEqual(len(self._attempts(invoice)), 2)

    def _begin(self, login="ada_owner", **params):
        """Submit core's form to save a method, as the browser does."""
        params = {
            "provider_id": self.provider.id,
            "payment_method_id": self.provider.payment_method_ids[:1].id,
            "flow": "direct",
            "tokenization_requested": False,
            "amount": 99.0,
            "landing_route": "https://example.com",
            "is_validation": False,
            **params,
        }
        url = f"/my/autopay/{self.mandate.id}/transaction"
        return self._call(url, login, **params)

    def _answer(self, values, state, details):
        self._call(
            "/payment/demo/simulate_payment",
            "ada_owner",
            reference=values["reference"],
            payment_details=details,
            simulated_state=state,
        )
        self.env.invalidate_all()

    def _get_transactions(self):
        return (
            self.env["payment.transaction"]
            .sudo()  # as the system
            .search([("provider_id", "=", self.provider.id)])
        )


class TestPortalInvoice(AutopayPortalCommon):
    def test_p22_invoice_says_when_it_is_paid(self):
        """The invoice's page shows day and method to the payer."""
        invoice = self._invoice(100.0)
        today = fields.Date.today().strftime("%m/%d/%Y")
        note = self._get_note(invoice)
        self.assertIn(f"Paid automatically on {today} by Card 4242.", note)
        self.assertIn("Change", note)

    def test_p22_payment_is_replaced_while_sent(self):
        """The answer is not there yet: no second payment, by no route."""
        invoice = self._invoice(100.0)
        collection = self._collection(invoice)
        attempt = collection._start()
        attempt._mark_sent()
        self.assertFalse(invoice._has_to_be_paid())
        page = self._get_page(f"{invoice.get_portal_url()}&payment=True")
        self.assertIn("A payment is in progress", self._get_text(page))
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        self._assert_refused(invoice, "a payment is in progress")

    def test_pf80_two_tabs(self):
        """Once one tab has paid, the other is told to wait, then that it is paid."""
        self._end()
        invoice = self._invoice(100.0)
        values = self._pay(invoice)
        for state in ("pending", "done"):
            self._simulate(values, state)
            self._assert_refused(invoice, "a payment is in progress")
        self._call("/payment/status/poll", "ada_owner")
        self._assert_refused(invoice, "is paid already")
        self.assertEqual(len(invoice.sudo().transaction_ids), 1)

    def test_pf80_every_route(self):
        """Overdue invoices and payment links take the same way."""
        self._end()
        invoice = self._invoice(100.0, invoice_date_due="2020-01-01")
        self._simulate(self._pay(invoice), "pending")
        self.assertRefusedCall(
            "/invoice/transaction/overdue",
            "ada_owner",
            "a payment is in progress",
            **self._get_params(payment_reference="Batch"),
        )
        other = self._invoice(100.0)
        link = other.sudo()._get_portal_payment_link()
        page = self._get_page(re.sub(r"^https?://[^/]+", "", link))
        routes = page.xpath("//form[@id='o_payment_form']/@data-transaction-route")
        self.assertEqual(set(routes), {f"/invoice/transaction/{other.id}"})
        self.assertRefusedCall(
            "/payment/transaction",
            "ada_owner",
            "not whitelisted: invoice_id",
            **self._get_params(
                invoice_id=invoice.id,
                currency_id=self.usd.id,
                partner_id=self.customer.id,
                access_token=generate_access_token(
                    self.customer.id, 100.0, self.usd.id, env=self.env
                ),
            ),
        )
        self.assertEqual(len(invoice.sudo().transaction_ids), 1)

    def test_r_pay_and_save_leads_on(self):
        """After paying by a saved method the next invoices can be paid like that."""
        self._end()
        invoice = self._invoice(100.0)
        self.assertFalse(self._get_note(invoice))
        self._pay(invoice, flow="token", token_id=self.token.id)
        self._call("/payment/status/poll", "ada_owner")
        self.assertIn("Pay the next invoices automatically", self._get_note(invoice))
        self._get_offer()
        self._grant()
        self.assertFalse(self._get_note(invoice))

    def test_p27_method_of_somebody_else(self):
        """Who pays for another customer sees it; the customer sees no card."""
        self._end()
        parents = self._create_token(self.stranger, details="0005")
        mandate = self._grant(parents)
        invoice = self._invoice(100.0)
        today = fields.Date.today().strftime("%m/%d/%Y")
        for login in ("ada_owner", "ada_contact"):
            note = self._get_note(invoice, login)
            words = f"Paid automatically on {today} by somebody else's payment method."
            self.assertEqual(note, words)
            for url in ("/my/autopay", "/my/autopay/new", invoice.get_portal_url()):
                text = self._get(url, login).text
                self.assertNotIn("0005", text)
                self.assertNotIn(self.stranger.name, text)
            self._get(f"/my/autopay/{mandate.id}/method", login, status=404)
        text = self._get_body(self._get("/my/autopay", "brown_owner"))
        for words in (f"All invoices of {self.customer.name}", "0005", invoice.name):
            self.assertIn(words, text)

    def test_p27_public_link_shows_no_card(self):
        """Who has only the link of the invoice learns the day, nothing else."""
        invoice = self._invoice(100.0)
        url = invoice.get_portal_url()
        page = html.fromstring(self.url_open(url).content)
        [note] = page.xpath("//div[hasclass('o_invoice_autopay')]")
        today = fields.Date.today().strftime("%m/%d/%Y")
        self.assertEqual(self._get_text(note), f"Paid automatically on {today}.")

    def _get_note(self, invoice, login="ada_owner"):
        page = self._get_page(invoice.get_portal_url(), login)
        notes = page.xpath("//*[hasclass('o_invoice_autopay')]")
        return self._get_text(notes[0]) if notes else ""

    def _get_params(self, **params):
        return {
            "provider_id": self.provider.id,
            "payment_method_id": self.provider.payment_method_ids[:1].id,
            "token_id": None,
            "amount": 100.0,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "/my/invoices",
            **params,
        }

    def _pay(self, invoice, login="ada_owner", **params):
        params = self._get_params(**params, access_token=None)
        return self._call(f"/invoice/transaction/{invoice.id}", login, **params)

    def _simulate(self, values, state):
        """Let the demo provider answer a payment that was begun."""
        self._call(
            "/payment/demo/simulate_payment",
            "ada_owner",
            reference=values["reference"],
            payment_details="4242",
            simulated_state=state,
        )

    def _assert_refused(self, invoice, words):
        self.assertRefusedCall(
            f"/invoice/transaction/{invoice.id}",
            "ada_owner",
            words,
            **self._get_params(access_token=None),
        )


class TestPortalAccess(AutopayPortalCommon):
    def test_r_foreign_ids_are_not_found(self):
        """Somebody else's, an ended and a missing one get the same answer."""
        ended = self._grant(currency_id=self.env.ref("base.EUR").id)
        self._end(ended)
        missing = self.mandate.id + 1000
        for path in ("stop", "method"):
            url = "/my/autopay/%s/" + path
            self._get(url % self.mandate.id)
            answers = {
                self._get_body(self._get(url % self.mandate.id, "brown_owner", 404)),
                self._get_body(self._get(url % ended.id, "brown_owner", 404)),
                self._get_body(self._get(url % missing, "brown_owner", 404)),
                self._get_body(self._get(url % 10**30, "brown_owner", 404)),
            }
            self.assertEqual(len(answers), 1)
            self._get(url % ended.id, "ada_owner", 404)
        for path in ("stop/confirm", "method/use", "retry"):
            for id_ in (self.mandate.id, missing):
                url = f"/my/autopay/{id_}/{path}"
                self._post(url, "brown_owner", 404, token_id=self.token.id)
        url = f"/my/autopay/{self.mandate.id}/transaction"
        self.assertRefusedCall(url, "brown_owner", "404")
        self.assertEqual(self.mandate.state, "active")
        self.assertNotIn("4242", self._get("/my/autopay", "brown_owner").text)

    def test_r_back_office_is_no_customer(self):
        """Who may read all consents still cannot act as the customer."""
        new_test_user(
            self.env(su=True),
            login="ada_biller",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self._get(f"/my/autopay/{self.mandate.id}/stop", "ada_biller", 404)
        self.assertNotIn("4242", self._get("/my/autopay", "ada_biller").text)

    def test_r_methods_of_others_are_refused(self):
        """Only the own saved methods and the company's, wherever an id is sent."""
        foreign = self._create_token(self.stranger, details="0005")
        colleague = self._create_token(self.contact, details="7777")
        unpublished = self._create_provider(name="Hidden")
        hidden = self._create_token(details="1111", provider_id=unpublished.id)
        url = f"/my/autopay/{self.mandate.id}/method"
        for token in (foreign, colleague, hidden):
            response = self._post(f"{url}/use", token_id=token.id)
            self.assertIn("cannot be used here", self._get_body(response))
            self.assertNotIn(token.payment_details, self._get_body(response))
        for value in ("", "x", str(10**30)):
            self._post(f"{url}/use", token_id=value)
        self.assertEqual(self.mandate.token_id, self.token)
        self._end()
        _page, values = self._get_offer()
        for token in (foreign, colleague):
            values["token_id"] = str(token.id)
            response = self._post("/my/autopay/new/allow", **values, agreed="1")
            self.assertIn("Choose a payment method", self._get_body(response))

    def test_r_new_method_only_of_offered_kinds(self):
        """Provider and kind must be among those that are offered."""
        unpublished = self._create_provider(name="Hidden")
        card = self.provider.payment_method_ids[:1].id
        url = f"/my/autopay/{self.mandate.id}/transaction"
        for params in (
            {"provider_id": unpublished.id, "payment_method_id": card},
            {"provider_id": self.provider.id, "payment_method_id": 0},
            {
                "provider_id": self.provider.id,
                "payment_method_id": card,
                "flow": "token",
                "token_id": self.token.id,
            },
            {"provider_id": "1", "payment_method_id": card},
        ):
            self.assertRefusedCall(url, "ada_owner", "cannot be saved here", **params)

    def test_r_forms_need_their_token(self):
        """Another site cannot stop, allow or change anything."""
        self._log_in("ada_owner")
        for path in ("stop/confirm", "method/use", "retry"):
            url = f"/my/autopay/{self.mandate.id}/{path}"
            with mute_logger("odoo.http"):
                response = self.url_open(url, {"token_id": str(self.token.id)})
            self.assertEqual(response.status_code, 400)
        with mute_logger("odoo.http"):
            response = self.url_open("/my/autopay/new/allow", {"agreed": "1"})
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.mandate.state, "active")

    def test_r_public_is_sent_to_login(self):
        for path in ("", "/new", f"/{self.mandate.id}/stop"):
            response = self.url_open(f"/my/autopay{path}", allow_redirects=False)
            self.assertEqual(response.status_code, 303)
            self.assertIn("/web/login", response.headers["Location"])
