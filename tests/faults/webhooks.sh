#!/usr/bin/env bash
# Delivers webhooks up to five times, at the same time, in any order, and statuses before their messages.
# Usage: webhooks.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault webhooks order:: 10 "$@"
