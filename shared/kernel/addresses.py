"""Which network addresses a tenant's URL may lead to: the public internet, and nothing of ours.

`ipaddress.is_global` differs between Python versions and passes addresses that lead inside:
Azure's own 168.63.129.16, IPv4 wrapped in IPv6 (NAT64, 6to4, Teredo), multicast. Source: IANA's
registries of special-purpose addresses, read in November 2026.
"""

import ipaddress
from typing import Final

_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # Azure: DNS, health probes and the host agent of every machine
    )
)
# Only 2000::/3 is given out as global unicast; these parts of it are not, or carry IPv4 inside.
_V6_GLOBAL: Final = ipaddress.IPv6Network("2000::/3")
_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)


def is_public(text: str) -> bool:
    """Tell whether an address is one of the public internet; what is no address is not."""
    if "%" in text:
        return False  # a zone names an interface of this machine
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _V4)
    if address.ipv4_mapped is not None:
        return is_public(str(address.ipv4_mapped))
    return address in _V6_GLOBAL and not any(address in network for network in _V6)
