"""The fingerprint of a stage's code: it sees what can change a result, and nothing else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tauspeech.experiments.lors import plan as lors_experiment
from tauspeech.experiments.rare_words import plan as rare_words
from tauspeech.plan import jobs
from tauspeech.plan.config import complete
from tauspeech.plan.fingerprint import SCRIPTS, fingerprint
from tauspeech.runtime.stages import STAGES

WORDS = "word_id\tzh\ten\tdomain\navignon\t阿维尼翁\tAvignon\tlocation\nraphael\t拉斐尔\tRaphael\tindividual\n"
CODE = {
    "run.py": '"""Script."""\n\nfrom tauspeech.runtime.job import Job\nfrom tauspeech.room import near\nimport tauspeech.room.other\n\n\ndef main(job):\n    return near.go(1)\n',
    "tauspeech/__init__.py": "",
    "tauspeech/runtime/__init__.py": "",
    "tauspeech/runtime/job.py": "from tauspeech.plan import jobs\nVALUE = 1\n",
    "tauspeech/plan/__init__.py": "",
    "tauspeech/plan/jobs.py": "VALUE = 1\n",
    "tauspeech/room/__init__.py": "",
    "tauspeech/room/near.py": 'from tauspeech.room.far import deep\n\n\ndef go(x):\n    """Go."""\n    # away\n    return deep(x) + 1\n',
    "tauspeech/room/far.py": "def deep(x):\n    from tauspeech.attic.hidden import VALUE\n\n    return x * VALUE\n",
    "tauspeech/room/other.py": "VALUE = 1\n",
    "tauspeech/room/unused.py": "VALUE = 1\n",
    "tauspeech/room/near.tsv": "a\tb\n",
    "tauspeech/room/near.schema.yaml": "a: b\n",
    "tauspeech/attic/__init__.py": "",
    "tauspeech/attic/hidden.py": "VALUE = 3\n",
    "tauspeech/attic/hidden.html.jinja": "<p>\n",
    "tauspeech/attic/hidden.css": "p {}\n",
    "tauspeech/cellar/__init__.py": "",
    "tauspeech/cellar/list.tsv": "a\tb\n",
    "tauspeech/cellar/engine.tsv": "a\tb\n",
}


@pytest.fixture
def printed(tmp_path):
    """The fingerprint of the code above with some files changed; each time in another folder."""
    count = iter(range(1000))

    def of(changes=None, modules=()):
        scripts = tmp_path / f"copy{next(count)}" / "scripts"
        for name, content in (CODE | (changes or {})).items():
            (scripts / name).parent.mkdir(parents=True, exist_ok=True)
            (scripts / name).write_text(content, encoding="utf-8")
        return fingerprint("run.py", modules, scripts)

    return of


def edited(file, before, after):
    assert before in CODE[file]
    return {file: CODE[file].replace(before, after)}


def test_a_moved_folder_changes_nothing(printed):
    assert printed() == printed()
    assert printed().startswith("run.py@")


@pytest.mark.parametrize(
    "harmless",
    [
        edited("tauspeech/room/near.py", "# away", "# elsewhere\n"),
        edited("tauspeech/room/near.py", '"""Go."""', '"""Go, as one does."""'),
        edited("tauspeech/room/near.py", "deep(x) + 1", "(deep( x )\n            + 1)"),
        edited("run.py", '"""Script."""', '"""Another docstring.\n\nOf several lines."""'),
        edited("run.py", "\n\n\ndef main", "\n\n\n\n\n# main\ndef main"),
        edited("tauspeech/runtime/job.py", "VALUE = 1", "VALUE = 2"),
        edited("tauspeech/plan/jobs.py", "VALUE = 1", "VALUE = 2"),
        edited("tauspeech/room/unused.py", "VALUE = 1", "VALUE = 2"),
        edited("tauspeech/cellar/list.tsv", "a", "c"),
        {"tauspeech/room/notes.md": "x", "tauspeech/room/more.tsv": "x\n", "tauspeech/room/new.py": "VALUE = 1\n", "other.py": "VALUE = 1\n"},
    ],
    ids=["comment", "docstring", "layout", "long docstring", "blank lines", "runtime", "behind runtime", "unused",
         "data of no module", "new files"],
)  # fmt: skip
def test_what_cannot_change_a_result_changes_nothing(printed, harmless):
    assert printed(harmless) == printed()


@pytest.mark.parametrize(
    "change",
    [
        edited("run.py", "near.go(1)", "near.go(2)"),
        edited("run.py", "near.go(1)", "near.go(True)"),
        edited("run.py", "near.go(1)", "near.go('1')"),
        edited("run.py", "def main(job)", "def main(job=None)"),
        edited("tauspeech/room/near.py", "deep(x) + 1", "deep(x) - 1"),
        edited("tauspeech/room/near.py", "deep(x) + 1", "deep(x)"),
        edited("tauspeech/room/far.py", "x * VALUE", "x + VALUE"),
        edited("tauspeech/room/other.py", "VALUE = 1", "VALUE = 2"),
        edited("tauspeech/attic/hidden.py", "VALUE = 3", "VALUE = 4"),
        edited("tauspeech/room/near.tsv", "a\tb", "a\tc"),
        edited("tauspeech/attic/hidden.html.jinja", "<p>", "<q>"),
        edited("tauspeech/attic/hidden.css", "p", "q"),
        edited("tauspeech/room/near.schema.yaml", "a: b", "a: c"),
        {"tauspeech/room/far.tsv": "x\n"},
    ],
    ids=["script", "type", "string", "default", "module", "term", "imported", "import of a module", "import inside",
         "table", "template", "style", "schema", "new table"],
)  # fmt: skip
def test_what_can_change_a_result_changes_it(printed, change):
    assert printed(change) != printed()


def test_a_string_that_is_no_docstring_counts(printed):
    code = CODE["tauspeech/room/other.py"]
    texts = [printed({"tauspeech/room/other.py": f'{code}"""{text}"""\nNAME = "{text}"\n'}) for text in "ab"]
    assert texts[0] != texts[1]


def test_a_first_docstring_changes_nothing(printed):
    assert printed(edited("tauspeech/room/near.py", '    """Go."""\n', "")) == printed()


def test_every_stage_has_its_script():
    prints = {stage: fingerprint(each.script) for stage, each in STAGES.items()}
    assert len(set(prints.values())) == len(STAGES)
    assert all((SCRIPTS / each.script).is_file() for each in STAGES.values())


# Modules that a script imports by name


def test_modules_given_by_name_are_covered_with_all_that_they_import(printed):
    named = ("tauspeech.cellar.engine",)
    code = {
        "tauspeech/cellar/engine.py": "from tauspeech.cellar.pump import VALUE\n",
        "tauspeech/cellar/pump.py": "VALUE = 1\n",
    }
    before = printed(code, named)
    assert printed(code) == printed(code | {"tauspeech/cellar/engine.py": "VALUE = 2\n"})
    assert before != printed(code)
    assert before != printed(code | {"tauspeech/cellar/engine.py": "VALUE = 2\n"}, named)
    assert before != printed(code | {"tauspeech/cellar/pump.py": "VALUE = 2\n"}, named)
    assert before != printed(code | edited("tauspeech/cellar/engine.tsv", "a", "c"), named)
    assert before == printed(code | {"tauspeech/cellar/other.py": "VALUE = 2\n"}, named)


def test_the_whole_folder_runtime_is_left_out(printed):
    code = {"tauspeech/runtime/deep/files.py": "VALUE = 1\n", "tauspeech/runtime/list.tsv": "a\n"}
    code["tauspeech/runtime/job.py"] = "from tauspeech.runtime.deep import files\nimport tauspeech.runtime.deep\n"
    named = ("tauspeech.runtime.deep.files",)
    assert (
        printed(code, named) == printed() == printed(code | {"tauspeech/runtime/deep/files.py": "VALUE = 2\n"}, named)
    )


def test_a_folder_whose_name_begins_like_runtime_counts(printed):
    named = ("tauspeech.runtime_of_audio",)
    texts = [printed({"tauspeech/runtime_of_audio.py": f"VALUE = {value}\n"}, named) for value in (1, 2)]
    assert texts[0] != texts[1]


# The package itself: which jobs a change of one file reaches


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Plans of small experiments: with every stage but those for recorded speech, a neural voice and candidates."""
    folder = tmp_path_factory.mktemp("plans")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "words.tsv").write_text(WORDS, encoding="utf-8")
        words = {"name": "w", "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
        lors = {"name": "l", "experiment": "lors", "base": "foundation/multilingual-tiny"}
        lors |= {"groups": {"high": {"languages": ["ca", "de"]}}, "scoring": {"sclite": False}}
        configs = {
            "rare_words": (rare_words, words),
            "neural": (rare_words, words | {"speech": {"voices": {"zh": ["coqui/mini"]}}}),
            "lors": (lors_experiment, lors),
        }
        return {name: experiment.plan(complete(config, name), folder) for name, (experiment, config) in configs.items()}


def replanned(plan):
    """The same plan without cached specifications and keys."""
    made = {}

    def again(job):
        if (job.stage, job.id) not in made:
            inputs = {
                role: [again(each) for each in found] if isinstance(found, list) else found and again(found)
                for role, found in job.inputs.items()
            }
            made[job.stage, job.id] = replace(job, inputs=inputs)
        return made[job.stage, job.id]

    return jobs.Plan([again(target) for target in plan.targets])


@pytest.fixture(scope="module")
def reached(tmp_path_factory, plans):
    """Stages of the jobs whose fingerprint a changed file of the package changes, by plan."""
    folder = tmp_path_factory.mktemp("code")
    count = iter(range(100))

    def copied():
        copy = folder / str(next(count))
        return Path(shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__")))

    def prints(scripts):
        return {
            (name, *place): fingerprint(STAGES[job.stage].script, job.modules, scripts)
            for name, plan in plans.items()
            for place, job in plan.jobs.items()
        }

    unchanged = prints(copied())

    def stages_by_plan(file):
        copy = copied()
        with (copy / "tauspeech" / file).open("a", encoding="utf-8") as module:
            module.write("\n\nCHANGED = 1\n")
        found = {name: set() for name in plans}
        for place, print_ in prints(copy).items():
            if print_ != unchanged[place]:
                found[place[0]].add(place[1])
        return found

    return stages_by_plan


def test_data_files_of_the_package_are_named_after_a_module():
    """Others would be no part of any fingerprint."""
    package = SCRIPTS / "tauspeech"
    for ending in ("tsv", "css", "jinja", "yaml"):
        for file in package.rglob(f"*.{ending}"):
            if file.parent.parent.name != "experiments":  # schemas of configurations, which specifications hold
                assert file.with_name(f"{file.name.partition('.')[0]}.py").is_file(), file


OPEN_MODELS = {"base", "finetune", "search", "decode", "voice_samples"}


def test_a_change_in_a_model_family_reaches_only_jobs_that_open_models(reached):
    assert reached("models/whisper/family.py") == {
        "rare_words": OPEN_MODELS | {"rarity"},
        "neural": OPEN_MODELS | {"rarity", "speech"},  # the base checks what neural voices have made
        "lors": OPEN_MODELS | {"intelligibility"},
    }


def test_a_change_in_how_foundations_are_built_reaches_only_a_base_that_is_trained(reached):
    assert reached("models/whisper/foundation.py") == {"rare_words": {"base"}, "neural": {"base"}, "lors": {"base"}}


def test_an_experiments_report_tables_and_figures_are_its_own(reached):
    none = {"rare_words": set(), "neural": set()}
    assert reached("experiments/lors/report.py") == none | {"lors": {"report"}}
    assert reached("experiments/lors/tables.py") == none | {"lors": {"table"}}
    assert reached("experiments/lors/figures.py") == none | {"lors": {"figure"}}


def test_a_plan_is_no_code_of_results(reached):
    nothing = {"rare_words": set(), "neural": set(), "lors": set()}
    for file in ("experiments/lors/plan.py", "plan/builder.py", "plan/jobs.py", "runtime/files.py", "runtime/job.py"):
        assert reached(file) == nothing, file


def test_a_merge_method_reaches_only_the_merges_and_searches_that_use_it(reached):
    of_words = {"search", "merge"}
    assert reached("vectors/methods/ties.py") == {"rare_words": of_words, "neural": of_words, "lors": set()}
    assert reached("vectors/methods/svd.py") == {"rare_words": set(), "neural": set(), "lors": {"search", "merge"}}


def test_what_follows_from_a_check_of_speech_reaches_no_speech_and_so_no_training(reached):
    checks = {"rarity", "intelligibility"}
    assert reached("scoring/intelligibility.py") == {
        "rare_words": checks,
        "neural": checks,
        "lors": {"intelligibility"},
    }


def test_an_engine_reaches_only_the_speech_that_it_makes(reached):
    assert reached("speech/engines/coqui.py") == {"rare_words": set(), "neural": {"tts"}, "lors": set()}
    assert reached("speech/engines/bark.py") == {"rare_words": set(), "neural": set(), "lors": set()}


def test_a_changed_report_leaves_every_specification_of_another_experiment(plans, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__")))
    with (copy / "tauspeech/experiments/lors/report.py").open("a", encoding="utf-8") as module:
        module.write("\n\nCHANGED = 1\n")
    before = {name: plan.specs() for name, plan in plans.items()}
    monkeypatch.setattr(jobs, "fingerprint", lambda script, modules: fingerprint(script, modules, copy))
    after = {name: replanned(plan).specs() for name, plan in plans.items()}
    changed = {name: {path for path in specs if specs[path] != after[name][path]} for name, specs in before.items()}
    assert changed == {"rare_words": set(), "neural": set(), "lors": {"plan/report/report.json"}}
