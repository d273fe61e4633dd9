#!/usr/bin/env bash
# Stops and crashes PostgreSQL under load, and cuts its connections: 503 meanwhile, nothing lost.
# Usage: outage.sh [ROUNDS]
source "$(dirname "${BASH_SOURCE[0]}")/run.sh"

fault outage outage:: 200 "$@"
