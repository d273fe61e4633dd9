#!/usr/bin/env bash
# Removes everything that was built or installed by the other scripts inside the repository. Data stays.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo clean
rm -rf web/build web/.svelte-kit web/node_modules widget/dist widget/node_modules tests/e2e/node_modules test-results
