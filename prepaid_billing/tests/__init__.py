from . import (
    test_access,
    test_bad_input,
    test_deduction,
    test_edit,
    test_lots,
    test_matching,
    test_portal,
    test_rates,
    test_replenishment,
    test_replenishment_job,
    test_settings,
    test_story,
)
