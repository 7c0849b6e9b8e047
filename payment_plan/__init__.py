from . import tools, schedule
