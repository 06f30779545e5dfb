"""Addresses in every encoding: whatever leads inside is refused, whatever is asked reads the same to everyone."""

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from indexer.errors import AddressRefused, PhotoUnreachable
from indexer.photos.addresses import Place, parse
from indexer.photos.gate import Gate
from indexer.photos.guard import Guard
from indexer.photos.networks import is_ours, is_public

INSIDE_V4 = [ip_network(name) for name in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12")]
INSIDE_V4 += [ip_network(name) for name in ("192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")]
INSIDE_V6 = [ip_network(name) for name in ("::/64", "64:ff9b::/32", "2001::/23", "2002::/16")]
INSIDE_V6 += [ip_network(name) for name in ("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8")]

inside_v4 = st.sampled_from(INSIDE_V4).flatmap(lambda network: st.integers(int(network[0]), int(network[-1]))).map(IPv4Address)
inside_v6 = st.sampled_from(INSIDE_V6).flatmap(lambda network: st.integers(int(network[0]), int(network[-1]))).map(IPv6Address)
any_v4 = st.integers(0, 2**32 - 1).map(IPv4Address)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


def number(value: int, base: int) -> str:
    return {8: f"0{value:o}", 10: str(value), 16: f"{value:#x}"}[base]


@st.composite
def spelled(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """One IPv4 address in any form that some program's inet_aton takes: 1 to 4 parts, each decimal, octal or hex."""
    parts = list(draw(addresses).packed)
    count = draw(st.integers(1, 4))
    last = int.from_bytes(bytes(parts[count - 1 :]), "big")
    bases = draw(st.lists(st.sampled_from([8, 10, 16]), min_size=count, max_size=count))
    text = ".".join(number(value, base) for value, base in zip([*parts[: count - 1], last], bases, strict=True))
    return text.upper().replace("0X", draw(st.sampled_from(["0x", "0X"]))) + draw(st.sampled_from(["", "."]))


@st.composite
def in_v6(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """An IPv4 address inside an IPv6 one, the ways there are."""
    value = int(draw(addresses))
    whole = draw(
        st.sampled_from(
            [
                value,  # compatible
                (0xFFFF << 32) | value,  # mapped
                (0x0064_FF9B << 96) | value,  # NAT64
                (0x2002 << 112) | (value << 80) | 1,  # 6to4
                (0x2001_0000 << 96) | (value ^ 0xFFFF_FFFF),  # Teredo
                (0x2620_0001 << 96) | (0x5EFE << 32) | value,  # ISATAP
            ]
        )
    )
    address = IPv6Address(whole)
    return draw(st.sampled_from([address.compressed, address.exploded, address.compressed.upper()]))


class Everything(Gate):
    """A gate whose list holds every host: what it still refuses, it refuses for the address alone."""

    def __init__(self) -> None:
        super().__init__([])

    def _knows(self, host: str) -> bool:
        return True


GATE = Everything()


@given(spelled(inside_v4))
@example("127.1")
@example("0x7f.1")
@example("017700000001.")
def test_no_spelling_of_an_inner_address_is_asked(text: str) -> None:
    with pytest.raises(AddressRefused):
        GATE.check(f"http://{text}/")


@given(spelled(any_v4))
def test_a_number_is_asked_in_its_canonical_spelling_or_not_at_all(text: str) -> None:
    try:
        place = GATE.check(f"http://{text}/")
    except AddressRefused:
        return
    assert str(IPv4Address(text)) == text == place.host
    assert is_public(place.host)


@given(in_v6(any_v4))
def test_no_tunnel_is_asked(text: str) -> None:
    if (mapped := IPv6Address(text).ipv4_mapped) is not None and is_public(str(mapped)):
        return  # the same address in other clothes; the system connects to it over IPv4
    assert not is_public(text)
    with pytest.raises(AddressRefused):
        GATE.check(f"http://[{text}]/")


@given(st.one_of(inside_v4.map(str), inside_v6.map(lambda address: address.compressed)))
def test_an_inner_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_only_global_unicast_is_public(address: IPv6Address) -> None:
    if is_public(str(address)) and address.ipv4_mapped is None:
        assert str(address)[0] in "23"


@given(st.one_of(any_v4.map(str), st.integers(0, 2**128 - 1).map(lambda value: str(IPv6Address(value)))))
def test_public_is_ours_too(text: str) -> None:
    assert is_ours(text) or not is_public(text)


@given(st.text(max_size=60), st.text(max_size=30))
@example("@", "")
@example("a@b", "")
@example("cdn.example.com", "\\@evil.org")
def test_any_text_is_a_place_or_refused_and_every_reader_agrees(host: str, rest: str) -> None:
    try:
        place = parse(f"http://{host}/{rest}")
    except AddressRefused:
        return
    again = urlsplit(place.text)
    assert (again.hostname, again.port or 80) == (place.host, place.port)
    assert again.username is None
    assert place.text.isascii()
    assert place.text.isprintable()
    assert " " not in place.text
    assert parse(place.text) == place
    assert parse(place.text).key == place.key


@given(st.text(max_size=80))
def test_any_text_at_all(text: str) -> None:
    try:
        place = parse(text)
    except AddressRefused:
        return
    assert place.scheme in ("http", "https")
    assert place.target.startswith("/")


@given(st.lists(labels, min_size=1, max_size=4), st.lists(labels, min_size=2, max_size=3))
def test_a_suffix_admits_what_lies_below_it_and_nothing_else(front: list[str], suffix: list[str]) -> None:
    assume(not suffix[-1].isdigit() and not suffix[-1][-1].isdigit() and not suffix[-1].startswith("0x"))
    assume(not any(label.startswith("xn--") for label in (*front, *suffix)))
    gate = Gate([f"*.{'.'.join(suffix)}"])
    below = ".".join([*front, *suffix])
    assert gate.check(f"http://{below}/").host == below
    for other in (".".join(suffix), f"{front[-1]}{'.'.join(suffix)}", f"{below}.evil.org", ".".join([*suffix, *front, "org"])):
        if other.endswith("." + ".".join(suffix)):
            continue
        with pytest.raises(AddressRefused):
            gate.check(f"http://{other}/")


@given(st.text(max_size=60), st.sampled_from(["http://cdn.example.com/a/b?c", "https://cdn.example.com/"]))
@example("//evil.org", "https://cdn.example.com/")
@example("http:evil.org", "https://cdn.example.com/")
@example("http://[", "https://cdn.example.com/")
def test_any_redirect_stays_on_the_list(location: str, start: str) -> None:
    gate = Gate(["cdn.example.com"])
    place = gate.check(start)
    try:
        there = gate.follow(place, location)
    except AddressRefused:
        return
    assert there.host == "cdn.example.com"
    assert (place.scheme, there.scheme) != ("https", "http")


class _Never:
    """A dialler that must not be reached with anything but public addresses."""

    async def connect_tcp(self, host: str, *_: object) -> object:
        assert is_public(host)
        raise PhotoUnreachable("far enough")


@given(st.lists(st.one_of(any_v4.map(str), in_v6(any_v4), inside_v6.map(str), st.text(max_size=20)), max_size=5))
def test_the_guard_dials_only_when_all_answers_are_public(answers: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return answers

    guard = Guard(GATE, resolve, _Never())  # type: ignore[arg-type]
    expected = PhotoUnreachable if all(map(is_public, answers)) else AddressRefused
    with pytest.raises(expected):
        asyncio.run(guard.connect_tcp("cdn.example.com", 80, 5))


@given(labels, labels, st.integers(1, 65_535), st.sampled_from(["http", "https"]))
def test_a_place_round_trips(first: str, second: str, port: int, scheme: str) -> None:
    place = Place(scheme, f"{first}.{second}.com", port, "/a")
    assert parse(place.text) == place
