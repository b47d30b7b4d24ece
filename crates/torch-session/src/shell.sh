# Runs a person's shell, and brings the terminal that was brought here for it back before the window goes: tmux would
# show the window of an agent, which would get the keys that are typed next.
# $0 the shell, $1 the tmux program, $2 the server's socket; the window's option @torch_from says `CLIENT` of a terminal that
# was attached for this shell, `CLIENT SESSION WINDOW` of one that was elsewhere on this server.
trap : INT QUIT
"$0"
code=$?
trap '' INT QUIT
ask() { "$torch_tmux" -S "$torch_socket" "$@" 2>/dev/null; }
torch_tmux=$1 torch_socket=$2
window=$(ask display-message -p -t "$TMUX_PANE" '#{window_id}')
panes=$(ask display-message -p -t "$TMUX_PANE" '#{window_panes}')
set -f
set -- $(ask show-options -w -q -v -t "$TMUX_PANE" @torch_from)
# Somebody who split the window stays in it; somebody who looks at another one by now stays there.
case $(ask list-clients -F '#{client_name} #{window_id}.') in
    *"$1 $window."*) looks=yes ;;
    *) looks=no ;;
esac
if [ -n "$1" ] && [ "$panes" = 1 ] && [ "$looks" = yes ]; then
    if [ -z "$3" ]; then
        ask detach-client -t "$1"
    else
        ask switch-client -c "$1" -t "$2:$3" || ask switch-client -c "$1" -l || ask detach-client -t "$1"
    fi
fi
exit "$code"
