from odoo import models
from odoo.tools import format_date, formatLang

from .. import const
from .. import const_contract as words
from ..tools.money import from_units


class PaymentPlanContract(models.Model):
    """The text of the contract: clauses of the terms, filled with this order."""

    _inherit = "payment.plan"

    def _get_contract_title(self):
        """Return the heading of the contract, in the language of the context."""
        self.ensure_one()
        return self.terms_id.title or self.env._("Agreement on a payment plan")

    def _get_problem(self):
        """Do not have a contract signed whose amounts are in another currency."""
        return super()._get_problem() or self._get_terms_problem()

    def _get_terms_problem(self):
        """Say why the terms do not fit this order, or return an empty text."""
        self.ensure_one()
        terms = self.terms_id
        is_same = terms.currency_id == self.currency_id
        if not terms or is_same or not terms._has_amounts():
            return ""
        return self.env._(
            "The terms %(terms)s contain amounts in %(own)s, the order is in "
            "%(other)s: choose other terms.",
            terms=terms.name,
            own=terms.currency_id.name,
            other=self.currency_id.name,
        )

    def _serialize_terms(self):
        """Freeze the conditions that the text states: they rule the signed plan."""
        terms = super()._serialize_terms()
        if not self.terms_id:
            return terms
        return {**terms, "contract": self.terms_id._serialize()}

    def _get_clauses(self, schedule):
        """Return what the terms say about this order.

        :param schedule: `schedule.Schedule` that the contract states
        :return: list of tuples (title, Markup)
        :raise UserError: the terms cannot be stated; says why
        """
        clauses = super()._get_clauses(schedule)
        if not self.terms_id:
            return clauses
        return clauses + self.terms_id._render_clauses(
            self._get_clause_kinds(schedule), self._get_text_values(schedule)
        )

    def _get_clause_kinds(self, schedule):
        """Return the kinds of clauses whose setting is on for this schedule."""
        kinds = self.terms_id._get_kinds() | {words.SCHEDULE}
        if schedule.deposit:
            kinds.add(words.DEPOSIT)
        if self.autopay != const.AUTOPAY_OFF:
            kinds.add(words.AUTOPAY)
        return kinds

    def _get_text_values(self, schedule):
        """Return the values of the placeholders that an order adds.

        :param schedule: `schedule.Schedule`
        :return: dict of text or Markup by the name of the placeholder
        """
        self.ensure_one()
        session = self.sale_order_id.session_date
        return {
            "company": self.company_id.name,
            "customer": self.partner_id.commercial_partner_id.name or "",
            "order": self.sale_order_id.name,
            "plan": self.name,
            "total": self._format_units(schedule.total),
            "session": (
                format_date(self.env, session)
                if session
                else self.env._("the agreed day")
            ),
            "last_due": (
                format_date(self.env, schedule.last_due)
                if schedule.last_due
                else self.env._("the last milestone")
            ),
            "schedule": self._render_schedule(schedule, self.currency_id),
            "deposit": self._format_units(schedule.deposit),
            "installments": self._get_installments_text(schedule),
            "interest": self._get_interest_text(),
            "obligation": self._get_obligation_text(),
            "autopay": self._get_autopay_text(),
        }

    def _format_units(self, units):
        currency = self.currency_id
        return currency.format(from_units(units, currency.rounding))

    def _get_installments_text(self, schedule):
        """Say in how many parts the rest is paid, and until when."""
        if self.structure == const.FINANCED:
            return self.env._(
                "the whole amount, by %s", self.financing_partner_id.display_name
            )
        count = len(schedule.installments)
        if not count:
            return self.env._("the whole amount at the signature")
        if any(line.due is None for line in schedule.installments):
            return self.env._(
                "%s installments, each at its milestone or on its day", count
            )
        last = format_date(self.env, schedule.last_due)
        if count == 1:
            return self.env._("one installment, due on %s", last)
        return self.env._(
            "%(count)s installments, the last one due on %(date)s",
            count=count,
            date=last,
        )

    def _get_interest_text(self):
        """Say what paying in parts costs: nothing, unless there is a surcharge."""
        self.ensure_one()
        if self._has_surcharge():
            return self.env._(
                "The total contains a surcharge of %s %% of the price for paying in "
                "parts.",
                formatLang(self.env, self.surcharge_percent, digits=2),
            )
        return self.env._("No interest and no fee is charged for paying in parts.")

    def _get_obligation_text(self):
        if self.obligation == const.MUST_PAY:
            return self.env._(
                "With the signature the customer places an order with obligation to "
                "pay the whole amount."
            )
        if self.terms_id.tier_ids:
            return self.env._(
                "With the signature the customer places an order with obligation to "
                "pay. The customer may cancel; what is kept then is stated in this "
                "contract."
            )
        return self.env._(
            "With the signature the customer places an order with obligation to pay. "
            "The customer may cancel at any time; nothing more is due then."
        )

    def _get_autopay_text(self):
        if self.autopay == const.AUTOPAY_REQUIRED:
            return self.env._(
                "is charged on its day to the payment method that the customer saved"
            )
        return self.env._(
            "is charged on its day to a saved payment method where the customer "
            "allowed it, and is otherwise paid by the customer"
        )
