"""The groups of settings, each frozen; settings.py joins them into one tree and reads it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen group of settings; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EncodeSettings(Section):
    """Which encoders make a product's rows, and how they are fused."""

    text: str = Field(default="sentence", description="text encoder: hashed, sentence, minilm, transformer, dual, onnx, a plug-in's")
    photo: str = Field(default="bridge", description="photo encoder: hashed, bridge, image, dual, onnx, none, a plug-in's")
    fusion: str = Field(default="weighted", description="weighted, or mlp with a checkpoint")
    text_folder: Path | None = Field(default=None, description="local model folder for the text encoders 'transformer', 'dual', 'onnx'")
    text_model: str = Field(default="", description="in place of a folder: a model of the hub, owner/name")
    text_revision: str = Field(default="", description="its commit, 40 hex digits")
    text_pooling: Literal["", "mean", "cls", "max", "last"] = Field(default="", description="for 'transformer'; empty: as the folder says")
    text_tokens: int | None = Field(default=None, ge=4, description="tokens read of a text; default: as the folder says, else 256")
    query_prefix: str | None = Field(default=None, description="what goes before a query's text; default: as the folder says")
    product_prefix: str | None = Field(default=None, description="the same for a product's texts")
    photo_folder: Path | None = Field(default=None, description="model folder or safetensors file for 'image', 'dual', 'onnx' photos")
    photo_model: str = Field(default="", description="in place of a folder: a model of the hub, owner/name")
    photo_revision: str = Field(default="", description="its commit, 40 hex digits")
    photo_backbone: str = Field(default="", description="for 'image': a timm architecture, where the folder has no config.json")
    projection_folder: Path | None = Field(default=None, description="for 'image': a linear projection to the texts' width")
    hub_cache: Path | None = Field(default=None, description="where models of the hub are kept; default: the hub's own place")
    hub_allowed: tuple[str, ...] = Field(
        default=(), description="models of the hub that an index's profile may name too: owner/name@commit"
    )
    fusion_folder: Path | None = Field(default=None, description="checkpoint folder for the fusion 'mlp'")
    title_weight: float = Field(default=0.3, ge=0, description="the title's share of a product's row")
    description_weight: float = Field(default=0.2, ge=0, description="the description's share")
    photo_weight: float = Field(default=0.5, ge=0, description="the photos' share, all together")
    brand_weight: float = Field(default=0.0, ge=0, description="the brand's share; 0: the brand is not encoded")
    attributes_weight: float = Field(default=0.0, ge=0, description="the attributes' share, all together; 0: they are not encoded")
    photo_vector: bool = Field(default=False, description="a second vector, of a product's photos alone, for searches with a photo_share")
    batch: int = Field(default=64, ge=1, description="texts or photos per model run, at most")
    batch_tokens: int = Field(default=16_384, ge=128, description="tokens per model run, at most: longest text times texts")
    prepare_threads: int | None = Field(default=None, ge=1, description="threads that decode and prepare; default: the cores, at most 8")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(default="auto", description="numbers on a GPU; auto takes bfloat16 where it can")
    threads: int | None = Field(default=None, ge=1, description="compute threads; default: the cores at hand")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where models run; auto takes a GPU when there is one")
    grey: bool = Field(default=False, description="photos in grey, for models that were trained so")


class FeedSettings(Section):
    """Limits of what is accepted."""

    roots: tuple[Path, ...] = Field(default=(), description="folders that paths in messages may lie under")
    message_bytes: int = Field(default=1_000_000, ge=1000, description="largest accept message, as JSON in UTF-8")
    attribute_cap: int = Field(default=64, ge=0, description="attributes kept per product")
    batch: int = Field(default=512, ge=1, description="events per ledger transaction")
    future_s: int = Field(default=300, ge=0, description="how far ahead of the clock an update time may lie")
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$", description="for prices that name none")
    photo_pixels: int = Field(default=40_000_000, ge=1, description="largest photo, in pixels, checked before decoding")
    photo_bytes: int = Field(default=20_000_000, ge=1, description="largest photo file")


class TextSettings(Section):
    """How texts are cleaned: lists of steps by name, in order (docs/text.md says what each does)."""

    title: tuple[str, ...] = Field(default=(), description="steps for titles; empty: the list of docs/text.md")
    description: tuple[str, ...] = Field(default=(), description="steps for descriptions; empty: the same")
    query: tuple[str, ...] = Field(default=(), description="steps for queries; empty: the same")
    indexed: tuple[str, ...] = Field(default=(), description="steps for what is indexed as words; empty: the same")
    zh_words: Path | None = Field(default=None, description="a file of Chinese words to keep whole, one a line: your brands and kinds")


class PhotoSettings(Section):
    """Whether and how photos named by an address are fetched. Times in seconds."""

    hosts: tuple[str, ...] = Field(default=(), description="hosts that may be asked (exact, or *.suffix); none: nothing is fetched")
    private: tuple[str, ...] = Field(default=(), description="host:port that may lie at a private address, as a photo server of your own")
    ports: tuple[int, ...] = Field(default=(80, 443), description="ports that may be asked")
    store: str = Field(default="", description="where fetched bytes are kept: a folder all hosts see, or an object store (s3://...)")
    store_options: tuple[str, ...] = Field(default=(), description="for an object store, name=value: endpoint=..., region=...; no secrets")
    bytes: int = Field(default=200_000_000_000, ge=1_000_000, description="largest size of all kept photos together")
    unused_s: float = Field(default=180 * 86_400, ge=2 * 86_400, description="photos that nobody asked for in that many seconds go")
    connect_s: float = Field(default=3, gt=0, description="to connect")
    total_s: float = Field(default=10, gt=0, description="for one photo, redirects and all")
    redirects: int = Field(default=3, ge=0, le=10, description="followed at most, each checked again")
    at_once: int = Field(default=32, ge=1, description="photos fetched at once by one process")
    per_host: int = Field(default=4, ge=1, description="of these from one host")
    pause_s: float = Field(default=0, ge=0, description="between two requests to one host")
    fresh_s: float = Field(default=86_400, ge=0, description="after this a kept photo is asked for again, if changed")
    retry_s: float = Field(default=300, gt=0, description="first delay after a failure; doubles, with jitter")
    retry_cap_s: float = Field(default=86_400, gt=0, description="longest delay after failures")
    patience_s: float = Field(default=30, gt=0, description="for the photos of one claim; the rest follows later")


class CacheSettings(Section):
    """What the vector cache may hold; the least recently used rows go first."""

    bytes: int = Field(default=20_000_000_000, ge=1_000_000, description="largest size of all rows together")
    unused_s: float = Field(default=90 * 86_400, ge=2 * 86_400, description="rows that nobody asked for in that many seconds go")


class WorkSettings(Section):
    """How workers claim, and when they give up. Times in seconds."""

    claim: int = Field(default=512, ge=1, description="rows per claim")
    threads: int = Field(default=2, ge=1, le=16, description="tasks at once in one worker process")
    lease_s: float = Field(default=300, gt=0, description="how long a claim holds without a sign of life")
    sweep_s: float = Field(default=30, gt=0, description="how often due rows are looked for and hints sent again")
    attempts: int = Field(default=3, ge=1, description="claims that may end unexplained before a row is buried")
    retry_s: float = Field(default=2, gt=0, description="first delay after a transient error; doubles, with jitter")
    retry_cap_s: float = Field(default=120, gt=0, description="longest delay after a transient error")
    watchdog_s: float = Field(default=600, gt=0, description="a stage that stands still longer ends its process")
    tombstone_s: float = Field(
        default=7 * 86_400, ge=3600, description="the document of a deleted product leaves the index for good so long after"
    )
    bulk_bytes: int = Field(default=8_000_000, ge=10_000, description="largest bulk request")


class SearchSettings(Section):
    """Defaults of the read path."""

    depth: int = Field(default=100, ge=1, le=1000, description="candidates per leg")
    strategy: Literal["msearch", "hybrid", "rescore", "exact", "lexical", "vector"] = Field(
        default="msearch", description="how candidates are found and scored"
    )
    blend: Literal["min_max", "z_score", "l2", "rrf"] = Field(default="min_max", description="how the legs' scores become one")
    lexical_weight: float = Field(default=0.8, ge=0, le=1, description="the vector leg has the rest")
    partial_weight: float = Field(
        default=0.2, ge=0, le=1, description="what is left of lexical_weight for a product that has only some of the query's words"
    )
    rrf_constant: int = Field(default=60, ge=1, description="k of reciprocal rank fusion")
    bound: Literal["all", "score", "gap", "top"] = Field(default="score", description="where an answer ends")
    min_cosine: float | None = Field(
        default=None, ge=-1, le=1, description="bound score: the least cosine of a product that no word matches; empty: the encoder's"
    )
    top: int = Field(default=100, ge=1, description="bound top: so many products")
    enough: int = Field(default=10, ge=0, description="with fewer lexical hits, fewer of the words must match")
    rerank: Literal["none", "cross_encoder", "learned", "plugin"] = Field(
        default="none",
        description="what puts the best hits in a new order: a model that reads both texts, a learned ranking, a model in OpenSearch",
    )
    cross_encoder_folder: Path | None = Field(default=None, description="local model folder for the cross-encoder")
    ranker_folder: Path | None = Field(default=None, description="what `fusedex ranker` wrote, for the learned ranking")
    ltr_model: str = Field(default="", description="for rerank=plugin: the model's name in OpenSearch's learning-to-rank plugin")
    ltr_store: str = Field(default="", description="the feature store that has it; empty: the plugin's default one")
    rerank_depth: int = Field(default=50, ge=1, le=200, description="hits that are put in a new order; the others stay behind them")
    rerank_weight: float = Field(default=0.5, ge=0, le=1, description="the new score's share; the blended score has the rest")
    rerank_s: float = Field(default=2, gt=0, description="the longest that a search waits for reranking")
    group: bool = Field(default=False, description="show one variant of each group")
    diversity: float = Field(default=0.0, ge=0, le=1, description="how much hits must differ from those before them (MMR); 0: not at all")
    in_stock_first: bool = Field(default=False, description="what is sold out comes after what is not and scores nearly as much")
    recency: float = Field(default=0.0, ge=0, le=0.5, description="what newness gives at most, as a part of the best score; 0: nothing")
    recency_days: float = Field(default=90, gt=0, description="half-life of newness, in days")
    keep_s: float = Field(default=300, gt=0, le=3600, description="seconds for which a frozen answer can be continued")
    encode_s: float = Field(default=3, gt=0, description="the longest that a search with words waits for its vector")
    timeout_s: float = Field(default=10, gt=0, description="for one search, all requests together")
    query_cache: int = Field(default=2048, ge=0, description="query vectors kept, least recently used go first")
    per_page_cap: int = Field(default=100, ge=1, description="most hits on one page")


class IndexSettings(Section):
    """How the index is made."""

    alias: str = Field(default="products", pattern="^[a-z][a-z0-9_-]{0,100}$", description="the name that searches and writes use")
    engine: Literal["lucene", "faiss"] = Field(default="lucene", description="k-NN engine; faiss on clusters that have it, never embedded")
    m: int = Field(default=16, ge=2, le=100, description="links per vector in the HNSW graph")
    ef_construction: int = Field(default=128, ge=2, description="candidates while the graph is built")
    shards: int = Field(default=1, ge=1, description="primary shards of a new index")
    replicas: int = Field(default=0, ge=0, description="copies of each shard of a new index")
    refresh_s: int = Field(default=1, ge=1, description="seconds until a write is searchable by itself")
