#!/bin/bash
# What the tabulator key offers behind `cairn`, in bash and, where it is installed, in zsh.
set -u
build=${CAIRN_BUILD:-build/debug}

fail() {
        echo "FAIL $*"
        exit 1
}

# --- bash -----------------------------------------------------------------------------------------------------------

# shellcheck disable=SC1090
. <("$build/cairn" --print-completion bash) || fail 'bash does not read its completion'

# offered WORDS...: what completes the last of them.
offered() {
        COMP_WORDS=(cairn "$@")
        COMP_CWORD=$#
        _cairn
        echo "${COMPREPLY[*]}"
}
[ "$(offered t)" = trace ] || fail "t: $(offered t)"
[ "$(offered ca)" = cache ] || fail "ca: $(offered ca)"
[ "$(offered cache '')" = 'show flush stats' ] || fail "cache: $(offered cache '')"
[ "$(offered trace --no)" = --no-qmin ] || fail "--no: $(offered trace --no)"
[ -z "$(offered trace --since '')" ] || fail "--since: $(offered trace --since '')"
[ "$(offered trace --rpl "$0")" = "$0" ] || fail "--rpl: $(offered trace --rpl "$0")"
"$build/cairn" --print-completion fish && fail 'a shell that is not known'
echo 'PASS bash'

# --- zsh ------------------------------------------------------------------------------------------------------------

command -v zsh >/dev/null || exit 0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$build/cairn" --print-completion zsh >"$folder/_cairn"

# A shell behind a terminal of its own, in which the key is pressed.
TERM=dumb timeout 100 zsh -f >"$folder/out" 2>&1 <<EOF || { cat -v "$folder/out"; fail 'zsh'; }
zmodload zsh/zpty
zpty shell zsh -f -i
# shown TEXT: wait until it is.
shown() {
        zpty -r -m shell text "*\$1*" || { print -r -- "no \$1 in \$text"; exit 1; }
        print -r -- "\$text"
}
zpty -w shell "PS1= RPS1=; stty cols 500 rows 100; fpath=($folder \\\$fpath)"
zpty -w shell "autoload -Uz compinit && compinit -u -d $folder/dump; setopt auto_list no_list_beep; echo ready: \\\$((40 + 2))"
shown 'ready: 42'
# offered TYPED SHOWN
offered() {
        zpty -w -n shell "\$1"\$'\\t'
        shown \$2
        zpty -w -n shell \$'\\x15'
}
offered 'cairn tr' trace
offered 'cairn cache ' 'stats  *-- How full the cache is'
offered 'cairn cache sh' show
offered 'cairn trace --no-' qmin
EOF
echo 'PASS zsh'
