from . import allocation, money, replenishment
