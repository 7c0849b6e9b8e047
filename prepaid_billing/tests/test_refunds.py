"""Credit notes on packs whose credit has no round price: to the last cent and unit."""

from .common import PrepaidCommon


class TestRefunds(PrepaidCommon):
    """Packs are sold, used in part, and the quoted rest is given back (BF47, B37)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")

    @classmethod
    def _sell_pack(cls, price, credit, **pack):
        """Sell one pack to a budget of its own; return the lot, paid."""
        product = cls._create_pack(list_price=price, prepaid_credit=credit, **pack)
        cls.budget = cls._create_budget(
            product_id=product.id, unit=product.prepaid_unit, sequence=1
        )
        return cls._buy(cls.budget, credit).prepaid_lot_ids.sudo(False)

    def _credit(self, lot, amount):
        refund = lot.invoice_id._reverse_moves(
            [{"invoice_date": self.company._get_autopay_today()}]
        )
        refund.invoice_line_ids.price_unit = amount
        refund.action_post()
        return refund

    def test_b37_the_quoted_rest_is_refunded_to_the_last_unit(self):
        """300 for 100, 100 used: 66.67 is quoted, and 66.67 takes all 200 that is left.

        The price alone says 200.01: one unit more than there is.
        """
        lot = self._sell_pack(100.0, 300.0)
        self._spend(100.0)
        self.assertEqual(lot.sudo()._get_refundable_values()[lot.sudo()], 66.67)
        with self.assertRefused(r"66\.68 cannot be credited, .*66\.67 refundable"):
            self._credit(lot, 66.68)
        refund = self._credit(lot, 66.67)
        self.assertEqual(refund.invoice_line_ids.prepaid_refund_quantity, 200.0)
        self.assertBalance(self.budget, 0.0)
        self.assertLot(lot, 0.0, "active")

    def test_b37_at_many_prices(self):
        """Price, credit, used: what is quoted after that use is refunded in whole."""
        for price, credit, used in (
            (150.0, 200.0, 33.33),
            (99.99, 100.0, 0.01),
            (0.07, 100.0, 49.0),
            (1000.0, 900.0, 123.45),
        ):
            with self.subTest(price=price, credit=credit, used=used):
                lot = self._sell_pack(price, credit)
                order = self._create_order(self.customer, price=used)
                project = self._create_project(self.customer, order)
                self._deduct(self._log_time(1.0, project))
                self.assertBalance(self.budget, credit - used)
                value = lot.sudo()._get_refundable_values()[lot.sudo()]
                self._credit(lot, value)
                self.assertBalance(self.budget, 0.0)
                self.assertLot(lot, 0.0, "active")
                self.budget.active = False

    def test_b37_hours_in_several_credit_notes(self):
        """3 hours for 100, one used: 20.00 is given back, then the rest, 46.67."""
        lot = self._sell_pack(100.0, 3.0, prepaid_unit="hours")
        self._deduct(self._log_time(1.0))
        self._credit(lot, 20.0)
        self.assertBalance(self.budget, 1.4)
        with self.assertRefused(r"46\.67 refundable"):
            self._credit(lot, 46.68)
        refund = self._credit(lot, 46.67)
        self.assertBalance(self.budget, 0.0)
        # The credit note is taken back: the hours are there again.
        refund.button_draft()
        self.assertBalance(self.budget, 1.4)
        refund.action_post()
        self.assertBalance(self.budget, 0.0)

    def test_b38_both_lines_of_one_credit_note_share_the_rest(self):
        """The second line of a credit note takes what the first one left."""
        lot = self._sell_pack(100.0, 300.0)
        refund = lot.invoice_id._reverse_moves(
            [{"invoice_date": self.company._get_autopay_today()}]
        )
        refund.invoice_line_ids.price_unit = 33.33
        refund.invoice_line_ids.copy({"move_id": refund.id, "price_unit": 66.67})
        second = refund.invoice_line_ids.sorted("id")[-1]
        # A copy names no lot: who reverses the invoice does.
        second.sudo().prepaid_refund_lot_id = lot
        refund.action_post()
        self.assertEqual(
            refund.invoice_line_ids.sorted("id").mapped("prepaid_refund_quantity"),
            [99.99, 200.01],
        )
        self.assertBalance(self.budget, 0.0)

    def test_b74_closing_gives_back_the_rest_to_the_last_unit(self):
        """The budget closes by itself when its credit note is posted."""
        lot = self._sell_pack(100.0, 300.0)
        self._spend(100.0)
        ids = self.budget.close("refund", "Contract over")
        refund = self.env["account.move"].browse(ids)
        self.assertEqual(refund.amount_untaxed, 66.67)
        refund.action_post()
        self.assertRecordValues(
            self.budget, [{"balance": 0.0, "state": "closed", "active": False}]
        )
        self.assertLot(lot, 0.0, "active")

    def test_b74_what_is_worth_no_cent_lapses(self):
        """0.01 of 300 for 100 is worth nothing: no credit note over 0.00 is made."""
        self._sell_pack(100.0, 300.0)
        order = self._create_order(self.customer, price=299.99)
        self._deduct(self._log_time(1.0, self._create_project(self.customer, order)))
        self.assertBalance(self.budget, 0.01)
        self.assertFalse(self.budget.close("refund", "Contract over"))
        self.assertEqual((self.budget.balance, self.budget.state), (0.0, "closed"))

    def test_bf47_the_quantity_of_a_credit_note_is_not_typed(self):
        lot = self._sell_pack(100.0, 300.0)
        refund = self._credit(lot, 10.0)
        with self.assertRefused("follows from its invoice"):
            refund.invoice_line_ids.prepaid_refund_quantity = 1.0
        self.assertBalance(self.budget, 270.0)
