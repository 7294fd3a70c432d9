"""The fingerprint of a stage's code: it sees what can change a result, and nothing else."""

import pytest

from tauspeech.plan.fingerprint import SCRIPTS, fingerprint
from tauspeech.runtime.stages import STAGES

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
    "tauspeech/room/list.tsv": "a\tb\n",
    "tauspeech/attic/__init__.py": "",
    "tauspeech/attic/hidden.py": "VALUE = 3\n",
    "tauspeech/attic/page.jinja": "<p>\n",
    "tauspeech/attic/page.css": "p {}\n",
    "tauspeech/cellar/__init__.py": "",
    "tauspeech/cellar/list.tsv": "a\tb\n",
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
        {"tauspeech/room/notes.md": "x", "tauspeech/room/new.py": "VALUE = 1\n", "other.py": "VALUE = 1\n"},
    ],
    ids=["comment", "docstring", "layout", "long docstring", "blank lines", "runtime", "behind runtime", "unused",
         "data of an unused folder", "new files"],
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
        edited("tauspeech/room/list.tsv", "a\tb", "a\tc"),
        edited("tauspeech/attic/page.jinja", "<p>", "<q>"),
        edited("tauspeech/attic/page.css", "p", "q"),
        {"tauspeech/room/more.tsv": "x\n"},
    ],
    ids=["script", "type", "string", "default", "module", "term", "imported", "import of a module", "import inside",
         "list", "template", "style", "another list"],
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
