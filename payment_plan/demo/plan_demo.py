from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command, api, fields, models

#: What happened at the studio: customer, product, days to the session, steps.
#: A step is the number of days ago, what was done, and what it needs.
STORY = (
    ("harlow", "wedding", 150, ()),
    ("reyes", "wedding", 120, ((2, "propose"), (2, "send"))),
    (
        "reyes",
        "portrait",
        75,
        (
            (46, "propose"),
            (45, "sign", "template_pack_a"),
            (45, "pay"),
            (16, "invoice"),
            (15, "pay"),
        ),
    ),
    (
        "vance",
        "wedding",
        60,
        (
            (76, "propose"),
            (75, "sign", "template_pack_b"),
            (75, "pay"),
            (46, "invoice"),
            (44, "pay"),
            (15, "invoice"),
        ),
    ),
    (
        "lund",
        "portrait",
        -3,
        ((31, "propose"), (30, "sign", "template_full"), (30, "pay"), (0, "close")),
    ),
)


class PaymentPlanDemo(models.AbstractModel):
    """Let three months of the demo studio happen, with real documents.

    Called by the demo data only; each step does what somebody does in the browser.
    """

    _name = "payment.plan.demo"
    _description = "Payment Plan Demo Data"

    @api.model
    def _load_demo(self):
        """Tell the story once; loading the demo data again changes nothing."""
        if self._get_demo("order_1_demo", raise_if_not_found=False):
            return
        owner = self._get_demo("user_studio_demo")
        studio = self.with_user(owner).with_company(owner.company_id)
        for number, (customer, product, days, steps) in enumerate(STORY, 1):
            first_day = steps[0][0] if steps else 0
            with studio._at(first_day):
                order = studio._make_order(customer, product, days)
            self._name_order(order, number)
            for days_ago, step, *arguments in steps:
                with studio._at(days_ago):
                    getattr(studio, f"_step_{step}")(order, *arguments)

    def _get_demo(self, name, raise_if_not_found=True):
        return self.env.ref(
            f"payment_plan.{name}", raise_if_not_found=raise_if_not_found
        )

    def _name_order(self, order, number):
        self.env["ir.model.data"].create(
            {
                "module": "payment_plan",
                "name": f"order_{number}_demo",
                "model": order._name,
                "res_id": order.id,
                "noupdate": True,
            }
        )

    @contextmanager
    def _at(self, days_ago):
        """Let it be a day in the past: the past of a demo cannot be waited for."""
        company = self.env.company
        day = fields.Date.subtract(company._get_autopay_today(), days=days_ago)
        Company = self.env.registry["res.company"]
        with patch.object(Company, "_get_autopay_today", lambda company: day):
            yield

    # === STEPS OF THE STORY === #

    def _make_order(self, customer, product, days_to_session):
        today = self.env.company._get_autopay_today()
        now = fields.Date.context_today(self)
        product = self._get_demo(f"product_{product}_demo")
        return self.env["sale.order"].create(
            {
                "partner_id": self._get_demo(f"partner_{customer}_demo").id,
                "date_order": today,
                "session_date": fields.Date.add(now, days=days_to_session),
                "validity_date": fields.Date.add(now, days=30),
                "order_line": [Command.create({"product_id": product.id})],
            }
        )

    def _step_propose(self, order):
        order.action_propose_payment_plans()

    def _step_send(self, order):
        order.action_quotation_sent()

    def _step_sign(self, order, template):
        """The customer chooses a plan, reads the contract and signs it."""
        plan = order.payment_plan_ids.filtered(
            lambda plan: plan.template_id == self._get_demo(template)
        )
        today = self.env.company._get_autopay_today()
        evidence = {
            "date": fields.Datetime.to_datetime(today),
            "email": order.partner_id.email,
            "ip_address": "192.0.2.7",
            "user_agent": "Demo data",
        }
        order._choose_plan(plan, evidence)
        name = order.partner_id.name
        plan._sign(plan._get_version().digest, name, evidence)
        order.write({"signed_by": name, "signed_on": evidence["date"]})
        order.action_confirm()
        order.date_order = evidence["date"]

    def _step_invoice(self, order):
        order_sudo = order.sudo()  # the scheduled action does it
        due = order_sudo.payment_plan_id.installment_ids.filtered(
            lambda line: (
                line.invoice_on
                and line.invoice_on <= self.env.company._get_autopay_today()
            )
        )
        due._make_due_invoices()
        due.move_id.sending_data = False  # nobody waits for mails of the demo

    def _step_pay(self, order):
        """The customer pays all that is invoiced, by a transfer."""
        moves = order.payment_plan_id.installment_ids.move_id.filtered(
            "amount_residual"
        )
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"payment_date": self.env.company._get_autopay_today()})
        )
        company_sudo = self.env.company.sudo()  # nobody waits for mails of the demo
        company_sudo.plan_send_receipts = False
        wizard.action_create_payments()
        company_sudo.plan_send_receipts = True

    def _step_close(self, order):
        order.payment_plan_id.action_close()
