from . import plan_demo
