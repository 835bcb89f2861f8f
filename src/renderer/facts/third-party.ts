/** What Muster is made with and ships in its bundles: name and SPDX licence, as each package says itself (a test compares). */
export const thirdParty: readonly (readonly [name: string, licence: string])[] = [
  ['@fontsource-variable/ibm-plex-sans', 'OFL-1.1'],
  ['@fontsource/ibm-plex-mono', 'OFL-1.1'],
  ['@lucide/vue', 'ISC'],
  ['@peculiar/x509', 'MIT'],
  ['@scure/bip39', 'MIT'],
  ['@tanstack/vue-virtual', 'MIT'],
  ['asn1js', 'BSD-3-Clause'],
  ['bonjour-service', 'MIT'],
  ['lowdb', 'MIT'],
  ['node-forge', '(BSD-3-Clause OR GPL-2.0)'],
  ['pinia', 'MIT'],
  ['pkijs', 'BSD-3-Clause'],
  ['reflect-metadata', 'Apache-2.0'],
  ['reka-ui', 'MIT'],
  ['valibot', 'MIT'],
  ['vue', 'MIT'],
  ['vue-i18n', 'MIT'],
  ['vue-router', 'MIT'],
  ['ws', 'MIT']
]
