"""The currencies of ISO 4217 with their minor units, as of January 2026.

Left out are metals, test codes, units of account of banks, and funds except the indexed units of Chile and Uruguay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

EDITION: Final = date(2026, 1, 1)
"""The list as it applies from this day, with which Bulgaria uses the euro."""
_CODES: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
        "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
        "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
        "NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
        "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency. ``exponent`` is the number of decimals of its amounts."""

    code: str
    exponent: int

    def format(self, amount: Decimal) -> str:
        """The amount with all decimals of the currency, such as ``12.50``."""
        return f"{amount:.{self.exponent}f}"


CURRENCIES: Final[Mapping[str, Currency]] = {
    code: Currency(code, exponent) for exponent, codes in _CODES.items() for code in codes.split()
}
