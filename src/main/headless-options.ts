/** The command line of the headless host (frozen: add, never change), parsed into options or refused with a reason. */
import { parseArgs } from 'node:util'
import { fail, ok, type Result } from '@shared/result.js'
import { limits } from './engine/index.js'
import { bundleUsage, parseBundleOptions, type BundleOptions } from './headless-bundle.js'

export interface HeadlessOptions {
  readonly data: string
  readonly name: string
  readonly linkPort?: number
  readonly linkHost?: string
  readonly apiPort: number
  readonly federation?: string
  readonly discovery: 'mdns' | 'off'
  readonly discoveryAddress?: string
  readonly wantsFirstRun: boolean
  /** A snapshot to go back to first: its name, or `latest`. */
  readonly restore?: string
  readonly passphrase?: PassphraseSource
}

/** Where a passphrase is read from. Never the command line itself, which every program of the machine can read. */
export type PassphraseSource = { readonly file: string } | { readonly descriptor: number }

/** Asked for alone, with `--data`: what to go back to. */
export interface SnapshotListing {
  readonly listSnapshotsOf: string
}

export const usage = `usage: node out/main/headless.js --data DIR --name CALLSIGN
       [--link-port N] [--link-host ADDRESS] [--api-port N] [--federation NAME] [--discovery mdns|off] [--discovery-address ADDRESS]
       [--first-run]  show the first steps in the window; callsign and the like are suggestions then
       [--restore latest|NAME]  go back to a snapshot of the data folder first
       [--passphrase-file FILE | --passphrase-fd N]  unlock keys that are under a passphrase with the first line of it
                                                     (or the file that MUSTER_PASSPHRASE_FILE names); else it waits for POST /api/v1/unlock
       node out/main/headless.js --data DIR --snapshots  print what there is to go back to
${bundleUsage}`

export function parseHeadlessOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {}
): Result<HeadlessOptions | SnapshotListing | BundleOptions> {
  if (args[0] === 'bundle') return parseBundleOptions(args.slice(1))
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string' },
        name: { type: 'string' },
        'link-port': { type: 'string' },
        'link-host': { type: 'string' },
        'api-port': { type: 'string' },
        federation: { type: 'string' },
        discovery: { type: 'string', default: 'mdns' },
        'discovery-address': { type: 'string' },
        'first-run': { type: 'boolean', default: false },
        restore: { type: 'string' },
        'passphrase-file': { type: 'string' },
        'passphrase-fd': { type: 'string' },
        snapshots: { type: 'boolean', default: false }
      }
    })
  } catch (error) {
    return fail('bad-request', error instanceof Error ? error.message : String(error))
  }
  const { 'first-run': wantsFirstRun, ...values } = parsed.values
  const { data, name, federation, discovery, restore } = values
  if (data === undefined || data === '') return fail('bad-request', '--data is missing')
  if (values.snapshots) return ok({ listSnapshotsOf: data })
  if (name === undefined || !isName(name))
    return fail('bad-request', `--name: 1 to ${String(limits.nameLength)} characters`)
  if (federation !== undefined && !isName(federation))
    return fail('bad-request', `--federation: 1 to ${String(limits.nameLength)} characters`)
  if (discovery !== 'mdns' && discovery !== 'off') return fail('bad-request', '--discovery: mdns or off')
  const linkPort = parsePort(values['link-port'])
  const apiPort = parsePort(values['api-port'])
  if (linkPort === 'bad' || apiPort === 'bad')
    return fail('bad-request', 'a port is a number from 0 to 65535; 0 takes any free one')
  const passphrase = passphraseSource(
    values['passphrase-file'] ?? environment['MUSTER_PASSPHRASE_FILE'],
    values['passphrase-fd']
  )
  if (passphrase === 'bad')
    return fail('bad-request', '--passphrase-fd: the number of an open descriptor; a file or a descriptor, not both')
  return ok({
    data,
    name,
    apiPort: apiPort ?? 0,
    discovery,
    wantsFirstRun,
    ...(restore === undefined ? {} : { restore }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(values['discovery-address'] === undefined ? {} : { discoveryAddress: values['discovery-address'] }),
    ...(linkPort === undefined ? {} : { linkPort }),
    ...(values['link-host'] === undefined ? {} : { linkHost: values['link-host'] }),
    ...(federation === undefined ? {} : { federation })
  })
}

function passphraseSource(file: string | undefined, descriptor: string | undefined) {
  if (descriptor === undefined) return file === undefined || file === '' ? undefined : { file }
  return file === undefined && /^\d{1,4}$/.test(descriptor) ? { descriptor: Number(descriptor) } : 'bad'
}

function isName(text: string): boolean {
  return text.trim() !== '' && [...text].length <= limits.nameLength
}

function parsePort(text: string | undefined): number | undefined | 'bad' {
  if (text === undefined) return undefined
  const port = Number(text)
  return /^\d{1,5}$/.test(text) && port <= 65535 ? port : 'bad'
}
