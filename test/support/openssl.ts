/** Certificates, keys and PKCS#12 files made by the real `openssl` command in a folder of their own: files and judge. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'

/** Why tests that need it cannot run here; `undefined` when they can. */
export function opensslProblem(): string | undefined {
  const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
  if (status !== 0) return 'the openssl command is not installed'
  return /^OpenSSL 3\./.test(stdout) ? undefined : `openssl 3 is needed, not ${stdout.trim()}`
}

export type KeyKind = 'p256' | 'p384' | 'p521' | 'rsa1024' | 'rsa2048' | 'rsa4224' | 'ed25519'

const keyOptions: Readonly<Record<KeyKind, readonly string[]>> = {
  p256: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  rsa1024: ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  rsa2048: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa4224: ['RSA', '-pkeyopt', 'rsa_keygen_bits:4224'],
  ed25519: ['ED25519']
}

export interface Issued {
  /** Paths without ending; `.crt` and `.key` are PEM. */
  readonly path: string
  readonly pem: string
  readonly der: Buffer
  readonly keyPem: string
}

export interface Wanted {
  readonly subject: string
  /** Left out: self-signed. */
  readonly issuer?: Issued
  readonly key?: KeyKind
  /** Instead of a fresh key. */
  readonly keyOf?: Issued
  /** Lines of an extension section. */
  readonly extensions?: readonly string[]
  readonly from?: number
  readonly until?: number
  readonly digest?: string
}

/** A certificate that a list takes back, or only its serial number (hex). */
export interface Revoked {
  readonly certificate: Issued | string
  readonly at?: number
  /** As openssl names it: `keyCompromise`, … */
  readonly reason?: string
}

export interface WantedList {
  readonly issuer: Issued
  readonly revoked?: readonly Revoked[]
  /** Left out: a list of the first form. */
  readonly number?: number
  readonly from?: number
  readonly until?: number
  /** Lines of an extension section; left out: the number alone. */
  readonly extensions?: readonly string[]
  readonly digest?: string
}

export const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
export const laptop = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth,serverAuth'
]

const year = 365 * 24 * 3600 * 1000

export class Openssl {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-openssl-'))
  readonly #now: number
  #count = 0
  /** Making RSA keys takes long; certificates may share one where keys do not matter. */
  readonly #rsaKeys = new Map<KeyKind, string>()

  constructor(now: number) {
    this.#now = now
    const config = `
      [ca]
      default_ca = here
      [here]
      database = ${join(this.folder, 'index')}
      new_certs_dir = ${this.folder}
      rand_serial = yes
      unique_subject = no
      policy = any
      default_md = sha256
      email_in_dn = yes
      [any]
      countryName = optional
      organizationName = optional
      organizationalUnitName = optional
      commonName = optional
      emailAddress = optional
      [req]
      distinguished_name = none
      string_mask = utf8only
      [none]
    `
    writeFileSync(join(this.folder, 'openssl.cnf'), config)
    writeFileSync(join(this.folder, 'index'), '')
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Throws with what openssl said when it fails. */
  run(...args: readonly string[]): Buffer {
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: this.folder, timeout: 60_000 })
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr.toString()}`)
    return stdout
  }

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name)
    writeFileSync(path, content)
    return path
  }

  key(kind: KeyKind): string {
    const known = this.#rsaKeys.get(kind)
    if (known !== undefined) return known
    const [algorithm = '', ...options] = keyOptions[kind]
    const made = this.run('genpkey', '-algorithm', algorithm, ...options).toString()
    if (kind.startsWith('rsa')) this.#rsaKeys.set(kind, made)
    return made
  }

  issue({ subject, issuer, key = 'p256', keyOf, extensions = laptop, from, until, digest }: Wanted): Issued {
    const path = join(this.folder, `c${(this.#count += 1)}`)
    mkdirSync(path)
    const [keyFile, request, crt] = [join(path, 'key'), join(path, 'csr'), join(path, 'crt')]
    const keyPem = keyOf?.keyPem ?? this.key(key)
    writeFileSync(keyFile, keyPem)
    writeFileSync(join(path, 'ext'), `[all]\n${extensions.join('\n')}\n`)
    const config = ['-config', join(this.folder, 'openssl.cnf')]
    this.run('req', '-new', ...config, '-utf8', '-key', keyFile, '-subj', subject, '-out', request)
    const signer =
      issuer === undefined
        ? ['-selfsign', '-keyfile', keyFile]
        : ['-cert', join(issuer.path, 'crt'), '-keyfile', join(issuer.path, 'key')]
    const dates = [
      ...['-startdate', stamp(from ?? this.#now - year)],
      ...['-enddate', stamp(until ?? this.#now + year)]
    ]
    const sections = extensions.length === 0 ? [] : ['-extfile', join(path, 'ext'), '-extensions', 'all']
    const md = digest === undefined ? [] : ['-md', digest]
    this.run(
      ...['ca', '-batch', '-notext', '-preserveDN', ...config, ...signer, ...dates, ...sections, ...md],
      ...['-in', request, '-out', crt]
    )
    const pem = readFileSync(crt, 'latin1')
    return { path, pem, der: new X509Certificate(pem).raw, keyPem }
  }

  /** A revocation list: DER. */
  list({ issuer, revoked = [], number, from, until, extensions = [], digest = 'sha256' }: WantedList): Buffer {
    const path = join(this.folder, `c${(this.#count += 1)}`)
    mkdirSync(path)
    const lines = revoked.map(({ certificate, at = this.#now, reason }) => {
      const serial = typeof certificate === 'string' ? certificate : new X509Certificate(certificate.der).serialNumber
      const when = `${stamp(at).slice(2)}${reason === undefined ? '' : `,${reason}`}`
      return `R\t${stamp(this.#now + year).slice(2)}\t${when}\t${serial.toUpperCase()}\tunknown\t/CN=x\n`
    })
    writeFileSync(join(path, 'index'), lines.join(''))
    if (number !== undefined)
      writeFileSync(
        join(path, 'number'),
        number
          .toString(16)
          .padStart(2, '0')
          .replace(/^(..)*.$/, '0$&')
      )
    const config = `
      [ca]
      default_ca = here
      [here]
      database = ${join(path, 'index')}
      default_md = ${digest}
      ${number === undefined ? '' : `crlnumber = ${join(path, 'number')}`}
      ${number === undefined && extensions.length === 0 ? '' : 'crl_extensions = more'}
      [more]
      ${extensions.join('\n')}
      [full]
      fullname = URI:http://example.test/list
    `
    const [configFile, pemFile, derFile] = ['cnf', 'pem', 'der'].map((name) => join(path, name))
    writeFileSync(configFile ?? '', config)
    this.run(
      ...['ca', '-gencrl', '-config', configFile ?? '', '-cert', join(issuer.path, 'crt')],
      ...['-keyfile', join(issuer.path, 'key'), '-out', pemFile ?? ''],
      ...['-crl_lastupdate', stamp(from ?? this.#now), '-crl_nextupdate', stamp(until ?? this.#now + year)]
    )
    this.run('crl', '-in', pemFile ?? '', '-outform', 'DER', '-out', derFile ?? '')
    return readFileSync(derFile ?? '')
  }

  /** A PKCS#12 file. @param options further arguments of `openssl pkcs12 -export`. */
  pkcs12(own: Issued, password: string, chain: readonly Issued[] = [], options: readonly string[] = []): Buffer {
    const more = this.write('more.pem', chain.map(({ pem }) => pem).join(''))
    const secret = this.write('password', `${password}\n`)
    return this.run(
      ...['pkcs12', '-export', '-in', join(own.path, 'crt'), '-inkey', join(own.path, 'key')],
      ...(chain.length === 0 ? [] : ['-certfile', more]),
      ...['-passout', `file:${secret}`, ...options]
    )
  }

  /** What openssl says about a chain to an anchor at a time (ms): `undefined` when it is good for client and server. */
  judge(
    chain: readonly Uint8Array[],
    anchor: Uint8Array,
    time: number,
    lists?: readonly Uint8Array[]
  ): string | undefined {
    const [leaf, ...rest] = chain.map((one) => pemOf(one))
    const files = [
      ...['-trusted', this.write('anchor.pem', pemOf(anchor))],
      ...(rest.length === 0 ? [] : ['-untrusted', this.write('rest.pem', rest.join(''))]),
      ...(lists === undefined
        ? []
        : ['-crl_check_all', '-CRLfile', this.write('lists.pem', lists.map(listPem).join(''))]),
      this.write('leaf.pem', leaf ?? '')
    ]
    for (const purpose of ['sslclient', 'sslserver']) {
      const at = ['-attime', String(Math.floor(time / 1000)), '-partial_chain', '-auth_level', '2']
      const { status, stderr, stdout } = spawnSync('openssl', ['verify', ...at, '-purpose', purpose, ...files], {
        cwd: this.folder,
        encoding: 'utf8',
        timeout: 60_000
      })
      if (status !== 0) return `${stdout}${stderr}`
    }
    return undefined
  }
}

export function hasKeytool(): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'keytool')))
}

export function pemOf(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export function listPem(der: Uint8Array): string {
  return pemOf(der, 'X509 CRL')
}

function stamp(time: number): string {
  return `${new Date(time).toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`
}
