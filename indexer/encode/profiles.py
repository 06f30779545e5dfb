"""Models that we recommend for production, with licence and the scores that their publishers report. None was run here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A model for texts and photos in one space; `hub` is its name there, `loads` how it gets into the encoder `dual`."""

    name: str
    hub: str
    width: int
    licence: str
    languages: str
    scores: str
    published_by: str
    loads: str


DIRECT = "FUSEDEX_ENCODE__TEXT=dual, PHOTO=dual, TEXT_MODEL, TEXT_REVISION; a repository without *.safetensors is converted once"
CONVERT = "published for open_clip, and for transformers with code of its own, which is refused: convert it to SiglipModel once"

PROFILES = (
    Profile(
        name="marqo-ecommerce-b",
        hub="Marqo/marqo-ecommerce-embeddings-B",
        width=768,
        licence="Apache-2.0",
        languages="English",
        scores="Google Shopping, 4M products, text to photo: nDCG@10 0.668, MRR 0.624, recall@10 0.832; Amazon: nDCG@10 0.637",
        published_by="Marqo, who trained it (README of marqo-ecommerce-embeddings)",
        loads=CONVERT,
    ),
    Profile(
        name="marqo-ecommerce-l",
        hub="Marqo/marqo-ecommerce-embeddings-L",
        width=1024,
        licence="Apache-2.0",
        languages="English",
        scores="Google Shopping, 4M products, text to photo: nDCG@10 0.726, MRR 0.683, recall@10 0.878; Amazon: nDCG@10 0.703",
        published_by="Marqo, who trained it (README of marqo-ecommerce-embeddings)",
        loads=CONVERT,
    ),
    Profile(
        name="siglip-multilingual",
        hub="google/siglip-base-patch16-256-multilingual",
        width=768,
        licence="Apache-2.0",
        languages="many, Chinese among them",
        scores="none on products; ViT-B-16-SigLIP, its English sister: Google Shopping, 4M products, nDCG@10 0.513, recall@10 0.660",
        published_by="Google (model); the sister's scores: Marqo (README of marqo-ecommerce-embeddings)",
        loads=DIRECT,
    ),
    Profile(
        name="chinese-clip",
        hub="OFA-Sys/chinese-clip-vit-base-patch16",
        width=512,
        licence="see its repository: the model's card names none that we could read",
        languages="Chinese",
        scores="MUGE (e-commerce, Chinese), text to photo, zero-shot: recall@1 0.521, @5 0.767, @10 0.844; fine-tuned 0.584, 0.836, 0.900",
        published_by="OFA-Sys, who trained it (Results.md of Chinese-CLIP; arXiv 2211.01335)",
        loads=DIRECT,
    ),
)
