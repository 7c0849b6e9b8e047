from .hooks import pre_init_hook, uninstall_hook
from . import models, controllers, demo, report, wizards
