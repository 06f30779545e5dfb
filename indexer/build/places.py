"""Where the services are, and the encoders that both paths share."""

from indexer.embedded.stack import Endpoints, stack_from
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encoders import Encoders
from indexer.errors import EngineError
from indexer.fuse.catalog import make_fusion
from indexer.fuse.fits import check_fit
from indexer.settings import Settings


def endpoints(settings: Settings) -> Endpoints:
    """Where OpenSearch, broker, ledger and vector cache are: named by the settings, or running under the home.

    Raises EngineError when the embedded engines are needed and do not run.
    """
    stack = stack_from(settings)
    found = stack.endpoints()
    if found is None:
        raise EngineError(
            f"Nothing runs for the home {settings.home}.",
            cure="Start them with `fusedex up`, or name running ones: FUSEDEX_OPENSEARCH_URL, FUSEDEX_BROKER_URL, FUSEDEX_LEDGER_URL.",
        )
    return found


def build_encoders(settings: Settings, *, query_cache: int = 0) -> Encoders:
    """The encoders and the fusion that the settings name; weights are loaded when first used. Raises SettingsError where they don't fit."""
    text = make_text_encoder(settings.encode)
    photo = make_photo_encoder(settings.encode, text)
    fusion = make_fusion(settings.encode, width=text.spec.width)
    check_fit(fusion, text=text.spec, photo=photo.spec if photo else None)
    return Encoders(text, photo, fusion, photo_vector=settings.encode.photo_vector, query_cache=query_cache)
