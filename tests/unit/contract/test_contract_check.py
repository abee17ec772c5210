"""The checks find nothing in what is shipped, and each finds the fault that it is for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.contract import load_contract
from connector.contract.check import Finding, check_all
from connector.contract.locate import data_root
from connector.contract.table import DOCUMENT, render

Json = dict[str, Any]
Edit = Callable[[Json], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the manifests and schemas that a test may break."""
    for folder in ("manifests", "schemas"):
        shutil.copytree(data_root() / folder, tmp_path / folder)
    return tmp_path


def edit_json(root: Path, name: str, edit: Edit) -> None:
    """Change one schema."""
    path = root / "schemas" / f"{name}.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def edit_yaml(root: Path, name: str, edit: Edit) -> None:
    """Change one manifest."""
    path = root / "manifests" / f"{name}.yaml"
    document = yaml.safe_load(path.read_text())
    edit(document)
    path.write_text(yaml.safe_dump(document))


def test_what_is_shipped_has_no_fault() -> None:
    assert check_all() == []


@pytest.mark.parametrize(
    ("name", "edit", "where", "what"),
    [
        ("input/post_video", lambda s: s.update({"$id": "x"}), "$id", "it is 'x'"),
        (
            "input/post_video",
            lambda s: s["properties"].update(a={"$ref": "no.json"}),
            "$ref",
            "leads nowhere",
        ),
        ("output/post", lambda s: s.update(type="objekt"), "", "not JSON Schema"),
        (
            "input/post_video",
            lambda s: s["properties"]["title"].pop("examples"),
            "properties.title",
            "examples",
        ),
        (
            "input/post_video",
            lambda s: s["properties"]["title"].pop("description"),
            "properties.title",
            "description",
        ),
        ("input/post_video", lambda s: s.pop("x-antiExamples"), "", "x-antiExamples"),
        ("input/post_video", lambda s: s["examples"].append({}), "examples[4]", "refused"),
        (
            "input/post_video",
            lambda s: s["x-antiExamples"].append(
                {"value": s["examples"][0], "reason": "it was meant to fail"}
            ),
            "x-antiExamples[11]",
            "accepted, although it was meant to fail",
        ),
        (
            "output/check",
            lambda s: s.update(
                {"properties": {"x": {"pattern": r"^\w$"}}, "examples": [{"x": "a", **s["examples"][0]}]}
            ),
            "examples[0]",
            "refused",
        ),
        (
            "output/error",
            lambda s: (s["properties"].update(x={"pattern": "^[0-9]$"}), s["examples"][0].update(x="1\n")),
            "examples[0]",
            "disagree",
        ),
        (
            "input/post_video",
            lambda s: s["properties"]["disable_duet"].update(examples=["true"]),
            "disable_duet",
            "'true' is refused",
        ),
        (
            "input/fields",
            lambda s: s["$defs"]["url"].update({"x-code": "no_code"}),
            "no_code",
            "no such error",
        ),
        (
            "input/post_photos",
            lambda s: s["properties"]["photo_images"]["x-code"].update(maxItems="no_code"),
            "no_code",
            "no such error",
        ),
        (
            "input/fields",
            lambda s: s["$defs"]["which_post"]["x-problem"].update(code="no_code"),
            "no_code",
            "no such error",
        ),
        ("input/post_photos", lambda s: s.update({"x-rules": ["no_rule"]}), "", "no_rule"),
        (
            "input/fields",
            lambda s: s["$defs"]["nobody_to_comment"]["when"].update(nope=1),
            "nope",
            "there is no such field",
        ),
        (
            "input/post_video",
            lambda s: s["properties"].update(extra=s["properties"]["title"]),
            "extra",
            "missing from inputFields",
        ),
    ],
)
def test_a_fault_in_a_schema_is_found(root: Path, name: str, edit: Edit, where: str, what: str) -> None:
    edit_json(root, name, edit)
    assert any(what in found.what and found.where.startswith(where) for found in check_all(root))


@pytest.mark.parametrize(
    ("name", "edit", "where", "what"),
    [
        ("connector", lambda m: m.pop("version"), "", "version"),
        ("connector", lambda m: m["operations"].remove("check_status"), "key", "no tool shows it"),
        ("connector", lambda m: m["operations"].append("nothing"), "", "nothing"),
        ("operations/post_video", lambda m: m.update(extra=1), "", "extra"),
        ("operations/post_video", lambda m: m.update(key="other"), "key", "it is 'other'"),
        ("operations/post_video", lambda m: m["operation"].pop("kind"), "operation", "kind"),
        (
            "operations/post_video",
            lambda m: m["operation"].update(inputSchema="input/none"),
            "",
            "input/none",
        ),
        (
            "operations/post_video",
            lambda m: m["operation"].update(outputSchema="output/none"),
            "outputSchema",
            "no such",
        ),
        ("operations/post_video", lambda m: m["operation"]["inputFields"].pop(), "strict", "missing"),
        (
            "operations/post_video",
            lambda m: m["operation"]["inputFields"].append({"key": "nope", "group": "basic"}),
            "nope",
            "no property",
        ),
        (
            "operations/post_video",
            lambda m: m["operation"]["inputFields"].append({"key": "title", "group": "basic"}),
            "title",
            "listed twice",
        ),
        (
            "operations/post_video",
            lambda m: m["operation"]["inputFields"][0].update(dependsOn="nope"),
            "nope",
            "no property",
        ),
        ("operations/post_video", lambda m: m["operation"]["sample"].pop("state"), "sample", "state"),
        ("errors", lambda m: m["bad_request"].update(who="nobody"), "bad_request.who", "nobody"),
        ("errors", lambda m: m.pop("cover_out_of_range"), "cover_out_of_range", "no such error code"),
        ("dialects/pm3k", lambda m: m["errors"].update(not_found="no_code"), "no_code", "no such error code"),
        (
            "dialects/pm3k",
            lambda m: m["routes"][0]["choose"][1].update(operation="nope"),
            "nope",
            "no such operation",
        ),
        ("dialects/pm3k", lambda m: m["defaults"].update(nope=1), "nope", "field"),
        ("dialects/pm3k", lambda m: m["fallbacks"][0].update(to="NOBODY"), "privacy: NOBODY", "choice"),
        ("dialects/pm3k", lambda m: m["overflows"][0].update(rule="nope"), "nope", "rule"),
        ("tools/n8n", lambda m: m["cures"].update(nope="x"), "nope", "no such mistake"),
        ("tools/n8n", lambda m: m["cures"].pop("joined_list"), "joined_list", "missing"),
        ("tools/n8n", lambda m: m.update(key="make"), "key", "it is 'make'"),
        ("tools/n8n", lambda m: m.update(fields=[]), "", "fields"),
        ("dialects/pm3k", lambda m: m["overflows"][0].update(operation="post_video"), "description", "field"),
    ],
)
def test_a_fault_in_a_manifest_is_found(root: Path, name: str, edit: Edit, where: str, what: str) -> None:
    edit_yaml(root, name, edit)
    assert any(what in found.what and found.where.startswith(where) for found in check_all(root))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("manifests/errors.yaml", "a: [b"),
        ("manifests/errors.yaml", "[]"),
        ("schemas/input/post_video.json", "{"),
        ("schemas/input/post_video.json", "5"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(root: Path, path: str, text: str) -> None:
    (root / path).write_text(text)
    assert [found.file for found in check_all(root)] == [path]


def test_a_manifest_that_no_meta_schema_holds_is_found(root: Path) -> None:
    (root / "manifests" / "extras").mkdir()
    (root / "manifests" / "extras" / "new.yaml").write_text("a: 1")
    assert [found.what for found in check_all(root)] == ["nothing holds it"]


def test_a_table_in_the_docs_that_is_not_current_is_found(root: Path) -> None:
    page = root / DOCUMENT
    page.parent.mkdir()
    page.write_text(render(load_contract()))
    assert check_all(root) == []
    page.write_text("old")
    assert [found.what for found in check_all(root)] == ["it is not what the code does"]


def test_a_finding_says_file_place_fault_and_cure() -> None:
    finding = Finding(file="a.json", where="x", what="it is wrong", cure="mend it")
    assert str(finding) == "a.json at x: it is wrong. Mend it."
