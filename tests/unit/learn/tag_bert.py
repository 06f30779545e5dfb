"""A tiny BERT on disk, a photo encoder that sees colours, and photos for the shop: what the tagger learns on in seconds."""

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
from indexer.encode.folder import Folder
from indexer.learn.machine import seeded
from indexer.learn.tag_words import words_of
from indexer.records import Photo, Product
from indexer.specs import ModelSpec
from tests.unit.learn.tag_shop import COLOURS, shop

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    words = {word.text.lower() for one in shop() for word in words_of(one.title)}
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789")
    return (*SPECIAL, *sorted(words), *(one for one in letters if one not in words), *(f"##{letter}" for letter in letters))


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
