#!/bin/sh
# Process 1 of a cluster: runs inside its fresh network, mount and pid namespaces, prepares them, starts the supervisor
# and reaps orphans. When it ends, the kernel ends every other process and drops every mount, device and rule in here.
# usage: init.sh BRIDGE_ADDRESS/LENGTH NODE_ADDRESS SERVICE_CIDR COMMAND...
set -eu
bridge_address=$1 node_address=$2 service_cidr=$3
shift 3

# Mounts of volumes must be seen by the container runtime; the peers are all in this mount namespace.
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
# Programs that insist on /var/lib/cni, /var/lib/kubelet or /var/log/containers write into memory.
for dir in lib log; do
  mkdir -p "/run/overlay/$dir/upper" "/run/overlay/$dir/work"
  mount -t overlay -o "lowerdir=/var/$dir,upperdir=/run/overlay/$dir/upper,workdir=/run/overlay/$dir/work" overlay "/var/$dir"
done
# The kubelet insists on setting these for the whole machine and leaves them so: it gets copies to write to.
mkdir /run/sysctl
for key in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy=/run/sysctl/$(echo "$key" | tr / .)
  cat "/proc/sys/$key" >"$copy"
  mount --bind "$copy" "/proc/sys/$key"
done

ip link set lo up
ip link add cni0 type bridge
ip address add "$bridge_address" dev cni0
ip link set cni0 up
# A bridge without a port has no carrier: one end of a pair is a port that never goes away.
ip link add cni0-port type veth peer name cni0-peer
ip link set cni0-port master cni0 up
ip link set cni0-peer up
# Local connections to a Service need a route before the rules can redirect them. What no rule redirects is refused at
# once; there is no default route, so nothing that is meant for the cluster ever leaves the machine.
ip route add "$service_cidr" dev cni0 src "$node_address"
iptables -A FORWARD -d "$service_cidr" -j REJECT
iptables -A OUTPUT -d "$service_cidr" -j REJECT
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables

"$@" &
wait $!
