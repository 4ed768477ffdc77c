# Part of setup.sh: installs packages of the system (Debian or Ubuntu).
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the other parts

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! have sudo || ! sudo -n true 2>/dev/null; then
      echo "Ask someone with root to type: apt-get install ${packages[*]}"
      return
    fi
    as_root=(sudo -n)
  fi
  if ! have apt-get; then
    echo "This is no Debian or Ubuntu: see the lines above for what to type."
    return
  fi
  step "Installing ${packages[*]}"
  # A failure here is no reason to stop: the second look says what is still missing.
  "${as_root[@]}" timeout 300 apt-get update -qq || echo "apt-get update failed; trying with the old lists"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 900 \
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    echo "apt-get could not install all of: ${packages[*]}"
}
