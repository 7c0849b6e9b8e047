"""Time, negative time, deductions, edits, returns and invoices in any order (B62)."""

import os
from random import Random

from odoo.exceptions import UserError
from odoo.tools import float_compare, float_is_zero

from .common import PrepaidCommon

SEQUENCES = int(os.environ.get("RANDOM_CORRECTIONS", "40"))
STEPS = 7
SEED = int(os.environ.get("RANDOM_CORRECTIONS_SEED", "62"))
HOURS = (0.25, 0.5, 1.0, 1.5, 2.0)
RATE = 100.0
BEYOND = 130.0
DIGITS = 4


class TestRandomCorrections(PrepaidCommon):
    """What is worked is deducted or billed: once, and never lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("prepaid_billing.group_credit")
        # Deductions of the demo data are none of these stories.
        cls.env["prepaid.budget"].search([]).consumption_mode = "manual"
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.line = cls.order.order_line
        cls.tasks = (
            cls.env["project.task"]
            .sudo()
            .create(
                [
                    {"name": name, "project_id": cls.project.id}
                    for name in ("One", "Two")
                ]
            )
        )
        cls.budget = cls._create_budget()

    # === STEPS === #

    def _pick(self, state=None):
        """Choose some of the time: one, two, or all of it.

        :param state: mostly such as these; None: any
        """
        lines = self.lines.exists()
        if state is not None and self.random.random() < 0.8:
            lines = lines.filtered(lambda t: bool(t.prepaid_state) == state)
        chosen = list(lines)
        if not chosen:
            return lines.browse()
        count = self.random.choice((1, 1, 2, len(chosen)))
        ids = [t.id for t in self.random.sample(chosen, min(count, len(chosen)))]
        return lines.browse(ids)

    def _step_log(self):
        self._log(self.random.choice(HOURS))

    def _step_correct(self):
        self._log(-self.random.choice(HOURS))

    def _log(self, hours):
        task = self.random.choice((self.tasks[0], self.tasks[0], self.tasks[1]))
        self.lines |= self._log_time(
            hours, task_id=task.id, so_line=self.line.id
        ).with_env(self.env)
        return hours

    def _step_deduct(self):
        chosen = self._pick(state=False)
        self._deduct(chosen)
        return chosen.mapped("unit_amount")

    def _step_return(self):
        chosen = self._pick(state=True)
        chosen.action_prepaid_return()
        return chosen.mapped("unit_amount")

    def _step_edit(self):
        chosen = self._pick()[:1]
        hours = self.random.choice(HOURS)
        if chosen.unit_amount < 0:
            hours = -hours
        before = chosen.unit_amount
        chosen.sudo().write({"unit_amount": hours})
        return before, hours

    def _step_flip(self):
        """Somebody notices that it was meant the other way round."""
        chosen = self._pick()[:1]
        chosen.sudo().write({"unit_amount": -chosen.unit_amount})
        return chosen.unit_amount

    def _step_move(self):
        chosen = self._pick()[:1]
        task = self.random.choice(self.tasks)
        chosen.sudo().write({"task_id": task.id})
        return chosen.unit_amount, task.name

    def _step_delete(self):
        chosen = self._pick()[:1]
        hours = chosen.unit_amount
        chosen.sudo().unlink()
        return hours

    def _step_invoice(self):
        moves = self.order.sudo()._create_invoices(final=True)
        if self.is_posting:
            moves.action_post()
        return moves.mapped("amount_untaxed_signed")

    def _step_cancel_invoice(self):
        moves = self.order.sudo().invoice_ids.filtered(lambda m: m.state != "cancel")
        move = moves and self.random.choice(moves)
        if move and move.state == "posted":
            move.button_draft()
        move.button_cancel()
        return len(move)

    def _step_grant(self):
        amount = self.random.choice((25.0, 50.0, 200.0))
        self.random.choice(self.budgets).grant(amount, "Welcome")
        return amount

    def _step_reject(self):
        chosen = self._pick()[:1]
        chosen.action_prepaid_reject()
        return chosen.unit_amount

    def _choose_step(self):
        weights = {
            self._step_log: 6,
            self._step_correct: 6,
            self._step_deduct: 12,
            self._step_return: 4,
            self._step_edit: 5,
            self._step_flip: 1,
            self._step_move: 1,
            self._step_delete: 2,
            self._step_invoice: 2,
            self._step_cancel_invoice: 1,
            self._step_grant: 2,
            self._step_reject: 1,
        }
        return self.random.choices(list(weights), weights.values())[0]

    def _do(self, step):
        """Do one step; what is refused changes nothing."""
        name = step.__name__.removeprefix("_step_")
        try:
            with self.env.cr.savepoint():
                self.log.append((name, step()))
                self.env.flush_all()
        except UserError as error:
            self.log.append((name, f"refused: {error}"[:120]))
        self.env.invalidate_all()

    # === CHECKS === #

    def assertSame(self, one, other, text):
        if float_compare(one, other, DIGITS):
            self.fail(f"{text}: {one} and {other}\n{self._tell()}")

    def _tell(self):
        lines = [
            (
                t.id,
                t.unit_amount,
                t.task_id.name,
                t.prepaid_covered_hours,
                t.prepaid_state,
                t.prepaid_overflow_line_id.id,
                t.timesheet_invoice_id.state,
                t.prepaid_approval,
            )
            for t in self.lines.exists().sudo()
        ]
        items = [
            (item.id, item.qty_delivered, item.qty_invoiced, item.qty_to_invoice)
            for item in self.order.order_line
        ]
        entries = [
            (e.kind, e.quantity, e.hours, e.timesheet_id.id)
            for e in self.budgets.entry_ids.sorted("id")
        ]
        return "\n".join(map(str, [*self.log, "--", *lines, *items, *entries]))

    def _check(self):
        """Ledger, time and order agree after every step."""
        lines = self.lines.exists().sudo()
        self.assertFalse(self.budgets.sudo()._get_differences(), self._tell())
        ledger = lines._get_prepaid_ledger_hours()
        for line in lines:
            covered = ledger.get(line.id, 0.0)
            self.assertSame(line.prepaid_covered_hours, covered, "stored hours")
            low, high = sorted((0.0, line.unit_amount))
            if not low - 1e-6 <= covered <= high + 1e-6:
                self.fail(f"{line.id}: {covered} h deducted\n{self._tell()}")
            if covered and line.prepaid_approval == "rejected":
                self.fail(f"{line.id}: rejected and deducted\n{self._tell()}")
            self._check_invoiced(line, covered)
        self._check_order(lines, ledger)
        self._check_value(ledger)
        for own in lines.grouped("task_id").values():
            given = sum(ledger.get(line.id, 0.0) for line in own)
            if float_compare(given, 0.0, DIGITS) < 0:
                self.fail(f"more given back than deducted\n{self._tell()}")

    def _check_value(self, ledger):
        """Each hour at one price; in steps of time, never less than that."""
        rows = self.budgets.entry_ids.filtered(
            lambda e: e.kind in ("consume", "release")
        )
        value = -sum(rows.mapped("quantity"))
        hours = sum(ledger.values())
        if not any(self.budgets.mapped("time_increment")):
            self.assertSame(value, RATE * hours, "value")
        elif float_compare(value, RATE * hours, DIGITS) < 0 or (
            float_is_zero(hours, DIGITS) != float_is_zero(value, DIGITS)
        ):
            self.fail(f"{value} for {hours} h\n{self._tell()}")
        deepest = min(
            budget.balance + budget.overdraft_limit for budget in self.budgets
        )
        if float_compare(deepest, 0.0, DIGITS) < 0:
            self.fail(f"deeper than allowed\n{self._tell()}")

    def _check_invoiced(self, line, covered):
        """What is on an invoice is neither deducted nor returned any more."""
        invoice = line.timesheet_invoice_id
        if not invoice or invoice.state == "cancel":
            self.invoiced.pop(line.id, None)
            return
        before = self.invoiced.setdefault(line.id, (line.unit_amount, covered))
        self.assertSame(before[1], covered, f"{line.id}: deducted and invoiced")

    def _check_order(self, lines, ledger):
        """What is not deducted is delivered, on one item or on the other."""
        expected = dict.fromkeys(self.order.order_line, 0.0)
        for line in lines.filtered(lambda t: t.prepaid_approval != "rejected"):
            item = line.prepaid_overflow_line_id or line.so_line
            expected[item] += line.unit_amount - ledger.get(line.id, 0.0)
        for item, hours in expected.items():
            self.assertSame(item.qty_delivered, hours, f"delivered on {item.id}")
            self.assertSame(
                item.qty_to_invoice, hours - item.qty_invoiced, f"open on {item.id}"
            )

    def _settle(self):
        """Deduct every correction, bill the rest: worked is deducted plus billed."""
        waiting = self.lines.exists().filtered(lambda t: t.unit_amount < 0)
        for line in waiting:
            self._do(lambda line=line: self._deduct(line) and None)
        self._check()
        if self.is_posting:
            self._bill_the_rest()
        lines = self.lines.exists().sudo()
        worked = sum(t.unit_amount for t in lines if t.prepaid_approval != "rejected")
        ledger = lines._get_prepaid_ledger_hours()
        items = self.order.order_line
        billed = sum(items.mapped("qty_invoiced")) + sum(items.mapped("qty_to_invoice"))
        self.assertSame(worked, billed + sum(ledger.values()), "worked")
        invoices = self.order.sudo().invoice_ids.filtered(lambda m: m.state != "cancel")
        beyond = self.order.order_line - self.line
        self.assertSame(
            sum(invoices.mapped("amount_untaxed_signed")),
            RATE * self.line.qty_invoiced + BEYOND * sum(beyond.mapped("qty_invoiced")),
            "billed",
        )

    def _bill_the_rest(self):
        items = self.order.order_line
        for _number in range(3):
            if all(float_is_zero(item.qty_to_invoice, DIGITS) for item in items):
                return
            self._do(self._step_invoice)
            self._check()
        self.fail(f"cannot be invoiced\n{self._tell()}")

    # === THE STORY === #

    def _prepare_world(self):
        policy = self.random.choice(("partial", "partial", "refuse", "overdraft"))
        vals = {
            "shortage_policy": policy,
            "consumption_mode": self.random.choice(("manual", "manual", "save")),
        }
        if self.random.random() < 0.25:
            vals["time_increment"] = 30
        if policy == "overdraft":
            vals["overdraft_limit"] = 100.0
        if policy == "partial" and self.random.random() < 0.4:
            vals.update(overflow_policy="own", overflow_rate=BEYOND)
        self.company.prepaid_edit_policy = self.random.choice(("refuse", "rebook"))
        self.budget.write(vals)
        credit = self.random.choice((50.0, 150.0, 400.0))
        self.budget.grant(credit, "Welcome")
        self.budgets = self.budget
        if self.random.random() < 0.3:
            self.budgets |= self._create_budget(
                scope="tasks", task_ids=self.tasks[1].ids, consumption_mode="manual"
            )
            self.budgets[1].grant(self.random.choice((25.0, 100.0)), "Welcome")
        self.log = [(vals, self.company.prepaid_edit_policy, credit)]
        self.invoiced = {}
        self.lines = self.env["account.analytic.line"]
        # Posting takes the most time of all, and is the same for all.
        self.is_posting = self.number % 10 == 0

    def _play(self, number):
        self.number = number
        self.random = Random(SEED * 100_000 + number)
        savepoint = self.env.cr.savepoint()
        try:
            self._prepare_world()
            self._do(self._step_log)
            self._do(self._step_log)
            for _number in range(STEPS):
                self._do(self._choose_step())
                self._check()
            self._settle()
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_b62_b51_any_order_of_steps(self):
        """Sequences of steps in every policy; each ends with everything settled."""
        for number in range(SEQUENCES):
            with self.subTest(sequence=number):
                self._play(number)
