from odoo import Command
from odoo.exceptions import UserError, ValidationError

from .common import PrepaidCommon


class TestBadInput(PrepaidCommon):
    """Bad input gets a clear sentence and leaves nothing half-written."""

    def test_b17_rules_that_make_no_sense_are_refused_on_save(self):
        rule = {"replenish_policy": "threshold", "threshold": 100.0}
        for vals, sentence in (
            ({"replenish_method": "target", "replenish_target": 50.0}, "not below the"),
            ({"replenish_method": "target", "replenish_target": 0.0}, "above zero"),
            ({"replenish_amount": 0.0}, "fixed amount must be"),
            ({"replenish_amount": -5.0}, "fixed amount must be"),
            ({"replenish_amount": 0.001}, "fixed amount must be"),
            ({"replenish_amount": 50.0, "replenish_max": 20.0}, "largest top-up"),
            (
                {
                    "replenish_amount": 50.0,
                    "replenish_max": 60.0,
                    "replenish_min": 70.0,
                },
                "smallest top-up",
            ),
            ({"replenish_amount": 50.0, "replenish_max": -1.0}, "cannot be negative"),
            ({"replenish_amount": 50.0, "threshold": -1.0}, "cannot be negative"),
        ):
            with self.subTest(vals=vals):
                with self.assertRaises(ValidationError) as caught:
                    self._create_budget(**{**rule, **vals})
                self.assertIn(sentence, str(caught.exception))

    def test_overdraft_without_a_limit(self):
        with self.assertRaises(ValidationError):
            self._create_budget(shortage_policy="overdraft")

    def test_top_up_of_nothing_or_less(self):
        budget = self._create_budget()
        for amount in (0.0, -100.0, 0.001):
            with self.subTest(amount=amount), self.assertRefused("above zero"):
                budget.top_up(amount)
        self.assertFalse(self._get_moves(budget))

    def test_what_is_no_number_is_refused_by_a_sentence(self):
        budget = self._create_budget()
        for value in (float("nan"), float("inf"), 1e300, 10**400, "many", [1]):
            with self.subTest(value=str(value)[:9]):
                with self.assertRefused("Give a number"):
                    budget.top_up(value)
                for name in ("threshold", "replenish_amount", "hourly_rate"):
                    with self.assertRefused("not a number that can be used"):
                        budget.write({name: value})
                    with self.assertRefused("not a number that can be used"):
                        self._create_budget(**{name: value})
        with self.assertRefused("Give a number"):
            budget.top_up(None)
        self.assertFalse(self._get_moves(budget))

    def _get_moves(self, budget):
        lines = self.env["account.move.line"].search(
            [("prepaid_budget_id", "=", budget.id)]
        )
        return lines.move_id

    def test_pack_without_an_account(self):
        self.company.sudo().income_account_id = False
        pack = self._create_pack(property_account_income_id=False)
        pack.categ_id = self.env["product.category"].sudo().create({"name": "Bare"})
        budget = self._create_budget(product_id=pack.id)
        with self.assertRefused("has no income account"):
            budget.top_up(100.0)

    def test_no_pack_at_all(self):
        budget = self._create_budget(product_id=False)
        budget.product_id = False
        with self.assertRefused("has no prepaid pack"):
            budget.top_up(100.0)

    def test_a_pack_is_a_service_on_ordered_quantities(self):
        with self.assertRaises(ValidationError):
            self._create_pack(type="consu")
        with self.assertRaises(ValidationError):
            self._create_pack(invoice_policy="delivery")

    def test_foreign_currency_without_a_rate(self):
        currency = (
            self.env["res.currency"]
            .sudo()
            .create({"name": "XTS", "symbol": "X", "rounding": 0.01})
        )
        with self.assertRaises(ValidationError) as caught:
            self._create_budget(currency_id=currency.id)
        self.assertIn("no exchange rate", str(caught.exception))

    def test_time_sold_in_a_currency_without_a_rate(self):
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        pricelist = self.env["product.pricelist"].create(
            {"name": "EUR", "currency_id": currency.id}
        )
        self.customer.property_product_pricelist = pricelist
        order = self._create_order(self.customer)
        self._create_budget(1000.0)
        timesheet = self._log_time(
            1.0, project=self._create_project(self.customer, order)
        )
        currency.sudo().rate_ids.unlink()
        with self.assertRefused("No exchange rate for EUR"):
            self._deduct(timesheet)

    def test_b22_archived_customer(self):
        budget = self._create_budget()
        budget.partner_id.active = False
        with self.assertRefused("is archived"):
            budget.top_up(100.0)

    def test_archived_budget(self):
        budget = self._create_budget()
        budget.active = False
        with self.assertRefused("is archived"):
            budget.top_up(100.0)

    def test_b41_payment_after_the_budget_was_archived_is_not_lost(self):
        budget = self._create_budget()
        invoice = self._buy(budget, 100.0, pay=False)
        budget.active = False
        self._pay(invoice)
        self.assertBalance(budget, 100.0)

    def test_b84_company_mismatch(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        pack = self.pack.sudo()
        pack.company_id = self.company
        with self.assertRaises(UserError):
            self.env["prepaid.budget"].sudo().create(
                {
                    "partner_id": self.customer.id,
                    "company_id": other.id,
                    "product_id": pack.id,
                }
            )

    def test_budget_of_somebody_else_on_an_invoice(self):
        """The id of another customer's budget on a line is refused at posting."""
        other = self._create_budget(partner=self.customer.copy())
        move = self.init_invoice(
            "out_invoice", partner=self.customer, products=self.pack
        )
        move.invoice_line_ids.write({"price_unit": 10.0, "prepaid_budget_id": other.id})
        with self.assertRefused("belongs to"):
            move.action_post()
        self.assertFalse(other.lot_ids)

    def test_invoice_in_another_currency_than_the_budget(self):
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        budget = self._create_budget()
        move = self.init_invoice(
            "out_invoice", partner=self.customer, products=self.pack, currency=euro
        )
        move.invoice_line_ids.write(
            {"price_unit": 10.0, "prepaid_budget_id": budget.id}
        )
        with self.assertRefused("is kept in USD"):
            move.action_post()

    def test_history_keeps_its_owner(self):
        budget = self._create_budget(100.0)
        other = self.customer.copy()
        with self.assertRefused("has a history"):
            budget.partner_id = other
        euro = self.setup_other_currency("EUR", rates=[("2026-01-01", 0.5)])
        with self.assertRefused("has a history"):
            budget.currency_id = euro
        with self.assertRefused("cannot be deleted"):
            budget.unlink()
        budget.active = False

    def test_history_without_credit_keeps_its_owner_too(self):
        budget = self._create_budget(shortage_policy="overdraft", overdraft_limit=500.0)
        self._spend(100.0)
        self.assertFalse(budget.lot_ids)
        with self.assertRefused("has a history"):
            budget.partner_id = self.customer.copy()
        with self.assertRefused("cannot be deleted"):
            budget.unlink()

    def test_b88_no_default_opens_a_balance(self):
        budget = (
            self.env["prepaid.budget"]
            .with_context(default_balance=1000.0)
            .create({"partner_id": self.customer.id, "company_id": self.company.id})
        )
        self.assertBalance(budget, 0.0)

    def test_no_default_suspends_charging(self):
        budget = (
            self.env["prepaid.budget"]
            .with_context(
                default_is_charge_suspended=True,
                default_charge_failures=3,
                default_replenish_note="forged",
            )
            .create({"partner_id": self.customer.id, "company_id": self.company.id})
        )
        self.assertRecordValues(
            budget.sudo(),
            [
                {
                    "is_charge_suspended": False,
                    "charge_failures": 0,
                    "replenish_note": False,
                    "lock_seq": 0,
                }
            ],
        )

    def test_the_key_of_a_top_up_cannot_be_typed(self):
        budget = self._create_budget()
        Move = self.env["account.move"]
        move = Move.browse(budget.top_up(100.0, "request-9"))
        with self.assertRefused("cannot be typed"):
            move.prepaid_request_key = "request-10"
        vals = {"move_type": "out_invoice", "partner_id": self.customer.id}
        with self.assertRefused("cannot be typed"):
            Move.create({**vals, "prepaid_request_key": "request-11"})
        context = {"default_prepaid_request_key": "request-11"}
        self.assertFalse(Move.with_context(**context).create(vals).prepaid_request_key)
        self.assertEqual(move.prepaid_request_key, "request-9")

    def test_that_the_customer_ordered_cannot_be_typed(self):
        """Customers may cancel what they ordered: nobody says so of other invoices."""
        move = self._buy(self._create_budget(), 100.0, pay=False)
        Move = self.env["account.move"]
        with self.assertRefused("cannot be typed"):
            move.is_prepaid_portal = True
        vals = {"move_type": "out_invoice", "partner_id": self.customer.id}
        with self.assertRefused("cannot be typed"):
            Move.create({**vals, "is_prepaid_portal": True})
        context = {"default_is_prepaid_portal": True}
        self.assertFalse(Move.with_context(**context).create(vals).is_prepaid_portal)
        self.assertFalse(move.is_prepaid_portal or move._can_cancel_in_portal())

    def test_what_a_scheduled_action_found_cannot_be_typed(self):
        budget = self._create_budget()
        with self.assertRefused("cannot be typed"):
            budget.consume_note = "All is well"
        self.assertFalse(budget.consume_note)

    def test_negative_pack_line(self):
        budget = self._create_budget()
        move = self.init_invoice(
            "out_invoice", partner=self.customer, products=self.pack + self.service
        )
        move.invoice_line_ids[0].write(
            {"price_unit": -10.0, "prepaid_budget_id": budget.id}
        )
        move.invoice_line_ids[1].price_unit = 100.0
        with self.assertRefused("less than zero"):
            move.action_post()

    def test_negative_time(self):
        self._create_budget(100.0)
        with self.assertRefused("nothing to give back"):
            self._deduct(self._log_time(-1.0))

    def test_deducting_nothing(self):
        with self.assertRefused("Nothing was deducted"):
            self.env["account.analytic.line"].prepaid_deduct([])

    def test_zero_line_of_a_pack_makes_no_lot(self):
        move = self.init_invoice(
            "out_invoice", partner=self.customer, products=self.pack + self.service
        )
        move.invoice_line_ids[0].write(
            {"price_unit": 0.0, "tax_ids": [Command.clear()]}
        )
        move.action_post()
        self.assertFalse(self.customer.prepaid_budget_ids)
