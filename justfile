# A menu over scripts/; everything here can be run without just.

# Lists the recipes.
default:
    @just --list --unsorted

# Builds torch and runs the sample project with demo agents.
first-run:
    scripts/first-run.sh

# Everything CI runs.
check:
    scripts/test.sh

# Formatting, lints and unit tests only.
test:
    scripts/test.sh --quick

# Installs the agents' real programs below target/programs and runs the tests that need them.
test-real:
    scripts/real-programs.sh
    TORCH_TEST_REAL=require cargo test --locked -p torch-e2e --test real

# Records the screens of a real program as fixtures of torch-monitor: just record claude@2.1.197 --columns 80
record PROGRAM *ARGS:
    scripts/real-programs.sh {{PROGRAM}}
    cargo run --locked -q -p torch-testing --bin record -- {{PROGRAM}} {{ARGS}}

# Formats the code.
fmt:
    cargo fmt --all

# Measures the figures of docs/benchmarks.md on this machine.
bench:
    scripts/bench.sh

# Runs a team at full speed for so many minutes and says what grew.
soak MINUTES="10":
    scripts/soak.sh {{MINUTES}}

# Runs N seeds of the daemon's simulation.
sim N="1000":
    TORCH_SIM_SEEDS={{N}} cargo test --locked --profile sim -p torch-daemon --test sim

# Runs N seeds of five roles that commit for ten simulated hours on real git.
converge N="20":
    TORCH_SIM_CONVERGE={{N}} cargo test --locked --profile sim -p torch-daemon --test sim five_roles -- --nocapture

# Simulates a week of a large team with 10,000 messages a day.
week:
    TORCH_SIM_HOURS=168 cargo test --locked --profile sim -p torch-daemon --test sim week -- --nocapture
