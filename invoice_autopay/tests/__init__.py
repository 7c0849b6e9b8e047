from . import test_answers, test_collection, test_guards, test_portal
