"""Stand-ins for CIs but GitHub's: each runs the script blocks of an example's pipeline in their order, in a real shell.

What a server of theirs would do is done here in few lines: inputs and variables are filled in, artifacts are handed on,
a job that fails ends the pipeline. A construct that is not known here is an error, and never passed over.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = ROOT / "ci/examples"
PROJECT: Final = EXAMPLES / "make"
LONGEST_S: Final = 600
RUN: Final = "run-17"


@dataclass(kw_only=True)
class Pipeline:
    """One run for one commit: the project, the keys beside it, and what happens between two jobs."""

    project: Path
    keys: Path
    commit: str
    trust_sha256: str
    between: Callable[[str, Path], None] = lambda _job, _place: None
    """Called before each job with its name and its folder: where an attacker does his work."""
    printed: list[str] = field(default_factory=list)

    def run(self, job: str, script: str, place: Path, variables: Mapping[str, str], shell: str = "bash") -> bool:
        """Run one script; return whether it went well."""
        self.between(job, place)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(self.keys), "LANG": "C.UTF-8", **variables}
        done = subprocess.run(
            [shell, "-e", "-c", script],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        self.printed.append(done.stdout)
        return done.returncode == 0

    @property
    def signing(self) -> dict[str, str]:
        """Where the keys lie."""
        return {"SEALER_KEY": str(self.keys / "sealer.key"), "WRITER_KEY": str(self.keys / "writer.key")}


def documents(path: Path) -> list[Any]:
    """Return the documents of a YAML file."""
    return list(YAML(typ="safe").load_all(path))


def make(pipeline: Pipeline) -> Path:
    """Run the targets as the example's README says; return the folder in which something may have been published."""
    variables = {
        **pipeline.signing,
        "ATTEST_COMMIT": pipeline.commit,
        "ATTEST_RUN": RUN,
        "ATTEST_TRUST_SHA256": pipeline.trust_sha256,
    }
    for target in ("build", "seal", "test", "release"):
        if not pipeline.run(target, f"make {target}", pipeline.project, variables):
            break
    return pipeline.project


def gitlab(pipeline: Pipeline) -> Path:
    """Run the jobs of .gitlab-ci.yml, each in a checkout of its own with the artifacts of those before it."""
    (whole,) = documents(EXAMPLES / "gitlab/.gitlab-ci.yml")
    predefined = {
        **pipeline.signing,
        "CI_COMMIT_SHA": pipeline.commit,
        "CI_PIPELINE_ID": RUN,
        "CI_COMMIT_TAG": "v1",
        "ATTEST_TRUST_SHA256": pipeline.trust_sha256,
    }
    (included,) = whole.pop("include")
    assert included["component"] == "$CI_SERVER_FQDN/mcp-attest/gitlab/gate@0.1.0"
    jobs = component(ROOT / "ci/gitlab/templates/gate/template.yml", included["inputs"])
    stages, default, variables = (whole.pop(key) for key in ("stages", "default", "variables"))
    jobs |= whole
    kept = pipeline.keys / "artifacts"
    place = pipeline.project
    for number, (name, job) in enumerate(sorted(jobs.items(), key=lambda item: stages.index(item[1]["stage"]))):
        assert set(job) <= {"stage", "image", "variables", "script", "artifacts", "rules"}, name
        place = pipeline.keys / f"checkout-{number}"
        shutil.copytree(pipeline.project, place)
        if kept.exists():
            shutil.copytree(kept, place, dirs_exist_ok=True)
        known = predefined | {key: expanded(value, predefined) for key, value in variables.items()}
        own = known | {key: expanded(str(value), known) for key, value in job.get("variables", {}).items()}
        lines = [*default["before_script"], *([job["script"]] if isinstance(job["script"], str) else job["script"])]
        passed = pipeline.run(name, "\n".join(lines), place, own)
        for artifact in job.get("artifacts", {}).get("paths", ()):
            if passed or job["artifacts"].get("when") == "always":
                copied(place / artifact, kept / artifact)
        if not passed:
            break
    return place


def component(template: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the jobs of a component, its inputs filled in as text."""
    specification, body = template.read_text().split("\n---\n")
    declared = YAML(typ="safe").load(specification)["spec"]["inputs"]
    assert set(given) <= set(declared), "an input that is not declared"
    inputs = {name: given.get(name, about.get("default")) for name, about in declared.items()}
    assert None not in inputs.values(), "an input that is required"
    filled = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: str(inputs[match[1]]), body)
    jobs: dict[str, Any] = YAML(typ="safe").load(filled)
    return jobs


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Fill in `$NAME`."""
    return re.sub(r"\$(\w+)", lambda match: variables[match[1]], text)


def copied(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copy2(source, target)


def tekton(pipeline: Pipeline) -> Path:
    """Run the tasks of the Pipeline, in the order of `runAfter`, on one workspace."""
    (whole,) = documents(EXAMPLES / "tekton/pipeline.yaml")
    (gate,) = documents(ROOT / "ci/tekton/attest-gate.yaml")
    places = {"source": str(pipeline.project), "keys": str(pipeline.keys)}
    outer = {
        "params.IMAGE": "image@sha256:0",
        "params.COMMIT": pipeline.commit,
        "params.TRUST_SHA256": pipeline.trust_sha256,
        "context.pipelineRun.name": RUN,
    }
    done: list[str] = []
    for task in whole["spec"]["tasks"]:
        assert set(task.get("runAfter", ())) <= set(done)
        specification = gate["spec"] if "taskRef" in task else task["taskSpec"]
        given = {param["name"]: substituted(param["value"], outer) for param in task["params"]}
        names = {f"workspaces.{name}.path": path for name, path in places.items()} | {"context.taskRun.name": "task"}
        for param in specification["params"]:
            names[f"params.{param['name']}"] = given.pop(param["name"], "") or substituted(param["default"], names)
        assert not given, "a parameter that is not declared"
        for result in specification.get("results", ()):
            names[f"results.{result['name']}.path"] = str(pipeline.keys / f"result-{result['name']}")
        for step in specification["steps"]:
            environment = {entry["name"]: substituted(entry["value"], names) for entry in step.get("env", ())}
            assert "$(params" not in step["script"]
            if not pipeline.run(task["name"], step["script"], Path(names["workspaces.source.path"]), environment):
                return pipeline.project
        done.append(task["name"])
    return pipeline.project


def substituted(text: str, names: Mapping[str, str]) -> str:
    """Fill in `$(NAME)`; one that is not known is an error."""
    return re.sub(r"\$\(([\w.-]+)\)", lambda match: names[match[1]], text)


def jenkins(pipeline: Pipeline) -> Path:
    """Run the stages of the Jenkinsfile: its `sh` blocks, with the environment of the pipeline and the stage."""
    text = (EXAMPLES / "jenkins/Jenkinsfile").read_text()
    credentials = {
        "attest-sealer-key": pipeline.signing["SEALER_KEY"],
        "attest-writer-key": pipeline.signing["WRITER_KEY"],
        "attest-trust-sha256": pipeline.trust_sha256,
    }
    head, *stages = re.split(r"stage\('([^']+)'\) \{", text)
    outer = {"env.GIT_COMMIT": pipeline.commit, "env.BUILD_TAG": RUN}
    common = dict(assigned(head, credentials, outer))
    for name, body in zip(stages[::2], stages[1::2], strict=True):
        (script,) = re.findall(r"sh '''\n(.*?)'''", body, re.DOTALL)
        own = common | dict(assigned(body, credentials, outer))
        if not pipeline.run(name, script, pipeline.project, own, shell="sh"):
            break
    return pipeline.project


def assigned(text: str, credentials: Mapping[str, str], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what `environment` blocks assign."""
    for name, value in re.findall(r"^ +([A-Z_0-9]+) = (.+)$", text, re.MULTILINE):
        if match := re.fullmatch(r"credentials\('([\w-]+)'\)", value):
            yield name, credentials[match[1]]
        elif match := re.fullmatch(r'"\$\{([\w.]+)\}"', value):
            yield name, names[match[1]]
        else:
            match = re.fullmatch(r"'([^']*)'", value)
            assert match, value
            yield name, match[1]


def azure(pipeline: Pipeline) -> Path:
    """Run the steps of azure-pipelines.yml; tasks that only a server can do give what they are named for."""
    (whole,) = documents(EXAMPLES / "azure/azure-pipelines.yml")
    macros = {
        "Build.SourceVersion": pipeline.commit,
        "Build.BuildId": RUN,
        "Build.SourcesDirectory": str(pipeline.project),
        "trustSha256": pipeline.trust_sha256,
        "sealer.secureFilePath": pipeline.signing["SEALER_KEY"],
        "writer.secureFilePath": pipeline.signing["WRITER_KEY"],
    }
    for step in azure_steps(whole["steps"]):
        if "task" in step:
            assert step["task"] in {"UsePythonVersion@0", "DownloadSecureFile@1", "PublishTestResults@2"}
            continue
        assert set(step) <= {"bash", "displayName", "env", "workingDirectory"}
        environment = {name: substituted(str(value), macros) for name, value in step.get("env", {}).items()}
        if not pipeline.run(step["displayName"], step["bash"], pipeline.project, environment):
            break
    return pipeline.project


def azure_steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the steps, those of the gate's template with its parameters filled in."""
    for step in steps:
        if "template" not in step:
            yield step
            continue
        (template,) = documents(ROOT / "ci/azure" / step["template"])
        given = dict(step["parameters"])
        names = {about["name"]: given.pop(about["name"], about.get("default")) for about in template["parameters"]}
        assert not given
        assert None not in names.values()
        parameters = {f"${{{{ parameters.{name} }}}}": str(value) for name, value in names.items()}
        for inner in template["steps"]:
            assert "${{" not in inner.get("bash", "")
            filled = {name: parameters.get(value, value) for name, value in inner.get("env", {}).items()}
            assert "${{" not in "".join(filled.values())
            yield {**inner, "env": filled} if filled else inner


SYSTEMS: Final[dict[str, Callable[[Pipeline], Path]]] = {
    "make": make,
    "gitlab": gitlab,
    "tekton": tekton,
    "jenkins": jenkins,
    "azure": azure,
}
"""Each runs the pipeline, and returns the folder in which `published/` is if the release went through."""
