"""Two people, or one person twice, deduct and return time at the same moment."""

import pytest

from .racing import Scheduled, conflicts, oks
from .world import deduct, edit, give_back, pay, post, reset_to_draft, top_up


@pytest.mark.parametrize("leader", [0, 1, None])
def test_bf65_b01_two_users_deduct_at_once_refuse(world, leader):
    """100 left, two users deduct 80: one gets it, the other is refused."""
    customer = world.customer(credit=100.0, shortage_policy="refuse")
    first, second = world.log(customer, 0.8, 0.8)
    outcomes = world.race(deduct(first), deduct(second), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert leader is None or outcomes[leader].ok
    refused = next(outcome for outcome in outcomes if not outcome.ok)
    assert "Short" in refused.message
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 20.0


@pytest.mark.parametrize("leader", [0, 1])
def test_b01_two_users_deduct_at_once_partial(world, leader):
    """100 left, two users deduct 80: 80 and 20 covered, 60 stay billable."""
    customer = world.customer(credit=100.0, with_order=True)
    timesheets = world.log(customer, 0.8, 0.8)
    outcomes = world.race(*map(deduct, timesheets), leader=leader)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 0.0
    covered = world.read(
        "account.analytic.line", timesheets, "prepaid_state", "prepaid_covered_hours"
    )
    assert covered[leader] == ("covered", 0.8)
    assert covered[1 - leader] == ("partial", 0.2)
    [(billable,)] = world.read("sale.order.line", customer.line, "qty_to_invoice")
    assert billable == pytest.approx(0.6)


@pytest.mark.parametrize("leader", [0, None])
def test_b02_same_timesheet_twice(world, leader):
    """Two users select the same time: one deduction, the second is told so."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    outcomes = world.race(deduct(timesheet), deduct(timesheet), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    refused = next(outcome for outcome in outcomes if not outcome.ok)
    assert "Already deducted" in refused.message
    assert conflicts(outcomes) >= 1
    assert world.entries(customer, "consume") == [("consume", -100.0)]
    assert world.balance(customer) == 400.0


def test_b03_same_key_deduct(world):
    """The same request on two connections: one row, the same id for both."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    request = deduct(timesheet, key="request-deduct")
    outcomes = world.race(request, request)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert outcomes[0].value == outcomes[1].value
    assert len(outcomes[0].value) == 1
    assert world.entries(customer, "consume") == [("consume", -100.0)]


def test_b03_same_key_top_up(world):
    """The same top-up on three connections: one invoice, the same id for all."""
    customer = world.customer()
    request = top_up(customer.budget, 500.0, key="request-top-up")
    outcomes = world.race(request, request, request)
    assert oks(outcomes) == [True, True, True]
    assert conflicts(outcomes) >= 2
    assert len({outcome.value for outcome in outcomes}) == 1
    assert world.invoices(customer) == ["draft"]


@pytest.mark.parametrize("leader", [0, None])
def test_return_versus_return(world, leader):
    """Two users return the same time: its value comes back once (B51)."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    world.run(lambda env: deduct(timesheet)(env))
    outcomes = world.race(give_back(timesheet), give_back(timesheet), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert world.entries(customer, "release") == [("release", 100.0)]
    assert world.balance(customer) == 500.0


@pytest.mark.parametrize("leader", [0, 1])
def test_return_versus_deduct_again(world, leader):
    """Time is returned while somebody deducts it again: never twice in the books."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    world.run(lambda env: deduct(timesheet)(env))
    outcomes = world.race(give_back(timesheet), deduct(timesheet), leader=leader)
    assert outcomes[0].ok
    [(state,)] = world.read("account.analytic.line", timesheet, "prepaid_state")
    expected = 400.0 if outcomes[1].ok else 500.0
    assert state == ("covered" if outcomes[1].ok else False)
    assert world.balance(customer) == expected


@pytest.fixture
def rebooking(world):
    """Edits of deducted time return it and deduct it again."""

    def set_policy(env, policy):
        env["res.company"].browse(world.setup.company).prepaid_edit_policy = policy

    world.run(set_policy, "rebook")
    yield
    world.run(set_policy, "refuse")


@pytest.mark.usefixtures("rebooking")
@pytest.mark.parametrize("leader", [0, 1])
def test_return_versus_edit(world, leader):
    """Time is returned while its hours are edited: the books follow one of both."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    world.run(lambda env: deduct(timesheet)(env))
    outcomes = world.race(
        give_back(timesheet), edit(timesheet, unit_amount=3.0), leader=leader
    )
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    # Edited after the return it just waits with 3 hours; edited before, the 3 hours
    # were deducted and came back as such.
    assert world.balance(customer) == 500.0
    assert world.read(
        "account.analytic.line", timesheet, "unit_amount", "prepaid_state"
    ) == [(3.0, False)]
    assert len(world.entries(customer, "release")) == (2 if leader else 1)


@pytest.mark.usefixtures("rebooking")
def test_edit_versus_edit(world):
    """Two edits of deducted time: what stands in the end is what is deducted."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    world.run(lambda env: deduct(timesheet)(env))
    outcomes = world.race(
        edit(timesheet, unit_amount=2.0), edit(timesheet, unit_amount=3.0)
    )
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    [(hours, covered)] = world.read(
        "account.analytic.line", timesheet, "unit_amount", "prepaid_covered_hours"
    )
    assert hours == covered
    assert world.balance(customer) == 500.0 - hours * 100.0


@pytest.mark.parametrize("leader", [0, None])
def test_deduct_versus_edit(world, leader):
    """Time is edited while it is deducted: never booked for hours nobody worked."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    outcomes = world.race(
        deduct(timesheet), edit(timesheet, unit_amount=3.0), leader=leader
    )
    assert outcomes[0].ok
    assert conflicts(outcomes) >= 1
    [(hours, covered)] = world.read(
        "account.analytic.line", timesheet, "unit_amount", "prepaid_covered_hours"
    )
    assert hours == (3.0 if outcomes[1].ok else 1.0)
    assert covered == hours
    assert world.balance(customer) == 500.0 - hours * 100.0


@pytest.mark.parametrize("leader", [0, None])
def test_deduct_versus_delete(world, leader):
    """Time is deleted while it is deducted: no value disappears with it (B49)."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    outcomes = world.race(
        deduct(timesheet),
        lambda env: env["account.analytic.line"].browse(timesheet).unlink(),
        leader=leader,
    )
    assert outcomes[1].ok
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 500.0


@pytest.mark.parametrize("leader", [0, None])
def test_deduct_versus_invoicing(world, leader):
    """Time is deducted while its sales order is invoiced: paid for once (B54)."""
    customer = world.customer(credit=500.0, with_order=True)
    [timesheet] = world.log(customer, 1.0)
    outcomes = world.race(
        deduct(timesheet),
        lambda env: (
            env["sale.order.line"].browse(customer.line).order_id._create_invoices().ids
        ),
        leader=leader,
    )
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    [(state, invoice)] = world.read(
        "account.analytic.line", timesheet, "prepaid_state", "timesheet_invoice_id"
    )
    assert bool(state) != bool(invoice)
    assert world.balance(customer) == (400.0 if outcomes[0].ok else 500.0)


@pytest.mark.parametrize("leader", [0, 1])
def test_b08_top_up_and_deduction_at_once(world, leader):
    """Credit arrives while time is deducted: both count."""
    customer = world.customer(credit=100.0)
    [timesheet] = world.log(customer, 0.8)
    move = world.run(lambda env: top_up(customer.budget, 500.0)(env))
    world.run(lambda env: post(move)(env))
    outcomes = world.race(pay(move), deduct(timesheet), leader=leader)
    assert oks(outcomes) == [True, True]
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 520.0


@pytest.mark.parametrize("leader", [0, 1])
def test_reset_to_draft_versus_deduction(world, leader):
    """An invoice goes back to draft while its credit is used: one of both (B39)."""
    customer = world.customer()
    move = world.sell(customer, 100.0)
    [timesheet] = world.log(customer, 0.8)
    outcomes = world.race(reset_to_draft(move), deduct(timesheet), leader=leader)
    assert oks(outcomes) == [leader == 0, leader == 1]
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == (20.0 if leader else 0.0)


# === TIME THAT IS DEDUCTED BY ITSELF === #


def set_mode(world, customer, mode, **vals):
    """Choose how a customer's budget is drawn down."""

    def write(env):
        env["prepaid.budget"].browse(customer.budget).write(
            {"consumption_mode": mode, **vals}
        )

    world.run(write)


def consume(env):
    """Run the scheduled action, as a worker does."""
    env(su=True)["prepaid.budget"]._cron_consume()


@pytest.mark.parametrize("leader", [0, 1, None])
def test_bf15_on_save_versus_by_hand(world, leader):
    """Time is saved, and deducted for that, while somebody deducts it by hand: once."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    set_mode(world, customer, "save")
    outcomes = world.race(
        deduct(timesheet), edit(timesheet, unit_amount=2.0), leader=leader
    )
    assert outcomes[1].ok
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 300.0
    assert world.read(
        "account.analytic.line", timesheet, "unit_amount", "prepaid_covered_hours"
    ) == [(2.0, 2.0)]
    moved = world.entries(customer, "consume", "release")
    assert sum(amount for _kind, amount in moved) == -200.0


def test_bf15_saving_never_waits_for_a_second_try(world):
    """The budget moves meanwhile: the time is saved, and deducted by the schedule."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    set_mode(world, customer, "save")
    outcomes = world.race(
        deduct(timesheet),
        lambda env: (
            env["account.analytic.line"]
            .create(
                {
                    "name": "Work",
                    "project_id": customer.project,
                    "employee_id": world.setup.employee,
                    "unit_amount": 2.0,
                }
            )
            .id
        ),
        leader=0,
    )
    assert oks(outcomes) == [True, True]
    assert outcomes[1].tries == 1
    assert conflicts(outcomes) >= 1
    [(state, note)] = world.read(
        "account.analytic.line", outcomes[1].value, "prepaid_state", "prepaid_note"
    )
    assert not state
    assert "in use" in note
    assert world.balance(customer) == 400.0
    world.run(consume)
    assert world.balance(customer) == 200.0


@pytest.mark.parametrize("leader", [0, None])
def test_bf14_schedule_in_two_workers(world, leader):
    """What is due is deducted once, whoever comes first; nothing fails."""
    customer = world.customer(credit=500.0)
    timesheets = world.log(customer, 1.0, 2.0)
    set_mode(world, customer, "schedule", consume_rule="age", consume_days=0)
    outcomes = world.race(Scheduled(consume), Scheduled(consume), leader=leader)
    assert oks(outcomes) == [True, True]
    assert world.balance(customer) == 200.0
    assert len(world.entries(customer, "consume")) == 2
    notes = world.read("account.analytic.line", timesheets, "prepaid_note")
    assert notes == [(False,), (False,)]
    [(note, activities)] = world.read(
        "prepaid.budget", customer.budget, "consume_note", "activity_ids"
    )
    assert (note, activities) == (False, [])


@pytest.mark.parametrize("leader", [0, 1])
def test_bf14_schedule_versus_by_hand(world, leader):
    """Somebody deducts by hand what the schedule deducts: one deduction."""
    customer = world.customer(credit=500.0)
    [timesheet] = world.log(customer, 1.0)
    set_mode(world, customer, "schedule", consume_rule="age", consume_days=0)
    outcomes = world.race(deduct(timesheet), Scheduled(consume), leader=leader)
    assert outcomes[1].ok
    assert outcomes[0].ok == (leader == 0)
    assert world.entries(customer, "consume") == [("consume", -100.0)]
    assert world.balance(customer) == 400.0


@pytest.mark.parametrize("leader", [0, 1])
def test_b62_correction_versus_undo(world, leader):
    """Time is returned while a negative entry gives back a part of it: all once."""
    customer = world.customer(credit=500.0)
    [original] = world.log(customer, 2.0)
    world.run(lambda env: deduct(original)(env))
    [correction] = world.log(customer, -1.0)
    outcomes = world.race(deduct(correction), give_back(original), leader=leader)
    assert outcomes[1].ok
    assert outcomes[0].ok == (leader == 0)
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 500.0
    states = world.read(
        "account.analytic.line", [original, correction], "prepaid_state"
    )
    assert states == [(False,), (False,)]


@pytest.mark.parametrize("leader", [0, None])
def test_b62_same_correction_twice(world, leader):
    """Two users choose the same negative entry: it gives back once."""
    customer = world.customer(credit=500.0)
    [original] = world.log(customer, 2.0)
    world.run(lambda env: deduct(original)(env))
    [correction] = world.log(customer, -1.0)
    outcomes = world.race(deduct(correction), deduct(correction), leader=leader)
    assert sorted(oks(outcomes)) == [False, True]
    assert conflicts(outcomes) >= 1
    assert world.balance(customer) == 400.0


@pytest.mark.parametrize("leader", [0, 1])
def test_bf17_two_deductions_beyond_the_budget(world, leader):
    """Both find the budget used up: one item bills both beyond it, not two."""
    customer = world.customer(
        with_order=True, overflow_policy="own", overflow_rate=130.0
    )
    timesheets = world.log(customer, 1.0, 2.0)
    outcomes = world.race(*map(deduct, timesheets), leader=leader)
    assert oks(outcomes) == [True, True]
    items = world.read("account.analytic.line", timesheets, "prepaid_overflow_line_id")
    assert items[0] == items[1]
    [(billable,)] = world.read("sale.order.line", items[0][0][0], "qty_to_invoice")
    assert billable == 3.0
