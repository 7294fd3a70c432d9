"""The API key is sent to its server and appears in no file or output."""

import json

from tests.bad_inputs.chat import ENVIRONMENT, KEY, VARIABLE, asks, chat, serving
from tests.bad_inputs.world import World


def holding(world: World, secret: str) -> list[str]:
    """Files anywhere around the project that have it, Snakemake's own notes and hidden ones too."""
    files = [path for path in world.root.rglob("*") if path.is_file()]
    return [str(path) for path in files if secret.encode() in path.read_bytes() or secret in path.name]


def answer() -> bytes:
    """Enough sentences, the last of which contains the key."""
    texts = [("早上的柏林墙很安静", "quiet in the morning"), ("我们明天去看柏林墙", "something for tomorrow afternoon")]
    texts += [("柏林墙旁边有一棵树", "beside an old and lonely tree"), (f"柏林墙 {KEY} 的钥匙", f"with the key {KEY}")]
    return chat(json.dumps({"sentences": [{"zh": zh, "en": f"The Berlin Wall is {en}."} for zh, en in texts]}))


def test_a_whole_run_leaves_the_key_in_no_file(world: World) -> None:
    """A run of Snakemake with a server that repeats the key in its answer."""
    with serving(200, answer()) as url:
        asks(world, url)
        target = "results/t/text/berlin-wall.receipt.json"
        ended = world.snakemake("--", target, environment=ENVIRONMENT)
    assert ended.status == 0, ended.out + ended.err
    assert "quiet in the morning" in (world.results / "text" / "berlin-wall.tsv").read_text(encoding="utf-8")
    assert VARIABLE in (world.results / "plan" / "runtime_settings.json").read_text(encoding="utf-8")
    assert (world.results / "answers" / "berlin-wall.jsonl").is_file()
    assert holding(world, KEY) == []
    assert KEY not in ended.out + ended.err


def test_a_run_that_fails_leaves_the_key_in_no_file(world: World) -> None:
    """An error response that repeats the key is in the job's log and in Snakemake's, masked."""
    with serving(401, f"the key {KEY} is not known here".encode()) as url:
        asks(world, url)
        ended = world.snakemake("--", "results/t/text/berlin-wall.receipt.json", environment=ENVIRONMENT)
    assert ended.status != 0
    log = (world.results / "logs" / "text" / "berlin-wall.log").read_text(encoding="utf-8")
    assert "the key [key] is not known here" in log
    assert holding(world, KEY) == []
    assert KEY not in ended.out + ended.err
