/**
 * The whole way of two crews, on real nodes (own processes, TLS, mDNS on loopback) and in real Chromium: first steps,
 * sighting, decisions, a shared mission, and certificates made by openssl. The crew of bravo has no mouse.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'
import { chromiumPath, keepShot, openBrowser } from './browser'
import { focused, press, tabTo } from './keyboard'
import { accessibilityProblems } from './looks'
import { chooseFiles, dropFiles, openWindow } from './real-window'

const missing = chromiumPath === undefined ? 'no Chromium' : opensslProblem()
const onLoopback = ['--discovery', 'mdns', '--discovery-address', '127.0.0.1']
const dayMs = 24 * 60 * 60_000
const names = { alpha: 'OSC Sežana', bravo: 'Palmanova 1', charlie: 'DVD Umag', delta: 'Falke 2' } as const

/** Each was met under another name before the first steps: who is named anew is greeted anew, at once. */
const sightedMs = 10_000

function say(figure: string): void {
  process.stdout.write(`whole way: ${figure}\n`)
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

describe.skipIf(missing !== undefined)(`the whole way${missing === undefined ? '' : `: ${missing}`}`, () => {
  const undos: (() => Promise<void>)[] = []
  const nodes: HeadlessNode[] = []
  const complaints: string[] = []
  let browser: Browser
  let openssl: Openssl
  let alpha: HeadlessNode
  let bravo: HeadlessNode
  let charlie: HeadlessNode
  let page: Page
  let keys: Page
  let openedAt = 0
  let ca: Issued
  let own: Issued

  async function start(name: string, args: readonly string[]): Promise<HeadlessNode> {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    const node = await HeadlessNode.start({ name, folder, args })
    nodes.push(node)
    return node
  }

  beforeAll(async () => {
    openssl = new Openssl(Date.now())
    ca = openssl.issue({ subject: '/O=GZ Kras/CN=GZ Kras CA', extensions: authority })
    own = openssl.issue({ subject: '/CN=osc-sezana.gz.example', issuer: ca })
    browser = await openBrowser()
    ;[alpha, bravo] = await Promise.all([
      start('toughbook-1', [...onLoopback, '--first-run']),
      start('toughbook-2', [...onLoopback, '--first-run'])
    ])
    openedAt = performance.now()
    ;[page, keys] = await Promise.all([openWindow(browser, alpha, complaints), openWindow(browser, bravo, complaints)])
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await Promise.all(nodes.map((node) => node.stop()))
    for (const undo of undos) await undo()
    openssl.remove()
  })

  const row = (of: Page, name: string) => of.getByRole('row').filter({ hasText: name })
  const toScreen = (name: string) => page.getByRole('link', { name: new RegExp(`^${name}`) }).click()

  it('goes through the first steps with the mouse', async () => {
    await page.getByLabel('Callsign', { exact: true }).fill(names.alpha)
    await page.getByLabel('Federation', { exact: true }).fill('kras-2026')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('These four words are this laptop').waitFor()
    for (const word of alpha.overview.node.words) await page.getByText(word, { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: /^Link a laptop near me/ }).click()
    await page.getByRole('heading', { level: 1, name: 'Peers' }).waitFor()
  })

  it('goes through them with the keyboard', async () => {
    await keys.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
    await press(keys, 'Control+A')
    await keys.keyboard.type(names.bravo)
    await tabTo(keys, /^Federation$/)
    await press(keys, 'Control+A')
    await keys.keyboard.type('kras-2026')
    await press(keys, 'Enter')
    await keys.waitForFunction(() => document.activeElement?.textContent === 'These four words are this laptop')
    await tabTo(keys, /^Continue$/)
    await press(keys, 'Enter')
    await keys.waitForFunction(() => document.activeElement?.textContent === 'How do you want to begin?')
    await tabTo(keys, /^Link a laptop near me/)
    await press(keys, 'Enter')
    await keys.getByRole('heading', { level: 1, name: 'Peers' }).waitFor()
    await bravo.until('the first steps are kept', ({ node }) => !node.isFirstRun)
    expect(bravo.overview.node).toMatchObject({ callsign: names.bravo, federation: 'kras-2026' })
  })

  it('shows each the other, with no address typed', async () => {
    const beganAt = performance.now()
    await Promise.all(
      [row(page, names.bravo), row(keys, names.alpha)].map((one) => one.waitFor({ timeout: sightedMs }))
    )
    say(`both named ${seconds(beganAt)} s after the first steps`)
    for (const node of [alpha, bravo]) expect(node.overview.targets).toEqual([])
    expect(alpha.peer(bravo)?.level).toBe('untrusted')
    await keepShot(page, 'way-1-sighted')
  }, 90_000)

  it('lets both people decide, one of them without a mouse, and links', async () => {
    await page.getByRole('link', { name: names.bravo }).click()
    await page.getByRole('button', { name: 'Decide', exact: true }).click()
    const sheet = page.getByRole('dialog')
    for (const word of bravo.overview.node.words) await sheet.getByText(word, { exact: true }).first().waitFor()
    await sheet.getByText('I compared the words with their person').click()
    await sheet.getByRole('button', { name: 'Words are equal, trust' }).click()
    await row(page, names.bravo).getByText('Waits for them').waitFor()
    await row(keys, names.alpha).getByText('Asks for trust').waitFor()
    await keepShot(keys, 'way-2-asked')

    await tabTo(keys, new RegExp(`^Decide ${names.alpha}$`))
    await press(keys, 'Enter')
    await keys.getByRole('dialog').waitFor()
    await keys.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Reject')
    await tabTo(keys, /^I compared the words/)
    await press(keys, 'Space')
    await tabTo(keys, /^Words are equal, trust$/)
    await press(keys, 'Enter')
    expect(bravo.peer(alpha)?.level).not.toBe('trusted')
    await press(keys, 'Space')
    await Promise.all([row(page, names.bravo), row(keys, names.alpha)].map((one) => one.getByText(/^Linked/).waitFor()))
    await Promise.all([alpha.untilLinked(bravo), bravo.untilLinked(alpha)])
    expect(alpha.peer(bravo)?.decision).toMatchObject({ level: 'trusted', ground: 'words' })
    expect(bravo.peer(alpha)?.decision).toMatchObject({ level: 'trusted', ground: 'words' })
  })

  it('shares a mission that was made and written with the keyboard alone', async () => {
    await press(keys, 'Control+2')
    await keys.getByRole('heading', { level: 1, name: 'Missions' }).waitFor()
    await press(keys, 'n')
    await keys.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
    await keys.keyboard.type('Karst Ridge Fire')
    await press(keys, 'Tab')
    await keys.keyboard.type('Požar Kras')
    await tabTo(keys, /^Create mission$/)
    await press(keys, 'Enter')
    await keys.getByRole('heading', { level: 1, name: 'Karst Ridge Fire' }).waitFor()
    await press(keys, 'n')
    expect(await focused(keys)).toBe('Write to the log')
    await keys.keyboard.type('Road 617 closed at Opatje selo.')
    await press(keys, 'Control+Enter')

    await toScreen('Missions')
    await page.getByRole('main').getByRole('link', { name: 'Karst Ridge Fire' }).click()
    await page.getByText('Road 617 closed at Opatje selo.').waitFor()
    say(`${seconds(openedAt)} s from two windows opened to a shared mission`)
  })

  it('shows an edit to both, and that they are in step', async () => {
    await page.getByRole('button', { name: /^Edit entry/ }).click()
    await page.getByLabel('Text of this entry').fill('Road 617 closed at Opatje selo until 18:00.')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await keys.getByText('Road 617 closed at Opatje selo until 18:00.').waitFor()
    await Promise.all([page, keys].map((one) => one.getByText('In step with 1', { exact: true }).first().waitFor()))
    const [mission] = alpha.overview.missions
    await alpha.untilInStep(bravo, mission?.id ?? '')
    await keepShot(page, 'way-3-in-step')
  })

  it('takes a certificate of its own from a locked file, after a wrong password', async () => {
    await toScreen('Trust')
    const file = { name: 'osc-sezana.p12', content: openssl.pkcs12(own, 'atakatak', [ca]) }
    await chooseFiles(page, 'Import', [file])
    const password = page.getByLabel('Password of the file')
    await password.fill('wrong')
    await page.getByRole('button', { name: 'Open the file' }).click()
    await page.getByText('The password does not open this file.').waitFor()
    await page.getByText('CRT-02').waitFor()
    await keepShot(page, 'way-4-wrong-password')
    await password.fill('atakatak')
    await page.getByRole('button', { name: 'Open the file' }).click()
    await page.getByRole('heading', { name: 'Use this certificate for this laptop?' }).waitFor()
    await keepShot(page, 'way-5-identity')
    await page.getByRole('button', { name: 'Use for this laptop' }).click()
    await page.getByText('This laptop shows the certificate of osc-sezana.gz.example').waitFor()
    await alpha.until('the certificate', ({ node }) => node.certificate.issuerName === 'GZ Kras CA')
    await alpha.untilLinked(bravo)
  })

  it('takes a certificate and its key as two files, with another laptop’s', async () => {
    await press(keys, 'Control+3')
    const brought = openssl.issue({ subject: '/CN=palmanova-1.example', issuer: ca })
    const files = [
      { name: 'palmanova-1.crt', content: brought.pem },
      { name: 'palmanova-1.key', content: brought.keyPem }
    ]
    await chooseFiles(keys, 'Import', files)
    await keys.getByRole('button', { name: 'Use for this laptop' }).click()
    await keys.getByText('This laptop shows the certificate of palmanova-1.example').waitFor()
    await Promise.all([alpha.untilLinked(bravo), bravo.untilLinked(alpha)])
  })

  it('lets an organisation vouch, with a scope and an end, for a laptop about which nobody decides', async () => {
    await dropFiles(page, [{ name: 'gz-kras-ca.pem', content: ca.pem }])
    await page.getByRole('heading', { name: 'Import an organisation?' }).waitFor()
    await page.getByText('Read only', { exact: true }).click()
    await page.getByText('24 hours', { exact: true }).click()
    await keepShot(page, 'way-6-organisation')
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Trust this organisation' }).click()
    await page.getByText('GZ Kras CA vouches for its laptops now').waitFor()
    const anchor = await alpha.until('the organisation', ({ anchors }) => anchors[0])
    expect(anchor.scope).toMatchObject({ access: 'read' })
    expect((anchor.until ?? 0) - Date.now()).toBeGreaterThan(dayMs - 60_000)
    expect((anchor.until ?? 0) - Date.now()).toBeLessThanOrEqual(dayMs)

    charlie = await start(names.charlie, ['--discovery', 'off', '--federation', 'kras-2026'])
    const brought = openssl.issue({ subject: '/CN=dvd-umag.example', issuer: ca })
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const identity = { data: [base64(brought.pem), base64(brought.keyPem)], as: 'identity' }
    for (const body of [identity, { data: base64(ca.pem), as: 'anchor' }])
      expect(await charlie.call('POST', 'certificates', body)).toMatchObject({ status: 201 })
    await charlie.call('POST', 'peers', { address: '127.0.0.1', port: alpha.linkPort })
    await toScreen('Peers')
    await row(page, names.charlie).getByText('By organisation').waitFor()
    await row(page, names.charlie).getByText('GZ Kras CA').waitFor()
    await row(page, names.charlie)
      .getByText(/^Linked/)
      .waitFor()
    expect(alpha.peer(charlie)?.decision).toMatchObject({ ground: 'anchor', certificate: { name: 'GZ Kras CA' } })
    await keepShot(page, 'way-7-by-organisation')
  })

  it('knows a laptop whose certificate was dropped before it was met', async () => {
    const delta = await start(names.delta, ['--federation', 'kras-2026'])
    const given = await delta.call('GET', 'certificates/own?format=pem')
    await dropFiles(page, [{ name: given.body.fileName, content: Buffer.from(given.body.data, 'base64') }])
    await page.getByRole('heading', { name: 'Accept this certificate for a laptop?' }).waitFor()
    await page.getByText('Nobody has shown it since the start.').waitFor()
    await page.getByRole('button', { name: 'Accept for its laptop' }).click()
    await page.getByText('Waits for its laptop').first().waitFor()
    expect(alpha.peer(delta)).toBeUndefined()
    await delta.call('POST', 'peers', { address: '127.0.0.1', port: alpha.linkPort })
    await toScreen('Peers')
    await row(page, names.delta).getByText('Waits for them').waitFor()
    await delta.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await row(page, names.delta)
      .getByText(/^Linked/)
      .waitFor()
    expect(alpha.peer(delta)?.decision).toMatchObject({ ground: 'certificate' })
  })

  it('reads a DER file', async () => {
    await toScreen('Trust')
    const other = openssl.issue({ subject: '/CN=URSZR CA', extensions: authority, key: 'p384' })
    await chooseFiles(page, 'Import', [{ name: 'urszr.der', content: other.der }])
    await page.getByText('urszr.der', { exact: false }).first().waitFor()
    await page.getByRole('button', { name: 'Trust this organisation' }).click()
    await page.getByText('URSZR CA vouches for its laptops now').waitFor()
    await alpha.until('the organisation', ({ anchors }) => anchors.some((one) => one.certificate.name === 'URSZR CA'))
  })

  it('refuses each file in words of its own, and writes nothing', async () => {
    const before = { ...alpha.overview, auditTotal: 0 }
    const expired = openssl.issue({ subject: '/CN=old.example', issuer: ca, until: Date.now() - dayMs })
    const other = openssl.issue({ subject: '/CN=other.example', issuer: ca })
    const p12 = openssl.pkcs12(own, 'atakatak')
    const rc4 = ['-legacy', '-keypbe', 'PBE-SHA1-RC4-128', '-certpbe', 'PBE-SHA1-RC4-128', '-macalg', 'sha1']
    const refusals = [
      { files: [{ name: 'old.crt', content: expired.pem }], code: 'CRT-08', says: 'The certificate has expired.' },
      {
        files: [{ name: 'holiday.jpg', content: 'a picture' }],
        code: 'CRT-01',
        says: 'There is no certificate in this file.'
      },
      {
        files: [{ name: 'cut.p12', content: p12.subarray(0, p12.length - 9) }],
        code: 'CRT-04',
        says: 'This file is damaged or not what its beginning says.'
      },
      {
        files: [{ name: 'rc4.p12', content: openssl.pkcs12(own, 'atakatak', [], rc4) }],
        code: 'CRT-05',
        says: 'This file is locked with a cipher that is not supported.',
        password: 'atakatak'
      }
    ]
    for (const { files, code, says, password } of refusals) {
      await dropFiles(page, files)
      if (password !== undefined) {
        await page.getByLabel('Password of the file').fill(password)
        await page.getByRole('button', { name: 'Open the file' }).click()
      }
      await page.getByText(code).waitFor()
      await page.getByText(says).waitFor()
      await keepShot(page, `way-8-${code}`)
    }
    const partly = [
      { files: [{ name: 'other.crt', content: other.pem }], not: 'an organisation', code: 'CRT-13' },
      {
        files: [
          { name: 'other.crt', content: other.pem },
          { name: 'wrong.key', content: own.keyPem }
        ],
        not: 'this laptop’s own',
        code: 'CRT-07'
      }
    ]
    for (const { files, not, code } of partly) {
      await dropFiles(page, files)
      await page.getByText('Why not as something else').click()
      const why = page.locator('details p').filter({ hasText: `Not as ${not}:` })
      await why.getByText(code).waitFor()
      await keepShot(page, `way-8-${code}`)
    }
    // A key was brought: that it does not fit is said without being asked.
    await page.getByRole('listitem').filter({ hasText: 'CRT-07' }).waitFor()
    await page.getByRole('button', { name: 'Don’t import' }).click()
    expect(alpha.overview.anchors).toEqual(before.anchors)
    expect(alpha.overview.pins).toEqual(before.pins)
    expect(alpha.overview.node.certificateSha256).toBe(before.node.certificateSha256)
  })

  it('saves its own certificate as openssl reads it', async () => {
    await toScreen('Trust')
    await page.getByRole('button', { name: 'Save own certificate' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save', exact: true }).click()
    ])
    const saved = await download.path()
    const said = openssl.run('x509', '-in', saved, '-noout', '-fingerprint', '-sha256', '-subject').toString()
    const fingerprint = /Fingerprint=(\S+)/.exec(said)?.[1]?.replaceAll(':', '').toLowerCase()
    expect(fingerprint).toBe(alpha.overview.node.certificateSha256)
    expect(said).toContain('osc-sezana.gz.example')
    expect(await readFile(saved, 'latin1')).not.toContain('PRIVATE KEY')
  })

  it('trusts nobody any more for whom a removed organisation vouched', async () => {
    await page.getByRole('link', { name: 'GZ Kras CA' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('alertdialog').getByText(names.charlie).waitFor()
    await keepShot(page, 'way-9-remove')
    await page.getByRole('button', { name: 'Remove GZ Kras CA' }).click()
    await alpha.until('charlie is cut', () => alpha.peer(charlie)?.level === 'untrusted')
    await toScreen('Peers')
    await row(page, names.charlie).getByText('Organisation gone').waitFor()
    expect(alpha.peer(bravo)?.link.state).toBe('linked')
    await keepShot(page, 'way-10-organisation-gone')
  })

  it('forgets a peer', async () => {
    await charlie.stop()
    await page.getByRole('link', { name: names.charlie }).click()
    await page.getByRole('button', { name: 'Forget this laptop' }).click()
    await page.getByRole('button', { name: `Forget ${names.charlie}` }).click()
    await row(page, names.charlie).waitFor({ state: 'detached' })
    await alpha.until('charlie is forgotten', () => alpha.peer(charlie) === undefined)
    expect(complaints).toEqual([])
  })
})
