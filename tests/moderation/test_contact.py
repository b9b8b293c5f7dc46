import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.contact import MAX_CHARS, contact_probability, contact_spans

# «» stand around the detail. Every number, address and name is invented.
CONTACT = """
my number is «555-0134»
call me on «(555) 555-0142» any time
text me «555 555 0177»
its «555.555.0119» if you want to talk
«+1 555 555 0101» is my cell
«+44 7700 900123»
ring me, «07700 900456»
my mobile «07700900789»
«+49 30 23125 000» ist meine Nummer
Handy: «0171 5550123»
reach me at «+33 6 39 98 12 34»
«0033 639 98 12 34» works too
my whatsapp number «+34 600 555 012»
whatsapp me «+91 55555 01234»
phone: «020 7946 0958»
here's my digits «555-555-0188»
«5555550123» call after six
number is «1-555-555-0166»
«five five five oh one two three» thats me
hit me up: «three two five, five five five, oh one nine nine»
mail me: «sam.lee@example.com»
«Sam_Lee+hearth@mail.example.org»
write to «nobody@example.test», I answer
«sam at example dot com»
«sam.lee (at) example (dot) org»
«kim [at] mail [dot] example»
my mail is «kim99 at gmail dot com»
«lonely.robin@gmail.com» is mine
«robin at hotmail.com» works
E-Mail: «robin(at)example(dot)de»
my insta is «robin.draws»
my instagram: «@robin_draws»
my snap is «robbo99»
snap: «robbo_99»
insta: «kim.paints»
ig: «kimpaints_»
my ig handle is «kimpaints»
discord: «robin#1234»
add me on discord: «robin#0042»
add me on discord «robin_the_bird»
my discord is «nightowl.7»
message me on telegram «@nightowl7»
telegram: «@night_owl»
find me on kik, «nightowl7»
kik: «nightowl7»
hmu on snap «owlynight»
follow me on tiktok «@owly.night»
dm me on insta «@owly.night»
I'm «owlynight» on discord
i am «owly_night» on instagram
my skype is «live.owlynight»
my facebook is «Robin.Owl.7»
text me on whatsapp: «+1 555 555 0155»
join us «https://discord.gg/aBcD123»
«discord.gg/quietroom»
«discord.com/invite/quietroom»
«https://t.me/quietroom_chat»
«t.me/+AbCdEf12345»
«https://wa.me/15555550123»
«https://chat.whatsapp.com/AbCdEfGh1234»
«m.me/robin.owl»
«https://www.instagram.com/robin.draws/»
«snapchat.com/add/robbo99»
«https://signal.group/#AbCdEf»
«https://matrix.to/#/#quiet:example.org»
I live at «12 Maple Street»
come to «221 Old Mill Road», ring twice
my address is «48 Rosewood Avenue»
«7 St. Anne Lane», the blue door
we meet at «1400 North Park Blvd»
i live at «5 willow close»
«33b Harbour View Terrace» is where I stay
""".strip().splitlines()
NO_CONTACT = """
call 988 if it gets worse
you can call or text 988 any time
Samaritans are on 116 123, day and night
please ring 112 or 911 now
call 999 if you are in danger
Childline is 0800 1111
Telefonseelsorge: 0800 111 0 111 oder 0800 111 0 222
call 116 111, it is free
in France it's 3114
Lifeline is 13 11 14
text HOME to 741741
text SHOUT to 85258
1-800-273-8255 still works
call 1-866-488-7386 for the Trevor line
1 800 799 7233 helped me
45 64 56 00 doesn't matter
it was on 12.05.2021
since 2019-11-03 I am clean
born 03/04/1998
we met 24 12 2020
from 2015-2019 I was at school
the years 2018, 2019, 2020 and 2021 were bad
it is 10:45 and I'm awake
I slept 23:30-07:15
at 3am, 4am and 5am again
they won 3:2, then 21-19, 18-21, 21-15
score was 104-98
I take 20mg, then 40 mg, then 60mg
50 mcg at 8 and 100 mcg at 22
1-2 tablets every 4-6 hours
my dose went 25 50 75 100
120/80 and pulse 72
it cost $1,299.99
they want 12.500,00 € from me
I owe 1 250 000 in total
10 000 000 people have this
rent is £1,150 plus 240
my debt is 25000 dollars
order number 4417 123 998 never came
ISBN 978-3-16-148410-0
case reference 2021-555-0100
ticket 123456789
version 10.0.19045.3803
the server is 192.168.100.200
100 000 steps
I counted 1 2 3 4 5 6 7 8 9 10
5 4 3 2 1 and breathe
one two three four five six seven, breathe
breathe in 4, hold 7, out 8
4-7-8 breathing helps
page 123-145
chapter 12, 13, 14, 15
24/7, 365 days
I am 5'11" and 180 lbs
room 204, floor 3
flight BA 2490 at 17:05
I look at my phone and nobody calls
call me crazy but I like it
text me when you are home
my number one fear is being alone
I lost his number years ago
my insta is private
my insta is so boring
my snap is gone
my discord is broken again
my facebook is full of babies
I deleted instagram and snapchat
discord is toxic
instagram makes me sad
add me to the list
message me here if you want
she was on discord with him all night
he blocked me on whatsapp
follow me on this one
I follow him on twitter
find me on the sofa
contact your doctor
I was at work dot dot dot
look at this
meet me at five
he is at home all day
I am at a loss
we sat on the street
I walked down the road for 3 hours
we live 5 minutes down the road
I ran 10 miles on the road
20 people in the street
2 blocks down the street
he lives on the same street
I live in a small close family
we drive 300 km
500 Days of Summer
12 Angry Men is a great film
the 7 Stages of grief
I'm 34 and live in Leeds
2 Kids, 1 Dog
https://www.nhs.uk/mental-health/
see https://example.com/post/5550100123
www.samaritans.org helped me
#day3 of 100
C# and F# are fine
room #1234
@ work right now
I feel 0% today and 100% alone
3.14159265358979
0.000000001
my PIN has 4 digits
-20 degrees, 1013 hPa
i was born 1987 06 12
the 2020 2021 winter was hard
my heart rate went 120 130 140
I took 2 at 10.30 and 2 at 14.45
call the crisis line on 116 123 please
it has been 100 days since 12 March 2023
ring 0800 1111 if you are under 19
my discord friends are lovely
my instagram feed hurts me
my twitter account was hacked
i am always on discord
i am so lonely on instagram
I'm on tiktok too much
message me on here instead
text me on monday
call me at 5
email your GP at the practice
the 3 Musketeers live in Paris
I live 2 streets down the road
we have 4 kids in a small court
my whatsapp is full of messages from mum
my facebook was full of memories
discord: not for me
he added me on facebook yesterday
I lost 10 000 euros in 2019
serial 555-0100 on the box
salary 45 000 to 50 000
room 12 on 34th street
snap out of it, they say
I added him on insta last year
add me on discord please
follow me on insta if you like
1000 2000 3000 thoughts at once
""".strip().splitlines()
CONTACT_WITHIN = """
you can phone me at 555 0123 456
my cell's (555)5550199
06 55 50 12 34 c'est mon numéro
my no is 0555-012-3456
this is my e-mail kim.b@example.net ok?
kim_b AT example DOT com
add my snap kimmyb99
im kimmy_b on snap
hmu on insta kimmyb.art
my telegram is @kimmyb
discord kimmyb#9912
join my server discord.gg/abc123xyz
whatsapp me on 07700 900 321
i live at 14 oak avenue
15 Chestnut Close is my place
come over, 9 Birch Lane
my tiktok @kimmyb
insta @kimmyb_
dm me: kimmyb.art on instagram
text 5550147890
tel 030 555 01234
snapchat is kimmyb99
you can find me on facebook as Kimmy Beech
kimmyb at outlook dot com
""".strip().splitlines()
CLEAR = [text.replace("«", "").replace("»", "") for text in CONTACT + CONTACT_WITHIN]
SURE = 0.5


def covered(text):
    """Whether the detail between «» lies in the spans, and no more than that."""
    start, end = text.index("«"), text.index("»") - 1
    clear = text.replace("«", "").replace("»", "")
    found = {i for span in contact_spans(clear) for i in range(span.start, span.end)}
    return set(range(start, end)) == found


def test_the_lists_are_long_enough():
    assert len(set(CONTACT)) >= 60
    assert len(set(NO_CONTACT)) >= 80


@pytest.mark.parametrize("text", CONTACT)
def test_contact_details_are_found_where_they_stand(text):
    assert covered(text)


@pytest.mark.parametrize("text", CLEAR)
def test_contact_details_are_rather_sure(text):
    assert contact_probability(text) > SURE


@pytest.mark.parametrize("text", NO_CONTACT)
def test_ordinary_numbers_and_words_are_no_contact_details(text):
    assert contact_spans(text) == ()
    assert contact_probability(text) == 0.0


def test_naming_a_member_is_found_but_not_sure():
    (span,) = contact_spans("thank you @sam_77 for that")
    assert (span.signal, span.start, span.end) == ("contact", 10, 17)
    assert contact_probability("thank you @sam_77 for that") < SURE


def test_spans_are_code_points():
    (span,) = contact_spans("🙂👍🏽 +1 555 555 0101 🙂")
    assert "🙂👍🏽 +1 555 555 0101 🙂"[span.start : span.end] == "+1 555 555 0101"


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="+0159 ().-@#adx:/", max_size=200))
def test_spans_lie_in_the_text_in_order_and_apart(text):
    spans = contact_spans(text)
    assert 0.0 <= contact_probability(text) <= 1.0
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        at = span.end


@pytest.mark.parametrize(
    "hostile",
    ["5", "5 ", "5-", "55 ", "+", "(5", "a", "a.", "a@", "a@a.", "@", "@a ", "a at ", "a dot ", "a(",
     "my insta is ", "add me on ", "one ", "one two ", "1 Aa ", "12 a ", "i live at 5 ", "discord.gg/",
     "t.me/a", "http://", "a#1", "a_", "-", " ", "\u0660", "call 5", "ig:", "05 5", "i am a on "],
)  # fmt: skip
def test_a_hostile_text_costs_no_more_than_a_long_one(hostile):
    text = (hostile * MAX_CHARS)[:MAX_CHARS]
    started = time.process_time()
    contact_spans(text)
    assert time.process_time() - started < 0.5
