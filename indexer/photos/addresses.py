"""A photo's address, read once and strictly: what two programs could read differently is refused, so check and request agree."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

from indexer.errors import AddressRefused

LONGEST = 4096
DEFAULT_PORTS = {"http": 80, "https": 443}

_SHAPE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# All that RFC 3986 lets stand in a path or query, and the percent sign itself: what is encoded stays so, what is not becomes so.
_KEPT = "%/?:@!$&'()*+,;=-._~[]"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo is, in normal form: `host` is a lower-case name or a canonical IP address, `target` path and query in ASCII."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def host_header(self) -> str:
        """Host and port as the request states them; a scheme's own port is left out, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address and not a name."""
        return ":" in self.host or self.host.rsplit(".", 1)[-1].isdigit()

    @property
    def server(self) -> tuple[str, int]:
        """Host and port: who is asked."""
        return self.host, self.port

    @property
    def text(self) -> str:
        """The address in one spelling; all spellings of one place give the same."""
        return f"{self.scheme}://{self.host_header}{self.target}"

    @property
    def key(self) -> str:
        """64 hex digits that name the address (sha-256 of its text)."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def parse(address: str) -> Place:
    """The place an http(s) address names; its fragment is dropped.

    Names in other scripts become ASCII (IDNA 2008 after UTS 46). Raises AddressRefused for other schemes, for user names in it,
    for signs that programs read differently (controls, backslashes, percent signs in the host), and for IP addresses in
    any spelling but the canonical one (no decimal, octal, hex or short forms, no zones).
    """
    if len(address) > LONGEST:
        raise AddressRefused(f"The address has {len(address):,} signs, more than {LONGEST:,}.")
    if any(sign == "\\" or (sign != " " and unicodedata.category(sign) in ("Cc", "Cs", "Zs", "Zl", "Zp")) for sign in address):
        raise AddressRefused("The address holds a backslash, a control sign or a strange space.")
    shape = _SHAPE.fullmatch(address.strip(" "))
    if shape is None:
        raise AddressRefused("This is no address of the form http(s)://host/path.")
    scheme = shape["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise AddressRefused(f"The scheme {scheme!r} is not asked, only http and https.")
    host, port = _server(shape["authority"])
    rest = shape["rest"]
    target = quote(rest if rest.startswith("/") else f"/{rest}", safe=_KEPT)
    return Place(scheme, host, port or DEFAULT_PORTS[scheme], target)


def _server(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise AddressRefused("The address holds a user name or a password.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or (parts["port"] and int(parts["port"]) > 65_535):
        raise AddressRefused("The address's host and port can't be read.")
    return host_name(parts["host"]), int(parts["port"]) if parts["port"] else None


def host_name(host: str) -> str:
    """A host in normal form: lower-case ASCII labels without a last dot, or a canonical IP address without brackets.

    Raises AddressRefused for what is neither.
    """
    if host.startswith("["):
        return _ipv6(host)
    name = (host if host.isascii() else _in_ascii(host)).lower()
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefused(f"{host[:80]!r} is no host's name.")
    if _NUMBER.fullmatch(labels[-1]):  # whatever ends in a number is read as an IPv4 address by some program (WHATWG URL, 3.5)
        return _ipv4(name, host)
    return name


def _ipv6(host: str) -> str:
    try:
        address = IPv6Address(host[1:-1])
    except ValueError as error:
        raise AddressRefused(f"{host[:80]!r} is no IPv6 address.") from error
    if address.scope_id is not None:
        raise AddressRefused("An IPv6 address with a zone is not asked.")
    return address.compressed


def _ipv4(name: str, host: str) -> str:
    try:
        address = IPv4Address(name)  # four decimal numbers without leading zeros, nothing else
    except ValueError as error:
        raise AddressRefused(f"{host[:80]!r} is an IP address in a spelling that programs read differently.") from error
    if str(address) != host:
        raise AddressRefused(f"{host[:80]!r} is an IP address written with other signs.")
    return str(address)


def _in_ascii(host: str) -> str:
    try:
        import idna
    except ImportError as error:
        raise AddressRefused(f"{host[:80]!r} is not ASCII.", cure="Install it: pip install 'fusedex[workers]'.") from error
    try:
        return idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:  # idna's own errors are of this kind
        raise AddressRefused(f"{host[:80]!r} is no host's name.") from error
