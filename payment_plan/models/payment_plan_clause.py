from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import const_contract as const
from ..tools import placeholders


class PaymentPlanClause(models.Model):
    """A paragraph of contracts: the words are here, the figures in the terms.

    A clause is about one setting. It is in a contract exactly when that setting is on,
    and states its values by placeholders only: text and behavior cannot differ.
    """

    _name = "payment.plan.clause"
    _description = "Contract Clause"
    _order = "sequence, id"

    name = fields.Char("Title", required=True, translate=True)
    sequence = fields.Integer(
        default=10, help="Clauses of a contract are in this order."
    )
    kind = fields.Selection(
        const.CLAUSE_KINDS, "About", required=True, default=const.FREE
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: for all companies."
    )
    body = fields.Html("Text", required=True, translate=True)
    terms_ids = fields.Many2many("payment.plan.terms", string="Used by", readonly=True)
    placeholder_help = fields.Char("Placeholders", compute="_compute_placeholder_help")

    @api.depends("kind")
    def _compute_placeholder_help(self):
        for clause in self:
            clause.placeholder_help = clause._list_placeholders()

    def _list_placeholders(self):
        return " ".join(f"{{{name}}}" for name in self._get_allowed_placeholders())

    def _get_allowed_placeholders(self):
        """Return the names that the text of this clause may contain."""
        self.ensure_one()
        own = const.KIND_PLACEHOLDERS.get(self.kind, ())
        return (*own, *const.GENERAL_PLACEHOLDERS)

    @api.constrains("kind", "body")
    def _check_body(self):
        for clause in self:
            if problem := clause._get_problem():
                raise ValidationError(problem)

    def _get_problem(self):
        """Say what is wrong with the text, in the user's language; else empty."""
        self.ensure_one()
        names = placeholders.find_names(self.body)
        unknown = [n for n in names if n not in self._get_allowed_placeholders()]
        required = const.REQUIRED_PLACEHOLDERS.get(self.kind)
        if unknown:
            return self.env._(
                "%(clause)s: {%(name)s} is no placeholder of such a clause. Possible "
                "are %(names)s.",
                clause=self.name,
                name=unknown[0],
                names=self._list_placeholders(),
            )
        if placeholders.has_stray_brace(self.body):
            return self.env._(
                "%(clause)s: braces are for placeholders in the text only. Possible "
                "are %(names)s.",
                clause=self.name,
                names=self._list_placeholders(),
            )
        if required and required not in names:
            return self.env._(
                "%(clause)s: the text must contain {%(name)s}, which states what is "
                "set in the terms.",
                clause=self.name,
                name=required,
            )
        return self._get_figure_problem()

    def _get_figure_problem(self):
        if self.kind == const.FREE or not placeholders.has_digit(self.body):
            return ""
        return self.env._(
            "%(clause)s: amounts, days and numbers come from the terms. Write them as "
            "placeholders: %(names)s.",
            clause=self.name,
            names=self._list_placeholders(),
        )

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Refuse a translation that states something else."""
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        if field_name == "body":
            for lang in translations:
                self.with_context(lang=lang)._check_body()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for clause in self:
            if clause.terms_ids:
                raise UserError(
                    self.env._(
                        "The clause %(clause)s is part of %(terms)s: remove it there "
                        "first.",
                        clause=clause.name,
                        terms=", ".join(clause.terms_ids.mapped("name")),
                    )
                )

    @api.model
    def _find(self, kind, company):
        """Return the first clause of the library about a setting.

        :param str kind: one of `CLAUSE_KINDS`
        :param company: `res.company` that must be able to use it, or an empty one
        """
        return self.search(
            [("kind", "=", kind), ("company_id", "in", [False, *company.ids])], limit=1
        )

    def _render(self, values):
        """Return the text with its values, as HTML.

        :param dict values: by the name of the placeholder; `Markup` stays as it is
        :raise UserError: the text is not usable; says why
        """
        self.ensure_one()
        if problem := self._get_problem():
            raise UserError(problem)
        return placeholders.fill(self.body, values)
