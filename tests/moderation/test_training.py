"""Training that goes on after a kill, and an export that reads as the network does."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.detoxify
torch = pytest.importorskip("torch")


def start(state, out):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.moderation.tiny_training", str(state), str(out)],
        stdout=subprocess.DEVNULL,
    )


def weights(path):
    return torch.load(path, weights_only=True)


def test_a_run_that_was_killed_ends_where_an_unbroken_one_does(tmp_path):
    unbroken, state, broken = (tmp_path / name for name in ("a.pt", "state.pt", "b.pt"))
    assert start(tmp_path / "other.pt", unbroken).wait() == 0

    first = start(state, broken)
    while not state.exists() and first.poll() is None:
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not broken.exists()
    assert weights(state)["step"] >= 2

    assert start(state, broken).wait() == 0
    ours, theirs = weights(broken), weights(unbroken)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_exported_file_reads_as_the_network_it_came_from(tmp_path):
    pytest.importorskip("onnx")
    from moderation.encoder import load_encoder
    from moderation.normalise import unmask
    from moderation.registry import TOKENIZER, find_model
    from moderation.training.export import export
    from moderation.training.network import Network

    torch.manual_seed(1)
    network = Network().eval()
    export({name: v.numpy() for name, v in network.state_dict().items()}, tmp_path / "e.onnx")
    encoder = load_encoder(tmp_path / "e.onnx", find_model().path(TOKENIZER))
    reading = encoder.beside(unmask("that sounds so lonely, I'm sorry"), unmask("he left me"))
    read = encoder.read([reading])[0]
    with torch.no_grad():
        inputs = (reading.ids, reading.parts, (1,) * len(reading.ids))
        heads, marks = network(*(torch.tensor([row]) for row in inputs))
    assert read.heads == pytest.approx(heads[0].numpy(), abs=0.06)
    assert read.marks == pytest.approx(marks[0, 1 : 1 + len(read.offsets)].numpy(), abs=0.06)


def test_a_communitys_rows_are_read_in_the_second_stage_and_train(tmp_path):
    from moderation.registry import TOKENIZER, find_model
    from moderation.training.datasets import Row
    from moderation.training.decided import SOURCE
    from moderation.training.examples import GAP, Reader
    from moderation.training.finetune import STAGES, Run, Stage, plan
    from moderation.training.network import Network

    some_danger = (1.0, *[GAP] * 5)
    rows = [Row("you are all the same", SOURCE, "a", {"toxicity": 1, "threat": 1})]
    rows += [Row("i cannot go on like this", SOURCE, "b", {}, at_least=some_danger)]
    rows += [Row("i could sleep for a week", SOURCE, "c", {"risk": 0})] * 2
    at_large, together = (plan(rows, stage, 1) for stage in STAGES)
    assert at_large == []
    assert {id(row) for row in together} == {id(row) for row in rows}

    torch.manual_seed(3)
    network = Network()
    before = network.heads.bias.detach().clone()
    stage = Stage("tiny", {SOURCE: 4.0}, 1e-3, 1e-3, batch_tokens=64)
    run = Run(stage, rows, Reader(find_model().path(TOKENIZER)), 5)
    after = run.finish(network, tmp_path / "state.pt").heads.bias.detach()
    assert torch.isfinite(after).all()
    assert not torch.equal(after, before)


def test_the_average_goes_on_with_a_teacher_and_nothing_is_done_twice(tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    from moderation.registry import TOKENIZER, find_model
    from moderation.training import lessons, teacher, train
    from moderation.training.datasets import Row, contrast
    from moderation.training.examples import Reader
    from moderation.training.finetune import Run, Stage
    from moderation.training.network import Network

    tokenizer = find_model().path(TOKENIZER)
    (tmp_path / "tokenizer.json").write_bytes(tokenizer.read_bytes())
    shares = {"contrast-train": 1.0, "epitome": 1.0}
    tiny = [Stage(name, shares, 1e-4, 0.0, 512) for name in ("first", "second")]
    finished, started, read = [], {}, []
    finish, answers = Run.finish, teacher.answers

    def seen(run, network, state):
        finished.append(state.stem)
        started[state.stem] = (network.heads.weight.detach().clone(), len(run._batches))
        return finish(run, network, state)

    def answering(network, asked, name):
        read.append(name)
        return answers(network, asked, name)

    monkeypatch.setattr(teacher, "answers", answering)
    monkeypatch.setattr(Run, "finish", seen)
    for module in (train, teacher):
        monkeypatch.setattr(module, "TAUGHT", tiny[1])
        monkeypatch.setattr(module, "from_base", lambda _: Network())
    monkeypatch.setattr(train, "STAGES", tiny)
    monkeypatch.setattr(lessons, "_MIXED_PAIRS", {"epitome": 40})
    monkeypatch.setattr(train, "base_folder", lambda: tmp_path)
    monkeypatch.setattr(teacher, "STAGE", tiny[1])
    monkeypatch.setattr(teacher, "unpack_base", lambda _: tmp_path)
    monkeypatch.setattr(teacher, "reader", lambda _: Reader(tokenizer))
    post = "my sister moved away and the house is so quiet now"
    peers = Row("that sounds lonely", "epitome", "a", {"emotional_reaction": 2}, post)
    rows = [*contrast("train")[:8], peers]

    def all_of_it():
        torch.manual_seed(3)
        first = train.tune(rows, tmp_path, tmp_path, 1)
        return first, train.teach(rows, train.average([first]), tmp_path, [1])

    first, taught = all_of_it()
    assert finished == [
        "shared-at-large", "seed-1-together", "teacher", "taught-1",
    ]  # fmt: skip
    begun, batches = started["taught-1"]
    assert torch.equal(begun, first["heads.weight"])
    assert batches > started["seed-1-together"][1], "texts are read that nobody labelled"
    assert not torch.equal(begun, taught["heads.weight"])
    again, taught_again = all_of_it()
    assert len(finished) == 4
    assert read == ["the average", "the teacher"]
    assert all(torch.equal(taught[name], taught_again[name]) for name in taught)
    assert all(torch.equal(first[name], again[name]) for name in first)
