# `make help`: the verbs of the Makefile under their headings, then its variables.
#
#     ##@ Heading
#     verb: prerequisites ## what it does
#     NAME ?= default## what it means

function text_after_marks() {
    return substr($0, index($0, "##") + 2)
}

/^##@ / {
    printf "%s%s\n", is_first++ ? "\n" : "", substr($0, 5)
}

/^[a-z][a-z_-]*:.* ## / {
    printf "  make %-15s%s\n", substr($0, 1, index($0, ":") - 1), text_after_marks()
}

/^[A-Z][A-Z0-9_]* [?]?=.*##/ {
    variables = variables sprintf("  %-14s %s\n", $1, text_after_marks())
}

END {
    printf "\nVariables (make train TASK=rte MODEL=tiny)\n%s", variables
}
