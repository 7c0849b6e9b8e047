from odoo import Command, fields
from odoo.tests import Form

from .common import PrepaidCommon


class TestReplenishment(PrepaidCommon):
    """What is invoiced when a balance is low (spec 2.2)."""

    def _bring_to(self, budget, balance):
        """Deduct real time until the balance is as wanted, on the cent."""
        order = self._create_order(self.customer, price=budget.balance - balance)
        project = self._create_project(self.customer, order)
        self._deduct(self._log_time(1.0, project=project))
        self.assertBalance(budget, balance)

    def _get_top_ups(self, budget):
        return budget.replenishment_ids.invoice_id

    def test_bf26_b11_threshold_is_strict(self):
        budget = self._create_rule(200.0)
        self._bring_to(budget, 100.0)
        budget.action_replenish_now()
        self.assertFalse(budget.replenishment_ids)
        self.assertIn("not below the threshold", budget.replenish_note)
        self._bring_to(budget, 99.99)
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 200.0)

    def test_b12_no_second_invoice_while_one_is_open(self):
        budget = self._create_rule(140.0)
        self._bring_to(budget, 40.0)
        for _night in range(3):
            budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self.assertIn("is open", budget.replenish_note)

    def test_b12_replenish_now_is_not_offered_while_one_is_open(self):
        budget = self._create_rule(140.0)
        self._bring_to(budget, 40.0)
        self.assertFalse(budget.is_top_up_open)
        budget.action_replenish_now()
        budget.invalidate_recordset()
        self.assertTrue(budget.is_top_up_open)
        self._pay(self._get_top_ups(budget))
        budget.invalidate_recordset()
        self.assertFalse(budget.is_top_up_open)
        with Form(self.env["prepaid.budget"]) as form:
            self.assertFalse(form.is_top_up_open)
            form.partner_id = self.customer

    def test_bf31_a_top_up_made_by_hand_counts_too(self):
        budget = self._create_rule(140.0)
        self._bring_to(budget, 40.0)
        budget.top_up(500.0)
        budget.action_replenish_now()
        self.assertFalse(budget.replenishment_ids)
        self.assertIn("is open", budget.replenish_note)

    def test_bf31_a_draft_pack_of_a_salesperson_counts_too(self):
        """Its budget is only written when it is posted."""
        budget = self._create_rule(140.0)
        self._bring_to(budget, 40.0)
        self.init_invoice("out_invoice", partner=self.customer, products=self.pack)
        budget.action_replenish_now()
        self.assertFalse(budget.replenishment_ids)
        self.assertIn("is open", budget.replenish_note)

    def _get_told(self, budget):
        """Return what told the responsible that the open top-up is too small."""
        return budget.activity_ids.filtered(
            lambda a: "no longer sufficient" in (a.summary or "")
        )

    def _create_overdrawn(self, **vals):
        """A budget at 40 that may fall far below zero."""
        budget = self._create_rule(
            140.0, shortage_policy="overdraft", overdraft_limit=1000.0, **vals
        )
        self._bring_to(budget, 40.0)
        return budget

    def _check_nights(self, budget, nights=3):
        for _night in range(nights):
            budget.action_replenish_now()

    def test_b13_top_up_made_by_hand_no_longer_sufficient(self):
        """There is no episode, and still the responsible is told, once."""
        budget = self._create_overdrawn()
        move = self._buy(budget, 200.0, pay=False)
        self._check_nights(budget)
        self.assertFalse(self._get_told(budget))
        self._bring_to(budget, -150.0)
        self._check_nights(budget)
        self.assertFalse(budget.replenishment_ids)
        self.assertEqual(len(self._get_told(budget)), 1)
        self.assertEqual(self._get_told(budget).user_id, budget.user_id)
        # Settled without a recovery: the next one is told of anew.
        self._pay(move)
        self.assertBalance(budget, 50.0)
        budget.top_up(10.0)
        self._check_nights(budget)
        self.assertEqual(len(self._get_told(budget)), 2)

    def test_b13_told_again_after_the_balance_recovered(self):
        budget = self._create_overdrawn()
        self._buy(budget, 10.0, pay=False)
        self._check_nights(budget)
        self.assertEqual(len(self._get_told(budget)), 1)
        self._buy(budget, 500.0)
        self.assertFalse(budget.shortage_invoice_id)
        self._bring_to(budget, 40.0)
        self._check_nights(budget)
        self.assertEqual(len(self._get_told(budget)), 2)

    def test_b13_one_off_budget_with_a_top_up_made_by_hand(self):
        budget = self._create_overdrawn(replenish_policy="one_off")
        self._buy(budget, 10.0, pay=False)
        self._check_nights(budget)
        self.assertEqual(len(self._get_told(budget)), 1)

    def test_b13_draft_pack_of_a_salesperson_is_pending_credit(self):
        budget = self._create_overdrawn()
        self.pack.list_price = 100.0
        move = self.init_invoice(
            "out_invoice", partner=self.customer, products=self.pack
        )
        self.assertEqual(move.amount_untaxed, 100.0)
        self._check_nights(budget)
        self.assertFalse(self._get_told(budget))
        self._bring_to(budget, -50.0)
        self._check_nights(budget)
        self.assertEqual(len(self._get_told(budget)), 1)

    def test_b13_first_top_up_of_a_new_budget_alarms_nobody(self):
        budget = self._create_rule()
        budget.top_up(50.0)
        self._check_nights(budget)
        self.assertFalse(budget.activity_ids)

    def test_b13_pending_top_up_no_longer_sufficient(self):
        """Still no second invoice; the responsible is told once."""
        budget = self._create_overdrawn()
        budget.action_replenish_now()
        self._bring_to(budget, -150.0)
        self._check_nights(budget)
        self.assertEqual(len(self._get_top_ups(budget)), 1)
        self.assertEqual(len(self._get_told(budget)), 1)
        self.assertEqual(self._get_told(budget).user_id, budget.user_id)

    def test_b14_deleted_draft_suppresses_until_the_balance_recovered(self):
        budget = self._create_rule(140.0, replenish_action="draft")
        self._bring_to(budget, 40.0)
        budget.action_replenish_now()
        draft = self._get_top_ups(budget)
        self.assertEqual(draft.state, "draft")
        draft.unlink()
        budget.invalidate_recordset()
        self.assertTrue(budget.is_suppressed)
        budget.action_replenish_now()
        self.assertFalse(self._get_top_ups(budget))
        self.assertIn("Suppressed", budget.replenish_note)

        self._buy(budget, 100.0)
        self.assertFalse(budget.is_suppressed)
        self._bring_to(budget, 40.0)
        budget.action_replenish_now()
        self.assertTrue(self._get_top_ups(budget))

    def test_b14_rearm_by_hand(self):
        budget = self._create_rule(140.0)
        self._bring_to(budget, 40.0)
        budget.action_replenish_now()
        self._get_top_ups(budget).button_cancel()
        self.assertTrue(budget.is_suppressed)
        budget.action_rearm()
        self.assertFalse(budget.is_suppressed)
        budget.action_replenish_now()
        self.assertEqual(len(self._get_top_ups(budget)), 2)

    def test_b14_credited_invoice_suppresses(self):
        budget = self._create_rule()
        budget.action_replenish_now()
        self._get_top_ups(budget)._reverse_moves(
            [{"invoice_date": fields.Date.today()}], cancel=True
        )
        budget.action_replenish_now()
        self.assertTrue(budget.is_suppressed)

    def test_bf27_bf29_b15_a_large_gap_is_one_invoice_of_whole_units(self):
        budget = self._create_rule(
            100.0,
            replenish_amount=50.0,
            shortage_policy="overdraft",
            overdraft_limit=1000.0,
        )
        self._bring_to(budget, -130.0)
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 250.0)

    def test_bf32_b16_up_to_a_target_within_limits(self):
        for limits, expected, is_missed in (
            ({}, 380.0, False),
            ({"replenish_min": 400.0}, 400.0, False),
            ({"replenish_max": 300.0}, 300.0, True),
        ):
            with self.subTest(limits=limits):
                budget = self._create_rule(
                    220.0,
                    partner=self.customer.copy(),
                    threshold=200.0,
                    replenish_method="target",
                    replenish_target=500.0,
                    hourly_rate=100.0,
                    **limits,
                )
                project = self._create_project(budget.partner_id)
                self._deduct(self._log_time(1.0, project=project))
                budget.action_replenish_now()
                self.assertEqual(self._get_top_ups(budget).amount_untaxed, expected)
                self.assertEqual(budget.replenishment_ids.is_target_missed, is_missed)
                if is_missed:
                    self.assertIn("Target not reached", budget.replenish_note)

    def test_bf11_b18_enabled_while_low_fires_once(self):
        budget = self._create_budget(50.0, threshold=100.0)
        budget.write({"replenish_policy": "threshold", "replenish_amount": 200.0})
        budget.action_replenish_now()
        budget.replenish_amount = 300.0
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 200.0)

    def test_b19_threshold_zero(self):
        budget = self._create_rule(
            100.0, threshold=0.0, shortage_policy="overdraft", overdraft_limit=1000.0
        )
        self._bring_to(budget, 0.0)
        budget.action_replenish_now()
        self.assertFalse(budget.replenishment_ids)
        self._bring_to(budget, -0.01)
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_untaxed, 200.0)

    def test_b22_archived_customer_gets_no_invoice(self):
        budget = self._create_rule()
        budget.partner_id.active = False
        budget.action_replenish_now()
        self.assertFalse(budget.replenishment_ids)
        self.assertIn("is archived", budget.replenish_note)

    def test_bf11_b24_one_off_budget_alerts_and_never_invoices(self):
        budget = self._create_budget(50.0, threshold=100.0)
        for _night in range(3):
            budget.action_replenish_now()
        self.assertFalse(self._get_top_ups(budget))
        self.assertEqual(len(budget.activity_ids), 1)
        self.assertIn("50.00", budget.activity_ids.summary)

    def test_bf34_notify_draft_post(self):
        for action, state in (("notify", None), ("draft", "draft"), ("post", "posted")):
            with self.subTest(action=action):
                budget = self._create_rule(
                    50.0, partner=self.customer.copy(), replenish_action=action
                )
                budget.action_replenish_now()
                move = self._get_top_ups(budget)
                self.assertEqual(move.state or None, state)
                self.assertEqual(bool(move.sending_data), action == "post")
                self.assertEqual(len(budget.activity_ids), int(action == "notify"))

    def test_bf34_posted_top_up_is_mailed_by_the_queue(self):
        """Nothing is rendered or mailed while billing; core's queue does it later."""
        budget = self._create_rule()
        budget.action_replenish_now()
        move = self._get_top_ups(budget)
        self.assertFalse(move.is_move_sent)
        cron = self.env.ref("account.ir_cron_account_move_send").sudo()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(move.is_move_sent)
        self.assertFalse(move.sending_data)
        mail = move.message_ids.filtered(lambda m: self.customer in m.partner_ids)
        self.assertIn(move.name, mail.subject)
        self.assertTrue(mail.attachment_ids)

    def test_b91_new_budget_without_history_alerts_nobody(self):
        budget = self._create_budget(threshold=100.0)
        budget.action_replenish_now()
        self.assertFalse(budget.activity_ids)
        self.assertFalse(budget.replenishment_ids)

    def test_b91_told_again_after_the_balance_recovered(self):
        budget = self._create_budget(50.0, threshold=100.0)
        budget.action_replenish_now()
        self._buy(budget, 100.0)
        self._bring_to(budget, 60.0)
        budget.action_replenish_now()
        self.assertEqual(len(budget.activity_ids), 2)
        self.assertEqual(budget.replenishment_ids.mapped("state"), ["open", "done"])

    def test_b28_invoice_follows_the_customer(self):
        """Language, fiscal position, terms, contact, purchase order, company."""
        self.env["res.lang"].sudo()._activate_lang("fr_FR")
        self.pack.with_context(lang="fr_FR").name = "Forfait"
        position = self.env["account.fiscal.position"].create({"name": "Exempt"})
        exempt = self.tax.copy(
            {
                "name": "Exempt",
                "amount": 0.0,
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.link(self.tax.id)],
            }
        )
        contact = self.env["res.partner"].create(
            {
                "name": "Accounts payable",
                "type": "invoice",
                "parent_id": self.customer.id,
                "lang": "fr_FR",
            }
        )
        (self.customer + contact).property_account_position_id = position
        term = self.env.ref("account.account_payment_term_45days")
        budget = self._create_rule(payment_term_id=term.id, customer_reference="PO-77")
        budget.action_replenish_now()
        self.assertRecordValues(
            self._get_top_ups(budget),
            [
                {
                    "partner_id": contact.id,
                    "fiscal_position_id": position.id,
                    "invoice_payment_term_id": term.id,
                    "ref": "PO-77",
                    "company_id": self.company.id,
                    "amount_total": 200.0,
                }
            ],
        )
        line = self._get_top_ups(budget).invoice_line_ids
        self.assertIn("Forfait", line.name)
        self.assertEqual(line.tax_ids, exempt)

    def test_b29_pending_is_counted_in_the_unit_of_the_budget(self):
        """Money budget: the pending 200 is 200 without tax, not 230."""
        budget = self._create_rule()
        budget.action_replenish_now()
        self.assertEqual(self._get_top_ups(budget).amount_total, 230.0)
        self.assertEqual(budget.amount_pending, 200.0)
        self.assertEqual(self._get_top_ups(budget)._get_prepaid_net(budget), [200.0])

    def test_bf28_price_includes_tax(self):
        """The customer gets the credit asked for, however the price is printed."""
        included = self.tax.copy(
            {"name": "Included", "price_include_override": "tax_included"}
        )
        self.pack.taxes_id = included
        budget = self._create_rule()
        budget.action_replenish_now()
        move = self._get_top_ups(budget)
        self.assertEqual((move.amount_untaxed, move.amount_total), (200.0, 230.0))

    def test_replenish_now_on_customers(self):
        budget = self._create_rule()
        action = self.env.ref("prepaid_billing.ir_actions_server_replenish_partners")
        action.with_context(
            active_model="res.partner", active_ids=self.customer.ids
        ).with_user(self.env.user).run()
        self.assertEqual(len(self._get_top_ups(budget)), 1)
