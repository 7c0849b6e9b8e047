from . import test_cards, test_declines, test_disputes, test_provider
