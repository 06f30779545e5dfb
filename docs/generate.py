"""Write the pages that quote the code: settings and errors. `make docs` runs it; a test fails when they have drifted."""

from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from indexer import errors
from indexer.settings import PREFIX, Settings

HERE = Path(__file__).parent
HOME = "your data folder (root: the system's state folder)"


def settings_page() -> str:
    """Every setting: its variable, its type, its default, what it is for."""
    lines = [
        "# Settings",
        "",
        "Read once, in this order: defaults, then the TOML file that `FUSEDEX_CONFIG` names, then the environment. Unknown and wrong",
        "ones fail at the start, all at once. In the file, `FUSEDEX_SEARCH__DEPTH` is `depth` in the table `[search]`.",
        "",
        "| variable | type | default | meaning |",
        "| --- | --- | --- | --- |",
        *_rows(Settings, PREFIX),
    ]
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> list[str]:
    lines: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            lines += _rows(kind, f"{prefix}{name.upper()}__")
        else:
            lines.append(f"| `{prefix}{name.upper()}` | {_kind(field)} | {_default(name, field)} | {field.description or ''} |")
    return lines


def _kind(field: FieldInfo) -> str:
    text = getattr(field.annotation, "__name__", "") if isinstance(field.annotation, type) else str(field.annotation)
    for noise in ("typing.", "pathlib._local.", "pathlib.", "pydantic.types."):
        text = text.replace(noise, "")
    return "`" + text.replace("|", "or").replace(" or None", ", optional") + "`"


def _default(name: str, field: FieldInfo) -> str:
    if name == "home":
        return HOME
    return "" if field.default in (None, ()) else f"`{field.default}`"


def errors_page() -> str:
    """The tree of errors as it is drawn in the code."""
    return f"# Errors\n\n```text\n{(errors.__doc__ or '').strip()}\n```\n"


PAGES = {"settings.md": settings_page, "errors.md": errors_page}

if __name__ == "__main__":
    for page, write in PAGES.items():
        (HERE / page).write_text(write())
