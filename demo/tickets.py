"""Writes an invented file of support tickets, as messy as such files are, the same every time.

python -m demo.tickets build/story/tickets.csv

Columns: ticket_no, customer_id, subject, body, queue. Each customer describes one problem, in words
of their own, again and again; so what is learnt from some customers' words must carry over to
others'. Bodies have quotes and line breaks; some tickets were sent twice, some of these were put
into another queue, some have no queue yet.
"""

import csv
import os
import random
import sys

SHARES = {"billing": 33, "delivery": 25, "login": 17, "returns": 12, "outage": 8, "feature": 5}
_TICKETS = 240
_SEED = 1204
_UNLABELLED, _REPEATED = 8, 16
_CONFLICTING = 6  # of the repeated ones
_FIRST_NUMBER = 1000
_HEADER = ("ticket_no", "customer_id", "subject", "body", "queue")

# {queue: what its customers say}, one line a customer.
_PROBLEMS = {
    "billing": (
        "my card was charged twice for the same month",
        "the invoice shows a higher amount than we agreed on",
        "why did the monthly fee go up without a warning",
        "you took money from my account after the trial had ended",
        "there is a payment on my bank statement that i cannot explain",
        "please send the bill to our accounting department in euros",
        "the discount code was not taken off the total",
        "our vat number is missing from the receipt",
        "i would like to pay by direct debit from now on",
        "the credit note from last quarter never reached our books",
        "how much would it cost to add five more seats",
        "a late surcharge was applied although the transfer went out on time",
    ),
    "delivery": (
        "the parcel has been on its way for two weeks",
        "the courier left the box in the rain",
        "tracking says delivered but nobody rang at our door",
        "half of the items i ordered were not in the package",
        "can you ship to another street, we have moved",
        "when will my shipment finally leave your warehouse",
        "the driver could not find the building and drove off",
        "customs have been holding the goods since monday",
        "it should have arrived before the weekend, where is it",
        "the pallet was dropped at the neighbour's yard",
        "is express dispatch to norway possible",
        "the postman brought somebody else's carton",
    ),
    "login": (
        "i forgot my password and the reset mail does not come",
        "my account is locked after three attempts",
        "the code for the second factor is never accepted",
        "it says that my user name does not exist",
        "i cannot sign in with my new phone",
        "the verification text message has not been sent to me",
        "single sign-on throws our staff back to the start page",
        "please remove the old e-mail address, i no longer have access to it",
        "my credentials stopped working this morning",
        "the authenticator app was wiped and i am shut out",
        "colleagues who were invited cannot register",
        "the captcha refuses me each time",
    ),
    "returns": (
        "i want to send the shoes back, they are too small",
        "the lamp arrived broken and i would like another one",
        "how long do i have to give an article back",
        "which label do i stick on the box that goes back to you",
        "the colour is not the one in the picture, take it back please",
        "i handed the unwanted jacket in at the shop, when do i get a refund",
        "the zip tore on the first day, i ask for a replacement",
        "may i exchange the large size for a medium",
        "the wrong model was sent, what shall i do with it",
        "your form for withdrawing from the purchase cannot be printed",
        "this kettle leaks, it is still under warranty",
        "i changed my mind and no longer want the order",
    ),
    "outage": (
        "the whole site is down and shows error 503",
        "nothing loads since this morning, for none of us",
        "your servers answer with a time-out",
        "the app crashes as soon as it opens",
        "the dashboard has been blank for an hour",
        "is there a disruption, all requests fail",
        "synchronisation has stopped in our entire office",
        "the service is extremely slow and then hangs",
        "we get a gateway failure on each page",
        "the api returns internal errors only",
        "everything is unreachable from here",
        "the system went offline in the middle of our work",
    ),
    "feature": (
        "it would be great to have a dark theme",
        "could you add an export to excel",
        "please think about a shortcut for duplicating an entry",
        "i miss a calendar view",
        "an option to sort by date would help us",
        "do you plan an integration with slack",
        "i suggest larger fonts on tablets",
        "support for arabic would be welcome",
        "a way to merge two projects is what we wish for",
        "have you considered offline editing",
        "our idea: let users vote for improvements",
        "being able to tag notes would be nice",
    ),
}
_CUSTOMERS = sorted(problem for problems in _PROBLEMS.values() for problem in problems)
_SUBJECTS = ("Question", "Please help", "Urgent!", "Hello", "Ticket", "RE: your service", "")
_GREETINGS = ("", "Hi,\n", "Dear team,\n\n", "Good morning, ", "Hello\n")
_CLOSINGS = (
    "", "\nThanks", "\n\nKind regards,\nM.", " Please answer soon.", "\nSent from my phone",
)  # fmt: skip
_AFTERTHOUGHTS = (
    "", "", " I wrote to you before.", ' Your colleague said "it is being looked at".',
    " This is the third time, really.", " See order no. {number}, position 2.",
)  # fmt: skip


def rows() -> "list[tuple]":
    """The file's rows, below its header."""
    draw = random.Random(_SEED)
    once = [_ticket(draw, queue) for queue in _queues(draw)]
    for at in draw.sample(range(_TICKETS), _UNLABELLED):
        once[at] = (*once[at][:-1], "")
    repeated = draw.sample(once, _REPEATED)
    conflicting = [(*ticket[:-1], _another(draw, ticket[-1])) for ticket in repeated[:_CONFLICTING]]
    made = once + conflicting + repeated[_CONFLICTING:]
    draw.shuffle(made)
    return [(_FIRST_NUMBER + at, *ticket) for at, ticket in enumerate(made)]


def _another(draw: random.Random, queue: str) -> str:
    return draw.choice([name for name in SHARES if name != queue])


def _queues(draw: random.Random) -> "list[str]":
    """The queue of each ticket, as often as its share says."""
    queues = [
        queue for queue, share in SHARES.items() for _ in range(round(_TICKETS * share / 100))
    ]
    draw.shuffle(queues)
    return queues


def _ticket(draw: random.Random, queue: str) -> tuple:
    """(customer_id, subject, body, queue)"""
    problem = draw.choice(_PROBLEMS[queue])
    customer = f"C{100 + _CUSTOMERS.index(problem)}"
    if draw.random() < 0.3:
        problem = problem.capitalize() + draw.choice((".", "!", "..."))
    afterthought = draw.choice(_AFTERTHOUGHTS).format(number=draw.randrange(10**4, 10**5))
    body = draw.choice(_GREETINGS) + problem + afterthought + draw.choice(_CLOSINGS)
    return customer, draw.choice(_SUBJECTS), body, queue


def main(path: str) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEADER, *rows()])
    print(path)


if __name__ == "__main__":
    main(sys.argv[1])
