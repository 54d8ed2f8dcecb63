# Sourced by daemon/quickstart and tests/run: install Debian packages that are missing, and only those.

# What it takes to build cairnd and cairn.
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libuv1-dev libldns-dev liblmdb-dev libssl-dev libyaml-dev
libmicrohttpd-dev libcurl4-gnutls-dev"

# as_root COMMAND...: as we are, if we are root; else by sudo.
as_root() {
        if [ "$(id -u)" -eq 0 ]; then
                "$@"
        elif command -v sudo >/dev/null; then
                sudo "$@"
        else
                echo "This needs root or sudo: $*" >&2
                return 1
        fi
}

# install_missing PACKAGE...: those that dpkg does not know as installed. Another apt that is running is waited for.
install_missing() {
        if ! command -v apt-get >/dev/null; then
                echo "There is no apt-get here. If something is missing below, these are Debian's names: $*" >&2
                return 0
        fi
        missing=
        for package in "$@"; do
                if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
                        missing="$missing $package"
                fi
        done
        if [ -z "$missing" ]; then
                return 0
        fi
        echo "Installing:$missing"
        as_root apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null || true # a mirror that is down is met below
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
                install --no-install-recommends $missing </dev/null >/dev/null
}
