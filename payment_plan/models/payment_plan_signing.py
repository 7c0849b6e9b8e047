from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.invoice_autopay.tools import lock_rows

from .. import const
from ..tools.money import from_units, to_units


class PaymentPlanSigning(models.Model):
    """From the chosen plan to the signed contract, and the evidence of it."""

    _inherit = "payment.plan"

    def _lock(self):
        """Make whoever signs, changes or collects these plans wait, then start over.

        Odoo's transactions read a snapshot: only a changed row makes the other one fail
        and be tried again on fresh data.
        """
        self.env.flush_all()
        if not self:
            return
        lock_rows(self)
        self.env.cr.execute(
            SQL(
                "UPDATE payment_plan SET lock_seq = COALESCE(lock_seq, 0) + 1"
                " WHERE id IN %s",
                tuple(self.ids),
            )
        )
        self.env.invalidate_all(flush=False)

    # === THE CONTRACT === #

    def _get_version(self):
        """Return what the customer is to sign now; a new version where that changed.

        :return: `payment.plan.version`
        :raise UserError: this plan cannot be signed; says why
        """
        self.ensure_one()
        if problem := self._get_problem():
            raise UserError(problem)
        vals = self._prepare_version_vals()
        Version = self.env["payment.plan.version"].sudo()  # written by the system only
        candidate = Version._get_digest(vals)
        domain = [("plan_id", "=", self.id), ("digest", "=", candidate)]
        if same := Version.search(domain, limit=1):
            return same
        self._lock()  # of two who open the page at once, one makes the version
        return Version.search(domain, limit=1) or Version.create(vals)

    def _prepare_version_vals(self):
        self.ensure_one()
        session = self.session_date
        lang = self._get_contract_lang()
        plan = self.with_context(lang=lang)
        schedule = plan._get_schedule()
        plan._check_total(schedule)
        return {
            "plan_id": self.id,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "amount_total": from_units(schedule.total, self.currency_id.rounding),
            "session_date": str(session) if session else False,
            "signature_day": str(self.company_id._get_autopay_today()),
            "lang": lang,
            "schedule": plan._serialize_schedule(schedule),
            "terms": plan._serialize_terms(),
            "contract_html": str(plan._render_contract(schedule)),
        }

    def _get_contract_lang(self):
        """Return the language in which the customer reads and signs."""
        self.ensure_one()
        return self.partner_id.lang or self.env.user.lang or "en_US"

    def _check_total(self, schedule):
        """Refuse a schedule that is not about the order's total (PF19).

        :raise UserError: the totals differ
        """
        document = self._get_document()
        total = to_units(document.amount_total, self.currency_id.rounding)
        if schedule.total != total:
            raise UserError(
                self.env._(
                    "The plan is about %(plan)s, %(order)s is about %(total)s: choose "
                    "the plan again.",
                    plan=self.currency_id.format(
                        from_units(schedule.total, self.currency_id.rounding)
                    ),
                    order=document.name,
                    total=self.currency_id.format(document.amount_total),
                )
            )

    def _serialize_schedule(self, schedule):
        """Return the payments for a version: whole smallest amounts, days as text."""
        return [
            {
                "number": line.number,
                "kind": line.kind,
                "amount": line.amount,
                "due": str(line.due) if line.due else None,
                "planned": str(line.planned) if line.planned else None,
                "timed_by": line.timed_by,
                "milestone": line.milestone,
            }
            for line in schedule.lines
        ]

    def _serialize_terms(self):
        """Return what was agreed on beside the schedule; hook for conditions."""
        self.ensure_one()
        return {
            "lines": self.sale_order_id._serialize_plan_lines(),
            "structure": self.structure,
            "autopay": self.autopay,
            "obligation": self.obligation,
        }

    def _render_contract(self, schedule):
        """Return the text of the contract as HTML, in the language of the context.

        :param schedule: `schedule.Schedule` that it states
        """
        return self.env["ir.qweb"]._render(
            "payment_plan.contract",
            {
                "plan": self,
                "order": self._get_document(),
                "schedule_table": self._render_schedule(schedule, self.currency_id),
                "clauses": self._get_clauses(schedule),
            },
        )

    def _get_clauses(self, schedule):
        """Return the clauses of the contract as (title, HTML); hook."""
        return []

    # === SIGNING === #

    def _sign(self, digest, name, evidence):
        """Sign the contract that the customer saw (P72, P73).

        :param str digest: of the version that the page showed
        :param str name: of the person, as typed
        :param dict evidence: `ip_address`, `user_agent`, `email`, `signature` (base64)
        :return: `payment.plan.version` that is signed
        :raise UserError: it is signed already, or what was shown is not true any more
        """
        self.ensure_one()
        self._lock()
        if self.state in const.BOUND_STATES:
            raise UserError(
                self.env._("%s is signed already.", self.sale_order_id.name)
            )
        self._ensure_still_chosen()
        version = self._get_version()
        if not digest or version.digest != digest:
            raise UserError(
                self.env._(
                    "The contract has changed since you opened this page. Reload it "
                    "and read it again before you sign; nothing was signed."
                )
            )
        if self.autopay == const.AUTOPAY_REQUIRED and not self._get_consent(version):
            raise UserError(
                self.env._("Allow automatic payment first: this plan requires it.")
            )
        if not (name or "").strip():
            raise UserError(self.env._("Type your name to sign."))
        self._log_event(
            const.EVENT_SIGNED,
            version,
            {**evidence, "name": name.strip(), "digest": version.digest},
        )
        self._bind(version)
        return version

    def _ensure_still_chosen(self):
        """Refuse to sign while somebody else chooses another plan of the order (P72).

        :raise UserError: another plan was chosen
        """
        order = self.sale_order_id
        if not order:
            return
        order._lock_for_signature()
        if order.payment_plan_id != self:
            raise UserError(
                self.env._(
                    "The contract has changed since you opened this page: another plan "
                    "was chosen on %s. Reload the page and read it again before you "
                    "sign; nothing was signed.",
                    order.name,
                )
            )

    def _bind(self, version):
        """Turn the payments of the signed version into installments."""
        self.sudo().write(  # by the system only
            {
                "state": const.SIGNED,
                "version_id": version.id,
                "amount_total": version.amount_total,
            }
        )
        rounding = self.currency_id.rounding
        self.env["payment.plan.installment"].sudo().create(  # by the system only
            [
                {
                    "plan_id": self.id,
                    "company_id": self.company_id.id,
                    "currency_id": self.currency_id.id,
                    "number": line["number"],
                    "kind": line["kind"],
                    "amount": from_units(line["amount"], rounding),
                    "date_due": line["due"],
                    "date_planned": line["planned"],
                    "timed_by": line["timed_by"],
                    "milestone": line["milestone"],
                }
                for line in version.schedule
            ]
        )

    def _log_event(self, kind, version=None, evidence=None):
        """Write down what happened, as evidence (PF24).

        :param str kind: one of `EVENT_KINDS`
        :param version: `payment.plan.version` it is about
        :param dict evidence: fields of `payment.plan.event`
        """
        self.ensure_one()
        Event = self.env["payment.plan.event"].sudo()  # written by the system only
        return Event.create(
            {
                "plan_id": self.id,
                "version_id": version.id if version else False,
                "kind": kind,
                **(evidence or {}),
            }
        )
