from shared import shown


def test_a_value_is_short_and_has_no_control_characters():
    assert shown.value("caf\u00e9 \u4e2d\x1b[2J\n\u200b") == "'caf\u00e9 \u4e2d\\x1b[2J\\n\\u200b'"
    assert shown.value("x" * 60) == repr("x" * 60)
    assert shown.value("x" * 61) == f"'{'x' * 60}'... (61 characters)"
    assert shown.value({"key": "x" * 99}) == "{'key': '" + "x" * 51 + "..."
    assert shown.value(["a", "b"]) == "['a', 'b']"
    assert shown.value([f"name {n}" for n in range(25)]).endswith("'name 19' and 5 more]")
    assert (shown.value(None), shown.value(0.5)) == ("None", "0.5")


def test_a_plain_text_fits_a_table():
    assert shown.plain("two\nlines, don't") == "two\\nlines, don't"
    assert shown.plain("x" * 61) == "x" * 60 + "..."


def test_a_list_is_cut_by_items_and_by_characters():
    assert shown.listed([]) == ""
    assert shown.listed("ab") == "a, b"
    assert shown.listed(["x" * 150] * 4) == f"{'x' * 150}, {'x' * 150} and 2 more"
    assert shown.listed(["x" * 999, "y"]) == f"{'x' * 999} and 1 more"
    assert shown.listed(map(str, range(1021))).endswith("18, 19 and 1,001 more")
