from .hooks import pre_init_hook
from . import models, controllers, demo, wizards
