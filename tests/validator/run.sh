#!/usr/bin/env bash
# Judges FHIR JSON with HL7's own validator, JP Core 1.1.2 and JP-CLINS 1.5.2.
#
#   tests/validator/run.sh DIR
#
# Every *.json under DIR must be without error, except bad-*.json, which must have at least one.
# Broken variants of the first good document are made and must be refused too.
# The packages are looked for in ../shared beside the project, or in $RENKEI_SHARED.
# The first run builds with Maven into tests/validator/target; later runs need no network.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
packages="${RENKEI_SHARED:-$root/../shared}/fhir/packages"
target="$here/target"

if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 DIR" >&2
    exit 2
fi
if [ ! -d "$packages" ]; then
    echo "skipped: ../shared not found (the FHIR packages of JP Core and JP-CLINS are there)"
    exit 0
fi
for tool in java mvn; do
    if ! command -v "$tool" >/dev/null; then
        echo "skipped: $tool is not installed"
        exit 0
    fi
done

sources="$(cat "$here/pom.xml" "$here"/src/main/java/renkei/*.java | sha256sum | cut -d' ' -f1)"
if [ "$(cat "$target/built" 2>/dev/null || true)" != "$sources" ]; then
    mvn -q -B -Dstyle.color=never -f "$here/pom.xml" compile dependency:copy-dependencies \
        -DoutputDirectory="$target/lib" >&2
    printf '%s' "$sources" >"$target/built"
fi

exec java -Xss4m -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -cp "$target/classes:$target/lib/*" renkei.Validate \
    "$packages" "$root/profiles/fhir" "$1"
