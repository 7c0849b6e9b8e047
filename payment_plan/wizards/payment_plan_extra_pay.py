from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import const


class PaymentPlanExtraPay(models.TransientModel):
    """Record money that was paid beyond what is due, and choose what it is for."""

    _name = "payment.plan.extra.pay"
    _description = "Record an Extra Payment of a Plan"
    _check_company_auto = True

    plan_id = fields.Many2one("payment.plan", required=True, readonly=True)
    company_id = fields.Many2one(related="plan_id.company_id")
    currency_id = fields.Many2one(related="plan_id.currency_id")
    amount = fields.Monetary(required=True)
    spread = fields.Selection(
        const.SPREADS, "Used for", required=True, default=const.NEXT
    )
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        check_company=True,
        domain="[('type', 'in', ('bank', 'cash')),"
        " ('company_id', 'parent_of', company_id)]",
        default=lambda self: self._get_default_journal(),
    )
    date = fields.Date(
        required=True, default=lambda self: self.env.company._get_autopay_today()
    )
    memo = fields.Char()
    preview_html = fields.Html("Then", compute="_compute_preview_html", sanitize=False)

    @api.model
    def _get_default_journal(self):
        return self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self.env.company),
                ("type", "in", ("bank", "cash")),
            ],
            limit=1,
        )

    @api.depends("plan_id", "amount", "spread")
    def _compute_preview_html(self):
        for wizard in self:
            wizard.preview_html = wizard._render_preview()

    def _render_preview(self):
        """Return what is open of each payment before and after, or why it cannot be."""
        self.ensure_one()
        plan = self.plan_id
        if not plan or not self.amount:
            return False
        try:
            plan._check_extra(self.amount, self.spread)
        except UserError as error:
            return self.env["ir.qweb"]._render(
                "payment_plan.schedule_problem", {"problem": str(error)}
            )
        return self.env["ir.qweb"]._render(
            "payment_plan.spread_table",
            {
                "rows": plan._get_spread_rows(self.amount, self.spread),
                "currency": self.currency_id,
            },
        )

    def action_record(self):
        """Record the payment; less is open of the payments it is for.

        :raise UserError: the amount is not possible; says which is
        """
        self.ensure_one()
        self.env["account.payment"].check_access("create")
        self.plan_id.check_access("read")
        # Accountants read plans only; who may record payments was checked.
        extra_sudo = self.plan_id.sudo()._choose_extra(self.amount, self.spread)
        payment = self.env["account.payment"].create(
            self._prepare_payment_vals(extra_sudo)
        )
        payment.sudo().payment_plan_extra_id = extra_sudo  # by the system only
        payment.action_post()
        extra_sudo._use()
        payment.sudo()._send_plan_receipts(self.plan_id.installment_ids)  # as above
        return {"type": "ir.actions.act_window_close"}

    def _prepare_payment_vals(self, extra):
        self.ensure_one()
        return {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": extra.plan_id._get_invoiced_partner().id,
            "amount": self.amount,
            "currency_id": self.currency_id.id,
            "date": self.date,
            "journal_id": self.journal_id.id,
            "memo": self.memo or extra.plan_id.display_name,
            **extra._prepare_payment_vals(),
        }
