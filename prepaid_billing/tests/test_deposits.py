"""Down payments and packs on one sales order: whose money is it (B23, B31)."""

from odoo import Command

from .test_tax_at_use import TaxAtUseCommon


class TestDeposits(TaxAtUseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Sold with the tax of the work, and beside it a pack that is taxed when used.
        cls.taxed_pack = cls._create_pack(name="Taxed pack")
        cls.work_order = cls._create_order(
            cls.customer, price=1000.0, product_uom_qty=1
        )

    def _take_deposit(self, percent=50.0, post=True, order=None):
        order = order or self.work_order
        wizard = (
            self.env["sale.advance.payment.inv"]
            .sudo()  # a seller does this
            .with_context(active_model="sale.order", active_ids=order.ids)
            .create({"advance_payment_method": "percentage", "amount": percent})
        )
        deposit = wizard._create_invoices(order).with_env(self.env)
        deposit.invoice_date = self.today
        if post:
            deposit.action_post()
        return deposit

    def _add(self, product, order=None):
        (order or self.work_order).write(
            {
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": 1000.0})
                ]
            }
        )

    def test_b23_no_pack_for_a_down_payment_that_was_for_work(self):
        """However it is added, and whoever paid: money, or credit itself."""
        self._sell(2000.0)
        deposit = self._take_deposit()
        self._pay_it(deposit)
        self.assertInvoice(deposit, 0.0, "paid")
        self.assertBalance(self.budget, 1395.0)
        lines = self.work_order.order_line
        refusal = rf"{self.work_order.name}.*{deposit.name}.*order of its own"
        for pack in (self.pack, self.taxed_pack):
            with self.subTest(pack.name), self.assertRefused(refusal):
                self._add(pack)
        with self.assertRefused(refusal):
            self.env["sale.order.line"].sudo().create(
                [
                    {"order_id": self.work_order.id, "product_id": product.id}
                    for product in (self.service, self.pack, self.taxed_pack)
                ]
            )
        self.env.invalidate_all()
        self.assertEqual(self.work_order.order_line, lines)
        # Anything else is added, and the pack is sold beside it.
        self._add(self.service)
        order = self._create_order(self.customer, price=1000.0, product=self.pack)
        self.assertEqual(order.state, "sale")
        self.assertBooks(1395.0, 500.0)

    def test_b23_a_seller_who_sees_no_invoices_is_told_the_same(self):
        deposit = self._take_deposit()
        seller = self.env["res.users"].create(
            {
                "name": "Seller",
                "login": "deposit_seller",
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
                "group_ids": [
                    Command.set(
                        self.env.ref("sales_team.group_sale_salesman_all_leads").ids
                    )
                ],
            }
        )
        with self.assertRefused(deposit.name):
            self._add(self.pack, order=self.work_order.with_user(seller))

    def test_b23_the_down_payment_was_credited_or_taken_off(self):
        """Then it is nobody's any more: a pack may be added."""
        deposit = self._take_deposit()
        refund = deposit._reverse_moves([{"invoice_date": self.today}], cancel=True)
        self.assertEqual(refund.state, "posted")
        self._add(self.taxed_pack)
        # The other way: the work is done, and its invoice took the deposit off.
        order = self._create_order(self.customer, price=1000.0, product_uom_qty=1)
        self._pay(self._take_deposit(order=order))
        project = self._create_project(self.customer, order)
        self._log_time(1.0, project=project)
        with self.assertRefused("order of its own"):
            self._add(self.taxed_pack, order=order)
        final = order._create_invoices(final=True)
        self.assertEqual(final.amount_untaxed, 500.0)
        with self.assertRefused("order of its own"):
            self._add(self.taxed_pack, order=order)
        final.action_post()
        self._add(self.taxed_pack, order=order)

    def test_b23_a_draft_down_payment_knows_the_pack(self):
        """Not posted yet: it becomes one for credit, and no credit pays it."""
        self._sell(2000.0)
        deposit = self._take_deposit(post=False)
        self._add(self.taxed_pack)
        deposit.action_post()
        with self.assertRefused("never paid from prepaid credit"):
            self._pay_it(deposit)

    def test_b31_a_second_pack_beside_one_that_the_down_payment_was_for(self):
        """It was known to be for credit: both packs count when all of it is paid."""
        order = self._create_order(
            self.customer, price=1000.0, product=self.taxed_pack, product_uom_qty=1
        )
        self._pay(self._take_deposit(order=order))
        self._add(self.taxed_pack, order=order)
        final = order._create_invoices(final=True).with_env(self.env)
        final.invoice_date = self.today
        final.action_post()
        lots = final.prepaid_lot_ids
        self.assertEqual(lots.mapped("state"), ["pending", "pending"])
        self._pay(final)
        self.assertEqual(lots.mapped("remaining"), [1000.0, 1000.0])
        self.assertBalance(lots.budget_id, 2000.0)
