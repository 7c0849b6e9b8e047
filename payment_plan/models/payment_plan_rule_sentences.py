from odoo import models
from odoo.tools import format_date

from ..tools import messages
from ..tools.money import from_units


class PaymentPlanRuleSentences(models.AbstractModel):
    """What the arithmetic has to say, in the language of whoever reads it."""

    _inherit = "payment.plan.rule.mixin"

    def _get_notes(self, schedule, currency):
        """Return what the customer must know of a schedule before signing.

        :param schedule: `schedule.Schedule`
        :param currency: `res.currency` of its amounts
        :return: list of texts
        """
        return [
            self._get_sentence(note.code, note.numbers, currency)
            for note in schedule.notes
        ]

    def _get_sentence(self, code, numbers, currency):
        """Return what the arithmetic has to say, in the user's language."""
        shown = {}
        for key, number in numbers.items():
            if key.startswith("amount"):
                shown[key] = currency.format(from_units(number, currency.rounding))
            elif key.startswith("date"):
                shown[key] = format_date(self.env, number)
            else:
                shown[key] = number
        sentences = {
            **self._get_amount_refusals(),
            **self._get_date_refusals(),
            **self._get_amount_notes(),
            **self._get_date_notes(),
        }
        if numbers.get("to_count", numbers.get("count")) == 1:
            sentences.update(self._get_single_sentences())
        return sentences[code] % shown

    def _get_single_sentences(self):
        """Return those that are about one payment only."""
        return {
            messages.CUTOFF_TOO_FEW: self.env._(
                "only one of %(count)s installments fits before %(date_limit)s"
            ),
            messages.REDUCED_BY_MINIMUM: self.env._(
                "One installment instead of %(count)s: the smallest one is "
                "%(amount_minimum)s."
            ),
            messages.REDUCED_BY_CUTOFF: self.env._(
                "One payment instead of %(count)s: all is due by %(date_limit)s."
            ),
            messages.AFTER_SESSION: self.env._(
                "One payment is due after the session on %(date_session)s, on "
                "%(date_last)s."
            ),
        }

    def _get_amount_refusals(self):
        return {
            messages.TOTAL_NOT_POSITIVE: self.env._(
                "a plan needs a total above zero; it is %(amount_total)s"
            ),
            messages.TOO_SMALL: self.env._(
                "%(amount)s cannot be divided into %(count)s installments"
            ),
            messages.BELOW_MINIMUM: self.env._(
                "an installment would be %(amount)s, below the smallest installment of "
                "%(amount_minimum)s"
            ),
            messages.STEPS_NOT_TOTAL: self.env._(
                "the steps make %(amount_steps)s, but %(amount)s are left after the "
                "deposit; let one step take what remains"
            ),
            messages.PERCENT_NOT_TOTAL: self.env._(
                "deposit and steps make %(percent)s %%; they must make 100 %%"
            ),
            messages.DISCOUNT_TOO_LARGE: self.env._(
                "a discount of %(amount_discount)s leaves nothing of %(amount_total)s"
            ),
            messages.INVALID_COUNT: self.env._(
                "%(count)s installments are not possible; 1 to %(limit)s are"
            ),
            messages.INVALID_INTERVAL: self.env._(
                "an interval of %(every)s is not possible"
            ),
            messages.INVALID_PERCENT: self.env._(
                "%(percent)s %% is not between 0 and 100"
            ),
            messages.INVALID_AMOUNT: self.env._(
                "an amount of %(amount)s is not possible"
            ),
        }

    def _get_date_refusals(self):
        return {
            messages.START_MISSING: self.env._(
                "enter the date from which installments count"
            ),
            messages.SESSION_MISSING: self.env._(
                "enter the date of the session on the order"
            ),
            messages.CUTOFF_TOO_FEW: self.env._(
                "only %(to_count)s of %(count)s installments fit before %(date_limit)s"
            ),
            messages.CUTOFF_PASSED: self.env._(
                "no installment fits between %(date_from)s and %(date_limit)s, the "
                "last day before the session"
            ),
            messages.NO_BUSINESS_DAY: self.env._(
                "the company's calendar has no business day after %(date)s"
            ),
            messages.NO_OPEN_LINE: self.env._("no open payment is left for %(amount)s"),
        }

    def _get_amount_notes(self):
        return {
            messages.DEPOSIT_CAPPED: self.env._(
                "The deposit of %(amount_rule)s is limited to the total, %(amount)s."
            ),
            messages.DEPOSIT_DROPPED: self.env._(
                "There is no deposit: it would be zero."
            ),
            messages.PAID_IN_FULL: self.env._(
                "The deposit is the whole amount, %(amount)s."
            ),
            messages.REDUCED_BY_MINIMUM: self.env._(
                "%(to_count)s installments instead of %(count)s: the smallest one is "
                "%(amount_minimum)s."
            ),
            messages.REDUCED_BY_CUTOFF: self.env._(
                "%(to_count)s payments instead of %(count)s: all is due by "
                "%(date_limit)s."
            ),
            messages.MERGED: self.env._(
                "A part of %(amount)s was joined with the one before: payments below "
                "%(amount_smallest)s are not possible."
            ),
            messages.BELOW_CHARGE: self.env._(
                "%(amount)s is below the smallest online payment, %(amount_smallest)s."
            ),
        }

    def _get_date_notes(self):
        return {
            messages.START_MOVED: self.env._(
                "The first installment is due on %(date_to)s instead of %(date_from)s."
            ),
            messages.DUE_AT_ONCE: self.env._(
                "What was planned for %(date_planned)s is due on %(date)s."
            ),
            messages.DAY_OFF_KEPT: self.env._(
                "%(date)s is a day off, but no business day is left before the end."
            ),
            messages.AFTER_SESSION: self.env._(
                "%(count)s payments are due after the session on %(date_session)s, the "
                "last one on %(date_last)s."
            ),
            messages.CUTOFF_UNCHECKED: self.env._(
                "The session has no date yet: the days may change once it has one."
            ),
        }
