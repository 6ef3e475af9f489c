"""Citizen identity numbers (GB 11643-1999) as they are looked for: 18 characters, or 15 digits of old."""

import re
from datetime import date

from stdnum.cn import ric


def upgraded(number: str) -> str:
    """The 18 characters that a sound number of 15 or 18 stands for; "" for what is no identity number.

    Of 15 digits only the birth date can be checked, so the beginning of a contract number may pass for one.
    """
    if re.fullmatch(r"[0-9]{15}", number):
        body = f"{number[:6]}19{number[6:]}"
        number = body + ric.calc_check_digit(body + "0")
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or ric.calc_check_digit(number) != number[-1]:
        return ""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return ""
    return number
