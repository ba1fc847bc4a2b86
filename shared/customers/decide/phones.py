"""Telephone numbers in one form: a plus, the country's calling code, the number."""

import re
from typing import Final

DIGITS_MIN: Final = 6  # shorter ones are extensions and typing errors
DIGITS_MAX: Final = 15  # ITU-T E.164, section 6
_EXTENSION: Final = re.compile(r"(?:;|,|#|ext|x).*", re.IGNORECASE | re.DOTALL)
_NOT_DIGITS: Final = re.compile(r"[^0-9]")

# Calling code, and the trunk prefix that national numbers are dialed with ("" where there is none).
# Source: ITU-T Operational Bulletin, "Dialling procedures" (national trunk prefixes).
_COUNTRIES: Final[dict[str, tuple[str, str]]] = {
    country: (code, trunk)
    for trunk, rows in {
        "0": "AT43 AU61 BE32 CH41 DE49 FI358 FR33 GB44 HR385 IE353 IL972 IN91 JP81 KR82 NL31 NZ64"
        " RO40 RS381 SE46 SI386 SK421 TR90 UA380 ZA27 BG359 EG20 MY60 PH63 TH66 VN84 ID62 CN86"
        " AE971 SA966 BR55 AR54 AL355 BA387 MK389 ME382 MA212 NG234 KE254",
        "1": "US1 CA1 PR1 DO1 JM1",
        "8": "LT370 RU7 KZ7 BY375",
        "06": "HU36",
        # Italy dials its zero from abroad too, so that it belongs to the number.
        "": "IT39 SM378 VA39 ES34 PT351 PL48 CZ420 DK45 NO47 GR30 EE372 LV371 LU352 MT356 CY357"
        " IS354 LI423 MC377 AD376 SG65 HK852 TW886 MX52 CL56 CO57 PE51 KW965 QA974 BH973 OM968",
    }.items()
    for country, code in ((row[:2], row[2:]) for row in rows.split())
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
