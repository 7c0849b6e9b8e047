"""Two records of one customer become one."""

from odoo import Command
from odoo.tests import tagged

from .test_replenishment_charge import ChargeCommon


@tagged("post_install", "-at_install")
class TestMerge(ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.twin = cls.env["res.partner"].create(
            {"name": "Azure Inc", "is_company": True, "email": cls.customer.email}
        )

    def _merge(self, into=None, *others):
        """Merge by Odoo's own wizard."""
        into = into or self.customer
        wizard = self.env["base.partner.merge.automatic.wizard"].sudo()
        wizard.create(
            {
                "partner_ids": [Command.set([into.id, *(o.id for o in others)])],
                "dst_partner_id": into.id,
            }
        ).action_merge()
        self.env.invalidate_all()

    def test_b89_budgets_move_with_totals_unchanged(self):
        """Two budgets of the same scope: both stay, with all they had."""
        own = self._create_budget(credit=500.0)
        self._spend(120.0)
        moved = self._create_budget(credit=300.0, partner=self.twin, hourly_rate=100.0)
        work = self._log_time(0.5, project=self._create_project(self.twin))
        self._deduct(work)
        invoice = self._buy(moved, 80.0, pay=False)
        self.assertEqual(self.customer.prepaid_balance, 380.0)
        self._merge(self.customer, self.twin)

        self.assertFalse(self.twin.exists())
        self.assertEqual((own + moved).partner_id, self.customer)
        self.assertBalance(own, 380.0)
        self.assertBalance(moved, 250.0)
        self.assertEqual(self.customer.prepaid_balance, 630.0)
        self.assertEqual(self.customer.prepaid_budget_count, 2)
        self.assertEqual(moved.event_ids.partner_id, self.customer)
        # The books go on: a payment, a return, new work by the usual order.
        self._pay(invoice)
        self.assertBalance(moved, 330.0)
        work.action_prepaid_return()
        self.assertBalance(moved, 380.0)
        self.assertEqual(self._spend(100.0).budget_id, own, "the oldest pays")
        self.assertBalance(own, 280.0)

    def test_b89_into_a_contact_of_another_company(self):
        """The budget is that of the company whose contact the customer became."""
        parent = self.env["res.partner"].create({"name": "Sky", "is_company": True})
        contact = self.env["res.partner"].create(
            {"name": "Zoe", "parent_id": parent.id, "email": self.customer.email}
        )
        budget = self._create_budget(credit=300.0, partner=self.twin)
        self._merge(contact, self.twin)
        self.assertEqual(budget.partner_id, parent)
        self.assertTrue(parent.prepaid_on)
        self.assertBalance(budget, 300.0)
        self.assertEqual(parent.prepaid_balance, 300.0)
        self._buy(budget, 100.0)
        self.assertBalance(budget, 400.0)

    def test_b89_automatic_payment_goes_along(self):
        """One of them allowed automatic payment: it pays for the merged customer."""
        token = self._create_token(self.twin, details="1881")
        budget = self._create_rule(partner=self.twin)
        mandate = self._grant(token, partner_id=self.twin.id)
        self.mandate._withdraw("portal")
        self._buy(budget, 50.0)
        invoice = self._replenish(budget)
        self._collect()
        self.assertEqual(invoice.payment_state, "paid")
        self.assertBalance(budget, 250.0)
        self._merge(self.customer, self.twin)
        self.assertEqual(mandate.partner_id, self.customer)
        self.assertEqual(budget._get_charge_mandate(), mandate)
        self.assertBalance(budget, 250.0)

    def test_b89_both_allowed_automatic_payment(self):
        """Refused with what to do; nothing has moved. Then it goes."""
        self.mandate._withdraw("portal")
        own = self._grant(self.customer_token, partner_id=self.customer.id)
        token = self._create_token(self.twin, details="1881")
        other = self._grant(token, partner_id=self.twin.id)
        budget = self._create_budget(credit=300.0, partner=self.twin)
        with self.assertRefused("cannot be merged.*Withdraw"):
            self._merge(self.customer, self.twin)
        self.assertEqual(budget.partner_id, self.twin)
        self._withdraw(own)
        self._merge(self.customer, self.twin)
        self.assertEqual(other.partner_id, self.customer)
        self.assertBalance(budget, 300.0)
