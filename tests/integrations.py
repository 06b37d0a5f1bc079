#!/usr/bin/env python3
"""The hooks for pre-commit, the GitHub action and the examples of docs/ci.md, run for real.

Needs pre-commit and check-jsonschema beside the Python that runs it; `.ci/run` installs both into a throw-away folder.
Nothing of this machine's git or pre-commit is touched.
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
import zlib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
GOOD = '{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},\n' \
       '"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}\n'
BAD = GOOD.replace('"batch_size": 1', '"batch_size": 0')
passed = 0


def check(condition, what, shown=""):
    global passed
    if not condition:
        sys.exit(f"FAILED: {what}\n{shown}")
    passed += 1


class Run:
    """A command that ran: its exit code and all that it printed."""

    def __init__(self, command, cwd, env, stderr=subprocess.STDOUT):
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.code, self.text = done.returncode, done.stdout

    def needs(self, code, *parts):
        for part in parts:
            check(part in self.text, f"{part!r} is said", self.text)
        check(self.code == code, f"the exit code is {code}, not {self.code}", self.text)
        return self


def environment(folder):
    """Like a user's, with cargo's output kept in target/, and built as fast as can be."""
    home = folder / "home"
    home.mkdir()
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT", "INPUT_"))}
    return keep | {
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.com",
        "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.com",
        "CARGO_TARGET_DIR": str(ROOT / "target" / "hooks"),
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "256",
    }


def snapshot(folder, env):
    """A repository with the files of this one as they lie here, committed or not."""
    copy = folder / "wfc"
    listed = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        Run(["git", *arguments], copy, env).needs(0)
    return copy, Run(["git", "rev-parse", "HEAD"], copy, env).text.strip()


def fences(page, language):
    """The fenced examples of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def examples(page):
    """The YAML files that a page shows, by the name in their first line."""
    found = {}
    for text in fences(page, "yaml"):
        name = re.match(r"# (\S+)", text)
        check(name, "an example's first line names its file", text)
        found.setdefault(name[1], []).append(text)
    return found


def picture():
    """A PNG of one black point, without a workflow."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def pre_commit(folder, env, wfc, revision, config):
    """A user's repository with the configuration of docs/ci.md."""
    project = folder / "project"
    project.mkdir()
    check("OWNER/wfc" in config and "rev: REVISION" in config, "the example has its places", config)
    config = re.sub(r"repo: \S*OWNER/wfc", f"repo: {wfc}", config).replace("rev: REVISION", f"rev: {revision}")
    (project / ".pre-commit-config.yaml").write_text(config)
    git = lambda *arguments: Run(["git", *arguments], project, env)
    git("init", "-q").needs(0)
    # Names with blanks, and files of others, which must not be taken for workflows.
    (project / "presets").mkdir()
    preset = 'graph = "z-image-turbo"\n\n[params]\nprompt = "a cat"\nseed = 1\n'
    (project / "presets/cat.toml").write_text(preset)
    (project / "a workflow.json").write_text(GOOD)
    (project / "package.json").write_text('{"name": "x"}\n')
    (project / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (project / "dot.png").write_bytes(picture())
    git("add", "-A").needs(0)
    Run(["pre-commit", "install"], project, env).needs(0)

    start = time.monotonic()
    Run(["pre-commit", "install-hooks"], project, env).needs(0)
    print(f"pre-commit built the hooks in {time.monotonic() - start:.0f} s", flush=True)

    # No output is committed yet, so one hook fails; then it is.
    git("commit", "-m", "one").needs(1, "wfc lint...", "Passed", "wfc build --check...", "cat.workflow_api.json")
    built = list(Path(env["PRE_COMMIT_HOME"]).glob("repo*/rustenv-*/bin/wfc"))
    check(len(built) == 1, "both hooks share one build", str(built))
    Run([built[0], "build", "presets/cat.toml"], project, env).needs(0)
    git("add", "-A").needs(0)
    git("commit", "-m", "one").needs(0)

    # A preset that no longer fits its output, a preset that is wrong, a workflow that ComfyUI refuses.
    (project / "presets/cat.toml").write_text(preset.replace("seed = 1", "seed = 2"))
    git("commit", "-am", "two").needs(1, "wfc lint...", "Passed", "Failed", "- hook id: wfc-build-check")
    (project / "presets/cat.toml").write_text(preset.replace("seed", "sede"))
    git("commit", "-am", "two").needs(1, "- hook id: wfc-lint", "unknown-param", "presets/cat.toml:5:1")
    (project / "presets/cat.toml").write_text(preset)
    (project / "a workflow.json").write_text(BAD)
    git("commit", "-am", "two").needs(1, "- hook id: wfc-lint", "a workflow.json:1:", "batch_size", "1 error in 1 file")
    (project / "a workflow.json").write_text(GOOD)
    (project / "package.json").write_text('{"name": "y"}\n')
    git("commit", "-am", "two").needs(0, "wfc lint...", "Passed")

    # Snapshots in the place of outputs alone.
    (project / ".pre-commit-config.yaml").write_text(config.replace("wfc-build-check", "wfc-snapshot"))
    (project / "presets/cat.toml").write_text(preset.replace("seed = 1", "seed = 3"))
    git("add", "-A").needs(0)
    git("commit", "-m", "three").needs(1, "wfc lint...", "wfc snapshot...", "Failed", "cat.graph.txt is missing")
    Run([built[0], "snapshot", "--update"], project, env).needs(0)
    git("add", "-A").needs(0)
    git("commit", "-m", "three").needs(0, "wfc snapshot...", "Passed")
    Run(["pre-commit", "run", "--all-files"], project, env).needs(0)
    return built[0]


def expand(value, names):
    """GitHub's `${{ … }}`, as far as action.yml uses it."""
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: names[found[1]], value)


class Action:
    """Runs the steps of action.yml as a runner does."""

    def __init__(self, folder, env, wfc):
        self.folder, self.env, self.wfc = folder, env, wfc
        self.text = yaml.safe_load((wfc / "action.yml").read_text())
        self.temp = folder / "runner"
        self.temp.mkdir()
        self.used = []

    def __call__(self, workspace, is_cached=True, **given):
        inputs = {name: spec["default"] for name, spec in self.text["inputs"].items()}
        given = {name.replace("_", "-"): value for name, value in given.items()}
        check(set(given) <= set(inputs), "only declared inputs are given", str(given))
        names = {f"inputs.{name}": value for name, value in (inputs | given).items()}
        names |= {"runner.temp": str(self.temp), "runner.os": "Linux", "runner.arch": "X64"}
        names["steps.cache.outputs.cache-hit"] = "true" if is_cached else ""
        said = Run(["true"], self.folder, self.env)
        for step in self.text["runs"]["steps"]:
            condition = step.get("if")
            if condition is not None:
                check(condition == "steps.cache.outputs.cache-hit != 'true'", "a known condition", condition)
                if is_cached:
                    continue
            if "uses" in step:
                self.used.append((step["uses"], {key: expand(value, names) for key, value in step["with"].items()}))
                continue
            said = self.step(step, workspace, names)
            if said.code != 0:
                break
        report = names.get("steps.lint.outputs.report", "")
        return said, report

    def step(self, step, workspace, names):
        check(step["shell"] == "bash" and "${{" not in step["run"], "a script in bash that nothing is pasted into")
        (script := self.temp / "script.sh").write_text(step["run"])
        (output := self.temp / "output").write_text("")
        env = self.env | {key: expand(value, names) for key, value in step.get("env", {}).items()}
        env |= {"GITHUB_ACTION_PATH": str(self.wfc), "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output),
                "GITHUB_PATH": str(self.temp / "path")}
        said = Run(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], workspace, env)
        for line in output.read_text().splitlines():
            key, value = line.split("=", 1)
            names[f"steps.{step['id']}.outputs.{key}"] = value
        return said


def action(folder, env, wfc, page):
    workspace = folder / "workspace"
    (workspace / "two words").mkdir(parents=True)
    (workspace / "good.json").write_text(GOOD)
    (workspace / "two words/bad.json").write_text(BAD)
    run = Action(folder, env, wfc)

    start = time.monotonic()
    said, report = run(workspace, is_cached=False)
    print(f"the action built wfc in {time.monotonic() - start:.0f} s", flush=True)
    said.needs(1, "::error title=", ",file=two words/bad.json,line=1,", "1 error in 2 files")
    check(report == "", "annotations have no file")
    said, _ = run(workspace, paths="good.json\n")
    said.needs(0, "no problems in 1 file")
    said, _ = run(workspace, paths="good.json\ntwo words\n", fail_on="never")
    said.needs(0, "::error title=", "1 error in 2 files")
    said, _ = run(workspace, paths="two words", args="--catalog\nno such file.json\n")
    said.needs(2, "no such file.json")
    said, _ = run(workspace, paths="$(touch hacked)\n; touch hacked", fail_on="never")
    check(not (workspace / "hacked").exists() and said.code == 2, "inputs are no commands", said.text)

    said, report = run(workspace, format="sarif")
    said.needs(1, "two words/bad.json:1:")
    check(report == "wfc.sarif", "the report's default name", report)
    log = json.loads((workspace / report).read_text())
    check([it["ruleId"] for it in log["runs"][0]["results"]] == ["value-smaller-than-min"], "the finding", str(log))
    said, report = run(workspace, format="junit", output="out.xml", fail_on="never")
    said.needs(0)
    suites = xml.etree.ElementTree.parse(workspace / report).getroot()
    check(len(suites.findall("./testsuite/testcase")) == int(suites.get("tests")) == 2, "cases", str(suites.attrib))
    check(len(suites.findall(".//failure")) == int(suites.get("failures")) == 1, "failures", str(suites.attrib))

    key = run.used[0][1]["key"]
    check(re.fullmatch(r"wfc-Linux-X64-[0-9a-f]{40}", key), "the cache's key", key)
    check(all(used == run.used[0] for used in run.used), "the same files give the same key")
    (wfc / "src/new.rs").write_text("")
    run(workspace)
    (wfc / "src/new.rs").unlink()
    check(run.used[-1][1]["key"] != key, "other files give another key")

    table = page.split("| input | default | |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| *(`.*?`)? *\|", table, re.MULTILINE)
    expected = [(name, f"`{spec['default']}`" if spec["default"] else "") for name, spec in run.text["inputs"].items()]
    check(rows == expected, "docs/ci.md lists the inputs and their defaults", f"{rows}\n{expected}")


def documents(folder, env, page, shown):
    """Everything that others read is what they take."""
    def valid(schema, path):
        Run(["check-jsonschema", "--builtin-schema", f"vendor.{schema}", path], folder, env).needs(0)

    valid("github-actions", ROOT / "action.yml")
    Run(["pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"], folder, env).needs(0)
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    for name, texts in shown.items():
        for text in texts:
            (path := folder / "example.yaml").write_text(text)
            if name.startswith(".github/workflows/"):
                valid("github-workflows", path)
                for job in yaml.safe_load(text)["jobs"].values():
                    for step in job["steps"]:
                        if "/wfc@" in step.get("uses", ""):
                            check(set(step.get("with", {})) <= set(inputs), "inputs of an example are declared", text)
            elif name == ".gitlab-ci.yml":
                valid("gitlab-ci", path)
            else:
                check(name == ".pre-commit-config.yaml", "an example of a known file", name)
                Run(["pre-commit", "validate-config", path], folder, env).needs(0)
    names = {".github/workflows/wfc.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml"}
    check(set(shown) == names, "docs/ci.md shows each kind of file", str(set(shown)))


def main():
    page = (ROOT / "docs/ci.md").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        shown = examples(page)
        documents(folder, env, page, shown)
        wfc, revision = snapshot(folder, env)
        pre_commit(folder, env, wfc, revision, shown[".pre-commit-config.yaml"][0])
        action(folder, env, wfc, page)
    print(f"{passed} passed, 0 failed")


main()
