#!/usr/bin/env bash
# Formatting, lints and types of everything. Part of `make test`, and quick enough to run before each commit.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source scripts/stages.sh

stage "Set-up" scripts/setup.sh check
check_stages
list_stages
