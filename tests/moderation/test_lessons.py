"""What larger readers made of a text, beside people's labels; and the larger reader itself."""

from dataclasses import replace

import numpy as np
import pytest

from moderation.outputs import ABOUT_COLUMNS, AT, HEADS, MARKS
from moderation.registry import TOKENIZER, find_model
from moderation.training.datasets import Row
from moderation.training.examples import GAP, Reader
from moderation.training.lessons import Lesson, Lessons, key_of, load, mean, save, unlabelled

READER = Reader(find_model().path(TOKENIZER))
POST = "my sister moved away and the house is so quiet now"
REPLY = Row(
    "that sounds lonely", "epitome", "a", {"emotional_reaction": 2, "toxicity": 0}, POST,
    marks={"emotional_reaction": [(0, 18)]},
)  # fmt: skip
QUOTED = Row("he said he would end it", "contrast-train", "b", {"risk": 0}, about="another")


def at(chance):
    return np.log(chance / (1 - chance))


def lesson_for(example, chance=0.8):
    odds = np.full(len(HEADS), at(chance), dtype=np.float32)
    return Lesson(odds, np.full((len(example), len(MARKS)), at(0.7), dtype=np.float32))


def taught(row, number, mistyped=None):
    """Of one of a row's readings: as it was, and with a lesson."""
    example = list(READER.examples(row, mistyped))[number]
    plain = list(READER.examples(row))[number]
    lessons = Lessons({key_of(row, plain): lesson_for(plain)}, [])
    return example, lessons.taught(row, example, mistyped)


def test_a_label_and_a_lesson_are_mixed_and_a_lesson_speaks_alone_where_there_is_no_label():
    _, said = taught(REPLY, 0)
    assert said.target[AT["toxicity"]] == pytest.approx(0.7 * 0.8)
    assert said.counts[AT["toxicity"]] == 1
    assert said.target[AT["threat"]] == pytest.approx(0.8)
    assert said.counts[AT["threat"]] == 1


def test_a_reading_alone_learns_nothing_of_replies_and_a_reading_of_a_reply_nothing_else():
    (alone, said), (beside, done) = taught(REPLY, 0), taught(REPLY, 1)
    assert done.target[AT["emotional_reaction>=1"]] == pytest.approx(0.3 + 0.7 * 0.8)
    for before, after, head in ((alone, said, "emotional_reaction>=1"), (beside, done, "toxicity")):
        assert (before.target[AT[head]], after.target[AT[head]]) == (GAP, GAP)
        assert after.counts[AT[head]] == 0


def test_whom_it_is_about_stays_one_question_with_one_sum():
    _, said = taught(QUOTED, 0)
    block = said.target[ABOUT_COLUMNS]
    assert block.sum() == pytest.approx(1)
    assert said.target[AT["about:another"]] == pytest.approx(0.3 + 0.7 / 6)
    _, other = taught(REPLY, 0)
    assert other.target[ABOUT_COLUMNS] == pytest.approx(np.full(6, 1 / 6))


def test_words_are_learnt_where_the_text_is_and_not_in_what_it_answers():
    example, done = taught(REPLY, 1)
    own = example.parts.index(1)
    reaction, asking = MARKS.index("emotional_reaction"), MARKS.index("exploration")
    assert done.marks[1, reaction] == pytest.approx(0.3 + 0.7 * 0.7)
    assert done.marks[1:own, asking] == pytest.approx(np.full(own - 1, 0.7))
    assert (done.marks_count[1:own, asking] == 0.5).all()
    assert not done.marks_count[own:].any()
    assert not done.marks_count[0].any()
    assert not done.marks_count[:, MARKS.index("toxicity")].any()


def test_a_mistyped_text_has_other_tokens_and_learns_of_heads_alone():
    example, said = taught(REPLY, 1, mistyped="that sounds alone")
    assert len(said) == len(list(READER.examples(REPLY))[1])
    assert (said.marks == example.marks).all()
    assert said.counts[AT["exploration>=1"]] == 1


def test_lessons_are_kept_and_no_words_with_them(tmp_path):
    examples = [one for row in (REPLY, QUOTED) for one in READER.examples(row)]
    rows = (REPLY, REPLY, QUOTED)
    given = {key_of(row, one): lesson_for(one) for row, one in zip(rows, examples, strict=True)}
    assert len(given) == 3
    save(tmp_path / "lessons.npz", given)
    found = load(tmp_path / "lessons.npz")
    assert found.keys() == given.keys()
    for key, lesson in given.items():
        assert found[key].heads == pytest.approx(lesson.heads)
        assert found[key].marks == pytest.approx(lesson.marks, abs=0.001)
    assert not any("lonely" in key for key in found)


def test_two_readers_are_averaged_and_the_words_are_ours():
    one = Lesson(np.array([0.0, 2.0]), np.array([[1.0]]))
    [found] = mean(
        {"a": one}, {"a": Lesson(np.array([1.0, 4.0]), np.array([[9.0], [9.0]]))}
    ).values()
    assert found.heads == pytest.approx([0.5, 3.0])
    assert found.marks is one.marks


def test_more_is_read_where_peers_wrote_and_is_the_same_every_time():
    posts = (POST, *(f"{number} nights awake" for number in range(20)))
    rows = [replace(REPLY, in_reply_to=post) for post in posts]
    rows.append(Row("tell me more", "contrast-train", "c", {"dismissive": 0}, "i am tired"))
    more = unlabelled(rows)
    assert more == unlabelled(rows)
    assert Row(POST, "post", POST) in more
    assert Row("tell me more", "mixed", "", in_reply_to=POST) in more
    assert not any(row.labels for row in more)
    assert unlabelled([QUOTED]) == []


@pytest.mark.detoxify
def test_the_teacher_reads_as_mpnet_does(tmp_path):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from safetensors.torch import save_file

    from moderation.training import teacher
    from moderation.training.network import LARGE

    config = transformers.MPNetConfig(
        vocab_size=LARGE.vocabulary, hidden_size=LARGE.width, num_hidden_layers=LARGE.layers,
        num_attention_heads=LARGE.attention, intermediate_size=LARGE.inner,
        max_position_embeddings=LARGE.positions, layer_norm_eps=LARGE.epsilon,
    )  # fmt: skip
    torch.manual_seed(1)
    theirs = transformers.MPNetModel(config, add_pooling_layer=False).eval()
    torch.nn.init.normal_(theirs.encoder.relative_attention_bias.weight, std=2.0)
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours = teacher.from_base(tmp_path).eval()
    seen = []
    ours.marks.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    ids = torch.randint(5, 30_000, (2, 300))
    read = torch.ones_like(ids)
    ids[1, 200:], read[1, 200:] = 1, 0
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=read).last_hidden_state
        ours(ids, torch.zeros_like(ids), read)
    assert torch.allclose(seen[0][read == 1], expected[read == 1], atol=1e-3)


@pytest.mark.detoxify
def test_another_base_of_the_teacher_is_refused(tmp_path):
    pytest.importorskip("torch")
    from moderation.training import teacher

    with pytest.raises(SystemExit, match="not the one that was expected"):
        teacher._write(tmp_path / "tokenizer.json", b"{}")
    assert not list(tmp_path.iterdir())
