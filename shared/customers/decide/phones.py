"""Telephone numbers in one form: a plus, the country's calling code, the number."""

import re
from typing import Final

DIGITS_MIN: Final = 6  # shorter ones are extensions and typing errors
DIGITS_MAX: Final = 15  # ITU-T E.164, section 6
_EXTENSION: Final = re.compile(r"(?:;|,|#|ext|x).*", re.IGNORECASE | re.DOTALL)
_NOT_DIGITS: Final = re.compile(r"[^0-9]")

# Calling code, and the trunk prefix that national numbers are dialed with ("" where there is none).
# Source: ITU-T Operational Bulletin, dialing procedures (national trunk prefixes).
_COUNTRIES: Final[dict[str, tuple[str, str]]] = {
    country: (code, trunk)
    for trunk, rows in {
        "0": "43AT 61AU 32BE 41CH 49DE 358FI 33FR 44GB 385HR 353IE 972IL 91IN 81JP 82KR 31NL 64NZ"
        " 40RO 381RS 46SE 386SI 421SK 90TR 380UA 27ZA 359BG 20EG 60MY 63PH 66TH 84VN 62ID 86CN"
        " 971AE 966SA 55BR 54AR 355AL 387BA 389MK 382ME 212MA 234NG 254KE",
        "1": "1US 1CA 1PR 1DO 1JM",
        "8": "370LT 7RU 7KZ 375BY",
        "06": "36HU",
        # Italy dials its zero from abroad too, so that it belongs to the number.
        "": "39IT 378SM 39VA 34ES 351PT 48PL 420CZ 45DK 47NO 30GR 372EE 371LV 352LU 356MT 357CY"
        " 354IS 423LI 377MC 376AD 65SG 852HK 886TW 52MX 56CL 57CO 51PE 965KW 974QA 973BH 968OM",
    }.items()
    for country, code in ((row[-2:], row[:-2]) for row in rows.split())
}


def normal_phone(raw: str, country: str) -> str | None:
    """Return `+` and digits; None when it is no number that could tell who someone is.

    `country` is where a number without a calling code is dialed. Of a country that the table does
    not know, national numbers keep their digits alone, and so still equal themselves.
    """
    text = _EXTENSION.sub("", raw.strip()).replace("(0)", "")
    digits = _NOT_DIGITS.sub("", text)
    if text.startswith("+"):
        number = f"+{digits}"
    elif digits.startswith("00"):
        number = f"+{digits[2:]}"
    else:
        number = _national(digits, country)
    count = len(number.removeprefix("+"))
    if not DIGITS_MIN <= count <= DIGITS_MAX or len(set(digits[-DIGITS_MIN:])) == 1:
        return None  # 000000 and the like are typed to get past a form, by many
    return number


def _national(digits: str, country: str) -> str:
    known = _COUNTRIES.get(country)
    if known is None:
        return digits
    code, trunk = known
    if trunk and digits.startswith(trunk):
        return f"+{code}{digits.removeprefix(trunk)}"
    if trunk and digits.startswith(code):
        return f"+{digits}"  # the calling code without its plus: national ones begin with the trunk
    return f"+{code}{digits}"
