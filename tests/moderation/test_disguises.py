import difflib
import random
import re

import pytest

from moderation.normalise import normalise
from moderation.training.disguises import DISGUISES

DANGER = """
I want to kill myself tonight
i just want to die, nothing else helps anymore
I have been counting my pills since Sunday
there is a rope in the garage and I keep looking at it
I wish I was dead
nobody would care if I jump off that bridge
I cut again last night and I can't stop
thinking about suicide every single day now
I am going to hang myself when my parents leave
the gun is in the drawer next to my bed
I don't want to wake up tomorrow
honestly death sounds peaceful to me
I tried to overdose in March and nobody noticed
I wrote letters to everyone, today is the last day
I feel suicidal again and my therapist is on holiday
killing myself is the only way out of this debt
my head keeps telling me to end it
I hurt so much that dying would be a relief
sometimes I stand at the platform and think about the train
what is the point, I would rather be dead
I already said goodbye to my dog
I can't do another week of this
I have a plan and a date
they would be better off without me
I took too many pills an hour ago
bleeding a lot right now and I don't care
I hate my body so I am cutting it
I never asked to be born and I want out
I will be gone by the morning
please don't call anyone, I only want to die quietly
dead inside, soon dead outside too
I keep a razor in my phone case
if she leaves me I will kill myself, I mean it
I looked up how high the bridge is
no more pain after tonight
I gave away my things this week
my brother died and I want to follow him
I'm so tired of living
every night I pray that I die in my sleep
suicide is the only thing I am good at planning
I can feel the rope around my neck already
sitting in the car with the engine running
I am scared that I will hurt myself when I am alone
the voices say jump and today I nearly did
I have nothing left to live for
cutting used to help but now I want more
one bottle of pills and this is over
I am writing my note in the kitchen
it is easier to be dead than to be me
no one will find me until Monday
I want to unalive myself so bad
I was going to do it yesterday but my cat came in
my plan is for after my birthday
I would hang myself if I had the courage
I wish the car had hit me
I am a burden and death would fix that
can't stop thinking about my own funeral
I bought everything I need for it
I hope that I don't see the new year
goodbye everyone, thank you for trying
""".strip().splitlines()
ABUSE = """
you are such an idiot
shut up you stupid loser
nobody likes you, go away
I hate you and everyone here does too
you are ugly and your posts are trash
what a pathetic little crybaby
go kill yourself already
you deserve every bad thing that happened
fuck you and fuck your feelings
you lying piece of shit
get a life, moron
if I find you I will hurt you
your mother must be ashamed of you
stop whining, bitch
you are a worthless human being
I hope you die alone
people like you should not be allowed here
such a disgusting person, really
you bastard, you ruined this group
are you really that dumb
no wonder your wife left you
everyone is laughing at you
you are too stupid to be helped
what an asshole, honestly
crawl back under your rock
I will come to your house and hang you
you make me sick
nobody believes your crap
jump then, see if we care
you fucking liar
take your pills and shut your mouth
you are the reason your kids don't call
cry more, loser
I would love to see you bleed
this is why nobody wants you
your face is a joke
go back to where you came from
damn, you are annoying
you are a dick to everyone
only an idiot would write that
I will make sure you get hurt
do us a favour and leave for good
you are dead to all of us
how does someone get this stupid
look at this clown asking for help again
your story is a lie and you know it
I hate people like you
you don't even deserve an answer
you are nothing, you hear me
get lost you ugly freak
watch your back tonight
what a waste of space you are
you should be killed for that
shit post from a shit person
we all know that you are faking it
you sound like a moron when you talk
drop dead
keep crying, bitch, it is funny
you are sick in the head
I bet you enjoy hurting people
""".strip().splitlines()
LINES = DANGER + ABUSE
LEAST = dict.fromkeys(DISGUISES, 0.97) | {"leet": 0.90, "stars": 0.85, "typos": 0.70}


def words(text):
    return re.findall(r"\w+", normalise(text).text)


def came_back(clear, read):
    """How many of the clear words stand in what was read, in their order."""
    blocks = difflib.SequenceMatcher(None, clear, read, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


def share_that_came_back(name):
    chance = random.Random(f"disguises:{name}")
    back = total = 0
    for line in LINES:
        for _ in range(3):
            clear, read = words(line), words(DISGUISES[name](line, chance))
            back += came_back(clear, read)
            total += len(clear)
    return back / total


def share_of_starred_words_that_came_back():
    chance = random.Random("stars")
    hidden = [word for line in LINES for word in line.split() if word.isalpha()]
    pairs = [(word.lower(), DISGUISES["stars"](word, chance)) for word in hidden * 3]
    starred = [(word, masked) for word, masked in pairs if "*" in masked]
    return sum(normalise(masked).text == word for word, masked in starred) / len(starred)


def test_there_are_sixty_lines_of_each_kind_and_twelve_disguises():
    assert len(set(DANGER)) == len(set(ABUSE)) == 60
    assert len(DISGUISES) == 12


@pytest.mark.parametrize("name", DISGUISES)
def test_the_words_of_a_disguised_line_come_back(name):
    assert share_that_came_back(name) >= LEAST[name]


def test_known_words_with_stars_come_back():
    assert share_of_starred_words_that_came_back() >= LEAST["stars"]


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_changes_the_text_and_the_same_chance_gives_the_same(name):
    line = "I want to kill myself, you stupid idiot"
    once, twice = (DISGUISES[name](line, random.Random(7)) for _ in range(2))
    assert once == twice != line
    assert DISGUISES[name]("", random.Random(7)) == ""
