import csv

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools.misc import file_open

SATURDAY = 5

#: Copperwren has no order: its budget has an hourly rate.
WITH_ORDER = ("larkspur", "quillmark", "driftmoor", "brambleford", "osterlund")

#: What happened to the six customers: working days ago, customer, step, what it needs.
STORY = (
    (66, "larkspur", "top_up", 6000.0),
    (65, "osterlund", "top_up", 4000.0),
    (64, "quillmark", "top_up", 2500.0),
    (63, "larkspur", "pay"),
    (63, "osterlund", "pay"),
    (63, "brambleford", "top_up", 2000.0),
    (62, "quillmark", "pay"),
    (62, "driftmoor", "top_up", 5000.0),
    (61, "brambleford", "pay"),
    (60, "driftmoor", "pay"),
    (57, "copperwren", "top_up", 6500.0),
    (55, "copperwren", "pay"),
    (50, "quillmark", "deduct"),
    (50, "quillmark", "top_up", 2500.0),
    (47, "driftmoor", "deduct"),
    (47, "quillmark", "pay"),
    (45, "osterlund", "deduct"),
    (45, "larkspur", "deduct"),
    (45, "larkspur", "top_up", 6000.0),
    (43, "larkspur", "pay"),
    (40, "copperwren", "deduct"),
    (38, "driftmoor", "deduct"),
    (38, "driftmoor", "top_up", 4632.5),
    (38, "brambleford", "deduct"),
    (38, "brambleford", "top_up", 2000.0),
    (34, "driftmoor", "pay"),
    (33, "brambleford", "pay"),
    (31, "osterlund", "deduct"),
    (28, "osterlund", "end"),
    (28, "quillmark", "deduct"),
    (28, "quillmark", "top_up", 2500.0),
    (26, "quillmark", "pay"),
    (24, "driftmoor", "deduct"),
    (23, "copperwren", "deduct"),
    (22, "larkspur", "deduct"),
    (21, "brambleford", "deduct"),
    (20, "driftmoor", "forgive", "timesheet_driftmoor_26_demo"),
    (16, "larkspur", "deduct"),
    (16, "larkspur", "top_up", 6000.0),
    (14, "larkspur", "pay"),
    (9, "driftmoor", "deduct"),
    (8, "brambleford", "deduct"),
    (6, "larkspur", "deduct"),
    (6, "quillmark", "deduct"),
    (6, "copperwren", "deduct"),
    (0, "larkspur", "replenish"),
    (0, "driftmoor", "replenish"),
    (0, "brambleford", "replenish"),
    (0, "copperwren", "replenish"),
)


class PrepaidDemo(models.AbstractModel):
    """Let three months of the demo agency happen, with real documents.

    Called by the demo data only. The XML files say who is there and the CSV file what
    was worked; the steps here do what a manager does in the browser.
    """

    _name = "prepaid.demo"
    _description = "Prepaid Demo Data"

    @api.model
    def _load_demo(self):
        """Tell the story once; loading the demo data again changes nothing."""
        if self._get_demo("timesheet_larkspur_01_demo", raise_if_not_found=False):
            return
        self._date_orders()
        self._log_time()
        manager = self._get_demo("user_manager_demo")
        agency = self.with_user(manager).with_company(manager.company_id)
        agency = agency.with_context(tracking_disable=True)  # nothing to read back
        for days_ago, customer, step, *arguments in STORY:
            budget = agency._get_demo(f"budget_{customer}_demo")
            day = self._get_day(days_ago)
            getattr(agency, f"_step_{step}")(budget, day, *arguments)

    def _get_demo(self, name, raise_if_not_found=True):
        return self.env.ref(
            f"prepaid_billing.{name}", raise_if_not_found=raise_if_not_found
        )

    def _get_day(self, days_ago):
        """Return the day that lies so many working days back; 0 is today."""
        day = self.env.ref("base.main_company")._get_autopay_today()
        while days_ago:
            day -= relativedelta(days=1)
            if day.weekday() < SATURDAY:
                days_ago -= 1
        return day

    # === WHAT THE XML FILES CANNOT DO === #

    def _date_orders(self):
        """Core confirmed the orders when the projects named them, dated today."""
        day = self._get_day(67)
        for customer in WITH_ORDER:
            self._get_demo(f"order_{customer}_demo").date_order = day

    def _log_time(self):
        """Load the time entries, which lie so many working days back."""
        with file_open("prepaid_billing/demo/timesheets.csv") as file:
            rows = list(csv.DictReader(file))
        self.env["account.analytic.line"]._load_records(
            [
                {
                    "xml_id": f"prepaid_billing.{row['id']}",
                    "noupdate": True,
                    "values": self._prepare_time(row),
                }
                for row in rows
            ]
        )

    def _prepare_time(self, row):
        task = self._get_demo(f"task_{row['task']}_demo")
        return {
            "name": row["name"],
            "date": self._get_day(int(row["days_ago"])),
            "employee_id": self._get_demo(f"employee_{row['employee']}_demo").id,
            "project_id": task.project_id.id,
            "task_id": task.id,
            "unit_amount": float(row["hours"]),
        }

    # === STEPS OF THE STORY === #

    def _step_top_up(self, budget, day, amount):
        move = self.env["account.move"].browse(budget.top_up(amount))
        move.invoice_date = day
        move.action_post()

    def _step_pay(self, budget, day):
        self._pay(
            budget.lot_ids.invoice_id.filtered(lambda m: m.payment_state == "not_paid"),
            day,
        )

    def _pay(self, move, day):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": day})
        )
        wizard.action_create_payments()

    def _step_deduct(self, budget, day):
        """Deduct all work of the customer until that day, as far as the credit goes."""
        domain = budget.partner_id._get_prepaid_timesheet_domain()
        timesheets = self.env["account.analytic.line"].search(
            domain & Domain("date", "<=", day)
        )
        timesheets.prepaid_deduct(timesheets.ids)

    def _step_forgive(self, _budget, _day, name):
        """Return a deducted entry and say that it is free of charge."""
        timesheet = self._get_demo(name)
        timesheet.action_prepaid_return()
        timesheet.write({"so_line": False, "is_so_line_edited": True})

    def _step_replenish(self, budget, _day):
        """Check the budget; a top-up that is posted stays unsent."""
        budget.action_replenish_now()
        budget.episode_id.invoice_id.sending_data = False

    def _step_end(self, budget, day):
        """Pay the unused credit back and archive customer, project and budget."""
        self._pay(self._credit_unused(budget, day), day)
        customer = budget.partner_id
        projects = self.env["project.project"].search(
            [("partner_id", "=", customer.id)]
        )
        for records in (budget, projects, customer.child_ids, customer):
            records.action_archive()

    def _credit_unused(self, budget, day):
        invoice = budget.lot_ids.invoice_id
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "journal_id": invoice.journal_id.id,
                    "date": day,
                    "reason": "Unused credit at the end of the contract",
                }
            )
        )
        wizard.refund_moves()
        refund = wizard.new_move_ids
        refund.invoice_line_ids.price_unit = budget.balance
        refund.action_post()
        return refund
