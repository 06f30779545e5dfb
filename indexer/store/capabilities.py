"""What a server is and can do, asked once before an index is made."""

from dataclasses import dataclass

from indexer.errors import StoreError
from indexer.store.calls import Call, Plan

EMBEDDED = "fusedex-embedded-"
"""How the cluster names of our own embedded servers begin."""

KNN_PLUGINS = ("opensearch-knn", "org.opensearch.knn.plugin.KNNPlugin")
HYBRID_PLUGINS = ("opensearch-neural-search", "org.opensearch.neuralsearch.plugin.NeuralSearch")
"""Names by which a node lists a plugin: its own, or its class where it was put on the class path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A server's cluster name and version, whether it has k-NN and the hybrid query, and its plugins by name."""

    cluster: str
    version: str
    knn: bool
    hybrid: bool
    plugins: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        """Whether this is an embedded server, which certain mappings kill."""
        return self.cluster.startswith(EMBEDDED)

    @property
    def ltr(self) -> bool:
        """Whether the learning-to-rank plugin is there."""
        return self._has("opensearch-ltr", "OpenSearchLtrPlugin")

    @property
    def icu(self) -> bool:
        """Whether texts can be analysed by ICU."""
        return self._has("analysis-icu", "AnalysisICUPlugin")

    @property
    def smartcn(self) -> bool:
        """Whether Chinese can be cut into words by the server."""
        return self._has("analysis-smartcn", "AnalysisSmartChinesePlugin")

    def _has(self, name: str, class_name: str) -> bool:
        # A plugin that was put on the class path is listed by its class.
        return any(one == name or one.rpartition(".")[2] == class_name for one in self.plugins)


def capabilities_plan() -> Plan[Capabilities]:
    """Two requests that tell what the server is. Raises StoreError for one that is no OpenSearch."""
    root = yield Call(method="GET", path="/")
    version = root.get("version", {}) if isinstance(root, dict) else {}
    if version.get("distribution") != "opensearch":
        raise StoreError(
            "The server that answers is no OpenSearch.", cure="Point FUSEDEX_OPENSEARCH_URL at an OpenSearch with the k-NN plugin."
        )
    listed = yield Call(method="GET", path="/_cat/plugins", params={"format": "json", "h": "component"})
    plugins = {row.get("component") for row in listed}
    return Capabilities(
        cluster=str(root.get("cluster_name", "")),
        version=str(version.get("number", "")),
        knn=not plugins.isdisjoint(KNN_PLUGINS),
        hybrid=not plugins.isdisjoint(HYBRID_PLUGINS),
        plugins=tuple(sorted(filter(None, plugins))),
    )


def need_knn(server: Capabilities) -> None:
    """Raise StoreError when the server has no k-NN plugin: vectors have no place there."""
    if not server.knn:
        raise StoreError(
            f"The OpenSearch {server.version} of cluster {server.cluster!r} has no k-NN plugin.",
            cure="Install opensearch-knn on every node, or unset FUSEDEX_OPENSEARCH_URL to use the embedded server.",
        )
