from . import test_contract
from . import test_collecting
from . import test_currencies
from . import test_invoice
from . import test_milestones
from . import test_story
from . import test_portal
from . import test_templates
