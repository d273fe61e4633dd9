#!/usr/bin/env bash
# Kills the server with -9, under load and while it makes its tables: nothing acknowledged is lost or doubled.
# Usage: kill.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault kill kill:: 100 "$@"
