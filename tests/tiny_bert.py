"""A BERT of two layers and sixteen numbers with random weights, as transformers saves it: real loading code, no weights of anybody."""

from pathlib import Path

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "oak", "chair", "sofa", "red", "a", "b", "black", "##ish", ","]


def make_tiny_bert(folder: Path) -> Path:
    """Save it with its tokeniser into the folder; the folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=24, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(vocabulary)).save_pretrained(folder)
    return folder
