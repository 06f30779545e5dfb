"""The address table, through the whole fetcher: what is refused is never dialled."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import AddressRefused, SettingsError
from indexer.photos.addresses import parse
from indexer.photos.gate import Gate
from indexer.photos.networks import is_ours, is_public
from tests.unit.photos.loopback import PUBLIC, World, reply, world
from tests.unit.photos.tables import (
    ALLOWED,
    ASKED_SPELLINGS,
    PUBLIC_ANSWERS,
    REFUSED_ANSWERS,
    REFUSED_SPELLINGS,
    pages,
    shown,
)

PAGE = Path(__file__).resolve().parents[3] / "docs" / "photos.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("shop"), hosts=ALLOWED, fresh_s=0) as made:
        made.names.answers["localhost"] = [["127.0.0.1"]]
        for host in ("x.shop.example", "x.y.shop.example", "xn--bcher-kva.example"):
            made.names.answers[host] = [[PUBLIC]]
        yield made


def test_the_table_is_long_enough() -> None:
    assert len(REFUSED_SPELLINGS) >= 60
    assert len(REFUSED_ANSWERS) >= 50
    assert len({text for text, _ in REFUSED_SPELLINGS}) == len(REFUSED_SPELLINGS)


@pytest.mark.parametrize(("address", "why"), REFUSED_SPELLINGS, ids=[why for _, why in REFUSED_SPELLINGS])
def test_refused_spellings(shop: World, address: str, why: str) -> None:
    shop.dial.dialled.clear()
    got = shop.one(address)
    assert (got.status, got.data, got.retry_at) == ("refused", None, None)
    assert got.reason
    assert shop.dial.dialled == []


@pytest.mark.parametrize(("answer", "why"), REFUSED_ANSWERS, ids=[f"{answer} {why}" for answer, why in REFUSED_ANSWERS])
def test_refused_answers(shop: World, answer: str, why: str) -> None:
    assert not is_public(answer)
    for answers in ([answer], [PUBLIC, answer], [answer, PUBLIC]):  # one bad answer refuses all
        shop.dial.dialled.clear()
        shop.names.answers["bad.shop.example"] = [answers]
        got = shop.one("http://bad.shop.example/a.jpg")
        assert (got.status, got.data, got.retry_at) == ("refused", None, None)
        assert shop.dial.dialled == []


@pytest.mark.parametrize("answer", PUBLIC_ANSWERS)
def test_public_answers_are_dialled_as_they_were_checked(shop: World, answer: str) -> None:
    shop.dial.servers[answer] = shop.server
    shop.server.on("/public.jpg", reply(b"photo"))
    host = f"h{PUBLIC_ANSWERS.index(answer)}.shop.example"
    shop.names.answers[host] = [[answer]]
    shop.dial.dialled.clear()
    assert shop.one(f"http://{host}/public.jpg").data == b"photo"
    assert shop.dial.dialled == [(answer, 80)]
    assert shop.server.asked[-1].headers["host"] == host


@pytest.mark.parametrize(("address", "normal", "why"), ASKED_SPELLINGS, ids=[why for *_, why in ASKED_SPELLINGS])
def test_asked_spellings(shop: World, address: str, normal: str, why: str) -> None:
    place = parse(address)
    assert place.text == normal
    assert parse(normal) == place
    shop.server.on(place.target.partition("?")[0], reply(b"photo"))
    assert shop.one(address).data == b"photo"
    assert shop.server.asked[-1].target == place.target
    assert shop.server.asked[-1].headers["host"] == place.host


def test_a_public_ip_address_may_be_on_the_list() -> None:
    gate = Gate(["93.184.216.34", "[2606:2800:220:1::1]"], ports=[80, 8080])
    assert gate.check("http://93.184.216.34/a").host_header == "93.184.216.34"
    there = gate.check("http://[2606:2800:0220:1:0::1]:8080/a")
    assert (there.host, there.host_header) == ("2606:2800:220:1::1", "[2606:2800:220:1::1]:8080")


@pytest.mark.parametrize(
    "entry",
    [
        "http://cdn.example.com",
        "cdn.example.com/",
        "cdn.example.com:80",
        "*",
        "*.",
        "*.com",
        "cdn.*.com",
        "a b",
        "",
        "*cdn.example.com",
        "*.0.0.1",
    ],
)
def test_a_list_that_says_nothing_clear_is_refused(entry: str) -> None:
    with pytest.raises(SettingsError, match="FUSEDEX_PHOTOS__HOSTS"):
        Gate([entry])


@pytest.mark.parametrize(
    "entry", ["photos.intern", "http://photos.intern:80", "photos.intern:80/x", "u@h:80", "h:0", "h:080", "", "::1:80"]
)
def test_a_private_server_is_named_with_its_port(entry: str) -> None:
    with pytest.raises(SettingsError, match="FUSEDEX_PHOTOS__PRIVATE"):
        Gate([], private=[entry])


def test_a_private_server_is_that_host_at_that_port_only() -> None:
    gate = Gate([], private=["photos.intern:8080", "[::1]:9000", "127.0.0.1:80"])
    assert gate.check("http://photos.intern:8080/a").port == 8080
    assert gate.check("http://[0::1]:9000/a").host == "::1"
    assert gate.check("http://127.0.0.1/a").port == 80
    for other in ("http://photos.intern/a", "http://photos.intern:8081/a", "http://127.0.0.1:81/a", "https://127.0.0.1/a"):
        with pytest.raises(AddressRefused):
            gate.check(other)
    assert gate.answers("photos.intern", 8080, ["10.1.2.3", "fd12::3"]) == ["10.1.2.3", "fd12::3"]
    with pytest.raises(AddressRefused):
        gate.answers("photos.intern", 8081, ["10.1.2.3"])


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.20.0.2", "192.168.7.7", "100.64.1.1", "::1", "fd12:3456::1", "::ffff:10.1.2.3", *PUBLIC_ANSWERS],
)
def test_where_a_private_server_may_be(address: str) -> None:
    assert is_ours(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "2002:7f00:1::",
        "x",
    ],
)
def test_where_not_even_a_private_server_may_be(address: str) -> None:
    assert not is_ours(address)


def test_the_page_shows_these_tables() -> None:
    page = PAGE.read_text()
    assert [heading for heading, table in pages().items() if table not in page] == [], "python -m tests.unit.photos.tables prints them"
    assert shown("a\tb\n") == "`a<U+0009>b<U+000A>`"
