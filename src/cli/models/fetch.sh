
set -u
models=${1:-$default}
failed=0
needed=0

say() { printf '%s\n' "$*"; }
complain() {
    printf '%s\n' "$*" >&2
    failed=$((failed + 1))
}
die() {
    printf '%s\n' "$*" >&2
    exit 2
}

size_of() {
    stat -L -c %s "$1" 2>/dev/null || stat -L -f %z "$1" 2>/dev/null || wc -c <"$1" | tr -d ' '
}
is_size() {
    for size in $2; do
        [ "$1" = "$size" ] && return 0
    done
    return 1
}
sha256_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1" | cut -c 1-64
    elif command -v shasum >/dev/null 2>&1; then
        shasum -a 256 <"$1" | cut -c 1-64
    fi
}

# The token goes to curl on standard input, where no list of processes shows it. curl does not pass it on to
# the server that a download is redirected to; wget would.
download() {
    if command -v curl >/dev/null 2>&1; then
        case $1 in
        https://huggingface.co/*) token=${HF_TOKEN:-} ;;
        *) token= ;;
        esac
        if [ -n "$token" ]; then printf 'header = "Authorization: Bearer %s"\n' "$token"; fi |
            curl --config - --fail --location --retry 5 --retry-delay 2 --continue-at - --output "$2" --url "$1"
    else
        wget -c -O "$2" "$1"
    fi
}

# Kibibytes that are still to be downloaded.
plan() {
    target=$models/$1/$2
    if [ -z "$3" ] || [ -z "$7" ] || [ -f "$target" ]; then return 0; fi
    have=0
    if [ -f "$target.part" ]; then have=$(size_of "$target.part"); fi
    if [ "$3" -gt "$have" ]; then needed=$((needed + ($3 - have) / 1024 + 1)); fi
}

fetch() {
    name=$1/$2 bytes=$3 sizes=$4 sha256=$5 gated=$6 url=$7
    target=$models/$name
    part=$target.part
    if [ -f "$target" ]; then
        have=$(size_of "$target")
        if [ -z "$sizes" ] || is_size "$have" "$sizes"; then
            say "there: $name"
        else
            complain "$target has $have bytes, expected $sizes; move it away and run this again"
        fi
        return 0
    fi
    if [ -z "$url" ]; then
        complain "$name: no address is known; copy it to $target"
        return 0
    fi
    if [ "$gated" = yes ]; then
        if [ -z "${HF_TOKEN:-}" ]; then
            complain "$name: accept its licence at ${url%%/resolve/*}, then set HF_TOKEN to an access token of yours"
            return 0
        elif ! command -v curl >/dev/null 2>&1; then
            complain "$name: needs curl, since wget would show the token to other servers"
            return 0
        fi
    fi
    if ! mkdir -p "$(dirname "$target")"; then
        complain "$name: its folder cannot be made"
        return 0
    fi
    have=0
    if [ -f "$part" ]; then have=$(size_of "$part"); fi
    if [ -n "$sizes" ] && [ "$have" -gt "$bytes" ] && ! is_size "$have" "$sizes"; then
        mv -f "$part" "$target.bad"
        have=0
    fi
    if [ -z "$sizes" ] || ! is_size "$have" "$sizes"; then
        say "fetching: $name"
        # A connection that breaks off is taken up again for as long as each try brings more.
        until download "$url" "$part"; do
            before=$have
            have=0
            if [ -f "$part" ]; then have=$(size_of "$part"); fi
            if [ "$have" -le "$before" ]; then
                if [ "$have" -eq 0 ]; then rm -f "$part"; fi
                case $gated$url in
                yes*) hint="; if it is refused, accept the licence at ${url%%/resolve/*} as the owner of HF_TOKEN" ;;
                https://huggingface.co/*) hint="; if it is refused, look at ${url%%/resolve/*}" ;;
                *) hint= ;;
                esac
                complain "$name: the download failed; run this again to resume it$hint"
                return 0
            fi
        done
        have=$(size_of "$part")
    fi
    if [ -n "$sizes" ] && ! is_size "$have" "$sizes"; then
        mv -f "$part" "$target.bad"
        complain "$name: has $have bytes, expected $sizes; kept as $target.bad"
        return 0
    fi
    if [ -n "$sha256" ] && [ "$have" = "$bytes" ]; then
        found=$(sha256_of "$part")
        if [ -z "$found" ]; then
            say "not verified, there is neither sha256sum nor shasum: $name"
        elif [ "$found" != "$sha256" ]; then
            mv -f "$part" "$target.bad"
            complain "$name: its SHA-256 is $found, expected $sha256; kept as $target.bad"
            return 0
        fi
    fi
    if mv -f "$part" "$target"; then say "complete: $name"; else complain "$name: cannot be renamed"; fi
}

[ -n "$models" ] || die "usage: sh $0 MODELS_FOLDER"
case $models in
-*) models=./$models ;;
esac
[ -d "$models" ] || die "$models is no folder: mount it, or make it with mkdir"
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || die "neither curl nor wget is installed"
case ${HF_TOKEN:-} in
*[!A-Za-z0-9_.-]*) die "HF_TOKEN has characters that no token has" ;;
esac

files plan
free=$(df -Pk "$models" 2>/dev/null |
    awk 'NR == 2 { for (i = 2; i <= NF; i++) if ($i ~ /^[0-9]+%$/) { print $(i - 1); exit } }')
if [ -n "$free" ] && [ "$needed" -gt "$free" ]; then
    die "$models has $((free / 1024)) MiB left, and $((needed / 1024)) MiB are still to be downloaded"
fi
files fetch
if [ "$failed" -gt 0 ]; then
    say "$failed of $count files are not there"
    exit 1
fi
say "all $count files are there; \`wfc models check\` looks into them"
