from . import messages, terms, lines, amounts, dates, changes
