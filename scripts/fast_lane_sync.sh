#!/bin/sh
# Has the fast lane look at every pair of a team now, for a crontab of those who don't rely on events alone:
#   */15 * * * * /path/to/fast_lane_sync.sh --team myapp
# One that is off stays off. See docs/fast-lane.md.
exec torch git lane sync "$@"
