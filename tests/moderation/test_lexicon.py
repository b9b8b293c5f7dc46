import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import lexicon
from moderation.lexicon import LEXICON_REVIEW, LEXICON_VERSION, find, hits_in, urging_in
from moderation.normalise import normalise
from moderation.phrases import Lists, Tokens, read_phrase
from moderation.urgency import Urgency, most_urgent

# Written for this test. Never anybody's post.
MUST_FIND = [
    ("I have finished the letters, please forgive me", "now"),
    ("You were all so kind to me these months, goodbye", "now"),
    ("There is enough in the bottle for both of us", "now"),
    ("I keep thinking of the car and the tree by the bend", "soon"),
    ("She gave me her ring so that I have it. She said there's no point any more", "now"),
    ("Hoy pensé en despedirme de todos", "soon"),
    ("I want to kill myself", "soon"),
    ("I'm going to kill myself tonight", "now"),
    ("I took all my pills", "now"),
    ("I have taken an overdose.", "now"),
    ("I've just taken a massive overdose", "now"),
    ("I took an overdose an hour ago", "now"),
    ("I have the pills here and I am going to take them all now.", "now"),
    ("im gonna swallow all my tablets", "now"),
    ("I have the pills in front of me and I'm going to take them all", "now"),
    ("my friend has just taken pills", "now"),
    ("goodbye everyone, I loved you", "now"),
    ("kms", "soon"),
    ("I want to unalive myself tonight", "now"),
    ("sewerslide is on my mind", "soon"),
    ("I wish I was dead", "routine"),
    ("my stepdad touches me at night", "now"),
    ("I've written my suicide note", "now"),
    ("I'm standing on the bridge", "now"),
    ("years ago I tried to kill myself", "soon"),
    ("I tried to kill myself last night", "now"),
    ("I just swallowed two packs of paracetamol", "now"),
    ("my sister says she wants to kill herself", "now"),
    ("I want to k1ll mys3lf", "soon"),
    ("suicidal thoughts again", "routine"),
    ("I don't want to live anymore", "routine"),
    ("I cut myself again yesterday", "soon"),
    ("Ich will nicht mehr leben", "soon"),
    ("Ich habe gerade Tabletten genommen", "now"),
    ("voy a suicidarme esta noche", "now"),
    ("quiero morir", "soon"),
    ("je veux mourir", "soon"),
    ("je vais me suicider ce soir", "now"),
    ("أريد أن أموت", "soon"),
    ("سأنتحر الليلة", "now"),
    ("tonight is my last night", "now"),
    ("I bought a rope and tomorrow I will hang myself", "now"),
    ("there is no reason to live", "routine"),
    ("everyone would be better off without me", "routine"),
    ("I can't keep myself safe tonight", "now"),
    ("by the time you read this I'll be gone", "now"),
    ("my neighbour beats his little daughter", "now"),
    ("he has a knife and he is trying to kill me", "now"),
    ("I'm going to end it all this weekend", "now"),
    ("what's the point, I might just kill myself", "now"),
    ("I took 40 tylenol", "now"),
    ('he said "I want to die" and hung up', "routine"),
    ("I'm gonna kms tonight", "now"),
    ("I took the whole bottle of sleeping pills", "now"),
    ("my best friend just overdosed on pills", "now"),
    ("I want to die tonight", "soon"),
    ("I think about killing myself every day", "routine"),
    ("I relapsed and cut my thighs again", "soon"),
    ("my uncle molests my little sister", "now"),
    ("I want to f*cking k*ll myself", "soon"),
    ("I waaaant to diiiie", "routine"),
    ("ＩＷＡＮＴ to die, I want to die", "routine"),
    ("I have a loaded gun to my head", "now"),
    ("I'm going to jump off the bridge tomorrow", "now"),
    ("please tell my mom I love her when I'm gone", "now"),
    ("back in high school I tried to overdose", "soon"),
    ('my brother texted me "I want to die"', "routine"),
    ("Mein Bruder hat Tabletten genommen", "now"),
    ("mi hermana dice que se va a matar", "now"),
    ("mon ami a avalé des cachets", "now"),
    ("صديقي يريد أن ينتحر", "now"),
    ("j'ai avalé toute la boîte de médicaments", "now"),
    ("me tomé todas las pastillas", "now"),
    ("ich bringe mich heute um", "now"),
    ("going to end my life", "now"),
    ("I wrote goodbye letters to my kids", "now"),
    ("I've been saving up my pills to overdose", "now"),
    ("I'm having suicidal thoughts and urges to cut", "routine"),
    ("wish I wouldn't wake up tomorrow morning", "soon"),
    ("how many tylenol would it take to die", "soon"),
    ("my ex is trying to kill me", "now"),
    ("he locked the door and he has a gun outside", "now"),
]

MUST_NOT_FIND = [
    "I took an overdose of caffeine today, three coffees before noon",
    "I have the pills here, as prescribed, and will take one tonight",
    "I finished the letters to my landlord, they are on the table",
    "There is enough soup for both you and me",
    "I thought about how lucky we are",
    "You were all so kind to me this year, thank you",
    "My aunt gave me her recipe",
    "this traffic is killing me",
    "I'd kill for a coffee",
    "I'm dying of laughter",
    "I would never kill myself",
    "if you are thinking of killing yourself please call",
    "are you feeling suicidal?",
    "do you have suicidal thoughts?",
    "I'm not suicidal",
    "I don't want to die",
    "I'm not going to kill myself",
    "my brother died by suicide",
    "the suicide prevention hotline number is on the wall",
    "I wanted to die of embarrassment",
    "I could die laughing",
    "my mom is going to kill me",
    "people who are suicidal need support",
    "when you feel suicidal, write to us",
    "I took two ibuprofen for my headache",
    "I have no suicidal thoughts",
    "it is the end of my life as a student",
    "I took my pills like every morning",
    "I lost my friend to suicide",
    "my phone died",
    "we are going to kill it on stage",
    "good bye everyone, see you tomorrow",
    "I ended it with my boyfriend",
    "I want to live",
    "thanks for talking me out of killing myself",
    "my cat took a pill",
    "I'm on the bridge to nowhere lol",
    "the knife is in the drawer",
    "this song about suicide is sad",
    "I never wanted to die",
    "someone told me to never give up",
    "when someone wants to die they need us",
    'he wrote "kill yourself" on my locker',
    "if you want to kill yourself please talk to us",
    "I took my meds and went to bed",
    "she has a knife and fork tattoo",
    "the song Goodbye World is lovely",
    "we said goodbye at the airport",
    "I cut my hair myself",
    "I cut my finger while cooking",
    "I could kill for some sleep",
    "the movie's suicide scene upset me",
    "my battery is dead",
    "let's end it here and talk tomorrow",
    "I want to live, I just want the pain to stop",
    "I'm not going to hurt myself",
    "are you thinking of ending your life?",
    "thank you for not killing yourself",
    "I overslept today",
    "I hit the brakes and spilled my tea lol",
    "ich will nicht zur Arbeit",
    "no quiero ir al trabajo",
    "je ne veux pas aller au travail",
    "أريد أن أنام",
    "my dad beats me at chess",
    "he touches my heart with his songs",
    "dead serious, this cake is to die for",
    "I jumped off the diving board today",
    "I might die of boredom",
]


def urgency(text):
    return most_urgent(hit.urgency for hit in find(text) if hit.danger)


@pytest.mark.parametrize(("text", "expected"), MUST_FIND)
def test_what_must_never_be_missed_is_found_with_its_urgency(text, expected):
    assert urgency(text) is Urgency(expected)


@pytest.mark.parametrize("text", MUST_NOT_FIND)
def test_idioms_denial_and_supporters_raise_nothing(text):
    assert find(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "my friend has just taken pills",
        "my sister says she wants to kill herself",
        'he said "I want to die" and hung up',
    ],
)
def test_somebody_else_in_danger_is_about_another(text):
    assert {hit.about for hit in find(text)} == {"another"}


@pytest.mark.parametrize(
    "text",
    [
        "kys",
        "go kill yourself",
        "just hang yourself already",
        "just die already",
        "hope you follow him soon",
        "go drown in your tears",
        "I would love to see you suffer",
    ],
)
def test_telling_another_to_die_is_no_danger_to_the_author(text):
    hits = find(text)
    assert {hit.category for hit in hits} == {"encouragement"}
    assert not any(hit.danger for hit in hits)


def test_long_past_is_soon_at_most_and_yesterday_is_not_past():
    assert urgency("five years ago I tried to kill myself") is Urgency.SOON
    assert urgency("I tried to kill myself yesterday") is Urgency.NOW


def test_a_hit_marks_the_original_words_behind_a_disguise():
    text = "honestly… I’m going to k\u200bi\u200bll mysélf"
    (hit,) = find(text)
    assert text[hit.start : hit.end] == "I’m going to k\u200bi\u200bll mysélf"
    assert hit.words


def test_the_lexicon_says_who_has_reviewed_it():
    assert LEXICON_VERSION == "2026-11-29.1"
    assert LEXICON_REVIEW == "not yet reviewed by a clinician"


def shipped():
    raw = tomllib.loads(Path(lexicon.__file__).with_name("lexicon.toml").read_text("utf-8"))
    return raw, Lists(raw["lists"])


def test_every_phrase_of_the_shipped_lexicon_compiles():
    raw, lists = shipped()
    entries = [e for entry in raw["entry"] for e in entry["phrases"] + entry.get("unless", [])]
    phrases = entries + [guard for guards in raw["guards"].values() for guard in guards]
    assert len(phrases) > 1_000
    for words in phrases:
        assert read_phrase("k", words, lists).pattern, words


def test_every_phrase_of_the_shipped_lexicon_waits_for_a_word_that_can_stand_in_a_text():
    raw, lists = shipped()
    for words in (words for entry in raw["entry"] for words in entry["phrases"]):
        anchors = read_phrase("k", words, lists).anchors
        assert anchors, words
        assert all(anchor.isalnum() for anchor in anchors), words


def test_importing_the_lexicon_costs_no_second():
    # The server and its classifier process both pay it at every start. Measured: 0.3 s.
    measure = "import time, moderation.lexicon; print(time.process_time())"
    run = subprocess.run([sys.executable, "-c", measure], capture_output=True, check=True)
    assert float(run.stdout) < 1.0


@given(st.text(max_size=200))
def test_any_text_is_read_and_every_hit_lies_inside_it(text):
    for hit in find(text):
        assert 0 <= hit.start < hit.end <= len(text)


words = st.sampled_from(
    "i im want to kill myself die not never pills took my friend said . tonight going".split()
)


@given(st.lists(words, max_size=40))
def test_any_order_of_grave_words_is_read(chosen):
    text = " ".join(chosen)
    assert all(text[hit.start : hit.end].strip() for hit in find(text))


@pytest.mark.parametrize(
    "hostile",
    ["i want to kill myself " * 5_000, "kill " * 20_000, "i " * 50_000, "my friend " * 10_000,
     "took all my pills " * 5_000, "\u0301" * 100_000, "no not never " * 8_000,
     "صديقي يريد الموت " * 3_000, "ich will mich heute " * 3_000, "me voy a " * 5_000],
)  # fmt: skip
def test_a_hostile_text_is_read_in_bounded_time(hostile):
    started = time.process_time()
    find(hostile)
    assert time.process_time() - started < 2.0


def test_a_typical_message_takes_about_a_millisecond_at_most():
    text = (
        "I had a rough day, my boss shouted at me and I could not stop crying on the way home. " * 3
    )
    find(text)
    started = time.process_time()
    for _ in range(20):
        find(text)
    assert (time.process_time() - started) / 20 < 0.005


CRISIS = Path(__file__).with_name("crisis")
# Share of the urgent lines that reach their urgency: as measured, rounded down.
RECALL_FLOORS = {"en": 0.95, "de": 0.96, "es": 1.0, "fr": 0.98, "ar": 1.0}
LANGUAGES = sorted(RECALL_FLOORS)


def crisis_lines(language):
    return tomllib.loads((CRISIS / f"{language}.toml").read_text("utf-8"))


def alarms(text):
    return [hit for hit in find(text) if hit.urgency.rank > Urgency.ROUTINE.rank]


@pytest.mark.parametrize("language", LANGUAGES)
def test_enough_lines_are_read_in_each_language(language):
    lines = crisis_lines(language)
    assert len(lines["harmless"]) >= 70
    assert sum(map(len, lines.values())) - len(lines["harmless"]) >= 70


@pytest.mark.parametrize("language", LANGUAGES)
def test_urgent_lines_of_each_language_reach_their_urgency(language):
    lines = crisis_lines(language)
    urgent = [(text, Urgency(level)) for level in ("now", "soon") for text in lines[level]]
    missed = [text for text, least in urgent if urgency(text).rank < least.rank]
    assert len(urgent) - len(missed) >= RECALL_FLOORS[language] * len(urgent), missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_passive_wishes_of_each_language_are_found(language):
    wishes = crisis_lines(language)["routine"]
    found = [text for text in wishes if urgency(text) is not Urgency.NONE]
    assert len(found) >= 0.9 * len(wishes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_encouragement_in_each_language_is_found_and_is_no_danger(language):
    for text in crisis_lines(language)["encouragement"]:
        assert "encouragement" in {hit.category for hit in find(text)}, text


def urging(text):
    return urging_in(Tokens.of(normalise(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_urge_somebody_on_are_known_only_beside_danger(language):
    for text in crisis_lines(language)["urging"]:
        (hit,) = urging(text)
        assert (hit.category, hit.answering, hit.danger) == ("encouragement", True, False)
        assert text[hit.start : hit.end].strip()
        assert not any(found.answering for found in find(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_kind_words_close_to_those_that_urge_somebody_on_are_none(language):
    for text in crisis_lines(language)["kind"]:
        found = hits_in(Tokens.of(normalise(text)))
        assert not any(hit.category == "encouragement" for hit in found), text


def test_whoever_says_more_than_that_urges_nobody_on():
    assert urging("do it " * 20)
    assert not urging("do it " * 20 + "or call me")
    assert not urging("do it " * 21), "a wall of words is read by the model"


@pytest.mark.parametrize("language", LANGUAGES)
def test_harmless_lines_of_each_language_raise_no_alarm(language):
    harmless = crisis_lines(language)["harmless"]
    alarmed = [text for text in harmless if alarms(text)]
    assert len(alarmed) <= 0.05 * len(harmless), alarmed


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("Hej… ich bring mich jetzt um!", "de_now", "ich bring mich jetzt um"),
        ("mira, mañana me tiro al tren", "es_now", "mañana me tiro al tren"),
        ("bon, ce soir j’en finis", "fr_now", "ce soir j’en finis"),
        ("خلاص، سأقتل نفسي غدا", "ar_now", "سأقتل نفسي"),
        ("so, tonight im ending it", "ending_it", "tonight im ending it"),
    ],
)
def test_a_hit_marks_the_right_words_in_each_language(text, code, marked):
    assert marked in {text[hit.start : hit.end] for hit in find(text) if hit.code == code}


@pytest.mark.parametrize(
    ("text", "cancelled"),
    [
        ("tonight I'm ending it", "tonight I'm ending it with him"),
        ("بلعت حبوب", "في المسلسل البطلة بلعت حبوب"),
        ("ich hab mich geschnitten", "ich hab mich beim Kochen geschnitten"),
        ("me voy a matar", "no me voy a matar"),
        ("ce soir j'en finis", "ce soir j'en finis avec ce dossier"),
        ("هنتحر", "مش هنتحر"),
    ],
)
def test_what_stands_in_the_same_sentence_can_cancel(text, cancelled):
    assert alarms(text)
    assert find(cancelled) == ()


def test_every_hit_says_why_in_words():
    for language in LANGUAGES:
        for texts in crisis_lines(language).values():
            for text in texts:
                for hit in find(text):
                    assert hit.words
                    assert text[hit.start : hit.end].strip()


# Lines written after the lexicon was, which it was never changed for: what it does with wordings
# that nobody thought of. The lexicon is a floor; the model and people must find the rest.
UNSEEN_RECALL = {"en": 0.05, "de": 0.40, "es": 0.40, "fr": 0.25, "ar": 0.25}
UNSEEN_ALARMS = {"en": 2, "de": 1, "es": 3, "fr": 3, "ar": 0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_unseen_lines_are_found_no_less_than_was_measured(language):
    lines = crisis_lines(f"{language}_unseen")
    urgent = [(text, Urgency(level)) for level in ("now", "soon") for text in lines[level]]
    found = [text for text, least in urgent if urgency(text).rank >= least.rank]
    assert len(found) >= UNSEEN_RECALL[language] * len(urgent)
    assert len([text for text in lines["harmless"] if alarms(text)]) <= UNSEEN_ALARMS[language]
