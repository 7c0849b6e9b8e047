"""The customer orders credit in the portal and pays it with Odoo's form."""

from odoo import Command, http
from odoo.tests import tagged

from .test_portal import PrepaidPortalCommon
from .test_replenishment_charge import ChargeCommon


@tagged("post_install", "-at_install")
class TestPortalTopUp(ChargeCommon, PrepaidPortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider.is_published = True
        cls.pack.list_price = 500.0
        cls.budget = cls._create_budget(name="Azure credit")
        cls.url = f"{cls.budget.access_url}/top-up"

    def _allow_amounts(self, smallest=100.0, largest=2000.0):
        self.budget.write(
            {
                "portal_top_up": "amount",
                "portal_min": smallest,
                "portal_max": largest,
            }
        )

    def _open_form(self, login="azure_contact", budget=None):
        """Open the page; return the key of its form, None while one is open."""
        url = f"{(budget or self.budget).access_url}/top-up"
        keys = self._get_page(url, login).xpath("//input[@name='key']/@value")
        return keys[0] if keys else None

    def _send(self, key, choice=None, budget=None, status=200, **answers):
        """Send the form; return the response without following it."""
        response = self.url_open(
            f"{(budget or self.budget).access_url}/top-up/order",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "key": key,
                "choice": choice or str(self.pack.id),
                **answers,
            },
            allow_redirects=False,
        )
        self.assertEqual(response.status_code, status)
        return response

    def _cancel(self, move, status=303):
        response = self.url_open(
            f"{self.url}/{move.id}/cancel",
            data={"csrf_token": http.Request.csrf_token(self)},
            allow_redirects=False,
        )
        self.assertEqual(response.status_code, status)
        return response

    def _get_orders(self, budget=None):
        lines = self.env["account.move.line"].search(
            [("prepaid_budget_id", "=", (budget or self.budget).id)]
        )
        return lines.move_id.sorted("id")

    def _order(self):
        self._send(self._open_form(), status=303)
        return self._get_orders()[-1:]

    def _pay_online(self, move, login="azure_contact"):
        """Pay by core's form, as the browser does, with the demo provider."""
        self._log_in(login)
        values = self.make_jsonrpc_request(
            f"/invoice/transaction/{move.id}",
            {
                "access_token": move._portal_ensure_token(),
                "provider_id": self.provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "token_id": None,
                "amount": move.amount_residual,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": move.get_portal_url(),
                "is_validation": False,
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {
                "reference": values["reference"],
                "payment_details": "4242",
                "simulated_state": "done",
            },
        )
        tx = self.env["payment.transaction"].sudo()
        tx = tx.search([("reference", "=", values["reference"])])
        tx._post_process()
        return tx

    # === THE STORY === #

    def test_bf40_pack_ordered_and_paid_online(self):
        """The button, the pack, the invoice, core's form, the money, the credit."""
        page = self._get_page(self.budget.access_url)
        self.assertTrue(page.xpath(f"//a[@id='prepaid_top_up'][@href='{self.url}']"))
        form = self._get_page(self.url).get_element_by_id("prepaid_top_up_form")
        self.assertIn("$ 500.00", self._get_text(form))
        self.assertIn("$ 575.00", self._get_text(form), "to pay, with tax")
        response = self._send(self._open_form(), status=303)
        move = self._get_orders()
        self.assertRecordValues(
            move,
            [
                {
                    "state": "posted",
                    "amount_untaxed": 500.0,
                    "amount_total": 575.0,
                    "partner_id": self.customer.id,
                    "is_prepaid_portal": True,
                    "invoice_date": self.company._get_autopay_today(),
                }
            ],
        )
        location = response.headers["Location"]
        self.assertIn(f"/my/invoices/{move.id}", location)
        self.assertIn("o_payment_form", self._get(location, "azure_contact").text)
        self.assertBalance(self.budget, 0.0)
        self.assertEqual(self.budget.amount_pending, 500.0)

        self.assertEqual(self._pay_online(move).amount, 575.0)
        self.assertEqual(move.payment_state, "paid")
        self.assertBalance(self.budget, 500.0)
        self.assertTrue(self._open_form(), "the next one can be ordered")

    def test_bf40_price_tax_and_bonus_are_the_packs(self):
        """Packs that are offered: price list, bonus, and hours for hours budgets."""
        bonus = self._create_pack(
            name="Thousand", prepaid_credit=1000, prepaid_bonus=50, list_price=900
        )
        hours = self._create_pack(
            name="Ten hours", prepaid_unit="hours", prepaid_credit=10, list_price=800
        )
        self.company.prepaid_portal_product_ids = self.pack + bonus + hours
        form = self._get_page(self.url).get_element_by_id("prepaid_top_up_form")
        text = self._get_text(form)
        self.assertIn("+ $ 50.00 free", text)
        self.assertIn("$ 1,035.00", text)
        self.assertNotIn("Ten hours", text)
        self._send(self._open_form(), choice=str(bonus.id), status=303)
        self._pay(self._get_orders())
        self.assertBalance(self.budget, 1050.0)

        in_hours = self._create_budget(name="Hours", unit="hours", product_id=hours.id)
        self._send(
            self._open_form(budget=in_hours),
            choice=str(hours.id),
            budget=in_hours,
            status=303,
        )
        order = self._get_orders(in_hours)
        self.assertEqual(order.amount_untaxed, 800.0)
        self._pay(order)
        self.assertBalance(in_hours, 10.0)

    def test_bf40_tax_included_in_the_price(self):
        """A pack for 575 with tax in it brings 500."""
        self.tax.price_include_override = "tax_included"
        self.pack.list_price = 575.0
        move = self._order()
        self.assertEqual((move.amount_untaxed, move.amount_total), (500.0, 575.0))
        self._pay(move)
        self.assertBalance(self.budget, 500.0)

    def test_bf40_amount_within_limits(self):
        """A free amount only where allowed, within the limits, in whole cents."""
        self._send(self._open_form(), choice="amount", amount="300")
        self.assertFalse(self._get_orders(), "packs only")
        self._allow_amounts()
        for amount in ("99.99", "2000.01", "-300", "0", "nan", "inf", "1e400", "x", ""):
            with self.subTest(amount=amount):
                response = self._send(self._open_form(), choice="amount", amount=amount)
                self.assertIn("Choose an amount between", response.text)
                self.assertFalse(self._get_orders())
        self._send(self._open_form(), choice="amount", amount="250.004", status=303)
        self.assertEqual(self._get_orders().amount_untaxed, 250.0)

    def test_bf40_only_what_is_offered(self):
        """Neither another product nor a price of the browser's own is accepted."""
        other = self._create_pack(name="Cheap", list_price=1.0)
        for choice in (str(other.id), "0", "-1", "amount", "x"):
            with self.subTest(choice=choice):
                response = self._send(self._open_form(), choice=choice, amount="500")
                self.assertIn("that are offered", response.text)
                self.assertFalse(self._get_orders())
        self._send(
            self._open_form(),
            status=303,
            amount="1",
            price="1",
            total="1",
            credit="9999",
        )
        self.assertEqual(self._get_orders().amount_untaxed, 500.0)

    # === ONE AT A TIME === #

    def test_bf40_bf66_same_form_twice_is_one_invoice(self):
        """Double click, back button, two tabs: one invoice, and its form again."""
        first_tab = self._open_form()
        second_tab = self._open_form()
        addresses = {
            self._send(key, status=303).headers["Location"]
            for key in (first_tab, first_tab, second_tab)
        }
        self.assertEqual(len(addresses), 1)
        self.assertEqual(len(self._get_orders()), 1)
        # While it is open the page offers to pay or to cancel it, nothing else.
        page = self._get_page(self.url)
        self.assertFalse(page.xpath("//form[@id='prepaid_top_up_form']"))
        self.assertIn(
            self._get_orders().name,
            self._get_text(page.get_element_by_id("prepaid_order")),
        )
        self._pay(self._get_orders())
        self._send(first_tab, status=303)
        self.assertEqual(len(self._get_orders()), 1, "the form was used already")

    def test_bf40_bf31_no_automatic_top_up_beside_it(self):
        """The nightly job waits for the order, and the customer for an invoice."""
        self.budget.write(
            {
                "threshold": 100.0,
                "replenish_policy": "threshold",
                "replenish_amount": 200.0,
            }
        )
        self._order()
        self.budget.action_replenish_now()
        self.assertEqual(len(self._get_orders()), 1)
        self.assertIn("is open", self.budget.replenish_note)

    def test_bf40_abandoned_order_is_canceled(self):
        """Nothing is paid: the customer cancels, the credit never counts."""
        move = self._order()
        self._get(self.url, "azure_contact")
        self._cancel(move)
        self.assertEqual(move.state, "cancel")
        self.assertBalance(self.budget, 0.0)
        self.assertEqual(self.budget.amount_pending, 0.0)
        self.assertTrue(self._open_form())
        self._cancel(move, status=200)
        self.assertEqual(len(self._get_orders()), 1)

    def test_bf40_canceled_where_the_journal_is_sealed(self):
        """An invoice that may not be reset is canceled by its credit note."""
        move = self._order()
        move.journal_id.sudo().restrict_mode_hash_table = True
        move.button_hash()
        self.assertTrue(move.inalterable_hash)
        self._get(self.url, "azure_contact")
        self._cancel(move)
        self.assertRecordValues(
            move, [{"state": "posted", "payment_state": "reversed"}]
        )
        self.assertEqual(self.budget.amount_pending, 0.0)
        self.assertTrue(self._open_form())

    def test_bf40_not_canceled_once_a_payment_is_there_or_under_way(self):
        """Partly paid, or a payment that was sent: refused."""
        move = self._order()
        tx = self.env["payment.transaction"].sudo()
        tx = tx.create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_card").id,
                "amount": move.amount_residual,
                "currency_id": move.currency_id.id,
                "partner_id": self.customer.id,
                "operation": "online_redirect",
                "invoice_ids": [Command.set(move.ids)],
            }
        )
        for state in ("draft", "pending", "authorized"):
            tx.state = state
            response = self._cancel(move, status=200)
            self.assertIn("under way", response.text)
        tx.state = "error"
        self._pay(move, amount=100.0)
        self.assertIn("cannot be canceled", self._cancel(move, status=200).text)
        self.assertEqual(move.state, "posted")

    def test_bf40_only_own_orders_can_be_canceled(self):
        """An invoice that staff made stays, whatever address the browser asks for."""
        move = self._buy(self.budget, 200.0, pay=False)
        other = self._create_budget(name="Other")
        foreign = self._buy(other, 200.0, pay=False)
        self._log_in("azure_contact")
        self.assertIn("cannot be canceled", self._cancel(move, status=200).text)
        self.assertIn("not open any more", self._cancel(foreign, status=200).text)
        self.assertEqual((move + foreign).mapped("state"), ["posted"] * 2)

    # === WHEN IT COUNTS === #

    def test_bf40_bf36_counts_when_paid_whatever_the_pack_says(self):
        """Nobody gives credit to himself: an unpaid order is never usable."""
        self.pack.prepaid_usable_when = "posted"
        move = self._order()
        self.assertBalance(self.budget, 0.0)
        self._pay(move)
        self.assertBalance(self.budget, 500.0)
        self._buy(self.budget, 100.0, pay=False)
        self.assertBalance(self.budget, 600.0)

    def test_bf40_without_any_provider(self):
        """The page says where to transfer the money, and links to the invoice."""
        self.provider.state = "disabled"
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "BE71 0961 2345 6769",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        response = self._send(self._open_form(), status=303)
        self.assertTrue(response.headers["Location"].endswith(self.url))
        move = self._get_orders()
        self.assertEqual(move.partner_bank_id, bank)
        text = self._get_text(
            self._get_page(self.url).get_element_by_id("prepaid_order")
        )
        self.assertIn("BE71 0961 2345 6769", text)
        self.assertIn(move.payment_reference, text)
        self.assertNotIn("Pay now", text)

    # === WHO MAY === #

    def test_bf40_b85_strangers_find_nothing(self):
        """Other customers, staff and the subsidiary: not found, nothing is made."""
        move = self._order()
        for login in (
            "brown_owner",
            "azure_subsidiary",
            "azure_worker",
            "azure_deductor",
        ):
            with self.subTest(login=login):
                self._get(self.url, login, status=404)
                self._send("key", status=404)
                self._cancel(move, status=404)
        self.authenticate(None, None)
        self._logged_in = None
        response = self.url_open(self.url, allow_redirects=False)
        self.assertIn("/web/login", response.headers["Location"])
        self.assertEqual(self._get_orders(), move)
        self.assertEqual(move.state, "posted")
        self._get("/my/prepaid/999999/top-up", "azure_contact", status=404)

    def test_bf40_b85_key_of_somebody_else(self):
        """A key that another budget used has no effect on this one."""
        foreign = self._create_budget(partner=self.stranger)
        key = self._open_form("brown_owner", foreign)
        self._send(key, budget=foreign, status=303)
        self._log_in("azure_contact")
        self._send(key, status=303)
        self.assertEqual(self._get_orders().partner_id, self.customer)
        self.assertEqual(self._get_orders(foreign).partner_id, self.stranger)

    def test_bf40_settings_of_company_type_and_budget(self):
        """The company decides; a budget, or the type it was opened with, overrides."""
        self.company.prepaid_portal_top_up = "none"
        self._get(self.url, "azure_contact", status=404)
        page = self._get_page(self.budget.access_url)
        self.assertFalse(page.xpath("//a[@id='prepaid_top_up']"))
        self.budget.portal_top_up = "packs"
        self.assertTrue(self._open_form())
        budget_type = self.env["prepaid.budget.type"].create(
            {
                "name": "Self-service",
                "portal_top_up": "amount",
                "portal_min": 10.0,
                "portal_max": 90.0,
                "portal_product_ids": [Command.set(self.pack.ids)],
            }
        )
        typed = self._create_budget(name="Typed", type_id=budget_type.id)
        self.assertRecordValues(
            typed,
            [
                {
                    "portal_top_up": "amount",
                    "portal_min": 10.0,
                    "portal_max": 90.0,
                    "portal_product_ids": self.pack.ids,
                }
            ],
        )
        with self.assertRefused("how small and how large"):
            typed.portal_max = 0.0
        with self.assertRefused("how small and how large"):
            self.company.prepaid_portal_top_up = "amount"

    def test_bf40_not_while_closed_or_paid_by_others(self):
        """No orders on an archived customer's budget, or on somebody else's bill."""
        self.budget.invoice_partner_id = self.stranger
        self._get(self.url, "azure_contact", status=404)
        self._get(self.url, "brown_owner", status=404)
        self.budget.invoice_partner_id = False
        self.budget.sudo().state = "closing"
        self._get(self.url, "azure_contact", status=404)

    def assertRefused(self, *args, **kwargs):
        """The user is refused: a form, not RPC."""
        return super(PrepaidPortalCommon, self).assertRefused(*args, **kwargs)
