# Runs a command of the project and shows what came of it. $0 the window's name, then the command and its arguments.
trap : INT QUIT
while :; do
    (trap - INT QUIT; exec "$@")
    code=$?
    printf '\n[torch] the %s has ended with status %s: Enter starts it again, Ctrl-D closes this window\n' "$0" "$code"
    read -r _ || exit "$code"
done
