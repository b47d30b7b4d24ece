#!/bin/sh
# The hooks of torch's agents, all of them: git runs this by the hook's name. What agents must not do is held back, and then the
# hook that would have run without torch is run. Only the environment of an agent leads here; a person's git never does.
torch=@TORCH@
here=@HERE@
ours=@OURS@
name=${0##*/}

# Exit code 3 is torch's no. A torch that can't be started holds nobody up: this is advice, not a wall.
judge() {
    "$torch" hook --git "$name" "$@"
    [ $? -ne 3 ] || exit 1
}

# The folder of hooks without torch's setting: as git itself finds it.
folder() {
    case ${GIT_CONFIG_PARAMETERS-} in
    "$ours"*) rest=${GIT_CONFIG_PARAMETERS#"$ours"} ;;
    *) rest=${GIT_CONFIG_PARAMETERS-} ;;
    esac
    GIT_CONFIG_PARAMETERS=${rest# } git rev-parse --git-path hooks 2>/dev/null
}

# Whether git would run the hook of that folder.
find() {
    folder=$(folder)
    own=$folder/$name
    [ -n "$folder" ] && [ "$folder" != "$here" ] && [ -f "$own" ] && [ -x "$own" ]
}

case $name in
pre-commit | pre-merge-commit)
    [ -r "${TORCH_GIT_RULES-}" ] && judge "$@" </dev/null
    ;;
pre-push)
    if [ -r "${TORCH_GIT_RULES-}" ]; then
        input=$(cat && echo .) && input=${input%.}
        printf %s "$input" | judge "$@" || exit 1
        find || exit 0
        printf %s "$input" | "$own" "$@"
        exit
    fi
    ;;
reference-transaction)
    if [ "$1" = prepared ] && [ -r "${TORCH_GIT_RULES-}" ]; then
        # Most transactions move nothing that anybody else has: torch is asked only about those that may.
        input= count=0 ask=
        while [ $count -lt 16 ] && IFS= read -r line; do
            input="$input$line
"
            count=$((count + 1))
            case $line in *' refs/heads/'* | *' refs/tags/'* | *' refs/torch/'*) ask=yes ;; esac
        done
        [ $count -lt 16 ] || { ask=yes && input="$input$(cat && echo .)" && input=${input%.}; }
        [ -z "$ask" ] || printf %s "$input" | judge "$@" || exit 1
        find || exit 0
        printf %s "$input" | "$own" "$@"
        exit
    fi
    ;;
esac

find && exec "$own" "$@"

# What git does by itself where there is no such hook, but not where there is this one (githooks(5)).
case $name in
push-to-checkout)
    git update-index -q --ignore-submodules --refresh &&
        git diff-files --quiet --ignore-submodules -- &&
        git diff-index --quiet --cached --ignore-submodules HEAD -- &&
        git read-tree -u -m HEAD "$1"
    ;;
proc-receive) exit 1 ;;
esac
