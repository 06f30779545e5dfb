"""Encodings of tables, found: what is UTF-8 stays so, what is not is read as what it is, and doubt never makes text of noise."""

import io

import pytest

from indexer.feed.sources.encoding import as_utf8, encoding_of

TEXTS = {
    "utf-8": "Crème brûlée; 全自动咖啡机; Кофемашина\n",
    "gb18030": "全自动咖啡机 黑色; 电热水壶 1.7升; 夏季新款连衣裙 女装\n",
    "cp1252": "Crème brûlée; Küchenmesser Größe M; Niño pequeño; smørrebrød; 45° ½ Zoll ±2 µm; Preis 12 €; Core™2 Duo; Lego®\n",
    "cp1250": "Zażółć gęślą jaźń; Kubek ceramiczny biały; Žluťoučký kůň úpěl ďábelské ódy; Dětské tričko růžové\n",
    "cp1251": "Кофемашина автоматическая с капучинатором; Чайник электрический 1,7 л\n",
    "cp1253": "Μηχανή καφέ αυτόματη μαύρη; Βραστήρας 1,7 λίτρα\n",
    "cp1254": "Kahve makinesi siyah; Çaydanlık 1,7 L; Kadın yazlık elbise ağır işçilik şık\n",
    "cp949": "커피 머신 자동 블랙; 전기 주전자 1.7리터; 여성 원피스 여름 신상\n",
    "cp932": "コーヒーメーカー 全自動 黒; 電気ケトル 1.7リットル; 夏の新作ワンピース\n",
    "euc_jp": "コーヒーメーカー 全自動 黒; 電気ケトル 1.7リットル; 夏の新作ワンピース\n",
    "cp950": "全自動咖啡機 黑色; 電熱水壺 1.7公升; 夏季新款連身裙 女裝\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("ascii_before", [0, 300_000])
def test_an_encoding_is_found_wherever_its_characters_begin(encoding: str, ascii_before: int) -> None:
    rows = "".join(f"{number},{text}" for number, text in enumerate([TEXTS[encoding]] * 30))
    content = ("id,title\n" + "1,plain mug\n" * (ascii_before // 12) + rows).encode(encoding)
    found = encoding_of(content[at : at + 65_536] for at in range(0, len(content), 65_536))
    assert content.decode(found) == content.decode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Café moulu", "cp1252"),
        ("Chemise à carreaux; pâte", "cp1252"),
        ("Å; Blå kjole", "cp1252"),
        ("Temperature 45°; £5", "cp1252"),
        ("红色T恤", "gb18030"),
        ("颜色;尺寸;苹果", "gb18030"),
        ("LabelWriter™ 450; Lego® 45°", "gb18030"),
    ],
)
def test_a_word_or_two_are_enough_for_the_two_most_frequent_ones(text: str, encoding: str) -> None:
    assert encoding_of([b"id,title\n1," + text.encode(encoding) + b"\n"]) == encoding


@pytest.mark.parametrize("noise", [b"1\n\xff,x\n", b"\x93\xfa\x80", b"\x81", b"a\xbfb\xa1c", bytes(range(128, 256))])
def test_noise_is_taken_for_broken_utf_8(noise: bytes) -> None:
    assert encoding_of([b"id,title\n" + noise]) == "utf-8"


@pytest.mark.parametrize("tail", ["é", "好", "😀"])
def test_utf_8_is_utf_8_though_the_sample_ends_in_a_character_and_some_rows_are_broken(tail: str) -> None:
    assert encoding_of([("Café 好 " * 5).encode() + tail.encode()[:-1]]) == "utf-8"
    assert encoding_of([("Café 好\n" * 5).encode() + "Café\n".encode("cp1252") * 3]) == "utf-8"


def test_nothing_and_ascii_are_utf_8_and_a_mark_has_the_first_word() -> None:
    assert encoding_of([]) == encoding_of([b"id,title\n1,Mug\n"]) == encoding_of([b"\xef\xbb\xbfid\n"]) == "utf-8"
    assert encoding_of(["id\n".encode("utf-16-le").join([b"\xff\xfe", b""])]) == "utf-16-le"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_becomes_utf_8_whatever_the_pieces(encoding: str) -> None:
    text = "\ufeffid\ttitle\r\n1\tMug 杯 😀\r\n" * 5000
    stream = as_utf8(io.BytesIO(text.encode(encoding) + b"\x00\xd8" * (encoding == "utf-16-le")), encoding)
    read = b"".join(iter(lambda: stream.read(777), b"")).decode()
    assert read.rstrip("\ufffd") == text
    plain = io.BytesIO(b"x")
    assert as_utf8(plain, "gb18030") is plain
