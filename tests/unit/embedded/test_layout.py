"""The server's folder, laid out from small files of our own."""

import json
import os
import zipfile
from pathlib import Path

import pytest

from indexer.embedded import artifacts, layout
from indexer.embedded.artifacts import Artifact

PORTS = {"opensearch": 9201, "transport": 9301}


def file_of(folder: Path, where: str, name: str, *, packaging: str = "jar") -> tuple[Artifact, Path]:
    artifact = Artifact(where, "org.example", name, "1", packaging, "", "0" * 64)
    folder.mkdir(exist_ok=True)
    source = folder / f"cached-{artifact.filename}"
    if packaging == "zip":
        with zipfile.ZipFile(source, "w") as packed:
            packed.writestr("plugin-descriptor.properties", "name=knn\n")
            packed.writestr("sub/inner.jar", "inner")
    else:
        source.write_bytes(name.encode())
    return artifact, source


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture
def files(tmp_path: Path) -> dict[Artifact, Path]:
    made = [file_of(tmp_path / "cache", f"modules/{name}", name) for name in layout.MODULES]
    made += [file_of(tmp_path / "cache", "lib", "core"), file_of(tmp_path / "cache", "plugins/opensearch-knn", "knn", packaging="zip")]
    return dict(made)


def properties(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_everything_is_in_its_folder_and_open_to_the_servers_user(place: Path, files: dict[Artifact, Path]) -> None:
    before = os.umask(0o077)
    try:
        layout.install(place, files)
    finally:
        os.umask(before)
    assert layout.is_installed(place)
    assert (place / "lib" / "core-1.jar").read_bytes() == b"core"
    assert (place / "plugins" / "opensearch-knn" / "sub" / "inner.jar").read_text() == "inner"
    for path in (place / "lib", *place.glob("*/**/*")):
        assert path.stat().st_mode & 0o044 == 0o044
        assert not path.is_dir() or path.stat().st_mode & 0o011 == 0o011
    assert not (place / "lib" / "core-1.jar").is_symlink()


def test_each_module_has_a_descriptor(place: Path, files: dict[Artifact, Path]) -> None:
    layout.install(place, files)
    netty = properties(place / "modules" / "transport-netty4" / "plugin-descriptor.properties")
    assert netty["classname"] == "org.opensearch.transport.Netty4ModulePlugin"
    assert netty["opensearch.version"] == "3.6.0"
    assert netty["extended.plugins"] == ""
    assert properties(place / "modules" / "ingest-common" / "plugin-descriptor.properties")["extended.plugins"] == "lang-painless"


def test_the_modules_with_descriptors_are_those_of_the_list() -> None:
    listed = {a.folder.removeprefix("modules/") for a in artifacts.artifacts() if a.folder.startswith("modules/")}
    assert listed == set(layout.MODULES)


def test_what_was_cut_short_or_comes_from_another_list_is_not_installed(place: Path, files: dict[Artifact, Path], tmp_path: Path) -> None:
    assert not layout.is_installed(place)
    broken = {**files, Artifact("lib", "g", "gone", "1", "jar", "", "0" * 64): tmp_path / "none"}
    with pytest.raises(FileNotFoundError):
        layout.install(place, broken)
    assert not layout.is_installed(place)
    layout.install(place, files)
    (place / "installed").write_text("0 another list\n")
    assert not layout.is_installed(place)


def test_installing_again_clears_old_files_and_keeps_the_data(place: Path, files: dict[Artifact, Path]) -> None:
    (place / "lib").mkdir()
    (place / "lib" / "old.jar").touch()
    (place / "data").mkdir()
    (place / "data" / "index").touch()
    layout.install(place, files)
    assert not (place / "lib" / "old.jar").exists()
    assert (place / "data" / "index").exists()


def test_the_settings_keep_the_node_to_this_machine(tmp_path: Path) -> None:
    place = tmp_path / 'a "quoted" ü folder: with a colon'
    text = layout.settings_file(place, PORTS, cluster="fusedex-embedded-x")
    settings = {name: json.loads(value) for name, value in (line.split(": ", 1) for line in text.splitlines())}
    assert settings["network.host"] == "127.0.0.1"
    assert settings["discovery.type"] == "single-node"
    assert (settings["http.port"], settings["transport.port"]) == (9201, 9301)
    assert settings["path.data"] == str(place / "data")
    assert settings["cluster.name"] == "fusedex-embedded-x"


def test_configuring_makes_what_the_server_writes_to(place: Path) -> None:
    layout.configure(place, PORTS, cluster="one", user=None)
    layout.configure(place, {**PORTS, "opensearch": 9999}, cluster="one", user=None)
    assert {path.name for path in place.iterdir()} == set(layout.WRITABLE)
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in place.iterdir())
    assert "http.port: 9999" in (place / "config" / "opensearch.yml").read_text()
    assert "RollingFile" in (place / "config" / "log4j2.properties").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_servers_user_owns_what_it_writes_to_and_nothing_else(place: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    (place / "data" / "deep").mkdir(parents=True)
    (place / "data" / "deep" / "link").symlink_to(victim)
    (place / "data" / "deep" / "file").touch()
    user = (65_534, 65_534)
    layout.configure(place, PORTS, cluster="one", user=user)
    for name in ("config", "data", "logs", "tmp", "data/deep", "data/deep/file", "config/opensearch.yml"):
        assert (place / name).stat().st_uid == user[0]
    assert victim.stat().st_uid == 0
    assert place.stat().st_uid == 0
    (place / "data" / "later").touch()
    layout.configure(place, PORTS, cluster="one", user=user)
    assert (place / "data" / "later").stat().st_uid == 0  # in its own folder that user could lead us anywhere
