"""A program of the user's: real small ones, which get texts that a shell would obey."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines.command import open_engine

ARGUMENTS = ["{text_file}", "{wav}", "{voice}", "{seed}", "{language}"]
# A tone that all it was given decides on, and a note of what that was.
SPEAKS = """
import json, pathlib, sys, zlib
import numpy as np, soundfile
text = pathlib.Path(sys.argv[1]).read_bytes()
pathlib.Path(NOTE).write_text(json.dumps([text.decode(), *sys.argv[3:]]))
pitch = 0.01 + zlib.crc32(text + "/".join(sys.argv[3:]).encode()) / 2**33
soundfile.write(sys.argv[2], 0.1 * np.sin(np.arange(2000) * pitch), 22050)
"""


@pytest.fixture
def note(tmp_path):
    return tmp_path / "note"


@pytest.fixture
def program(tmp_path, note, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def write(code, shell=False):
        path = tmp_path / "say"
        first = "#!/bin/sh" if shell else f"#!{sys.executable}"
        path.write_text(f"{first}\n{code.replace('NOTE', repr(str(note)))}", encoding="utf-8")
        path.chmod(0o755)
        return path

    return write


def opened(program, *arguments, language="en", **settings):
    model = {"engine": "command", "name": "mine", "program": [str(program), *(arguments or ARGUMENTS)]}
    return open_engine(model | settings, language)


def refused(engine, message):
    with pytest.raises(UserError, match=message) as caught:
        engine.synthesise("hello", "anna", 1)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_program_is_given_text_voice_seed_and_language(program, note):
    engine = opened(program(SPEAKS), language="zh")
    sound = engine.synthesise("你好", "anna", 2**40 + 7)
    assert engine.speakers == []
    assert note.read_text(encoding="utf-8") == '["\\u4f60\\u597d", "anna", "7", "zh"]'
    assert (sound.rate, sound.samples.dtype, sound.samples.shape) == (22_050, np.float32, (2000,))


def test_audio_does_not_depend_on_earlier_calls(program, tmp_path):
    engine = opened(program(SPEAKS))
    first = engine.synthesise("hello", "anna", 7).samples
    engine.synthesise("other", "anna", 7)
    np.testing.assert_array_equal(engine.synthesise("hello", "anna", 7).samples, first)
    for other in (("hello", "anna", 8), ("hello", "bert", 7), ("hullo", "anna", 7)):
        assert not np.array_equal(engine.synthesise(*other).samples, first)
    assert {path.name for path in tmp_path.iterdir()} == {"say", "note"}  # nothing temporary is left


@pytest.mark.parametrize(
    "text",
    [
        "$(touch pwned)",
        "`touch pwned`; touch pwned",
        "a' ; touch pwned #",
        'a" | touch pwned "',
        "one\ntouch pwned\n",
        "--help {voice} {wav} %s \\n \t",
        "&& touch pwned > pwned",
    ],
)
def test_a_text_is_data_and_never_obeyed(program, note, tmp_path, text):
    """Also by a shell script that reads the file as such scripts do."""
    opened(program(SPEAKS)).synthesise(text, "$(touch pwned)", 1)
    assert json.loads(note.read_text(encoding="utf-8"))[:2] == [text, "$(touch pwned)"]
    script = program(f'cat "$1" > {note}\nexec {sys.executable} -c "$SPEAK" "$2"', shell=True)
    os.environ["SPEAK"] = "import soundfile, sys; soundfile.write(sys.argv[1], [0.5] * 99, 16000)"
    try:
        opened(script).synthesise(text, "anna", 1)
    finally:
        del os.environ["SPEAK"]
    assert note.read_bytes() == text.encode()
    assert not (tmp_path / "pwned").exists()


def test_placeholders_may_stand_inside_of_an_argument_and_are_filled_once(program, note):
    engine = opened(program(SPEAKS), "{text_file}", "{wav}", "--voice={voice}:{seed}", "{other} {}")
    engine.synthesise("hello", "{seed}{wav}", 5)
    assert json.loads(note.read_text(encoding="utf-8"))[1:] == ["--voice={seed}{wav}:5", "{other} {}"]


def test_a_program_without_voices_needs_none(program, note):
    opened(program(SPEAKS), "{text_file}", "{wav}").synthesise("hello", None, 1)
    assert json.loads(note.read_text(encoding="utf-8")) == ["hello"]
    with pytest.raises(
        UserError, match=r"^key 'speech\.voices': command/mine names no voice.* such as command/mine/anna\.$"
    ):
        opened(program(SPEAKS)).synthesise("hello", None, 1)


def test_the_version_tells_one_program_from_another(program):
    one = opened(program(SPEAKS)).version
    assert one.startswith("command say ")
    assert opened(program(SPEAKS)).version == one
    assert opened(program(SPEAKS + "#")).version != one


def test_programs_of_the_path_and_of_this_folder_are_found(program, tmp_path, monkeypatch):
    program(SPEAKS)
    assert len(opened("./say").synthesise("hello", "anna", 1).samples) == 2000
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert len(opened("say").synthesise("hello", "anna", 1).samples) == 2000


def test_a_program_that_is_not_there_is_named(tmp_path):
    with pytest.raises(
        UserError, match=r"^speech\.models\.command\.mine\.program: './nowhere' is not an executable program"
    ):
        opened("./nowhere")
    (tmp_path / "plain").write_text("text", encoding="utf-8")
    with pytest.raises(UserError, match="plain' is not an executable program"):
        opened(tmp_path / "plain")


def test_a_program_whose_interpreter_is_missing_is_named(program):
    path = program(SPEAKS)
    path.write_text("#!/nowhere/python\n", encoding="utf-8")
    refused(opened(path), r"mine\.program: .*say cannot be started \(")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{wav}"], r"lacks '\{text_file\}'"),
        (["{text_file}"], r"lacks '\{wav\}'"),
        (
            ["{text_file}", "{wav}", "--say={text}"],
            r"has '\{text\}', but texts are never passed as arguments.*\{text_file\}",
        ),
    ],
)
def test_invalid_arguments_are_reported_before_the_first_sentence(program, arguments, message):
    with pytest.raises(UserError, match=rf"^speech\.models\.command\.mine\.program {message}"):
        opened(program(SPEAKS), *arguments)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(3)", r"ended with status 3 \(without an error message\)"),
        ("raise ValueError('no voice of that name')", r"ended with status 1 \(ValueError: no voice of that name\)"),
        ("import sys; sys.exit('x' * 10_000)", r"ended with status 1 \(x{197}\.\.\.\)"),
        ("import sys; print('first\\nlast\\n\\n', file=sys.stderr); sys.exit(2)", r"ended with status 2 \(last\)"),
        ("import os; os.kill(os.getpid(), 9)", r"was ended by signal 9"),
        ("", r"ended without an error but wrote no file \{wav\}"),
        ("import sys; open(sys.argv[2], 'w').write('no sound')", r"wrote a file that cannot be read as audio \("),
        ("import sys; open(sys.argv[2], 'w')", r"wrote a file that cannot be read as audio \("),
    ],
)
def test_a_failing_program_is_reported_with_its_last_line(program, code, message):
    assert len(refused(opened(program(code)), rf"^speech\.models\.command\.mine\.program: .*say {message}")) < 600


def alive(note):
    """Whether the process that left its number there still runs; one that waits to be buried does not."""
    try:
        state = Path(f"/proc/{int(note.read_text())}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def gone(note):
    """True if the process existed and has ended."""
    until = time.monotonic() + 20
    while alive(note) and time.monotonic() < until:
        time.sleep(0.05)
    return note.exists() and not alive(note)


def test_a_program_that_hangs_is_killed_with_its_children(program, note):
    path = program(f"sleep 60 &\necho $! > {note}\nwait", shell=True)
    begin = time.monotonic()
    refused(
        opened(path, timeout=4), r"did not end within 4 seconds: .* increase speech\.models\.command\.mine\.timeout"
    )
    assert time.monotonic() - begin < 30
    assert gone(note)


def test_a_program_is_ended_when_the_user_has_had_enough(program, note):
    def interrupt():
        for _ in range(100):
            time.sleep(0.2)
            if note.exists():
                break
        os.kill(os.getpid(), signal.SIGINT)

    path = program(f"echo $$ > {note}\nexec sleep 60", shell=True)
    # A shell lets what it runs in the background ignore the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            threading.Thread(target=interrupt, daemon=True).start()
            opened(path).synthesise("hello", "anna", 1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert gone(note)


def test_a_program_has_no_input_and_its_output_is_discarded(program, capfd):
    path = program("import sys; print('chatter'); assert sys.stdin.read() == ''" + SPEAKS)
    opened(path).synthesise("hello", "anna", 1)
    assert capfd.readouterr().out == ""
