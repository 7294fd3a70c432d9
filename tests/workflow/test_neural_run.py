"""The first experiment with Coqui's voice, in its own environment."""

import pytest

from tauspeech.data import manifest
from tauspeech.runtime.environments import folder_of
from tauspeech.runtime.paths import ROOT
from tests.workflow.project import Project, new_project

pytestmark = pytest.mark.tts


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    environment = ROOT / folder_of("coqui")
    if not (environment / "ready").is_file():
        pytest.skip("the environment of Coqui TTS is not there: make test-tts makes it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAUSPEECH_ENVIRONMENTS", str(environment.parent))
        made = new_project(tmp_path_factory.mktemp("neural") / "project", "neural_tiny.yaml")
        made.run()
        yield made


def test_every_stage_ran_and_the_neural_voice_spoke(project):
    rows = manifest.read(project.result("speech/berlin-wall.parquet"))
    assert len(rows) == 24
    voices = {row["voice"].rpartition("/")[0] for row in rows}
    assert voices == {"coqui/mini", "espeak"}
    neural = [row for row in rows if row["voice"].startswith("coqui")]
    assert {row["engine"] for row in neural} == {"coqui-tts 0.28.0 mini"}
    assert all(0.5 < row["seconds"] < 10 for row in neural)
    assert project.result("report.html").is_file()


def test_a_share_made_again_has_the_same_bytes(project):
    share = project.result("tts/coqui/berlin-wall--coqui-mini.parquet")
    before = share.read_bytes()
    share.with_suffix(".receipt.json").unlink()
    project.run(str(share.with_suffix(".receipt.json").relative_to(project.folder)))
    assert share.read_bytes() == before


def test_the_environment_is_made_once(project):
    assert not {job for job in project.planned("--forceall") if job.startswith("environment")}
