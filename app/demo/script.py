"""What the demo's participants say."""

from __future__ import annotations

NAMES = ("Ada", "Bruno", "Chiara", "Dev", "Elif", "Femke", "Giorgos", "Hana", "Ivo", "Jun", "Kofi", "Lucía")

LINES = (
    "Good morning from Ghent.",
    "The picture is very clear here.",
    "Do bees really remember single trees?",
    "I have two hives on the roof, they never get lost.",
    "Is that the same species as ours?",
    "Could you show the map again later?",
    "Sound is fine in Porto too.",
    "How far do they fly on a cold day?",
    "My grandmother told me the same story.",
    "That slide with the dance was lovely.",
    "Does wind change the angle?",
    "Thank you for reading the questions aloud.",
    "Is there a book you would recommend?",
    "We are watching with a class of twelve.",
    "The polarised light part was new to me.",
    "What about bumblebees?",
    "I can hear birds in the background, nice.",
    "How do they find a moved hive?",
    "Greetings from Thessaloniki.",
    "Will there be a second part?",
)

QUESTIONS = (
    "Do they see the same colours as we do?",
    "How old is a bee that flies out for the first time?",
    "What happens when the sun is behind clouds all day?",
    "Can one hive learn from another?",
    "How many flowers does it take for one spoon of honey?",
    "Do you mark single bees, and with what?",
)

WORDS = ("patience", "sun", "honey", "dance", "orientation", "wings", "clover")

ENDED_CHAT = (
    ("Ada", "Good evening everyone."),
    ("Kofi", "The part about fungi was astonishing."),
    ("Hana", "Can we compost citrus after all?"),
    ("Lucía", "Thank you, see you next time."),
)
