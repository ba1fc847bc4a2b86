"""Which addresses may be called."""

import pytest

from shared.kernel.addresses import is_public


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.215.14", "168.63.129.15", "2606:4700:4700::1111", "::ffff:8.8.8.8"],
)
def test_an_address_of_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.0.9", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
        *("224.0.0.251", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.88.99.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::1", "2001:0:4136:e378::1", "2001:db8::1", "100::1"),
        *("::ffff:127.0.0.1", "::ffff:168.63.129.16", "::127.0.0.1", "3fff::1", "5f00::1"),
        *("fe80::1%eth0", "2606:4700:4700::1111%1", "localhost", "127.1", "0x7f000001", ""),
    ],
)
def test_an_address_that_leads_inside_or_nowhere_may_not(address: str) -> None:
    assert not is_public(address)
