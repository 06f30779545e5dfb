"""Models with random weights, small enough for a test, saved as their programs save real ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", "oak", "chair", "sofa", "red", "a", "b", "running", "shoes")
TOWER: Mapping[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
SIDE = 32


def tiny_bert(folder: Path, *, seed: int = 3, **config: object) -> Path:
    """A BERT of two layers and sixteen numbers a state."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(seed)
    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(WORDS), max_position_embeddings=24, **(sizes | config))).save_pretrained(folder)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS) + "\n")
    BertTokenizer(str(vocabulary)).save_pretrained(folder)
    return folder


def tiny_dual(folder: Path, kind: str, *, seed: int = 5) -> Path:
    """Two towers of one of the kinds "clip", "siglip", "chinese_clip", with a tokeniser of a few words and a preprocessor's file."""
    import torch
    from transformers import ChineseCLIPConfig, ChineseCLIPModel, CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

    torch.manual_seed(seed)
    vision = {**TOWER, "image_size": SIDE, "patch_size": 8}
    model: Any
    if kind == "clip":
        text = {**TOWER, "vocab_size": len(WORDS), "max_position_embeddings": 16, "eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0}
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24))
    elif kind == "siglip":
        text = {**TOWER, "vocab_size": len(WORDS), "max_position_embeddings": 16, "eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0}
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    else:
        text = {**TOWER, "vocab_size": len(WORDS), "max_position_embeddings": 64}
        model = ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=vision, projection_dim=24))
    model.save_pretrained(folder)
    write_tokenizer(folder, vocabulary_only=kind == "chinese_clip")
    write_preprocessor(folder, kind)
    return folder


def write_tokenizer(folder: Path, *, vocabulary_only: bool) -> None:
    """Whole words behind [CLS] and before [SEP]; vocab.txt alone is how the Chinese ones come."""
    from transformers import BertTokenizer

    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS) + "\n")
    if not vocabulary_only:
        BertTokenizer(str(vocabulary)).save_pretrained(folder)


def write_preprocessor(folder: Path, kind: str) -> None:
    """As the real models' files say it, but for the size: CLIP scales the shorter side and crops, the others squash."""
    told: dict[str, object] = {"do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255}
    if kind == "clip":
        told |= {"size": {"shortest_edge": SIDE}, "do_center_crop": True, "crop_size": {"height": SIDE, "width": SIDE}, "resample": 3}
    else:
        told |= {"size": {"height": SIDE, "width": SIDE}, "resample": 3 if kind == "siglip" else 2}
    half = kind == "siglip"
    told |= {"image_mean": [0.5] * 3 if half else [0.48, 0.46, 0.41], "image_std": [0.5] * 3 if half else [0.27, 0.26, 0.28]}
    names = {"clip": "CLIPImageProcessor", "siglip": "SiglipImageProcessor", "chinese_clip": "ChineseCLIPImageProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(told | {"image_processor_type": names[kind]}))


def tiny_timm(folder: Path, architecture: str, config: Mapping[str, Any], *, seed: int = 7) -> Path:
    """A timm network with ten classes, as timm saves it for its hub: config.json and model.safetensors."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    args: dict[str, Any] = config.get("model_args", {})
    model: Any = timm.create_model(architecture, pretrained=False, num_classes=10, **args)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), folder / "model.safetensors")
    told = {
        "architecture": architecture,
        "num_classes": 10,
        "model_args": args,
        "pretrained_cfg": {key: value for key, value in config.items() if key != "model_args"},
    }
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def hub_cache(cache: Path, name: str, revision: str, files: Sequence[Path]) -> Path:
    """A hub cache that holds a model at a commit, laid out as the hub's package lays it out; the snapshot's folder."""
    import shutil

    snapshot = cache / f"models--{name.replace('/', '--')}" / "snapshots" / revision
    snapshot.mkdir(parents=True)
    for file in files:
        shutil.copy(file, snapshot / file.name)
    return snapshot
