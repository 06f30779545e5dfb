"""The server's folder: jars, modules with their descriptors, the k-NN plugin, configuration, and folders it may write to."""

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from indexer.embedded.artifacts import Artifact, list_digest
from indexer.embedded.home import write_private
from indexer.embedded.java import open_to_others

# Raised when the layout itself changes: what is installed in the old one is then laid out anew.
LAYOUT = 1
VERSION = "3.6.0"
WRITABLE = ("config", "data", "logs", "tmp")
# Space of a first set-up: jars here and in the cache, a copied Java, and room for the index to begin with.
FIRST_BYTES = 600_000_000
LATER_BYTES = 300_000_000

# The jars of the modules carry no descriptor: name -> class, modules whose classes it sees.
MODULES: Mapping[str, tuple[str, str]] = {
    "transport-netty4": ("org.opensearch.transport.Netty4ModulePlugin", ""),
    "analysis-common": ("org.opensearch.analysis.common.CommonAnalysisModulePlugin", "lang-painless"),
    "lang-painless": ("org.opensearch.painless.PainlessModulePlugin", ""),
    "mapper-extras": ("org.opensearch.index.mapper.MapperExtrasModulePlugin", ""),
    "reindex": ("org.opensearch.index.reindex.ReindexModulePlugin", ""),
    "transport-grpc": ("org.opensearch.transport.grpc.GrpcPlugin", ""),
    "ingest-common": ("org.opensearch.ingest.common.IngestCommonModulePlugin", "lang-painless"),
    "search-pipeline-common": ("org.opensearch.search.pipeline.common.SearchPipelineCommonModulePlugin", "lang-painless"),
}

DESCRIPTOR = """name={name}
description={name} module
version={version}
opensearch.version={version}
java.version=21
classname={classname}
custom.foldername=
extended.plugins={extended}
has.native.controller=false
"""

LOG4J = """status = error
appender.rolling.type = RollingFile
appender.rolling.name = rolling
appender.rolling.fileName = ${sys:opensearch.logs.base_path}${sys:file.separator}opensearch.log
appender.rolling.filePattern = ${sys:opensearch.logs.base_path}${sys:file.separator}opensearch-%i.log.gz
appender.rolling.layout.type = PatternLayout
appender.rolling.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
appender.rolling.policies.type = Policies
appender.rolling.policies.size.type = SizeBasedTriggeringPolicy
appender.rolling.policies.size.size = 10MB
appender.rolling.strategy.type = DefaultRolloverStrategy
appender.rolling.strategy.max = 3
logger.noise.name = org.opensearch.cluster.InternalClusterInfoService
logger.noise.level = error
rootLogger.level = info
rootLogger.appenderRef.rolling.ref = rolling
"""


def is_installed(place: Path) -> bool:
    """Whether the files of this release lie whole in `place`."""
    marker = place / "installed"
    return marker.is_file() and marker.read_text(encoding="utf-8") == _edition()


def install(place: Path, files: Mapping[Artifact, Path]) -> None:
    """Lay the files out in `place`, anew and with copies; data, configuration and logs stay. Marked as installed at the very end."""
    marker = place / "installed"
    marker.unlink(missing_ok=True)
    for name in ("lib", "modules", "plugins"):
        shutil.rmtree(place / name, ignore_errors=True)
    for artifact, source in files.items():
        folder = place / artifact.folder
        folder.mkdir(parents=True, exist_ok=True)
        if artifact.packaging == "zip":
            with zipfile.ZipFile(source) as packed:
                packed.extractall(folder)
        else:
            shutil.copyfile(source, folder / artifact.filename)
    for name, (classname, extended) in MODULES.items():
        text = DESCRIPTOR.format(name=name, version=VERSION, classname=classname, extended=extended)
        (place / "modules" / name / "plugin-descriptor.properties").write_text(text, encoding="utf-8")
    for name in ("lib", "modules", "plugins"):
        open_to_others(place / name)
    (place / "bin").mkdir(exist_ok=True)  # empty, but the server looks for it and can't make it everywhere
    marker.write_text(_edition(), encoding="utf-8")


def configure(place: Path, ports: Mapping[str, int], *, cluster: str, user: tuple[int, int] | None) -> None:
    """Write the configuration, and give the folders that the server writes to to the user it runs as."""
    for name in WRITABLE:
        (place / name).mkdir(exist_ok=True, mode=0o700)
        if user and (place / name).stat().st_uid != user[0]:
            _give(place / name, user)
    for name, text in (("opensearch.yml", settings_file(place, ports, cluster=cluster)), ("log4j2.properties", LOG4J)):
        # Never through what lies there: that user could have put a link to anyone's file.
        write_private(place / "config" / name, text, user=user)


def settings_file(place: Path, ports: Mapping[str, int], *, cluster: str) -> str:
    """The text of opensearch.yml: one node on loopback; every value in JSON, which YAML contains."""
    settings = {
        "cluster.name": cluster,
        "node.name": "fusedex",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": ports["opensearch"],
        "transport.port": ports["transport"],
        "path.data": str(place / "data"),
        "path.logs": str(place / "logs"),
        # The defaults are shares of the disk: a large disk that is 95 % full would block all writes with many gigabytes free.
        "cluster.routing.allocation.disk.watermark.low": "1gb",
        "cluster.routing.allocation.disk.watermark.high": "500mb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "250mb",
    }
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items())


def _give(top: Path, user: tuple[int, int]) -> None:
    """Make all of it that user's. Only while it is not: in a folder of its own the user could lead us to other files."""
    for folder, _, files in os.walk(top, topdown=False):
        for file in files:
            os.chown(Path(folder) / file, *user, follow_symlinks=False)
        os.chown(folder, *user, follow_symlinks=False)


def _edition() -> str:
    return f"{LAYOUT} {list_digest()}\n"
