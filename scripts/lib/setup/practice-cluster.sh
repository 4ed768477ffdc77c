# Part of setup.sh: installs what scripts/practice-cluster.sh needs.
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the other parts

# The packages of a cluster, without starting any of its services, now or at the next boot.
install_practice_cluster() {
  [ "$(id -u)" = 0 ] || die "needs root: sudo $(quoted "$0") --practice-cluster"
  have apt-get || die "a practice cluster needs Debian or Ubuntu, this has no apt-get"
  local policy=/usr/sbin/policy-rc.d service new=()
  for service in munge slurmd slurmctld; do
    [ -e "/usr/sbin/$service" ] || [ -e "/usr/sbin/${service}d" ] || new+=("$service")
  done
  packages=(slurm-wlm munge iproute2 util-linux procps hostname)
  if [ ${#new[@]} -eq 0 ] && have ip && have ps; then
    echo "The packages of the practice cluster are installed."
    return
  fi
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" # "do not start services": Debian's own convention
    chmod 755 "$policy"
    # shellcheck disable=SC2064 # the name as it is now
    trap "rm -f '$policy'" EXIT
  fi
  install_packages
  for service in "${new[@]}"; do
    systemctl disable --quiet "$service" 2>/dev/null || update-rc.d "$service" disable || true
  done
  if ! have munged || ! have slurmctld || ! have slurmd; then die "apt-get did not install it: see above" 1; fi
  echo "Next: $(typed scripts/practice-cluster.sh) up"
}
