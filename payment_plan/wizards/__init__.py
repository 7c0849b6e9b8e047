from . import account_move_reversal
from . import payment_plan_extra_pay
from . import payment_plan_lay
from . import payment_plan_sign_paper
from . import sale_advance_payment_inv
