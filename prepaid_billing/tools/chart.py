"""Where the lines of a balance over time run, for a drawing of any size.

Nothing here knows of Odoo: days and amounts in, coordinates out.
"""

from dataclasses import dataclass

#: The drawing is stretched to the width of the page; only proportions count.
WIDTH = 1000
HEIGHT = 100


@dataclass(frozen=True)
class BurnDown:
    """Coordinates of a balance over time, and what the axes end at."""

    line: str
    forecast: str
    zero: float
    today: float
    highest: float
    lowest: float


def burn_down(days, first, today, last, goal=0.0):
    """Draw end-of-day balances as a step line, and the way on to the run-out day.

    :param list days: (date, balance at its end), oldest first; the first one may lie
        before the drawing begins
    :param date first: left end
    :param date today: until here it is history
    :param date last: right end, the day on which the forecast reaches its goal
    :param float goal: balance forecast for the last day
    :return: :class:`BurnDown`
    """
    span = max((last - first).days, 1)
    highest = max([0.0, *(balance for _day, balance in days)])
    lowest = min([0.0, *(balance for _day, balance in days)])
    height = (highest - lowest) or 1.0

    def get_x(day):
        return round(max((day - first).days, 0) * WIDTH / span, 1)

    def get_y(amount):
        return round((highest - amount) * HEIGHT / height, 1)

    balance = days[0][1] if days and days[0][0] <= first else 0.0
    line = [f"M0 {get_y(balance)}"]
    for day, amount in days:
        line.append(f"H{get_x(day)} V{get_y(amount)}")
        balance = amount
    line.append(f"H{get_x(today)}")
    forecast = ""
    if last > today:
        forecast = f"M{get_x(today)} {get_y(balance)} L{WIDTH} {get_y(goal)}"
    return BurnDown(
        line=" ".join(line),
        forecast=forecast,
        zero=get_y(0.0),
        today=get_x(today) / WIDTH,
        highest=highest,
        lowest=lowest,
    )
