"""Which IP addresses are public: the rule behind "a feed may not make us ask our own machines"."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

GLOBAL_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is handed out for public use (RFC 4291, 2.4); whatever lies outside is refused without a look."""

REFUSED = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments (RFC 6890); holds a cloud's metadata server too
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "168.63.129.16/32",  # a cloud's host machine, at an address that looks public
            "64:ff9b::/96",  # NAT64 (RFC 6052): an IPv4 address inside, any one
            "64:ff9b:1::/48",  # NAT64 for local use (RFC 8215)
            "2002::/16",  # 6to4 (RFC 3056): the same
            "2001::/23",  # Teredo, ORCHID and other protocol assignments (RFC 2928, 4380)
            "::/96",  # IPv4-compatible (RFC 4291)
            "fec0::/10",  # site-local (RFC 3879)
            "3fff::/20",  # documentation (RFC 9637)
            "5f00::/16",  # segment routing (RFC 9602)
        ),
    )
)
"""What Python calls global, in this release or another, and what still leads inside or is nobody's."""

OURS = tuple(
    map(
        ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"),
    )
)
"""Loopback, private and shared networks (RFC 1122, 1918, 6598, 4193): where a shop's own photo server may be."""

METADATA = frozenset(map(ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254")))
"""Servers by which clouds hand their machines credentials; those that lie in OURS are refused there too."""

_TUNNELS = (0x0000_5EFE, 0x0200_5EFE)  # ISATAP (RFC 5214, 6.1): the last 32 bits are an IPv4 address


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet; False for what is no address at all."""
    address = _address(text)
    if address is None or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and (address not in GLOBAL_UNICAST or (int(address) >> 32) & 0xFFFF_FFFF in _TUNNELS):
        return False
    return not any(address in network for network in REFUSED if network.version == address.version)


def is_ours(text: str) -> bool:
    """Whether an address may be a server of the shop's own: public, or in one of OURS; never a cloud's metadata server."""
    address = _address(text)
    if address is None or address in METADATA:
        return False
    return is_public(text) or any(address in network for network in OURS if network.version == address.version)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that the system would connect to: an IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) is undressed."""
    if "%" in text:  # a zone: only addresses that are not public have one
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
