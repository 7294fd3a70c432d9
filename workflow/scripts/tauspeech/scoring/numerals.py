"""Arabic digits in Chinese texts, written as Chinese numerals as they are read: 123 as 一百二十三, 5% as 百分之五.

Only digits change, so that no Chinese word can be damaged: 一些, 十分 and 万一 stay, and "3个" becomes 三个.
"""

import re

_NUMERALS = "零一二三四五六七八九"
_UNITS = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十"))
_LONGEST = 16  # digits of a cardinal number; longer ones are read digit by digit

_HALF_WIDTH = str.maketrans("０１２３４５６７８９％〇", "0123456789%零")
_NUMBER = re.compile(r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.(?P<fraction>[0-9]+))?(?P<percent>%)?")
_YEAR = re.compile(r"(?:1[1-9]|20)[0-9]{2}")  # 1000年 and 3000年 are numbers of years
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]+")
# Before these, 2 is read as 两 rather than 二.
_COUNTED = re.compile(
    "个|只|条|张|本|位|件|天|年(?!级)|次(?!元)|种|家|块|辆|台|座|名|场|对|岁|人|倍|点|周|米|公里|小时|分钟|[千万亿]"
)
_ORDINAL = re.compile("[第初十百千万亿点]$")  # after these it is 二 again


def spelled_numbers(text: str) -> str:
    """The text with its digits as Chinese numerals."""
    plain = text.translate(_HALF_WIDTH)
    return _NUMBER.sub(lambda found: _read(found, plain[: found.start()], plain[found.end() :]), plain)


def _read(found: re.Match[str], before: str, after: str) -> str:
    whole, fraction = found["whole"].replace(",", ""), found["fraction"]
    if fraction:
        number = f"{_cardinal(whole)}点{_digit_by_digit(fraction)}"
    elif after.startswith("年") and _YEAR.fullmatch(whole):
        number = _digit_by_digit(whole)
    elif whole == "2" and not found["percent"] and _COUNTED.match(after) and not _ORDINAL.search(before):
        number = "两"
    else:
        number = _cardinal(whole)
    return f"百分之{number}" if found["percent"] else number


def _cardinal(digits: str) -> str:
    if len(digits) > _LONGEST or _PHONE.fullmatch(digits):
        return _digit_by_digit(digits)
    # At the beginning, 一十五 is read 十五, and 二千 两千.
    return re.sub("^二(?=[千万亿])", "两", re.sub("^一(?=十)", "", _number(int(digits))))


def _number(number: int) -> str:
    for value, name in _UNITS:
        if number >= value:
            head, rest = divmod(number, value)
            gap = "零" if 0 < rest < value // 10 else ""
            return f"{_number(head)}{name}{gap}{_number(rest) if rest else ''}"
    return _NUMERALS[number]


def _digit_by_digit(digits: str) -> str:
    return "".join(_NUMERALS[int(digit)] for digit in digits)
