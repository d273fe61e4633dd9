#!/usr/bin/env bash
# Restarts the server under thousands of sockets; sockets that never read; frames without end.
# Usage: storm.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault storm storm:: 4 "$@"
