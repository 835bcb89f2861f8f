// How Muster is packed for people: run by scripts/package.mjs, checked by test/packaging.test.ts, told in
// docs/packaging.md. Not a .yml, so that each setting can carry its reason and tests read it without a parser.
import { certificateExtensions, fuses, ownFiles } from './packaging/facts.mjs'

export default {
  // Windows groups windows and finds toasts by it: the shell passes the same text to app.setAppUserModelId.
  appId: 'org.muster.Muster',
  productName: 'Muster',
  copyright: 'Copyright © 2026 The Muster authors',
  directories: { output: 'dist', buildResources: 'packaging' },

  // The build bundles every library; a node_modules beside it would be dead weight and more to verify.
  files: ['out/main/**', 'out/preload/**', 'out/renderer/**', 'package.json', '!**/node_modules/**'],
  extraResources: [
    { from: 'LICENSE', to: 'LICENSE.txt' },
    { from: 'dist/third-party-licences.txt', to: 'third-party-licences.txt' }
  ],
  npmRebuild: false,
  asar: true,
  disableAsarIntegrity: false,
  electronFuses: fuses,
  // The pieces of a large bundle end in numbers, which no system can register: any one is opened from within the program.
  fileAssociations: ownFiles,
  // Updates come as signed files that a person carries, never from a server: no feed is written into the package.
  publish: null,

  linux: {
    // The AppImage may be started without the sandbox, and then refuses to run: docs/decisions/0009-appimage.md.
    target: ['deb', 'AppImage', 'tar.gz'],
    executableName: 'muster',
    syncDesktopName: true,
    icon: 'packaging/icons/linux',
    category: 'Utility',
    synopsis: 'Missions shared between laptops in the field',
    // Types that the system knows already; as fileAssociations they would get new globs over its own.
    mimeTypes: ['application/pkcs12', 'application/x-x509-ca-cert', 'application/pkix-cert'],
    maintainer: process.env.MUSTER_MAINTAINER ?? 'The Muster authors <nobody@muster.invalid>',
    desktop: { entry: { Keywords: 'mission;rescue;offline;' } }
  },
  extraMetadata: {
    // A .deb does not exist without a homepage; names under .invalid never resolve (RFC 2606).
    homepage: process.env.MUSTER_HOMEPAGE ?? 'https://muster.invalid',
    // By this Electron names its windows, and desktops find the entry, the icon and the name of a window.
    desktopName: 'muster.desktop'
  },
  deb: {
    // %F gives paths; the default %U would give file: addresses.
    executableArgs: ['%F'],
    packageCategory: 'net',
    // The default recommends a library that Debian dropped; the tray goes over D-Bus.
    recommends: [],
    afterInstall: 'packaging/linux/after-install.sh',
    appArmorProfile: 'packaging/linux/apparmor-profile'
  },
  win: { target: ['nsis'], icon: 'packaging/icons/icon.ico' },
  nsis: {
    oneClick: false,
    // The page asks; only "for all users" may write firewall rules, so that is chosen at first.
    perMachine: false,
    selectPerMachineByDefault: true,
    allowToChangeInstallationDirectory: true,
    include: 'packaging/windows/installer.nsh',
    createStartMenuShortcut: true,
    createDesktopShortcut: true,
    differentialPackage: false,
    packElevateHelper: false
  },

  mac: {
    target: ['dmg'],
    icon: 'packaging/icons/icon.icns',
    category: 'public.app-category.productivity',
    hardenedRuntime: true,
    entitlements: 'packaging/mac/entitlements.plist',
    entitlementsInherit: 'packaging/mac/entitlements.plist',
    fileAssociations: [{ ext: certificateExtensions, name: 'Certificate', role: 'Viewer', rank: 'Alternate' }],
    extendInfo: {
      NSLocalNetworkUsageDescription:
        'Muster finds the laptops of your team on this network and shares missions with those you trust.',
      NSBonjourServices: ['_muster._tcp'],
      // Electron's own list of reasons; null takes a line out, and the system then refuses without asking.
      NSCameraUsageDescription: null,
      NSMicrophoneUsageDescription: null,
      NSAudioCaptureUsageDescription: null,
      NSBluetoothAlwaysUsageDescription: null,
      NSBluetoothPeripheralUsageDescription: null
    }
  },
  dmg: { writeUpdateInfo: false }
}
