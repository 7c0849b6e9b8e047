from . import test_answers, test_collection, test_portal
