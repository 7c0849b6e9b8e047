from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import formatLang

from .. import const_contract as const

#: Settings that a signed version keeps, beside tiers and law.
FROZEN_FIELDS = (
    "grace_days",
    "grace_unit",
    "late_fee_kind",
    "late_fee_percent",
    "late_fee_amount",
    "late_fee_cap",
    "missed_action",
    "default_failures",
    "default_days",
    "refund_if_resold",
    "provider_cancels",
    "withdrawal",
    "reschedule_max",
    "reschedule_free",
    "reschedule_notice_days",
    "reschedule_fee_kind",
    "reschedule_fee_percent",
    "reschedule_fee_amount",
    "delivery_on_full_payment",
)


class PaymentPlanTermsText(models.Model):
    """What the settings say, in words: the values of the placeholders."""

    _inherit = "payment.plan.terms"

    preview_html = fields.Html("Text", compute="_compute_preview_html", sanitize=False)

    def _serialize(self):
        """Return the settings for a signed version: the behavior follows these.

        Amounts are in the main unit of `currency`, days are whole numbers.
        """
        self.ensure_one()
        return {
            **{name: self[name] for name in FROZEN_FIELDS},
            "terms": self.name,
            "currency": self.currency_id.name,
            "tiers": [tier._serialize() for tier in self._get_tiers()],
            "governing_law": self.governing_country_id.code or "",
            "governing_place": self.governing_place or "",
        }

    def _get_tiers(self):
        return self.tier_ids.sorted("days", reverse=True)

    def _render_clauses(self, kinds, values):
        """Return the clauses of a contract as (title, HTML), in their order.

        A clause whose setting is off is left out. One that is missing is taken from
        the library, as a setting may have been changed by its tiers.

        :param set kinds: `CLAUSE_KINDS` whose setting is on
        :param dict values: of the placeholders that are not of these terms
        :raise UserError: a clause is missing, or its text is not usable; says why
        """
        self.ensure_one()
        clauses = self.clause_ids
        for kind in sorted(kinds - set(clauses.mapped("kind"))):
            clauses |= self._find_clause(kind)
        agreed = clauses.filtered(lambda c: c.kind == const.FREE or c.kind in kinds)
        values = {**values, **self._get_text_values(kinds)}
        return [
            (clause.name, clause._render(values))
            for clause in agreed.sorted(lambda c: (c.sequence, c.id))
        ]

    def _get_text_values(self, kinds):
        """Return the values of the placeholders about settings that are on.

        :param set kinds: `CLAUSE_KINDS`
        :return: dict of text or Markup by the name of the placeholder
        """
        texts = {
            const.GRACE: self._get_grace_text,
            const.LATE_FEE: self._get_late_fee_text,
            const.MISSED_PAYMENT: self._get_missed_text,
            const.CANCELLATION: self._get_cancellation_text,
            const.RESCHEDULING: self._get_rescheduling_text,
            const.PROVIDER: self._get_provider_text,
            const.WITHDRAWAL: self._get_withdrawal_text,
            const.GOVERNING_LAW: self._get_law_text,
        }
        return {
            const.REQUIRED_PLACEHOLDERS[kind]: get_text()
            for kind, get_text in texts.items()
            if kind in kinds
        }

    def _format_number(self, number):
        """Return a percentage as the language writes it, no superfluous decimals."""
        digits = 0 if float(number).is_integer() else 2
        return formatLang(self.env, number, digits=digits)

    def _format_fee(self, name, base):
        """Return a fee in words.

        :param str name: `late_fee` or `reschedule_fee`
        :param str base: what a percentage is of
        """
        if self[f"{name}_kind"] == const.FIXED:
            return self.currency_id.format(self[f"{name}_amount"])
        return self.env._(
            "%(percent)s %% of %(base)s",
            percent=self._format_number(self[f"{name}_percent"]),
            base=base,
        )

    def _get_grace_text(self):
        days = self.grace_days
        if self.grace_unit == const.BUSINESS_DAYS:
            if days == 1:
                return self.env._("one business day")
            return self.env._("%s business days", days)
        return self.env._("one day") if days == 1 else self.env._("%s days", days)

    def _get_late_fee_text(self):
        fee = self._format_fee("late_fee", self.env._("the overdue amount"))
        if not self.late_fee_cap:
            return fee
        return self.env._(
            "%(fee)s, but no more than %(cap)s for all late payments together",
            fee=fee,
            cap=self.currency_id.format(self.late_fee_cap),
        )

    def _get_missed_text(self):
        consequences = {
            const.HOLD: self.env._(
                "session and delivery wait until what is due is paid"
            ),
            const.RELEASE: self.env._(
                "the date is released, as if the customer had canceled on that day"
            ),
            const.ALL_DUE: self.env._("everything that is still open becomes due"),
        }
        return self.env._(
            "%(when)s, %(consequence)s",
            when=self._get_default_text(),
            consequence=consequences[self.missed_action],
        )

    def _get_default_text(self):
        failures, days = self.default_failures, self.default_days
        if failures and days:
            return self.env._(
                "after %(failures)s failed attempts to collect a payment, or when a "
                "payment is %(days)s days late",
                failures=failures,
                days=days,
            )
        if failures:
            return self.env._("after %s failed attempts to collect a payment", failures)
        return self.env._("when a payment is %s days late", days)

    def _get_cancellation_text(self):
        lines, above = [], None
        for tier in self._get_tiers():
            lines.append(tier._get_text(above))
            above = tier
        if self.refund_if_resold:
            lines.append(
                self.env._(
                    "if another customer takes the date, what we keep is reduced by "
                    "what that customer pays for it"
                )
            )
        items = Markup().join(Markup("<li>%s</li>") % line for line in lines)
        return Markup("<ul>%s</ul>") % items

    def _get_rescheduling_text(self):
        if self.reschedule_max == 1:
            often = self.env._("once")
        else:
            often = self.env._("up to %s times", self.reschedule_max)
        return self.env._(
            "%(often)s, when asked for at least %(days)s days before the session, "
            "%(cost)s",
            often=often,
            days=self.reschedule_notice_days,
            cost=self._get_reschedule_cost(),
        )

    def _get_reschedule_cost(self):
        free = self.reschedule_free
        if self.reschedule_fee_kind == const.NONE or free >= self.reschedule_max:
            return self.env._("free of charge")
        fee = self._format_fee("reschedule_fee", self.env._("the total"))
        if not free:
            return self.env._("for a fee of %s each time", fee)
        if free == 1:
            return self.env._(
                "the first time free of charge, after that for a fee of %s each time",
                fee,
            )
        return self.env._(
            "the first %(free)s times free of charge, after that for a fee of %(fee)s "
            "each time",
            free=free,
            fee=fee,
        )

    def _get_provider_text(self):
        if self.provider_cancels == const.REFUND:
            return self.env._(
                "everything that was paid is refunded, the deposit included"
            )
        return self.env._(
            "the customer chooses between another date and a refund of everything that "
            "was paid, the deposit included"
        )

    def _get_withdrawal_text(self):
        if self.withdrawal == const.WITHDRAW_14:
            return self.env._(
                "within 14 days of the signature consumers may withdraw from this "
                "contract without giving reasons, by a clear statement to us; what "
                "was paid is refunded within 14 days after that"
            )
        return self.env._(
            "there is none, as this is a leisure service on an agreed day"
        )

    def _get_law_text(self):
        country = self.governing_country_id.name
        if not self.governing_place:
            return self.env._("the law of %s", country)
        return self.env._(
            "the law of %(country)s, with %(place)s as the place of jurisdiction",
            country=country,
            place=self.governing_place,
        )

    # === PREVIEW === #

    @api.depends(
        *FROZEN_FIELDS,
        "tier_ids.days",
        "tier_ids.keep",
        "tier_ids.percent",
        "governing_country_id",
        "governing_place",
        "clause_ids.body",
        "clause_ids.sequence",
        "clause_ids.name",
    )
    @api.depends_context("lang")
    def _compute_preview_html(self):
        for terms in self:
            terms.preview_html = terms._render_preview()

    def _render_preview(self):
        """Return the text as it is now; what an order adds is in brackets."""
        names = {
            *const.GENERAL_PLACEHOLDERS,
            *(n for kind in const.PLAN_KINDS for n in const.KIND_PLACEHOLDERS[kind]),
        }
        kinds = self._get_kinds() | set(const.PLAN_KINDS)
        kinds &= set(self.clause_ids.mapped("kind"))
        if self._get_setting_error():
            return self._get_setting_error()
        if any(clause._get_problem() for clause in self.clause_ids):
            return next(filter(None, (c._get_problem() for c in self.clause_ids)))
        clauses = self._render_clauses(kinds, {name: f"[{name}]" for name in names})
        return Markup().join(
            Markup("<h4>%s</h4><div>%s</div>") % clause for clause in clauses
        )
