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

# Whether nothing in a file of git's configuration can say where hooks lie. git's answer takes a process, and each commit runs ten of these.
silent() {
    [ -e "$1" ] && [ "$1" != /dev/null ] || return 0
    [ -f "$1" ] && [ -r "$1" ] || return 1
    lines=0
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in *[Hh][Oo][Oo][Kk][Ss][Pp][Aa][Tt][Hh]* | *'['[Ii][Nn][Cc][Ll][Uu][Dd][Ee]*) return 1 ;; esac
        # The shell reads letter by letter: of a long file git is asked.
        lines=$((lines + 1))
        [ $lines -lt 100 ] || return 1
    done <"$1"
}

# Sets `common` to the repository, if its own folder of hooks is the one that counts; fails where only git can tell.
usual() {
    # A git that was built for another place has its system's file elsewhere.
    case ${GIT_EXEC_PATH-} in
    /usr/lib/git-core | /usr/libexec/git-core | /usr/local/lib/git-core | /usr/local/libexec/git-core) ;;
    *) return 1 ;;
    esac
    [ -n "${GIT_DIR-}" ] && [ -z "${GIT_COMMON_DIR-}${GIT_CONFIG_COUNT-}" ] || return 1
    case ${rest# } in
    *[Hh][Oo][Oo][Kk][Ss][Pp][Aa][Tt][Hh]* | *[Ii][Nn][Cc][Ll][Uu][Dd][Ee]*) return 1 ;;
    esac
    common=$GIT_DIR
    if [ -e "$GIT_DIR/commondir" ]; then
        IFS= read -r way <"$GIT_DIR/commondir" || return 1
        # A worktree of git's own making.
        [ "$way" = ../.. ] && [ "${GIT_DIR%/worktrees/*}" != "$GIT_DIR" ] || return 1
        common=${GIT_DIR%/worktrees/*}
    fi
    silent "$common/config" && silent "$GIT_DIR/config.worktree" && silent /etc/gitconfig &&
        silent /usr/local/etc/gitconfig && silent "${GIT_CONFIG_SYSTEM-}" || return 1
    if [ -n "${GIT_CONFIG_GLOBAL+set}" ]; then
        silent "$GIT_CONFIG_GLOBAL"
    else
        silent "${XDG_CONFIG_HOME:-${HOME-}/.config}/git/config" && silent "${HOME-}/.gitconfig"
    fi
}

# Whether git would run a hook of this name without torch's setting: `own`.
find() {
    case ${GIT_CONFIG_PARAMETERS-} in
    "$ours"*) rest=${GIT_CONFIG_PARAMETERS#"$ours"} ;;
    *) rest=${GIT_CONFIG_PARAMETERS-} ;;
    esac
    if usual; then
        folder=$common/hooks
    else
        folder=$(GIT_CONFIG_PARAMETERS=${rest# } git rev-parse --git-path hooks 2>/dev/null)
    fi
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
        if [ -n "$ask" ]; then
            judge "$@" <<END || exit 1
$input
END
        fi
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
