"""What remains, where people look: at work, on invoices, in figures."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user

from .common import PrepaidCommon


class TestSeen(PrepaidCommon):
    def test_bf55_what_remains_while_logging_time(self):
        """In the list and the form of timesheets, before anything is saved."""
        self._create_budget(credit=500.0)
        logger = new_test_user(
            self.env(su=True),
            "seen_logger",
            groups="hr_timesheet.group_hr_timesheet_user,project.group_project_user",
            company_id=self.company.id,
        )
        self.env["hr.employee"].sudo().create(
            {"name": "Lo", "user_id": logger.id, "company_id": self.company.id}
        )
        timesheet = self._log_time(1.0)
        line = timesheet.with_user(logger.id)
        self.assertIn("500.00", line.sudo(False).with_user(logger).prepaid_left or "")
        view = "hr_timesheet.timesheet_view_form_user"
        with Form(self.env["account.analytic.line"].with_user(logger), view) as form:
            self.assertFalse(form.prepaid_left)
            form.project_id = self.project
            self.assertIn("500.00", form.prepaid_left)
            form.name = "Work"
        Line = self.env["account.analytic.line"].with_user(logger)
        tree = self.env.ref("hr_timesheet.timesheet_view_tree_user").id
        arch = Line.get_views([(tree, "list"), (self.env.ref(view).id, "form")])
        for kind in ("list", "form"):
            shown = arch["views"][kind]["arch"]
            self.assertIn("prepaid_left", shown)
            for hidden in ("prepaid_rate", "prepaid_value"):
                self.assertNotIn(f'"{hidden}"', shown)

    def test_b87_no_rates_for_who_logs(self):
        self._create_budget(credit=500.0)
        logger = new_test_user(
            self.env(su=True),
            "seen_logger",
            groups="hr_timesheet.group_hr_timesheet_user",
            company_id=self.company.id,
        )
        line = self._log_time(1.0).with_user(logger)
        for name in ("prepaid_rate", "prepaid_value", "prepaid_rate_reason"):
            with self.subTest(name=name), self.assertRaises(AccessError):
                line.read([name])

    def test_bf53_balance_on_invoices(self):
        """On top-up and service invoices: the balance at the end of their day."""
        budget = self._create_budget()
        with freeze_time("2026-06-01 12:00"):
            invoice = self._buy(budget, 500.0)
        with freeze_time("2026-06-02 12:00"):
            self._spend(120.0)
        service = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": "2026-06-02",
                "invoice_line_ids": [
                    fields.Command.create({"name": "Work", "price_unit": 10.0})
                ],
            }
        )
        service.action_post()
        self.assertIn("500.00", self._print(invoice))
        text = self._print(service)
        self.assertIn("Prepaid balance", text)
        self.assertIn("380.00", text)
        with freeze_time("2026-06-03 12:00"):
            self._spend(100.0)
        self.assertIn("380.00", self._print(service))
        budget.print_on_invoices = False
        self.assertNotIn("Prepaid balance", self._print(service))

    def test_bf53_others_get_no_line(self):
        self._create_budget(credit=500.0)
        stranger = self.env["res.partner"].create({"name": "Brown"})
        move = self.init_invoice("out_invoice", partner=stranger, amounts=[10.0])
        self.assertFalse(move._get_prepaid_balance_lines())
        bill = self.init_invoice("in_invoice", partner=self.customer, amounts=[10.0])
        self.assertFalse(bill._get_prepaid_balance_lines())

    def _print(self, move):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", move.ids
        )
        return content.decode()

    def test_bf62_ledger_in_pivot_and_graph(self):
        views = self.env["prepaid.entry"].get_views(
            [(False, "pivot"), (False, "graph")]
        )
        self.assertIn("quantity", views["views"]["pivot"]["arch"])
        for name in ("prepaid_entry_action", "prepaid_entry_action_all"):
            action = self.env.ref(f"prepaid_billing.{name}")
            self.assertIn("pivot,graph", action.view_mode)

    def test_bf61_digest_figure(self):
        """What was deducted since yesterday, net of what was returned."""
        self._create_budget(credit=500.0)
        self._spend(120.0)
        timesheet = self._log_time(1.0)
        self._deduct(timesheet)
        timesheet.action_prepaid_return()
        now = fields.Datetime.now()
        digest = (
            self.env["digest.digest"]
            .sudo()
            .create(
                {
                    "name": "Daily",
                    "periodicity": "daily",
                    "company_id": self.company.id,
                    "kpi_prepaid_used": True,
                }
            )
        )
        context = {
            "start_datetime": now - timedelta(days=1),
            "end_datetime": now + timedelta(days=1),
        }
        reader = digest.with_user(self.env.user).with_context(**context)
        self.assertEqual(reader.kpi_prepaid_used_value, 120.0)
        logger = new_test_user(
            self.env(su=True), "digest_logger", company_id=self.company.id
        )
        with self.assertRaises(AccessError):
            digest.with_user(logger).sudo(False)._compute_kpi_prepaid_used_value()
        company = self.company
        actions = digest._compute_kpis_actions(company, self.env.user)
        self.assertIn("kpi_prepaid_used", actions)
