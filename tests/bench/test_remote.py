"""The table of bench/remote.py."""

from bench import remote

PLACES = ("folder", "store", "copy")


def a_round(made, trained, rate, waited):
    """What a round found; args: a value for each place, of which `made` has no copy's."""
    figures = (remote._MADE, remote._TRAINED, remote._RATE, remote._WAITED)
    values = (made, trained, rate, waited)
    return {
        (figure, place): value
        for figure, of_places in zip(figures, values, strict=True)
        for place, value in zip(PLACES, of_places, strict=False)
    }


def test_ratios_are_of_the_same_round():
    rounds = [
        a_round((100, 80), (40, 30, 36), (400, 400, 400), (0.5, 0.75, 0.5)),
        a_round((200, 180), (80, 40, 60), (500, 450, 450), (0.7, 0.6, 0.6)),
        a_round((400, 400), (50, 50, 50), (800, 840, 800), (0.9, 0.9, 0.9)),
    ]
    made, trained, rate, waited = remote._report(rounds).splitlines()[-4:]
    assert [cell.strip() for cell in made.split("|")[2:-1]] == ["200", "180", "", "0.90x"]
    assert [cell.strip() for cell in trained.split("|")[2:-1]] == [
        "50.00",
        "40.00",
        "50.00",
        "0.75x",
    ]
    assert rate.split("|")[-2].strip() == "1.00x"
    assert [cell.strip() for cell in waited.split("|")[2:-1]] == ["0.70", "0.75", "0.60", ""]
