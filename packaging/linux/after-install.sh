#!/bin/bash
# After the .deb is unpacked. Words in braces are filled in by electron-builder; shell variables stand without braces.

if type update-alternatives >/dev/null 2>&1; then
  update-alternatives --install '/usr/bin/${executable}' '${executable}' '/opt/${sanitizedProductName}/${executable}' 100 ||
    ln -sf '/opt/${sanitizedProductName}/${executable}' '/usr/bin/${executable}'
else
  ln -sf '/opt/${sanitizedProductName}/${executable}' '/usr/bin/${executable}'
fi

# Chromium takes user namespaces where people may have them and this helper elsewhere. Asking here whether they may is no
# use: this script is root, and root always may.
chown root:root '/opt/${sanitizedProductName}/chrome-sandbox' &&
  chmod 4755 '/opt/${sanitizedProductName}/chrome-sandbox' || exit 1

# Ubuntu 24.04 gives user namespaces only to programs whose AppArmor profile says so. An AppArmor that cannot read the
# profile (abi 4.0) has no such restriction.
if apparmor_status --enabled >/dev/null 2>&1; then
  source='/opt/${sanitizedProductName}/resources/apparmor-profile'
  target='/etc/apparmor.d/${executable}'
  if apparmor_parser --skip-kernel-load --debug "$source" >/dev/null 2>&1; then
    cp -f "$source" "$target"
    # In a chroot, where images are made, there is no kernel to load it into.
    if ! { [ -x /usr/bin/ischroot ] && /usr/bin/ischroot; }; then
      apparmor_parser --replace --write-cache --skip-read-cache "$target" || echo "muster: AppArmor did not load $target"
    fi
  fi
fi

if type update-mime-database >/dev/null 2>&1; then
  update-mime-database /usr/share/mime || true
fi
if type update-desktop-database >/dev/null 2>&1; then
  update-desktop-database /usr/share/applications || true
fi
exit 0
