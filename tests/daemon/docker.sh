#!/bin/bash
# The image builds, runs without rights on a read-only root, gets healthy and answers; the compose file does the same.
#
# A real Docker engine is started for it in a network namespace of its own, with all its state in a scratch directory;
# nothing is left behind. Only with CAIRN_FULL, as root; the base image is made by debootstrap from the mirror that apt
# uses, so no registry is needed.
set -eu

skip() {
        echo "SKIP: $*"
        exit 77
}

[ -z "${CAIRN_SANITIZE:-}" ] || skip "the image is built without sanitizers; it is tried once, beside the release"
[ -n "${CAIRN_FULL:-}" ] || skip 'only with tests/run --full'
[ "$(id -u)" -eq 0 ] || skip 'only as root'
for program in dockerd debootstrap slirp4netns dig; do
        command -v $program >/dev/null || skip "$program is not installed"
done

work=$(mktemp -d)
name=cairn$$
engine=
router=

cleanup() {
        set +e
        [ -S "$work/docker.sock" ] && docker ps -aq | xargs -r docker rm -f >/dev/null 2>&1
        [ -n "$engine" ] && kill "$engine" && wait "$engine"
        [ -n "$router" ] && kill "$router" && wait "$router"
        ip netns del $name
        umount "$work"/exec/netns/* 2>/dev/null
        rm -rf "$work"
}
trap cleanup EXIT

# inside COMMAND...: in the engine's network.
inside() {
        nsenter --net=/run/netns/$name "$@"
}

# A minimal Debian, in the place of debian:bookworm-slim.
make_base() {
        local mirror
        mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
        debootstrap --variant=minbase bookworm "$work/root" "${mirror:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
                skip 'debootstrap cannot reach a Debian mirror'
        rm -rf "$work"/root/var/cache/apt/archives/*.deb
        tar -C "$work/root" --numeric-owner -cf "$work/base.tar" .
        rm -rf "$work/root"
}

start_engine() {
        ip netns add $name
        ip -n $name link set lo up
        slirp4netns --configure --mtu=1500 --disable-host-loopback --netns-type=path /run/netns/$name tap0 \
                >"$work/router.log" 2>&1 &
        router=$!
        # Not `ip netns exec`: it mounts /sys anew, and the engine would not find its cgroups.
        nsenter --net=/run/netns/$name dockerd --data-root "$work/data" --exec-root "$work/exec" \
                -H "unix://$work/docker.sock" --pidfile "$work/pid" >"$work/engine.log" 2>&1 &
        engine=$!
        export DOCKER_HOST=unix://$work/docker.sock
        for _ in $(seq 100); do
                docker version >/dev/null 2>&1 && return
                kill -0 $engine 2>/dev/null || break
                sleep 0.2
        done
        tail -n 5 "$work/engine.log"
        skip 'dockerd cannot start here'
}

# answers WHAT: cairnd knows localhost by itself, so this needs no Internet.
answers() {
        local answer
        for transport in +notcp +tcp; do
                answer=$(inside dig +short +tries=1 +time=2 $transport @127.0.0.1 -p 5353 localhost A)
                if [ "$answer" != 127.0.0.1 ]; then
                        echo "$1: no answer ($transport): $answer"
                        docker ps -a
                        exit 1
                fi
        done
}

# becomes_healthy CONTAINER
becomes_healthy() {
        local health=
        for _ in $(seq 60); do
                health=$(docker inspect -f '{{.State.Health.Status}}' "$1")
                [ "$health" = healthy ] && return
                sleep 0.5
        done
        echo "$1: $health"
        docker logs "$1"
        docker inspect -f '{{json .State.Health}}' "$1"
        exit 1
}

make_base
start_engine
docker import -c 'CMD ["bash"]' "$work/base.tar" debian:bookworm-slim >/dev/null

docker build -t cairn -f "$CAIRN_SOURCE/docker/Dockerfile" "$CAIRN_SOURCE" >"$work/build.log" 2>&1 || {
        tail -n 40 "$work/build.log"
        exit 1
}
docker run -d --name plain -p 5353:53/udp -p 5353:53/tcp --read-only --cap-drop ALL --security-opt no-new-privileges \
        --tmpfs /run/cairn:uid=853,gid=853 cairn >/dev/null
becomes_healthy plain
answers 'docker run'
[ "$(docker exec plain id -u)" = 853 ]

# SIGTERM ends it by itself, well before the engine would kill it.
docker stop -t 10 plain >/dev/null
[ "$(docker inspect -f '{{.State.ExitCode}}' plain)" = 0 ]
docker rm -f plain >/dev/null

if command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
        docker compose version >/dev/null 2>&1 || compose=(docker-compose)
        export CAIRN_PORT=5353
        "${compose[@]}" -p lan -f "$CAIRN_SOURCE/docker/compose.yaml" up -d >"$work/compose.log" 2>&1 || {
                cat "$work/compose.log"
                exit 1
        }
        becomes_healthy "$(docker ps -q)"
        answers compose
        "${compose[@]}" -p lan -f "$CAIRN_SOURCE/docker/compose.yaml" down -v >/dev/null 2>&1
else
        echo 'compose is not installed: the compose file was not tried'
fi
