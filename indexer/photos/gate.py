"""Who may be asked for a photo: one gate for every address, redirect and resolver's answer."""

from collections.abc import Iterable, Sequence
from typing import Self
from urllib.parse import urljoin

from indexer.errors import AddressRefused, PhotoUnreachable, SettingsError
from indexer.photos.addresses import Place, host_name, parse
from indexer.photos.networks import is_ours, is_public
from indexer.settings import PhotoSettings


class Gate:
    """The allow-list of hosts, the ports, and the servers that may be private; pure, without I/O."""

    def __init__(self, hosts: Iterable[str], *, private: Iterable[str] = (), ports: Iterable[int] = (80, 443)) -> None:
        """Read the lists: a host is exact, or `*.suffix` for all names below it; a private server is `host:port`.

        Raises SettingsError that names the entry.
        """
        names = list(hosts)
        self._exact = frozenset(_host(name) for name in names if not name.startswith("*"))
        self._suffixes = frozenset(_suffix(name) for name in names if name.startswith("*"))
        self._private = frozenset(map(_server, private))
        self._ports = frozenset(ports)

    @classmethod
    def of(cls, settings: PhotoSettings) -> Self:
        """The gate of these settings; raises SettingsError."""
        return cls(settings.hosts, private=settings.private, ports=settings.ports)

    def check(self, address: str) -> Place:
        """The place an address names, if it may be asked; raises AddressRefused with the reason."""
        place = parse(address)
        if place.server in self._private:
            return place
        if not self._knows(place.host):
            raise AddressRefused(f"The host {place.host} is not on the list.", cure="Add it to FUSEDEX_PHOTOS__HOSTS.")
        if place.port not in self._ports:
            raise AddressRefused(f"The port {place.port} of {place.host} is not on the list.", cure="Add it to FUSEDEX_PHOTOS__PORTS.")
        if place.is_address:
            self.answers(place.host, place.port, [place.host])
        return place

    def follow(self, place: Place, location: str) -> Place:
        """Where a redirect leads, if it may be asked: the same check, no step from https to http, none into a private server.

        Raises AddressRefused.
        """
        if any(sign <= " " or sign in "\\\x7f" for sign in location):  # urljoin would drop some of these silently
            raise AddressRefused(f"{place.host} redirects to an address with spaces, controls or backslashes.")
        try:
            joined = urljoin(place.text, location)
        except ValueError as error:
            raise AddressRefused(f"{place.host} redirects to what is no address.") from error
        there = self.check(joined)
        if place.scheme == "https" and there.scheme == "http":
            raise AddressRefused(f"{place.host} redirects from https to http.")
        if there.server in self._private and there.server != place.server:
            raise AddressRefused(f"{place.host} redirects to a private server.")
        return there

    def answers(self, host: str, port: int, found: Sequence[str]) -> Sequence[str]:
        """The addresses behind a host, if every one of them may be connected to: one bad answer refuses all.

        Raises AddressRefused, and PhotoUnreachable where there is none.
        """
        if not found:
            raise PhotoUnreachable(f"The host {host} has no address.")
        may_be_asked = is_ours if (host, port) in self._private else is_public
        if not all(map(may_be_asked, found)):
            raise AddressRefused(f"The host {host} leads to an address that is not public.")
        return found

    def _knows(self, host: str) -> bool:
        labels = host.split(".")
        return host in self._exact or any(".".join(labels[start:]) in self._suffixes for start in range(1, len(labels)))


def _host(entry: str) -> str:
    try:
        return host_name(entry)
    except AddressRefused as error:
        raise SettingsError(
            f"FUSEDEX_PHOTOS__HOSTS holds {entry!r}, which is no host: {error.message}",
            cure="Name hosts without scheme, port and path, as cdn.example.com or *.example.com.",
        ) from error


def _suffix(entry: str) -> str:
    suffix = _host(entry.removeprefix("*."))
    if "." not in suffix or suffix[-1].isdigit():  # no top-level domain ends in a digit: that is an IP address
        raise SettingsError(f"FUSEDEX_PHOTOS__HOSTS holds {entry!r}, which is too wide.", cure="Name at least two labels: *.example.com.")
    return suffix


def _server(entry: str) -> tuple[str, int]:
    try:
        place = parse(f"http://{entry}/")
    except AddressRefused as error:
        raise SettingsError(f"FUSEDEX_PHOTOS__PRIVATE holds {entry!r}, which is no host:port: {error.message}") from error
    if not entry.endswith(f":{place.port}") or place.target != "/":
        raise SettingsError(f"FUSEDEX_PHOTOS__PRIVATE holds {entry!r}, which is no host:port.")
    return place.server
