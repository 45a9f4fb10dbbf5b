"""The documentation is whole: links resolve, targets, variables and keys are named, and the tree
of the code is the code's."""

import ast
import os
import re
import subprocess
import sys

import pytest

from shared import config
from shared.config import SECTIONS, modelzoo_keys
from shared.config.schedules import SCHEDULERS
from tests import config_keys
from tests.inputs import ROOT

PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / name / "README.md" for name in ("bench", "vocab")),
        *(ROOT / "docs").glob("*.md"),
    ]
)
CODE = ("preprocess", "train", "inference", "shared", "bench", "demo")
LONGEST_LINE = 120
# What reads as translated, or says nothing to a stranger.
ODD_PHRASES = (
    *("machine A", "machine B", "the seed system", "ours is faster by", "means nothing"),
    *("otherwise than", "verified: what", "without a word", "nobody knows", "takes it that"),
    *("numbers are no numbers", "left anything out", "that of all devices together, so"),
    *("stands twice", "in mid-training", "cannot be had", "goes on from", "start anew"),
    *("this program", "has no several", "made again"),
)


def name(page):
    return str(page.relative_to(ROOT))


def text_of(page):
    return page.read_text(encoding="utf-8")


def without_blocks(text):
    """The text between fenced code blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code_of(text):
    """Fenced blocks and `spans`, one a line."""
    blocks = re.findall(r"^ *```[a-z]*\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", without_blocks(text))])


def anchors(page):
    """Those that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(text_of(page)), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page):
    """[(path, anchor)] of the links to files of ours."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_blocks(text_of(page)))
    return [target.partition("#")[::2] for target in targets if "://" not in target]


def linked(page):
    """The files that a page links to."""
    return {(page.parent / path).resolve() for path, _ in links(page) if path}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_resolve(page):
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {path}"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to {path}#{anchor}"


def test_every_page_is_in_the_index_and_the_readme_links_to_it():
    index = ROOT / "docs" / "README.md"
    pages = {*(ROOT / "docs").glob("*.md")} - {index}
    assert pages <= linked(index)
    assert {*pages, index} <= linked(ROOT / "README.md")


def test_the_readme_is_short():
    assert len(text_of(ROOT / "README.md").splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_line_of_prose_is_long(page):
    prose = without_blocks(text_of(page)).splitlines()
    long = [line for line in prose if len(line) > LONGEST_LINE and line.count("|") < 2]
    assert not long or all("](" in line for line in long)


def odd_phrases(text):
    return [odd for odd in ODD_PHRASES if re.search(rf"\b{odd}\b", text, re.IGNORECASE)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_phrase_is_odd(page):
    assert not odd_phrases(" ".join(text_of(page).split()))


def words(file):
    """The comments and strings of a Python file, else the whole text, each on one line."""
    text = text_of(file)
    joined = re.sub(r"\n\s*#", "", text)  # comments of several lines
    if file.suffix != ".py":
        return " ".join(joined.split())
    nodes = [getattr(node, "value", None) for node in ast.walk(ast.parse(text))]
    parts = [*re.findall(r"#.*", joined), *(node for node in nodes if isinstance(node, str))]
    return "\n".join(" ".join(part.split()) for part in parts)


def test_no_phrase_in_the_code_is_odd():
    folders = (*CODE, "tools", "configs", "Makefile", "wse.mk")
    listed = subprocess.run(
        ["git", "ls-files", *folders, ":!*.npz"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {file: odd_phrases(words(ROOT / file)) for file in listed.stdout.split()}
    assert len(found) > 200
    assert not {file: phrases for file, phrases in found.items() if phrases}


def makefiles():
    return "\n".join(text_of(ROOT / file) for file in ("Makefile", "wse.mk"))


def targets():
    """Those that a user may call."""
    lines = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", makefiles(), flags=re.MULTILINE)
    return {*" ".join(lines).replace("\\", " ").split()}


def test_every_target_is_documented():
    code = code_of("\n".join(map(text_of, PAGES)))
    missing = [word for word in targets() if not re.search(rf"(make |^){word}\b", code, re.M)]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_named_exists(page):
    named = re.findall(r"\bmake ([a-z][a-z_-]*)(?![\w*<.-])", code_of(text_of(page)))
    assert {*named} <= targets()


def test_every_variable_of_make_is_documented():
    variables = re.findall(r"^([A-Z][A-Z0-9_]+) \?=", makefiles(), flags=re.MULTILINE)
    code = code_of("\n".join(map(text_of, PAGES)))
    assert "TASK" in variables
    assert not [word for word in (*variables, "DATASET") if not re.search(rf"\b{word}\b", code)]


CONFIGURATION = ROOT / "docs" / "configuration.md"


def test_the_smallest_configuration_loads(tmp_path):
    smallest = re.search(r"^```yaml\n(.*?)^```$", text_of(CONFIGURATION), re.MULTILINE | re.DOTALL)
    (tmp_path / "params.yaml").write_text(smallest[1])
    config.load(str(tmp_path / "params.yaml"), pytest.fail)


def table(heading):
    """The cells of the rows of a section's tables, without the heads."""
    section = re.split(rf"^#+ {re.escape(heading)}$", text_of(CONFIGURATION), flags=re.MULTILINE)[1]
    lines = re.split(r"^#", section, flags=re.MULTILINE)[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    return [row for row in rows if row[0].startswith(("`", "every"))]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_on_its_page_with_its_type_and_default(section):
    inputs = modelzoo_keys.INPUTS
    rows = table(", ".join(inputs) if section in inputs else section)
    documented = {key.strip("`"): (kind, default) for key, kind, default, _ in rows}
    assert documented == config_keys.columns(section)
    assert all(meaning for *_, meaning in rows)


@pytest.mark.parametrize(
    "heading, declared",
    [
        ("Fixed keys", modelzoo_keys.FIXED),
        ("Ignored keys", modelzoo_keys.IGNORED),
        ("Refused keys", modelzoo_keys.REFUSED),
    ],
)
def test_every_other_key_of_the_model_zoo_is_on_the_page(heading, declared):
    documented = {(row[0].strip("`"), row[1].strip("`")) for row in table(heading)}
    sections = {section: section for section in declared}
    sections.update(dict.fromkeys(modelzoo_keys.INPUTS, "every input"))
    assert documented == {(sections[name], key) for name, keys in declared.items() for key in keys}
    assert modelzoo_keys.PRETRAIN_PARAMS_PATH in text_of(CONFIGURATION)


def test_every_schedule_is_on_the_page():
    documented = {
        row[0].strip("`"): tuple(tuple(re.findall(r"`(\w+)`", cell)) for cell in row[1:3])
        for row in table("Learning rates")
    }
    assert documented == SCHEDULERS


def tree():
    """The folders of the README's tree; several may stand in one line."""
    block = text_of(ROOT / "README.md").partition("## The code")[2].split("```")[1]
    folders, top = set(), ""
    for line in block.strip("\n").splitlines():
        if not line.startswith(" "):
            top = line.split("/")[0]
            folders.add(top)
            continue
        folders |= {f"{top}/{word}" for word in re.findall(r"(?:^  |   )(\w+)/ ", line)}
    return folders


def rooms():
    """The folders of the code, as git knows them."""
    files = subprocess.run(
        ["git", "ls-files", *CODE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {os.path.dirname(file) for file in files.stdout.split() if file.endswith(".py")}


def test_the_tree_of_the_readme_is_that_of_the_code():
    assert rooms() <= tree()
    assert not [folder for folder in tree() if not (ROOT / folder).is_dir()]


def test_the_page_on_library_use_runs(tmp_path, demo_data, trained_once):
    """From a folder beside the checkout, as it says."""
    checkout = tmp_path / "bert-classify"
    demo = checkout / "build" / "demo"
    (demo / "data").mkdir(parents=True)
    (demo / "data" / "sst2").symlink_to(demo_data.parent)
    (demo / "vocab.txt").symlink_to(demo_data.parent.parent.parent / "vocab.txt")
    (demo / "run").symlink_to(trained_once)
    for folder in ("shared", "preprocess", "train", "inference", "configs", "vocab", "tests"):
        (checkout / folder).symlink_to(ROOT / folder)
    page = text_of(ROOT / "docs" / "library.md")
    program = "\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def test_every_file_of_the_programs_is_in_the_architecture():
    page = (ROOT / "docs" / "architecture.md").read_text()
    files = [
        path
        for room in ("shared", "preprocess", "train", "inference")
        for path in (ROOT / room).rglob("*.py")
    ]
    named = set(re.findall(r"`(\w+\.py)`", page))
    assert not {path.name for path in files} - named - {"__init__.py"}
