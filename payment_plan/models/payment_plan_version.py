from odoo import api, fields, models

from ..tools.digest import digest_of


class PaymentPlanVersion(models.Model):
    """What a customer was shown as the contract of a plan; never changed.

    A change of the order, of the plan or of the day gives another version.
    """

    _name = "payment.plan.version"
    _description = "Version of a Payment Plan"
    _inherit = ["autopay.history.mixin"]
    _order = "plan_id, number desc"

    plan_id = fields.Many2one(
        "payment.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    number = fields.Integer(required=True, readonly=True)
    amount_total = fields.Monetary("Total", required=True, readonly=True)
    session_date = fields.Date("Session", readonly=True)
    signature_day = fields.Date(
        required=True,
        readonly=True,
        help="The day for which the schedule was made, in the company's time zone.",
    )
    lang = fields.Char("Language", required=True, readonly=True)
    schedule = fields.Json(
        required=True, readonly=True, help="Payments in whole smallest amounts."
    )
    terms = fields.Json(readonly=True, help="The rule and the conditions agreed on.")
    contract_html = fields.Html("Contract", sanitize=False, readonly=True)
    digest = fields.Char(
        required=True,
        readonly=True,
        index=True,
        help="SHA-256 of all of the above: what the customer saw is what is signed.",
    )
    event_ids = fields.One2many(
        "payment.plan.event", "version_id", "Evidence", readonly=True
    )

    _number_unique = models.Constraint(
        "UNIQUE (plan_id, number)", "Versions of a plan are numbered."
    )

    @api.depends("plan_id.display_name", "number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(plan)s, version %(number)s",
                plan=version.plan_id.display_name,
                number=version.number,
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Number the versions, and compute what identifies their content."""
        for vals in vals_list:
            plan = self.env["payment.plan"].browse(vals["plan_id"])
            last = max(plan.version_ids.mapped("number"), default=0)
            vals["number"] = last + 1
            vals["digest"] = self._get_digest(vals)
        return super().create(vals_list)

    @api.model
    def _get_digest(self, vals):
        """Return what identifies the content of a version.

        :param dict vals: of the version, days as text
        """
        return digest_of(self._get_content(vals))

    @api.model
    def _get_content(self, vals):
        """Return what a customer agrees to, in a form that is always the same."""
        names = (
            "plan_id",
            "amount_total",
            "session_date",
            "signature_day",
            "lang",
            "schedule",
            "terms",
            "contract_html",
        )
        content = {name: vals.get(name) or None for name in names}
        return {**content, "currency": vals["currency_id"]}

    def _is_intact(self):
        """Whether the stored content still is what was signed (P75)."""
        self.ensure_one()
        return self._get_digest(self.read(load=False)[0]) == self.digest
