"""Prepaid is a switch on the customer."""

from odoo.tests import new_test_user

from .common import PrepaidCommon


class TestSwitch(PrepaidCommon):
    def test_bf1_a_budget_switches_it_on(self):
        """Off at first; a budget, or a pack that opens one, switches it on."""
        self.assertFalse(self.customer.prepaid_on)
        timesheet = self._log_time(1.0)
        self.assertFalse(timesheet.is_prepaid_open, "billed as usual")
        self.assertEqual(self.customer.prepaid_timesheet_count, 0)
        self._create_budget(credit=500.0)
        self.assertTrue(self.customer.prepaid_on)
        timesheet.invalidate_recordset()
        self.customer.invalidate_recordset()
        self.assertTrue(timesheet.is_prepaid_open)
        self.assertEqual(self.customer.prepaid_timesheet_count, 1)

        other = self.env["res.partner"].create({"name": "Brown", "is_company": True})
        invoice = self.init_invoice(
            "out_invoice", partner=other, products=self.pack, post=True
        )
        self.assertTrue(invoice.prepaid_lot_ids)
        self.assertTrue(other.prepaid_on)

    def test_bf1_switched_off(self):
        """Nothing is offered, deducted or invoiced by itself; the balance stays."""
        budget = self._create_rule(credit=150.0)
        self._spend(100.0)
        timesheet = self._log_time(0.5)
        self.customer.prepaid_on = False
        self.assertFalse(timesheet.is_prepaid_open)
        with self.assertRefused("switched off for Azure"):
            self._deduct(timesheet)
        budget.action_replenish_now()
        self.assertIn("switched off for Azure", budget.replenish_note)
        self.assertFalse(budget.replenishment_ids)
        self.assertBalance(budget, 50.0)
        self.assertEqual(self.order.order_line.qty_to_invoice, 0.5, "billed as usual")

        self.customer.prepaid_on = True
        self._deduct(timesheet)
        self.assertBalance(budget, 0.0)
        budget.action_replenish_now()
        self.assertTrue(budget.replenishment_ids.invoice_id)

    def test_bf1_contacts_follow_their_company(self):
        """The switch of the company decides for the projects of its contacts."""
        contact = self.env["res.partner"].create(
            {"name": "Zoe", "parent_id": self.customer.id}
        )
        budget = self._create_budget(credit=500.0)
        timesheet = self._log_time(1.0, project=self._create_project(contact))
        self.assertFalse(contact.prepaid_on)
        budget.hourly_rate = 100.0
        self._deduct(timesheet)
        self.assertBalance(budget, 400.0)

    def test_bf1_who_may_not_see_budgets_opens_contacts(self):
        """A salesperson without any right on budgets reads and changes contacts."""
        user = new_test_user(
            self.env(su=True), "switch_contacts", groups="base.group_partner_manager"
        )
        self._create_budget(credit=500.0)
        customer = self.customer.with_user(user)
        customer.name = "Azure & Sons"
        self.assertNotIn("prepaid_on", customer.fields_get())
        customer.create({"name": "New"})
        self.assertTrue(self.customer.prepaid_on)
