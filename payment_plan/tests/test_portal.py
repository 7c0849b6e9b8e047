"""What customers see, choose, sign and pay themselves, and what nobody else can."""

import re

from lxml import html

from odoo import Command, fields
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import PlanCommon


@tagged("post_install", "-at_install")
class PlanPortalCommon(PlanCommon, HttpCase):
    """Ada owns the order; Zoe is her colleague; Brown is somebody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Partner = cls.env["res.partner"].sudo()
        cls.studio = Partner.create({"name": "Ada Studio", "is_company": True})
        cls.customer.parent_id = cls.studio
        cls.colleague = Partner.create({"name": "Zoe", "parent_id": cls.studio.id})
        cls.stranger = Partner.create({"name": "Brown", "is_company": True})
        cls._create_user("ada", cls.customer, email="ada@example.com")
        cls._create_user("zoe", cls.colleague)
        cls._create_user("brown", cls.stranger)

    @classmethod
    def _create_user(cls, login, partner, **vals):
        return new_test_user(
            cls.env(su=True),
            login=login,
            groups="base.group_portal",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            partner_id=partner.id,
            **vals,
        )

    @classmethod
    def _create_provider(cls):
        """Odoo's demo provider: it answers what the customer chooses."""
        Provider = cls.env["payment.provider"].sudo()
        demo = Provider.search([("code", "=", "demo")], limit=1)
        provider = demo.copy({"company_id": cls.company.id, "name": "Demo"})
        provider.write(
            {
                "state": "test",
                "is_published": True,
                "allow_tokenization": True,
                "journal_id": cls.company_data["default_journal_bank"].id,
            }
        )
        return provider

    def _quote(self, *rules, total=2000.0, **vals):
        """Send a quotation with a plan for each of these rules."""
        order = self._order(total, state="sent", **vals)
        for rule in rules or ({},):
            self._offer(order, **rule)
        order._portal_ensure_token()
        return order

    # === THE BROWSER === #

    def _log_in(self, login):
        if getattr(self, "_logged_in", False) != login:
            self.authenticate(login, login)
            self._logged_in = login

    def _get(self, url, login="ada", status=200):
        """Open a page as a user, None: as a visitor; return what comes at last."""
        self._log_in(login)
        response = self.url_open(url)
        self.assertEqual(response.status_code, status, f"{login}: {url}")
        self.env.invalidate_all()
        return response

    def _get_page(self, url, login="ada"):
        return html.fromstring(self._get(url, login).content)

    def _post(self, url, login="ada", status=200, **data):
        """Send a form; return the page that comes at last."""
        self._log_in(login)
        data = {**data, "csrf_token": Request.csrf_token(self)}
        with mute_logger("odoo.http"):
            response = self.url_open(url, data)
        self.assertEqual(response.status_code, status, f"{login}: {url}")
        self.env.invalidate_all()
        return html.fromstring(response.content)

    def _call(self, url, login="ada", **params):
        """Call a route as the browser's scripts do; return the answer or the error."""
        self._log_in(login)
        with mute_logger("odoo.http"):
            answer = self.opener.post(
                self.base_url() + url,
                json={"jsonrpc": "2.0", "method": "call", "params": params},
            ).json()
        self.env.invalidate_all()
        if "error" in answer:
            return {"error": answer["error"]["data"]["message"].replace("\xa0", " ")}
        return answer.get("result")

    def _get_text(self, node):
        return " ".join(node.text_content().replace("\ufeff", "").split())

    def _get_section(self, page):
        """Return what the section about plans says."""
        return self._get_text(page.get_element_by_id("payment_plan"))

    def _submit(self, page, action, login="ada", **data):
        """Send the form whose address contains ``action``, as it comes."""
        [form] = page.xpath(f"//form[contains(@action, '{action}')]")
        data = {**dict(form.form_values()), **data}
        return self._post(form.get("action"), login, **data)

    # === THE STEPS === #

    def _url(self, order, suffix="", token=True):
        """Return a path of the order, with its own token, another one, or none."""
        token = order.access_token if token is True else token
        return f"/my/orders/{order.id}{suffix}" + (
            f"?access_token={token}" if token else ""
        )

    def _choose(self, order, plan, login="ada", token=True):
        url = self._url(order, f"/plan/{plan.id}/choose", token)
        return self._post(url, login)

    def _get_sign_url(self, page):
        """Return the address to which core's form sends the signature."""
        [props] = page.xpath("//owl-component[@name='portal.signature_form']/@props")
        return re.search(r'"callUrl": "([^"]+)"', props)[1]

    def _sign_online(self, url, login="ada", **params):
        signature = self._signature().decode()
        return self._call(
            url, login, **{"name": "Ada Muster", "signature": signature, **params}
        )

    def _get_payment(self, **params):
        provider = self.provider
        return {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "token_id": None,
            "amount": 500.0,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "/my",
            **params,
        }

    def _pay_deposit(self, order, login="ada", **params):
        """Submit core's payment form of the order."""
        payment = self._get_payment(access_token=order.access_token, **params)
        return self._call(f"/my/orders/{order.id}/transaction", login, **payment)

    def _answer(self, values, state="done", login="ada"):
        """Let the demo provider answer, and the browser come back."""
        self._call(
            "/payment/demo/simulate_payment",
            login,
            reference=values["reference"],
            payment_details="4242",
            simulated_state=state,
        )
        self._call("/payment/status/poll", login)

    def _events(self, plan, kind):
        return plan.sudo().event_ids.filtered(lambda event: event.kind == kind)


class TestPortalStory(PlanPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls._create_provider()

    def test_pf22_choose_sign_and_pay(self):
        """Compare, choose, allow, read, sign, pay: one flow, with its evidence."""
        order = self._quote(
            {"name": "Monthly"}, {"name": "Quick"}, require_payment=True
        )
        plan = order.payment_plan_ids[0]
        page = self._get_page(self._url(order))
        cards = page.xpath("//form[hasclass('o_payment_plan_card')]")
        self.assertEqual(len(cards), 2)
        text = self._get_text(cards[0])
        for words in ("Monthly", "$ 500.00 today", "3 more", "total $ 2,000.00"):
            self.assertIn(words, text)
        self.assertFalse(page.xpath("//owl-component[@name='portal.signature_form']"))
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        page = self._choose(order, plan)
        self.assertEqual(order.payment_plan_id, plan)
        self.assertIn("Agreement on a payment plan", self._get_section(page))
        self.assertEqual(len(self._events(plan, "opened")), 1)
        [box] = page.xpath("//input[@name='agreed']")
        self.assertIsNone(box.get("checked"))
        [digest] = page.xpath("//input[@name='digest']/@value")
        page = self._post(self._url(order, "/plan/consent"), digest=digest, agreed="1")
        self.assertIn("You allow it", self._get_section(page))
        answer = self._sign_online(self._get_sign_url(page))
        self.assertIn("allow_payment=yes", answer.get("redirect_url", answer))
        self.assertEqual(plan.state, "signed")
        self.assertEqual(order.state, "sent")
        page = self._get_page(self._url(order))
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(float(form.get("data-amount")), 500.0)
        modal = self._get_text(page.get_element_by_id("modalaccept"))
        self.assertIn("You pay now, once: $ 500.00", modal)
        self.assertIn("This payment method is saved", modal)
        self.assertNotIn("Full amount", modal)
        self._answer(self._pay_deposit(order))
        self.assertEqual(order.state, "sale")
        self.assertEqual(plan.state, "active")
        lines = self._lines(plan)
        self.assertEqual(lines.mapped("state"), ["paid"] + ["scheduled"] * 3)
        mandate = plan._get_mandate_sudo()
        self.assertEqual(mandate.token_id.payment_details, "4242")
        self.assertEqual(mandate.max_amount, 500.0)

    def test_pf24_evidence_of_the_signature(self):
        """Who, when, from where, what: all of it is kept."""
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        self._sign_online(self._get_sign_url(self._choose(order, plan)))
        signed = self._events(plan, "signed")
        self.assertEqual(signed.name, "Ada Muster")
        self.assertEqual(signed.email, "ada@example.com")
        self.assertEqual(signed.ip_address, "127.0.0.1")
        self.assertIn("python-requests", signed.user_agent)
        self.assertEqual(signed.digest, plan.version_id.digest)
        self.assertTrue(signed.signature)
        self.assertEqual(signed.user_id.login, "ada")
        self.assertEqual(self._events(plan, "chosen").user_id.login, "ada")

    def test_p57_p58_what_is_due_today_is_one_charge(self):
        """A first installment dated today is paid with the deposit: one charge."""
        order = self._quote(
            {"start": "date", "start_date": fields.Date.today()}, require_payment=True
        )
        plan = order.payment_plan_ids
        page = self._get_page(self._url(order))
        [card] = page.xpath("//form[hasclass('o_payment_plan_card')]")
        self.assertIn("$ 1,000.00 today and 2 more payments", self._get_text(card))
        page = self._choose(order, plan)
        self._sign_online(self._get_sign_url(page))
        page = self._get_page(self._url(order))
        modal = self._get_text(page.get_element_by_id("modalaccept"))
        self.assertIn("You pay now, once: $ 1,000.00", modal)
        self.assertIn("for this payment only", modal)
        self.assertIn("exactly $ 1,000.00", self._pay_deposit(order)["error"])
        self._answer(self._pay_deposit(order, amount=1000.0))
        states = self._lines(plan).mapped("state")
        self.assertEqual(states, ["paid", "paid", "scheduled", "scheduled"])
        self.assertEqual(order.transaction_ids.mapped("amount"), [1000.0])
        self.assertFalse(plan._get_mandate_sudo())
        self._run()
        self._collect()
        self.assertEqual(len(order.transaction_ids), 1)
        self.assertEqual(plan.amount_paid, 1000.0)

    def test_pf26_nothing_is_paid_before_the_signature(self):
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        self.assertIn("Choose how you pay first", self._pay_deposit(order)["error"])
        self._choose(order, plan)
        self.assertIn("sign the contract first", self._pay_deposit(order)["error"])
        page = self._get_page(self._url(order) + "&payment_amount=500")
        self.assertFalse(page.xpath("//form[@id='o_payment_form']"))
        self.assertFalse(order.transaction_ids)
        self.assertEqual(order.state, "sent")

    def test_p22_one_payment_at_a_time(self):
        """While a payment is in progress or paid, a second one is refused."""
        order = self._quote(require_payment=True)
        page = self._choose(order, order.payment_plan_ids)
        self._sign_online(self._get_sign_url(page))
        first = self._pay_deposit(order)
        self.assertIn("in progress", self._pay_deposit(order)["error"])
        self._answer(first, "pending")
        self.assertIn("in progress", self._pay_deposit(order)["error"])
        self._answer(first, "done")
        self.assertEqual(order.payment_plan_id.state, "active")
        self.assertIn("no deposit to pay", self._pay_deposit(order)["error"])
        self.assertEqual(len(order.transaction_ids), 1)

    def test_p90_tampered_payments(self):
        """The amount is the deposit, whatever the browser says."""
        order = self._quote(require_payment=True)
        page = self._choose(order, order.payment_plan_ids)
        self._sign_online(self._get_sign_url(page))
        for amount in (1.0, 499.99, 500.001, 2000.0, -500.0, 0, None, "500", True):
            answer = self._pay_deposit(order, amount=amount)
            self.assertIn("exactly $ 500.00", answer["error"], amount)
        answer = self._pay_deposit(order, is_validation=True)
        self.assertIn("exactly $ 500.00", answer["error"])
        for extra in ({"currency_id": 1}, {"partner_id": self.stranger.id}):
            self.assertIn("not whitelisted", self._pay_deposit(order, **extra)["error"])
        self.assertFalse(order.transaction_ids)

    def test_pf30_required_automatic_payment(self):
        """Without the box no signature; the box alone, out of date, is refused."""
        order = self._quote({"autopay": "required"}, require_payment=True)
        plan = order.payment_plan_ids
        page = self._choose(order, plan)
        self.assertFalse(page.xpath("//owl-component[@name='portal.signature_form']"))
        self.assertFalse(page.xpath("//*[@data-bs-target='#modalaccept']"))
        digest = plan._get_version().digest
        url = self._url(order, "/accept") + f"&plan_digest={digest}"
        self.assertIn("Allow automatic", self._sign_online(url)["error"])
        page = self._submit(page, "/plan/consent", agreed="")
        self.assertIn("Tick the box", self._get_section(page))
        page = self._submit(page, "/plan/consent", agreed="1", digest="0" * 64)
        self.assertIn("has changed", self._get_section(page))
        self.assertFalse(self._events(plan, "consented"))
        page = self._submit(page, "/plan/consent", agreed="1")
        consent = self._events(plan, "consented")
        self.assertEqual(consent.ip_address, "127.0.0.1")
        text = consent.text.replace("\xa0", " ")
        self.assertIn("never more than $ 500.00 at once", text)
        self.assertIn("redirect_url", self._sign_online(self._get_sign_url(page)))
        self.assertEqual(plan.state, "signed")

    def test_pf32_consent_is_taken_back_before_the_signature(self):
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        page = self._submit(self._choose(order, plan), "/plan/consent", agreed="1")
        page = self._submit(page, "/consent/withdraw")
        self.assertNotIn("You allow it", self._get_section(page))
        self._sign_online(self._get_sign_url(page))
        self._answer(self._pay_deposit(order))
        self.assertEqual(plan.state, "active")
        self.assertFalse(plan._get_mandate_sudo())

    def test_p72_the_second_device_is_told(self):
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        url = self._get_sign_url(self._choose(order, plan))
        self.assertIn("redirect_url", self._sign_online(url, name="Ada"))
        signed_on = order.signed_on
        answer = self._sign_online(url, login=None, name="Bob")
        self.assertIn("is signed already", answer["error"])
        self.assertEqual(self._events(plan, "signed").name, "Ada")
        self.assertEqual((order.signed_by, order.signed_on), ("Ada", signed_on))
        self.assertEqual(len(plan.installment_ids), 4)

    def test_p73_a_changed_price_refuses_the_open_page(self):
        """Nothing is signed; the page then shows the new contract, to be signed."""
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        url = self._get_sign_url(self._choose(order, plan))
        order.order_line.price_unit = 2400.0
        self.env.flush_all()
        answer = self._sign_online(url)
        self.assertIn("has changed since you opened", answer["error"])
        self.assertFalse(order.signature)
        self.assertFalse(self._events(plan, "signed"))
        self.assertEqual(plan.state, "offered")
        page = self._get_page(self._url(order))
        self.assertIn("$ 600.00", self._get_section(page))
        self.assertNotEqual(self._get_sign_url(page), url)
        self.assertIn("redirect_url", self._sign_online(self._get_sign_url(page)))
        self.assertEqual(plan.amount_total, 2400.0)

    def test_pf22_core_refuses_hence_nothing_is_signed(self):
        """What is no picture, and no name: no half of a signature is written."""
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        url = self._get_sign_url(self._choose(order, plan))
        for params in (
            {"signature": ""},
            {"signature": None},
            {"signature": "no base64 äöü"},
            {"signature": "AAAA"},
            {"name": " "},
        ):
            self.assertTrue(self._sign_online(url, **params)["error"], params)
            self.assertEqual(plan.state, "offered")
            self.assertFalse(self._events(plan, "signed"))
            self.assertFalse(plan.installment_ids)
            self.assertFalse(order.signature)

    def test_r4_in_full_and_back_again(self):
        """Choosing shows what is saved; another plan takes it away again."""
        order = self._quote(
            {"name": "Monthly"},
            {
                "name": "In full",
                "structure": "full",
                "discount_kind": "percent",
                "discount_percent": 5.0,
            },
            require_payment=True,
        )
        monthly, full = order.payment_plan_ids
        page = self._get_page(self._url(order))
        self.assertIn("You save $ 100.00", self._get_section(page))
        page = self._choose(order, full)
        self.assertEqual(order.amount_total, 1900.0)
        page = self._submit(page, "/plan/leave")
        self.assertEqual((order.amount_total, len(order.order_line)), (2000.0, 1))
        self.assertEqual(len(page.xpath("//form[hasclass('o_payment_plan_card')]")), 2)
        self._choose(order, full)
        page = self._choose(order, monthly)
        self.assertEqual(order.amount_total, 2000.0)
        page = self._choose(order, full)
        self._sign_online(self._get_sign_url(page))
        self._answer(self._pay_deposit(order, amount=1900.0))
        self.assertEqual(full.state, "completed")

    def test_r59_what_cannot_be_chosen_is_not_shown(self):
        order = self._quote({"name": "Good"}, {"name": "Ended"}, require_payment=True)
        ended = order.payment_plan_ids[1]
        ended.valid_until = "2020-01-01"
        self.env.flush_all()
        section = self._get_section(self._get_page(self._url(order)))
        self.assertIn("Good", section)
        self.assertNotIn("Ended", section)
        page = self._choose(order, ended)
        self.assertIn("The offer of Ended has ended", self._get_section(page))
        self.assertFalse(order.payment_plan_id)
        section = self._get_section(self._get_page(self._url(order)))
        self.assertNotIn("has ended", section)

    def test_r59_a_chosen_plan_that_ended_is_explained(self):
        """The page still opens, says why, and another plan can be chosen."""
        order = self._quote({"name": "Late"}, {"name": "Good"}, require_payment=True)
        late = order.payment_plan_ids[0]
        self._choose(order, late)
        late.valid_until = "2020-01-01"
        self.env.flush_all()
        page = self._get_page(self._url(order))
        self.assertIn("The offer of Late has ended", self._get_section(page))
        self.assertFalse(page.xpath("//*[@data-bs-target='#modalaccept']"))
        page = self._submit(page, "/plan/leave")
        self.assertIn("Good", self._get_section(page))

    def test_pf24_opened_is_noted_once_a_day(self):
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        for _time in range(2):
            self._get(self._url(order))
        self.assertFalse(self._events(plan, "opened"))
        self._choose(order, plan)
        for _time in range(2):
            self._get(self._url(order))
        opened = self._events(plan, "opened")
        self.assertEqual(len(opened), 1)
        self.assertEqual(opened.version_id, plan._get_version())


class TestPortalWithoutProvider(PlanPortalCommon):
    def test_p51_choose_and_sign(self):
        """No provider: the signature starts the plan, the bank pays its invoices."""
        order = self._quote(
            {"name": "By hand"}, {"name": "Auto", "autopay": "required"}
        )
        plan = order.payment_plan_ids[0]
        page = self._get_page(self._url(order), login=None)
        self.assertNotIn("Auto", self._get_section(page))
        page = self._choose(order, plan, login=None)
        self.assertFalse(page.xpath("//input[@name='agreed']"))
        answer = self._sign_online(self._get_sign_url(page), login=None)
        self.assertNotIn("allow_payment", answer["redirect_url"])
        self.assertEqual((order.state, plan.state), ("sale", "active"))
        self.assertFalse(self._events(plan, "signed").email)
        page = self._get_page(self._url(order), login=None)
        [link] = page.xpath("//section[@id='payment_plan']//a/@href")
        page = self._get_page(link, login=None)
        text = self._get_text(page.xpath("//div[hasclass('o_payment_plan_page')]")[0])
        self.assertIn("Pay everything now: $ 2,000.00", text)
        deposit = self._lines(plan)[0]
        self.assertIn(deposit.move_id.name, text)
        page = self._submit(page, f"/pay/{self._lines(plan)[1].id}?", login=None)
        self.assertIn(self._lines(plan)[1].move_id.name, self._get_text(page))
        page = self._get_page(plan.get_portal_url(suffix="/payoff"), login=None)
        page = self._submit(page, "/payoff/invoice", login=None)
        self.assertIn("by bank transfer", self._get_text(page))
        self.assertEqual(len(self._lines(plan).move_id), 4)
        for move in self._lines(plan).move_id:
            self._pay(move)
        self.assertEqual(plan.state, "completed")
        page = self._get_page(plan.get_portal_url(), login=None)
        self.assertIn("Paid in full", self._get_text(page))
        self.assertNotIn("Pay everything", self._get_text(page))


class TestPortalPlans(PlanPortalCommon):
    """My plans: see, pay early, pay everything, automatic payment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls._create_provider()

    def _create_token(self, partner=None, details="4242"):
        return (
            self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.env.ref("payment.payment_method_card").id,
                    "partner_id": (partner or self.customer).id,
                    "payment_details": details,
                    "provider_ref": f"card {details}",
                    "demo_simulated_state": "done",
                }
            )
        )

    def _get_page_text(self, plan, login="ada"):
        page = self._get_page(plan.get_portal_url(), login)
        return self._get_text(page.xpath("//div[hasclass('o_payment_plan_page')]")[0])

    def test_pf72_my_plans(self):
        """The list and the page say what is paid, next, overdue and remaining."""
        plan = self._run_plan(name="Three months")
        self._run_plan(400.0, name="Short", deposit_percent=100.0)
        counters = self._call("/my/counters", counters=["plan_count"])
        self.assertEqual(counters, {"plan_count": 2})
        self.assertTrue(self._get_page("/my").xpath("//a[@href='/my/plans']"))
        for login in ("ada", "zoe"):
            text = self._get_text(self._get_page("/my/plans", login))
            for words in ("Three months", "Short", "$ 0.00 of $ 2,000.00 paid"):
                self.assertIn(words, text)
        text = self._get_text(self._get_page("/my/plans", "brown"))
        self.assertIn("You have no payment plan", text)
        self._pay(self._lines(plan)[0].move_id)
        text = self._get_page_text(plan)
        for words in (
            "$ 500.00 of $ 2,000.00 paid",
            "Remaining $ 1,500.00",
            "Next payment $ 500.00",
            f"Receipt {self._lines(plan)[0].move_id.name}",
        ):
            self.assertIn(words, text)

    def test_pf34_pay_the_next_one_early(self):
        """The invoice is made at once and paid; the others stay as they are."""
        plan = self._run_plan()
        line = self._lines(plan)[2]
        page = self._get_page(plan.get_portal_url())
        page = self._submit(page, f"/pay/{line.id}?")
        move = line.move_id
        self.assertEqual((move.state, move.amount_total), ("posted", 500.0))
        self.assertEqual(move.invoice_date_due, line.date_due)
        self.assertTrue(page.xpath("//form[@id='o_payment_form']"))
        values = self._call(
            f"/invoice/transaction/{move.id}",
            access_token=move.access_token,
            **self._get_payment(),
        )
        self._answer(values)
        states = self._lines(plan).mapped("state")
        self.assertEqual(states, ["due", "scheduled", "paid", "scheduled"])
        self._post(plan.get_portal_url(suffix=f"/pay/{line.id}"))
        self.assertEqual(len(self._lines(plan).move_id), 2)

    def test_pf36_pay_everything(self):
        """One payment of exactly what is open completes the plan."""
        plan = self._run_plan()
        self._pay(self._lines(plan)[0].move_id)
        page = self._get_page(plan.get_portal_url(suffix="/payoff"))
        last = fields.Date.subtract(self._lines(plan)[1].date_due, days=1)
        text = self._get_text(page.xpath("//div[hasclass('o_payment_plan_payoff')]")[0])
        self.assertIn(f"valid until {last.strftime('%m/%d/%Y')}", text)
        self.assertIn("Together $ 1,500.00", text)
        url = f"/my/plans/{plan.id}/payoff/transaction"
        token = plan.access_token
        answer = self._call(url, access_token=token, **self._get_payment(amount=1500.0))
        self.assertIn("has changed", answer["error"])
        page = self._submit(page, "/payoff/invoice")
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(form.get("data-transaction-route"), url)
        self.assertEqual(float(form.get("data-amount")), 1500.0)
        for amount in (1.0, 500.0, 1499.99, 1501.0, None, "1500", True):
            answer = self._call(
                url, access_token=token, **self._get_payment(amount=amount)
            )
            self.assertIn("has changed", answer["error"], amount)
        values = self._call(url, access_token=token, **self._get_payment(amount=1500.0))
        answer = self._call(url, access_token=token, **self._get_payment(amount=1500.0))
        self.assertIn("in progress", answer["error"])
        self._answer(values)
        self.assertEqual(plan.state, "completed")
        self.assertEqual(self._lines(plan).mapped("state"), ["paid"] * 4)
        transactions = self._lines(plan).move_id.transaction_ids
        self.assertEqual(transactions.mapped("amount"), [1500.0])

    def test_pf30_automatic_payment_is_allowed_later(self):
        """By a saved method of the customer, after the box is ticked; then it is on."""
        plan = self._run_plan()
        self.assertIn("Save a payment method first", self._get_page_text(plan))
        page = self._get_page(f"/my/payment_method?plan={plan.id}")
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(form.get("data-landing-route"), f"/my/plans/{plan.id}")
        token = self._create_token()
        foreign = self._create_token(self.stranger, "0005")
        page = self._get_page(plan.get_portal_url())
        self.assertNotIn("0005", self._get_text(page))
        [box] = page.xpath("//input[@name='agreed']")
        self.assertIsNone(box.get("checked"))
        good = {"token_id": token.id, "agreed": "1"}
        for bad, words in (
            ({"agreed": ""}, "Tick the box"),
            ({"token_id": foreign.id}, "Choose a payment method"),
            ({"token_id": "x"}, "Choose a payment method"),
            ({"digest": "0" * 64}, "Reload the page"),
        ):
            answer = self._submit(page, "/autopay?", **{**good, **bad})
            self.assertIn(words, self._get_text(answer))
            self.assertFalse(plan._get_mandate_sudo())
        self.assertFalse(self._events(plan, "consented"))
        page = self._submit(page, "/autopay?", **good)
        mandate = plan._get_mandate_sudo()
        self.assertEqual(mandate.token_id, token)
        self.assertEqual(self._events(plan, "consented").ip_address, "127.0.0.1")
        text = self._get_page_text(plan)
        self.assertIn("4242", text)
        self.assertIn("charged on their days", text)
        for path in ("method", "stop"):
            self._get(f"/my/autopay/{mandate.id}/{path}")
        text = self._get_page_text(plan, login=None)
        self.assertNotIn("4242", text)
        self.assertIn("charged on their days", text)
        self._post(f"/my/autopay/{mandate.id}/stop/confirm")
        self.assertIn("Nothing is charged automatically", self._get_page_text(plan))

    def test_pf30_off_is_not_offered(self):
        plan = self._run_plan(autopay="off")
        self._create_token()
        page = self._get_page(plan.get_portal_url())
        self.assertFalse(page.xpath("//input[@name='agreed']"))
        digest = plan.version_id.digest
        self._post(
            plan.get_portal_url(suffix="/autopay"),
            agreed="1",
            digest=digest,
            token_id=self.env["payment.token"].sudo().search([], limit=1).id,
        )
        self.assertFalse(plan._get_mandate_sudo())

    def test_p74_a_changed_order_can_not_be_paid_early(self):
        plan = self._run_plan()
        plan.sale_order_id.order_line[0].price_unit = 2500.0
        self.env.flush_all()
        self.assertIn("is being changed", self._get_page_text(plan))
        line = self._lines(plan)[1]
        page = self._post(plan.get_portal_url(suffix=f"/pay/{line.id}"))
        self.assertIn("please ask us", self._get_text(page))
        self._post(plan.get_portal_url(suffix="/payoff/invoice"))
        self.assertFalse(self._lines(plan)[1:].move_id)


class TestPortalAccess(PlanPortalCommon):
    """P90: every route for everybody who has no business there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls._create_provider()

    def _get_state(self, order, plan):
        """Return all that a request could have changed."""
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            order.payment_plan_id.id,
            order.state,
            bool(order.signature),
            len(order.transaction_ids),
            plan.state,
            len(plan.sudo().event_ids),
            len(plan.sudo().version_ids),
            plan.installment_ids.mapped("move_id.id"),
            len(plan.installment_ids.move_id.transaction_ids),
            plan._get_mandate_sudo().id,
        )

    def test_p90_quotation(self):
        """Without the right token nothing is seen or done, by no route."""
        order = self._quote({}, {"name": "Other"}, require_payment=True)
        other = self._quote({"name": "Foreign"})
        plan = order.payment_plan_ids[0]
        self._choose(order, plan)
        digest = plan._get_version().digest
        before = self._get_state(order, plan)
        self._log_in("brown")
        for login, token in (
            (None, None),
            (None, other.access_token),
            (None, "x" * 36),
            ("brown", None),
            ("brown", other.access_token),
        ):
            for path in ("", "?payment_amount=1"):
                url = self._url(order, path, token=None)
                url += f"{'&' if path else '?'}access_token={token}" if token else ""
                response = self._get(url, login)
                self.assertNotIn("2,000.00", response.text)
                self.assertNotIn("Agreement on a payment plan", response.text)
            for path in (
                f"/plan/{plan.id}/choose",
                f"/plan/{order.payment_plan_ids[1].id}/choose",
                "/plan/leave",
                "/plan/consent",
                "/plan/consent/withdraw",
            ):
                self._post(
                    self._url(order, path, token), login, digest=digest, agreed="1"
                )
            url = self._url(order, "/accept", token)
            url += f"{'&' if token else '?'}plan_digest={digest}"
            self.assertIn("error", self._sign_online(url, login))
            answer = self._call(
                f"/my/orders/{order.id}/transaction",
                login,
                access_token=token,
                **self._get_payment(),
            )
            self.assertIn("access token is invalid", answer["error"])
            self.assertEqual(self._get_state(order, plan), before, (login, token))

    def test_p90_tampered_ids_of_a_quotation(self):
        """A plan of another order, another order's digest, none at all."""
        order = self._quote(require_payment=True)
        other = self._quote({"name": "Foreign"}, require_payment=True)
        plan, foreign = order.payment_plan_ids, other.payment_plan_ids
        for plan_id in (foreign.id, foreign.id + 1000, 10**30):
            page = self._post(self._url(order, f"/plan/{plan_id}/choose"))
            self.assertIn("is not offered on", self._get_section(page))
            self.assertFalse(order.payment_plan_id)
            self.assertFalse(other.payment_plan_id)
        self._choose(order, plan)
        self._choose(other, foreign)
        for digest in ("", "0" * 64, foreign._get_version().digest):
            url = self._url(order, "/accept") + f"&plan_digest={digest}"
            self.assertIn("has changed", self._sign_online(url)["error"])
        self.assertIn(
            "has changed", self._sign_online(self._url(order, "/accept"))["error"]
        )
        self.assertEqual((plan.state, foreign.state), ("offered", "offered"))
        self.assertFalse(order.signature)

    def test_p90_colleague(self):
        """Who sees the company's quotations may choose; evidence says who it was."""
        order = self._quote(require_payment=True)
        plan = order.payment_plan_ids
        self._choose(order, plan, login="zoe", token=None)
        self.assertEqual(order.payment_plan_id, plan)
        self.assertEqual(self._events(plan, "chosen").user_id.login, "zoe")

    def test_p90_plan(self):
        """Somebody else's plan is not found, whatever is asked of it."""
        plan = self._run_plan()
        foreign = self._run_plan(name="Foreign")
        foreign._portal_ensure_token()
        plan._portal_ensure_token()
        line = self._lines(plan)[1]
        order = plan.sale_order_id
        before = self._get_state(order, plan)
        for login, token in (
            (None, None),
            (None, foreign.access_token),
            (None, order._portal_ensure_token()),
            ("brown", None),
            ("brown", foreign.access_token),
        ):
            query = f"?access_token={token}" if token else ""
            base = f"/my/plans/{plan.id}"
            for path in ("", "/payoff"):
                response = self._get(f"{base}{path}{query}", login, status=404)
                self.assertNotIn("2,000.00", response.text)
            for path in (f"/pay/{line.id}", "/payoff/invoice"):
                self._post(f"{base}{path}{query}", login, status=404)
            status = 404 if login else 200  # a visitor is asked to log in
            self._post(
                f"{base}/autopay{query}",
                login,
                status=status,
                agreed="1",
                digest=plan.version_id.digest,
            )
            answer = self._call(
                f"{base}/payoff/transaction",
                login,
                access_token=token,
                **self._get_payment(amount=2000.0),
            )
            self.assertIn("access token is invalid", answer["error"])
            self.assertEqual(self._get_state(order, plan), before, (login, token))

    def test_p90_tampered_ids_of_a_plan(self):
        """A payment of another plan; a plan that is offered only; none at all."""
        plan = self._run_plan()
        foreign = self._run_plan(name="Foreign")
        line = self._lines(foreign)[1]
        for line_id in (line.id, line.id + 1000, 10**30):
            page = self._post(plan.get_portal_url(suffix=f"/pay/{line_id}"))
            self.assertIn("is not part of", self._get_text(page))
        self.assertFalse(line.move_id)
        offered = self._quote().payment_plan_ids
        self._get(offered.get_portal_url(), status=404)
        self._get(offered.get_portal_url(), login=None, status=404)
        self._get("/my/plans/999999", status=404)

    def test_p90_forms_need_their_token(self):
        """Another site cannot choose, allow or pay anything."""
        order = self._quote(require_payment=True)
        plan = self._run_plan()
        self._log_in("ada")
        for url in (
            self._url(order, f"/plan/{order.payment_plan_ids.id}/choose"),
            self._url(order, "/plan/leave"),
            self._url(order, "/plan/consent"),
            self._url(order, "/plan/consent/withdraw"),
            plan.get_portal_url(suffix=f"/pay/{self._lines(plan)[1].id}"),
            plan.get_portal_url(suffix="/payoff/invoice"),
            plan.get_portal_url(suffix="/autopay"),
        ):
            with mute_logger("odoo.http"):
                response = self.url_open(url, {"agreed": "1"})
            self.assertEqual(response.status_code, 400, url)
        self.assertFalse(order.payment_plan_id)

    def test_p90_lists_belong_to_their_company(self):
        self._run_plan(name="Secret plan")
        text = self._get("/my/plans", "brown").text
        self.assertNotIn("Secret plan", text)
        response = self.url_open("/my/plans")
        self._log_in(None)
        response = self.url_open("/my/plans", allow_redirects=False)
        self.assertIn("/web/login", response.headers["Location"])
