"""The tree is what DESIGN says: top level, names, faces, and pure modules without Dagster."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {
    "orchestration",
    "assets",
    "quality",
    "dbt_project",
    "tests",
    "workspace.yaml",
    "pyproject.toml",
    "README.md",
    "Makefile",
    "requirements.lock",
    "LICENSE",
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "stuff"}
SOURCES = sorted(p for top in ("assets", "quality", "orchestration") for p in (ROOT / top).rglob("*.py"))
MODULES = {p: ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in SOURCES}
FACE = re.compile(r"assets\.\w+\.defs\b|quality\.checks\b")
FACES = [p for p in SOURCES if FACE.match(MODULES[p])]


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [name for name in listed if (ROOT / name).exists()]


def imported(path: Path) -> set[str]:
    """Return every module that a file names in an import, and every name that it takes from one."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def face_of(module: str) -> str:
    """Return the Dagster face that a module is or belongs to, or nothing."""
    found = FACE.match(module)
    return found.group() if found else ""


def test_the_top_level_is_exactly_the_design() -> None:
    tops = {name.split("/")[0] for name in tracked()}
    assert {top for top in tops if not top.startswith(".")} == TOP


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [p for p in SOURCES if p.stem in VAGUE] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_belongs_in_it(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{path} opens without a docstring"


def test_every_capability_explains_its_decisions() -> None:
    capabilities = [p.parent for p in (ROOT / "assets").glob("*/__init__.py") if p.parent.name != "kernel"]
    missing = [p.name for p in [*capabilities, ROOT / "quality"] if not (p / "README.md").exists()]
    assert missing == []


def test_pure_modules_import_without_dagster() -> None:
    # Alembic runs its environment as a script; nobody imports it.
    scripts = ROOT / "assets" / "orders" / "migrations" / "env.py"
    others = {*FACES, scripts}
    pure = [p for p in SOURCES if p not in others and p.relative_to(ROOT).parts[0] != "orchestration"]
    modules = [MODULES[p] for p in pure]
    program = (
        "import sys, importlib\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'dagster', 'dagster_dbt'}:\n"
        "            raise ImportError(f'{name} is not for pure modules')\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nobody_but_orchestration_imports_a_face_and_only_faces_import_what_they_share() -> None:
    shared = "assets.kernel.defs"
    faults = [
        f"{MODULES[path]} imports {name}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] != "orchestration"
        for name in imported(path)
        if (face := face_of(name)) and face != face_of(MODULES[path]) and not (face == shared and path in FACES)
    ]
    assert faults == []


def test_importing_the_code_reads_no_environment_and_writes_nothing(tmp_path: Path) -> None:
    program = "import orchestration.definitions, orchestration.planning, orchestration.cli"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(ROOT),
            "PATH": "",
            "HOME": str(tmp_path),
            "EQUIPOISE_LOCK_WAIT_SECONDS": "not a number",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".equipoise").exists()


def test_the_lock_file_names_no_index() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert [line for line in lines if line.startswith(("-i", "--index", "--extra-index", "--find-links"))] == []
    pinned = [line for line in lines if "==" in line and not line.startswith(" ")]
    assert pinned
    assert all(line.rstrip().endswith("\\") for line in pinned), "every pin carries hashes"


def test_the_readme_holds_no_placeholder_and_no_path_of_one_machine() -> None:
    text = (ROOT / "README.md").read_text()
    assert "@@" not in text
    assert "TODO" not in text
    assert not [word for word in text.split() if word.startswith(("/home/", "/root/", "/tmp/", "/Users/"))]


def test_every_command_that_the_readme_names_exists() -> None:
    from orchestration.cli.application import COMMANDS

    named = set(re.findall(r"equipoise ([a-z]+)", (ROOT / "README.md").read_text()))
    assert named <= {str(name) for name in COMMANDS}


def test_what_a_step_logs_goes_through_the_one_way_out() -> None:
    """``log_event`` hides what readers may not see; Dagster's own method does not."""
    own = ROOT / "assets" / "kernel" / "defs.py"
    faults = [MODULES[path] for path in SOURCES if path != own and "context.log_event(" in path.read_text()]
    assert faults == []
