"""Many payments are invoiced at once, exactly as core invoices one."""

from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .. import const
from .common import PlanCommon

#: SQL statements that one payment more may cost. Two are core's, where `sale_timesheet`
#: is installed without the inverse field that `prepaid_billing` adds.
MOST_STATEMENTS = 2.5

#: What is the same on two invoices of the same amount.
ITEM_FIELDS = (
    "account_id",
    "amount_currency",
    "amount_residual",
    "analytic_distribution",
    "balance",
    "credit",
    "currency_id",
    "date",
    "date_maturity",
    "debit",
    "discount",
    "display_type",
    "extra_tax_data",
    "is_downpayment",
    "journal_id",
    "partner_id",
    "price_subtotal",
    "price_total",
    "price_unit",
    "product_id",
    "quantity",
    "sequence",
    "tax_base_amount",
    "tax_group_id",
    "tax_ids",
    "tax_line_id",
    "tax_repartition_line_id",
    "tax_tag_ids",
)
MOVE_FIELDS = (
    "amount_residual",
    "amount_tax",
    "amount_total",
    "amount_untaxed",
    "currency_id",
    "date",
    "fiscal_position_id",
    "invoice_currency_rate",
    "invoice_date_due",
    "invoice_payment_term_id",
    "invoice_user_id",
    "journal_id",
    "partner_bank_id",
    "payment_state",
    "state",
    "team_id",
)


@tagged("post_install", "-at_install")
class TestInvoiceJob(PlanCommon):
    # === MAKING === #

    def _customers(self, count):
        return self.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(count)]
        )

    def _due(self, customers, lines=((1000.0, None),), parts=4, **vals):
        """Make running plans in bulk, whose first payments are due today."""
        template = self._template(deposit_kind="none", installment_count=3)
        orders = [
            self._order(lines=lines, partner_id=partner.id, **vals)
            for partner in customers
        ]
        plans = (
            self.env["payment.plan"]
            .create(
                [
                    {"sale_order_id": order.id, "template_id": template.id}
                    for order in orders
                ]
            )
            .sudo()  # as the job
        )
        for plan in plans:
            plan.sale_order_id.payment_plan_id = plan
            total = plan.sale_order_id.amount_total
            plan.write({"state": const.ACTIVE, "amount_total": total})
        plans.sale_order_id.write({"state": "sale"})
        today = fields.Date.today()
        return plans.installment_ids.create(
            [
                {
                    "plan_id": plan.id,
                    "company_id": plan.company_id.id,
                    "currency_id": plan.currency_id.id,
                    "number": number,
                    "kind": "installment",
                    "amount": plan.currency_id.round(plan.amount_total / parts),
                    "date_due": fields.Date.add(today, months=number - 1),
                    "invoice_on": fields.Date.add(today, months=number - 1),
                }
                for plan in plans
                for number in range(1, parts + 1)
            ]
        ).filtered(lambda line: line.number == 1)

    def _count(self, lines):
        """Return how many statements the invoices of these payments take."""
        self.env.flush_all()
        self.env.invalidate_all()
        start = self.env.cr.sql_log_count
        lines._make_due_invoices()
        self.env.flush_all()
        self.assertEqual(len(lines.move_id), len(lines))
        self.assertEqual(set(lines.move_id.mapped("state")), {"posted"})
        return self.env.cr.sql_log_count - start

    def _describe(self, record, names):
        values = record.read(names)[0]
        return {name: values[name] for name in names}

    def _describe_move(self, move):
        items = [
            str(self._describe(line, ITEM_FIELDS))
            for line in move.line_ids.with_context(active_test=False)
        ]
        return self._describe(move, MOVE_FIELDS), sorted(items)

    def _assert_as_core(self, lines=((1000.0, None),), **vals):
        """Check that nothing of what is given in advance differs from what core finds.

        :return: the invoice of the job
        """
        customer = self._customers(1)
        ours = self._due(customer, lines, **vals)
        plain = self._due(customer, lines, **vals)
        Installment = type(ours)
        ours._make_due_invoices()
        with patch.object(Installment, "_complete_invoice_vals", lambda *_args: None):
            plain._make_due_invoices()
        self.env.invalidate_all()
        self.maxDiff = None
        found = self._describe_move(ours.move_id)
        expected = self._describe_move(plain.move_id)
        for result in (found, expected):  # names the payment, not the amounts
            result[1][:] = [
                text.replace(f"payment_plan,{ours.id}", "key").replace(
                    f"payment_plan,{plain.id}", "key"
                )
                for text in result[1]
            ]
        self.assertEqual(found, expected)
        return ours.move_id

    # === COST === #

    def test_invoice_job_sql_budget(self):
        warm = self._due(self._customers(2))
        few, many = self._due(self._customers(10)), self._due(self._customers(40))
        self._count(warm)  # what a process asks once
        cost_of_few, cost_of_many = self._count(few), self._count(many)
        each = (cost_of_many - cost_of_few) / 30
        self.assertLessEqual(each, MOST_STATEMENTS, f"{cost_of_few}, {cost_of_many}")

    # === AS CORE === #

    def test_p16_without_taxes(self):
        self._assert_as_core()

    def test_p16_with_several_taxes(self):
        high, low = self.percent_tax(15), self.percent_tax(7)
        move = self._assert_as_core([(333.33, high), (100.01, low), (59.0, high | low)])
        self.assertTrue(move.amount_tax)

    def test_p16_with_tax_in_the_price(self):
        included = self.percent_tax(19, price_include_override="tax_included")
        self._assert_as_core([(99.99, included), (0.07, included)])

    def test_p16_with_tax_due_on_payment_and_tags(self):
        tag = self.env["account.account.tag"].create(
            {"name": "+Base", "applicability": "taxes"}
        )
        tax = self.percent_tax(21)
        tax.invoice_repartition_line_ids.tag_ids = tag
        move = self._assert_as_core([(200.0, tax)])
        self.assertIn(tag, move.invoice_line_ids.tax_tag_ids)
        self.company.tax_exigibility = True
        tax.write(
            {
                "tax_exigibility": "on_payment",
                "cash_basis_transition_account_id": self.company_data[
                    "default_account_tax_sale"
                ]
                .copy({"reconcile": True})
                .id,
            }
        )
        self._assert_as_core([(200.0, tax)])

    def test_p16_with_a_global_rounding_of_taxes(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        tax = self.percent_tax(7)
        self._assert_as_core([(10.05, tax), (33.33, tax), (0.99, tax)])

    def test_p16_in_another_currency_and_its_journal(self):
        currency = self.setup_other_currency("CHF")
        pricelist = self.env["product.pricelist"].create(
            {"name": "CHF", "currency_id": currency.id}
        )
        sales = self.company_data["default_journal_sale"]
        journal = sales.copy({"name": "CHF", "code": "CHF", "currency_id": currency.id})
        tax = self.percent_tax(7)
        move = self._assert_as_core([(999.99, tax)], pricelist_id=pricelist.id)
        self.assertEqual(move.journal_id, journal)

    def test_p16_with_analytic_rules(self):
        plan = self.env["account.analytic.plan"].create({"name": "Studios"})
        account = self.env["account.analytic.account"].create(
            {"name": "North", "plan_id": plan.id}
        )
        given = {str(account.id): 100}
        customer = self._customers(1)
        lines = self._due(customer) + self._due(customer)
        lines[0].sale_order_id.order_line.analytic_distribution = given
        lines[0]._make_due_invoices()
        items = lines[0].move_id.invoice_line_ids
        self.assertEqual(items.analytic_distribution, given)
        self.assertEqual(items.analytic_line_ids.mapped("amount"), [250.0])

        rule = {"partner_id": customer.id, "analytic_distribution": given}
        self.env["account.analytic.distribution.model"].create(rule)
        lines[1]._make_due_invoices()
        items = lines[1].move_id.invoice_line_ids
        self.assertEqual(items.analytic_distribution, given)
        self.assertEqual(items.analytic_line_ids.mapped("amount"), [250.0])

    # === NUMBERS === #

    def _numbers(self, moves):
        self.assertEqual(len(set(moves.mapped("name"))), len(moves))
        return sorted(moves.mapped("sequence_number"))

    def test_numbers_have_no_gap(self):
        """The first ones of a series, later ones, and those of another year."""
        for day in ("2026-03-01", "2026-03-01", "2027-01-02"):
            with freeze_time(f"{day} 12:00:00"):
                lines = self._due(self._customers(3))
                lines._make_due_invoices()
                plain = lines.move_id[0].copy({"invoice_date": day})
                plain.action_post()
                moves = lines.move_id | plain
                numbers = self._numbers(moves)
                first = 5 if day == "2026-03-01" and numbers[0] != 1 else 1
                self.assertEqual(numbers, list(range(first, first + 4)))
                self.assertEqual(plain.sequence_number, numbers[-1])
                self.assertEqual(len(set(moves.mapped("sequence_prefix"))), 1)
                self.assertIn(day[:4], plain.sequence_prefix)
                self.assertFalse(any(moves.mapped("made_sequence_gap")))

    def test_numbers_of_others_in_the_same_batch(self):
        """Payments, credit notes and entries are numbered together, each its own."""
        sales = self.company_data["default_journal_sale"]
        sales.refund_sequence = True
        self.assertTrue(self.env["account.move"]._has_common_series())
        with freeze_time("2026-03-01 12:00:00"):
            lines = self._due(self._customers(2))
            lines._make_due_invoices()
            paid = lines.move_id
            paid.button_draft()
            paid.name = False
            refund = paid[0].copy(
                {"move_type": "out_refund", "invoice_date": fields.Date.today()}
            )
            plain = paid[0].copy({"invoice_date": fields.Date.today()})
            (paid[0] | refund | paid[1] | plain).action_post()
        self.assertEqual(self._numbers(paid | plain), [1, 2, 3])
        self.assertEqual(refund.sequence_number, 1)
        self.assertNotEqual(refund.sequence_prefix, plain.sequence_prefix)
