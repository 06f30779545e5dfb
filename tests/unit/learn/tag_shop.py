"""A tiny shop and a tiny BERT on disk: what the tagger's tests learn from, in seconds."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from indexer.encode.base import PhotoEncoder, Pixels
from indexer.encode.transformer import Folder
from indexer.learn.machine import seeded
from indexer.learn.tag_labels import TAGS, Example, label_products
from indexer.learn.tag_split import with_families
from indexer.learn.tag_words import words_of
from indexer.records import Photo, Product
from indexer.specs import ModelSpec

COLOURS = {"black": (10, 10, 10), "red": (220, 20, 20), "blue": (20, 20, 220), "white": (250, 250, 250)}
KINDS = ("chair", "lamp", "table", "sofa")
SERIES = ("Alba", "Brio", "Cosmo", "Dune", "Etna", "Fjord", "Gala", "Helix", "Iris", "Jura", "Kilo", "Luna")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def shop(count: int = 96) -> list[Product]:
    """Chairs and lamps of two brands, each series a family; every third title keeps its colour to the field."""
    made = []
    for n in range(count):
        colour, kind, brand = list(COLOURS)[n % 4], KINDS[(n // 4) % 4], ("Norda", "Old Oak")[n % 2]
        said = "" if n % 3 == 0 else f" {colour}"
        title = f"{brand} {SERIES[n % 12]}{said} {kind} {40 + n % 5} cm"
        fields = {"colour": colour.title(), "product_type": kind, "width": float(400 + 10 * (n % 5))}
        made.append(Product(id=str(n), title=title, brand=brand, attributes=fields))
    return made


def examples(count: int = 96) -> list[Example]:
    return with_families(label_products(shop(count))[0], {})


def example(title: str, tags: str, **values: str) -> Example:
    """An example from a title and its tags by name, apart by spaces; "?" is an unknown word."""
    numbers = tuple(-100 if tag == "?" else TAGS.index(tag) for tag in tags.split())
    words = words_of(title)
    assert len(words) == len(numbers), [word.text for word in words]
    return Example(id=title, title=title, words=words, tags=numbers, values=values)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    words = {word.text.lower() for one in shop() for word in one_title(one)}
    letters = [letter for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    return (*SPECIAL, *sorted(words), *(one for one in letters if one not in words), *(f"##{letter}" for letter in letters))


def one_title(product: Product) -> Sequence[object]:
    return words_of(product.title)


def tiny_bert(folder: Path) -> Folder:
    """A random BERT of 32 numbers and two layers, saved as transformers saves it, with a word-piece tokeniser of the shop's words."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair=None, special_tokens=[("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(numbers),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with seeded(7):
        BertModel(config).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["hidden_size"] == 32
    return Folder(path=folder, name="tiny", licence="none", origin="made for a test")


class MeanColour(PhotoEncoder):
    """A photo's mean red, green and blue: enough to tell a red chair from a black one."""

    def __init__(self) -> None:
        self.spec = ModelSpec(name="mean-colour", revision="1", width=4, weights="none", licence="none", origin="made for a test")
        self.seen = 0

    def run(self, inputs: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        photos: Sequence[Pixels] = inputs  # type: ignore[assignment]
        self.seen += len(photos)
        return np.array([[*(photo.mean(axis=(0, 1)) / 255), 0.2] for photo in photos])


def with_photos(products: Sequence[Product], folder: Path) -> list[Product]:
    """The products, each with a plain photo of its own colour; every fifth has none."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for n, one in enumerate(products):
        file = folder / f"{one.id}.png"
        colour = COLOURS[str(one.attributes["colour"]).lower()]
        Image.new("RGB", (8 + n % 7, 8), colour).save(file)
        photos = () if n % 5 == 4 else (Photo(str(file)),)
        made.append(
            Product(id=one.id, title=one.title, brand=one.brand, attributes=one.attributes, photos=photos),
        )
    return made


def weights(module: torch.nn.Module) -> list[float]:
    return [float(tensor.double().sum()) for tensor in module.state_dict().values()]
