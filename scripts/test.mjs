// Builds, runs all tests that this machine allows, and ends with what was left out and why.
import { spawnSync } from 'node:child_process'
import { buildIfNeeded } from './run.mjs'
import { findChromium, findElectron, hasCommand, hasNamespaces } from './machine.mjs'

buildIfNeeded()

const leftOut = []
if (!findChromium()) leftOut.push('the window in a real browser: no Chromium found (Debian: apt install chromium)')
if (!hasNamespaces()) leftOut.push('faults on a real network: network namespaces are not allowed here (Linux, as root)')
if (!hasCommand('openssl')) leftOut.push('openssl as the judge of certificates: it is not installed')
if (!hasCommand('nft')) leftOut.push('lost packets on a real network: nftables is not installed')
if (!hasCommand('tcpdump')) leftOut.push('a listener on the network: tcpdump is not installed')
if (!hasCommand('avahi-browse'))
  leftOut.push('Avahi as another voice on the network: avahi-daemon and avahi-utils are not installed')
if (!hasCommand('named')) leftOut.push('a real DNS server: bind9 is not installed')
if (!findElectron()) leftOut.push('the window in Electron: its binary is not installed here')

const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  stdio: 'inherit'
})
console.log(
  leftOut.length === 0
    ? '\nNothing was left out.'
    : `\nLeft out on this machine:\n${leftOut.map((line) => `  - ${line}`).join('\n')}`
)
process.exit(status ?? 1)
