from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .. import const

#: Payments invoiced in one transaction of the job; one bad one costs a bisection.
CHUNK = 100


class PaymentPlanInstallmentInvoice(models.Model):
    """Each payment becomes a down-payment invoice of the order, on its day."""

    _name = "payment.plan.installment"
    _inherit = ["payment.plan.installment", "autopay.step.mixin"]

    # === WHEN === #

    def _schedule_invoices(self):
        """Write down on which day each invoice is made: some days before it is due."""
        for line in self.filtered(lambda line: line.date_due and not line.move_id):
            today = line.company_id._get_autopay_today()
            lead = line.company_id.plan_lead_days
            day = fields.Date.subtract(line.date_due, days=lead)
            line.invoice_on = max(day, today)

    @api.model
    def _cron_invoice(self, chunk=CHUNK):
        """Make the invoices whose day has come, in small committed steps.

        Running it twice, in two workers, or killing it anywhere makes none twice, and
        days that were missed are caught up (P52, P53).

        :param int chunk: payments in one transaction
        """
        last = None
        domain = self._get_invoice_domain()
        remaining = self.search_count(domain)
        while lines := self._search_to_invoice(domain, last, chunk):
            last = (lines[-1].invoice_on, lines[-1].id)  # being invoiced empties it
            for same_company in lines.grouped("company_id").values():
                same_company._invoice_isolated()
            remaining = max(remaining - len(lines), 0)
            done = len(lines)
            if not self.env["ir.cron"]._commit_progress(done, remaining=remaining):
                break

    @api.model
    def _get_invoice_domain(self):
        """Return the domain of what may be due somewhere: the latest date on earth."""
        companies_sudo = self.env["res.company"].sudo().search(Domain.TRUE)
        latest = max(company._get_autopay_today() for company in companies_sudo)
        return Domain("invoice_on", "<=", latest)

    @api.model
    def _search_to_invoice(self, domain, last, limit):
        """Return the next payments to be invoiced, by the partial index.

        :param tuple last: (day, id) after which to go on, None at the beginning
        """
        if last:
            day, last_id = last
            after = Domain("invoice_on", ">", day)
            after |= Domain("invoice_on", "=", day) & Domain("id", ">", last_id)
            domain &= after
        return self.search(domain, limit=limit, order="invoice_on, id")

    def _invoice_isolated(self):
        """Try all in one transaction; where it fails, halve it until one is alone."""
        failure = self.with_company(self.company_id)._try_step(
            lambda lines: lines._make_due_invoices()
        )
        if not failure:
            return
        if len(self) == 1:
            if failure is not True:  # not only in somebody's hands
                self._try_step(lambda line: line._note_problem(str(failure)))
            return
        half = len(self) // 2
        self[:half]._invoice_isolated()
        self[half:]._invoice_isolated()

    def _note_problem(self, problem):
        """Keep why the invoice could not be made, and tell the salesperson once.

        It is tried again every day.
        """
        self.ensure_one()
        today = self.company_id._get_autopay_today()
        self.invoice_on = fields.Date.add(today, days=1)
        if self.problem == problem:
            return
        self.problem = problem
        self.plan_id._ask_responsible(
            self.env._("%s could not be invoiced", self.display_name), problem
        )

    # === HOW === #

    def _make_due_invoices(self):
        """Invoice those whose day has come where their company is, on fresh data."""
        self.plan_id._lock()
        due = self.filtered(
            lambda line: (
                line.invoice_on
                and line.invoice_on <= line.company_id._get_autopay_today()
                and line.plan_id.state == const.ACTIVE
            )
        )
        for plan in due.plan_id:
            if obstacle := plan._get_obstacle():
                raise UserError(obstacle)
        due._make_invoices()._send_plan_invoices_later()

    def _make_invoices(self):
        """Make, post and collect one invoice for each of these payments.

        Call it as the system, under the lock of their plans.

        :return: `account.move`, posted
        """
        lines = self.filtered(lambda line: not line.move_id)
        if not lines:
            return self.env["account.move"]
        lasts = lines._filter_last_of_plan()
        moves = self.env["account.move"]
        if others := lines - lasts:
            moves |= others._create_invoices()
        if lasts:  # what is left of each tax is known once the others are invoiced
            moves |= lasts._create_invoices(is_last=True)
        lines.problem = False
        # Posting looks for the contacts of each new customer.
        moves.partner_id.fetch(["child_ids"])
        moves.action_post()
        moves._use_plan_credit()
        return moves

    def _create_invoices(self, is_last=False):
        """Make draft invoices of exactly the amounts that were signed.

        Call it for payments of one company.

        :param bool is_last: nothing is left after them: they take the rest of each tax
        """
        orders = self.sale_order_id.with_company(self.company_id)
        order_lines = orders._create_plan_down_payments(self, is_last)
        vals_list = [line._prepare_invoice_vals(order_lines[line.id]) for line in self]
        self._complete_invoice_vals(vals_list, order_lines)
        Move = self.env["account.move"]
        # Drafts have no analytic items that core would have to keep in line.
        silent = Move.with_context(tracking_disable=True, skip_analytic_sync=True)
        moves = silent.create(vals_list).with_env(Move.env)
        for line, move in zip(self, moves, strict=True):
            line.write({"move_id": move.id, "invoice_on": False})
            line._check_invoice(move)
        return moves

    def _complete_invoice_vals(self, vals_list, order_lines):
        """Give what core would look up for each invoice, and write line by line.

        Core goes on to check and complete all of it: what an add-on has otherwise is
        written as ever.

        :param list vals_list: values of the invoices of these payments
        :param dict order_lines: id of the payment -> its `sale.order.line`
        """
        journals = {}
        has_rules = self.env["account.analytic.distribution.model"].search([], limit=1)
        for line, vals in zip(self, vals_list, strict=True):
            if not vals.get("journal_id"):
                currency_id = vals["currency_id"]
                if currency_id not in journals:
                    journals[currency_id] = self._find_invoice_journal(vals)
                vals["journal_id"] = journals[currency_id].id
            downs, commands = order_lines[line.id], vals["invoice_line_ids"]
            if len(commands) != len(downs):
                continue  # an add-on has lines of its own
            items = line.sale_order_id._prepare_plan_items(downs)
            for command, down, item in zip(commands, downs, items, strict=True):
                command[2].update(item)
                if not has_rules:
                    distribution = down.analytic_distribution
                    command[2].setdefault("analytic_distribution", distribution)

    def _find_invoice_journal(self, vals):
        """Return the `account.journal` that core chooses for an invoice.

        :param dict vals: values of the invoice
        """
        names = ("move_type", "company_id", "currency_id")
        Move = self.env["account.move"]
        return Move.new({name: vals[name] for name in names})._search_default_journal()

    def _filter_last_of_plan(self):
        """Return those after which nothing of their plan is left to be invoiced."""
        left = self._read_group(
            [
                ("plan_id", "in", self.plan_id.ids),
                ("move_id", "=", False),
                ("id", "not in", self.ids),
            ],
            ["plan_id"],
        )
        unfinished = {plan for (plan,) in left}
        lasts = self.browse()
        for plan, lines in self.grouped("plan_id").items():
            if plan not in unfinished:
                lasts |= lines[-1:]
        return lasts

    def _prepare_invoice_vals(self, order_lines):
        """Return the values of a down payment of exactly this amount.

        As `sale.advance.payment.inv` does it: one line for each set of taxes.

        :param order_lines: `sale.order.line` that are this down payment
        """
        self.ensure_one()
        order = self.sale_order_id.with_company(self.company_id)
        order = order.with_context(lang=order._get_lang())
        Wizard = self.env["sale.advance.payment.inv"]
        wizard = Wizard.with_company(self.company_id).new(
            {
                "advance_payment_method": "fixed",
                "fixed_amount": self.amount,
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        order_lines = order_lines.with_env(order.env)
        products = [line.product_id for line in order_lines]
        accounts = [wizard._get_down_payment_account(product) for product in products]
        vals = wizard.with_context(
            accounts=accounts
        )._prepare_down_payment_invoice_values(order, order_lines)
        today = self.company_id._get_autopay_today()
        label = self.with_context(lang=order._get_lang()).display_name
        for command in vals["invoice_line_ids"]:
            command[2]["name"] = label
        return {
            **vals,
            "invoice_date": today,
            "invoice_date_due": max(self.date_due or today, today),
            "invoice_payment_term_id": False,
        }

    def _check_invoice(self, move):
        """Refuse an invoice that is not of exactly the amount that was signed (P16).

        :raise UserError: the amounts differ
        """
        self.ensure_one()
        if self.currency_id.compare_amounts(move.amount_total, self.amount):
            raise UserError(
                self.env._(
                    "%(payment)s is %(amount)s, its invoice would be %(total)s.",
                    payment=self.display_name,
                    amount=self.currency_id.format(self.amount),
                    total=self.currency_id.format(move.amount_total),
                )
            )

    def action_make_invoice(self):
        """Make the invoice now, so that the customer can pay early (PF34).

        :raise UserError: the plan is not running, or waits for a decision
        """
        self.ensure_one()
        self.plan_id.check_access("write")
        if self.state == const.CREDITED:
            self.sudo().move_id = False  # it was credited: invoiced anew
            self.plan_id.sudo()._follow()  # as above
        if self.move_id:
            return self.move_id.get_formview_action()
        if self.plan_id.state != const.ACTIVE:
            raise UserError(self.env._("%s is not running.", self.plan_id.display_name))
        if obstacle := self.plan_id._get_obstacle():
            raise UserError(obstacle)
        self.plan_id._lock()
        # Salespeople may not make invoices of their own.
        self.sudo()._make_invoices()._send_plan_invoices_later()
        return self.move_id.get_formview_action()
