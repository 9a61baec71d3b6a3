"""Who may import whom. Read from the sources, so that an import inside a function counts as well."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "oracle"

ALLOWED = {
    "errors": set[str](),
    "settings": {"errors"},
    "scoring": {"errors"},
    "datasets": {"errors"},
    "evaluation": {"errors", "scoring", "datasets"},
    "deploy": {"errors"},
    "signing": {"errors", "settings"},
    "chain": {"errors", "settings", "signing"},
    "store": {"errors", "settings", "signing", "chain", "scoring"},
    "node": {"errors", "settings", "chain", "signing", "scoring", "store"},
    "api": {"errors", "settings", "node", "scoring", ""},
    "verify": {"errors", "settings", "chain", "signing", "scoring", "node"},
    "backtest": {"errors", "scoring", "datasets", "chain", "node"},
    "tools": {"errors"},
    "ops": {"errors", "settings", "chain", "signing", "scoring", "store", "tools"},
    "demo": {"errors", "chain", "scoring", "tools", "datasets"},
    "commands": {
        "errors",
        "settings",
        "chain",
        "signing",
        "scoring",
        "node",
        "api",
        "ops",
        "demo",
        "tools",
        "backtest",
        "datasets",
        "evaluation",
        "verify",
    },
    "cli": {"errors", "commands"},
}
"""The parts of `oracle`, and the other parts that each may import. What is not named here may not exist."""

ONLY_IN = {
    "web3": {"chain"},
    "requests": {"chain"},
    "sqlalchemy": {"store", "node"},  # the node holds the connection of a transaction that spans several tables
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"commands"},
    "typer": {"commands", "cli"},
    "sklearn": {"scoring", "evaluation"},
    "coincurve": {"signing"},
    "ape": set[str](),
}
"""Third parties that only some parts may know."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Full names of all modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where things come from"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports__of_every_module__stay_within_its_border(path: Path) -> None:
    part = part_of(path)
    if part == "":
        return
    assert part in ALLOWED, f"{part} has no place on the map: add it to ALLOWED"
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "oracle":
            other = rest.split(".")[0]
            assert other == part or other in ALLOWED[part], f"{path.name} ({part}) imports {name}"
        elif top in ONLY_IN:
            assert part in ONLY_IN[top], f"{path.name} ({part}) imports {top}"


def test_imports__of_all_parts__make_no_circle() -> None:
    done: set[str] = set()
    while len(done) < len(ALLOWED):
        ready = {part for part, others in ALLOWED.items() if part not in done and others - {""} <= done}
        assert ready, f"these import each other in a circle: {set(ALLOWED) - done}"
        done |= ready


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_package_face__only_re_exports(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        names = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("__all__", "__version__")
        simulator = path.parent.name in ("simulator", "frauds")  # a function and a table are these packages' face
        assert docstring or names or simulator or isinstance(node, (ast.Import, ast.ImportFrom)), ast.unparse(node)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_import__of_every_module__reads_no_settings(path: Path) -> None:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        for inner in ast.walk(node) if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) else ():
            if isinstance(inner, ast.Call):
                called = ast.unparse(inner.func)
                assert called not in ("Settings", "load_settings", "read_settings"), f"{path}: {ast.unparse(inner)}"
