/**
 * The built desktop app on the Chromium host: start, one instance, opened files, closing, quitting, the window's place,
 * the local API, keys, waking up. The test answers the system's dialogs.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { temporaryFolder } from '../support/headless.js'
import { pmtiles, smallPng } from '../support/map-files.js'
import { chromiumPath } from '../window/browser.js'
import { bundleHost, DesktopApp, outFolder, prepareFolder, type StartOptions } from './desktop-app.js'
import { startBus } from './session-bus.js'

const undos: (() => Promise<void>)[] = []
const running: DesktopApp[] = []
let base = ''
let host = ''
let nextFolder = 1

async function freshFolder(settings: Parameters<typeof prepareFolder>[1] = {}): Promise<string> {
  const dataFolder = join(base, `data-${String(nextFolder++)}`)
  await prepareFolder(dataFolder, settings)
  return dataFolder
}

async function start(dataFolder: string, more: Partial<StartOptions> = {}): Promise<DesktopApp> {
  const app = await DesktopApp.start({ host, dataFolder, ...more })
  running.push(app)
  return app
}

const windowOf = (app: DesktopApp) => app.do('window', null)

describe.runIf(chromiumPath !== undefined)('the desktop app (Chromium host)', () => {
  beforeAll(async () => {
    base = await temporaryFolder((undo) => undos.push(undo))
    host = await bundleHost(join(base, 'host'))
  })
  afterEach(async () => {
    for (const app of running.splice(0)) {
      app.kill()
      await app.ended
    }
  })
  afterAll(async () => {
    for (const undo of undos) await undo()
  })

  it('shows the first screen, with the theme’s ground under it, and does what it is asked', async () => {
    const folder = await freshFolder({ theme: 'night' })
    const app = await start(folder)
    await app.untilPage(`document.body.innerText.includes('OSC Sežana')`)
    const shown = Date.now() - app.startedAt
    console.log(`first screen on the Chromium host, first start of its profile: ${String(shown)} ms`)
    const window = await windowOf(app)
    expect(window?.options).toMatchObject({ title: 'Muster', backgroundColor: '#000000', show: false })
    expect(window?.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false
    })
    expect(window).toMatchObject({ isVisible: true, isFocused: true })
    expect(await app.do('told', null)).toMatchObject({
      sandbox: true,
      model: 'org.muster.Muster',
      theme: 'dark',
      about: { applicationName: 'Muster' }
    })
    const made = await app.call('createMission', { name: 'Karst Ridge Fire' })
    expect(made.ok).toBe(true)
    expect((await app.overview()).missions.map(({ name }) => name)).toEqual(['Karst Ridge Fire'])
    await app.until('the tray says it', async () => (await app.do('tray', null))?.tip.includes('1 mission'))
    await app.picture('first-screen')
  })

  it('shows what keeps it from starting, and ends', async () => {
    const folder = await freshFolder()
    // As a headless node on the same folder would.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '' }))
    const app = DesktopApp.launch({ host, dataFolder: folder })
    running.push(app)
    const shown = await app.answerDialog(() => undefined)
    expect(shown.kind).toBe('error')
    expect(shown.message).toContain('DSK-04')
    expect(await app.ended).toBe(1)
  })

  it('refuses to run without its sandbox once it is packaged', async () => {
    const env = { MUSTER_HOST_PACKAGED: '1' }
    const app = DesktopApp.launch({ host, dataFolder: await freshFolder(), args: ['--no-sandbox'], env })
    running.push(app)
    const shown = await app.answerDialog(() => undefined)
    expect(shown).toMatchObject({ kind: 'error', message: expect.stringContaining('APP-01') as string })
    expect(await app.ended).toBe(1)
  })

  it('runs once: a second start gives its files to the first and ends', async () => {
    const folder = await freshFolder()
    const first = await start(folder)
    await first.do('closeWindow', null)
    await first.answerDialog(() => ({ response: 0, checkboxChecked: false }))
    await first.until('the window is away', async () => (await windowOf(first))?.isMinimized)
    const file = join(base, 'team.pem')
    writeFileSync(file, 'a certificate')
    const opened = first.evaluate(`new Promise((done) => window.muster.onOpenedFiles(done))`)
    const second = DesktopApp.launch({ host, dataFolder: folder, args: [file, '/etc/passwd', '--remote'] })
    running.push(second)
    expect(await second.ended).toBe(0)
    expect(await opened).toEqual({ names: ['team.pem'], files: [btoa('a certificate')] })
    expect(await windowOf(first)).toMatchObject({ isMinimized: false, isVisible: true, isFocused: true })
    // Opened, not acted upon.
    expect(await first.overview()).toMatchObject({ anchors: [], pins: [] })
  })

  it('hands a file of the command line to the window, and says when one cannot be read', async () => {
    const file = join(base, 'organisation.crt')
    writeFileSync(file, 'a certificate')
    const app = await start(await freshFolder(), { args: [file] })
    // The window may have taken it already, and shows its name then.
    const name = await app.evaluate(`new Promise((done) => {
      window.muster.onOpenedFiles(({ names }) => done(names[0]))
      const look = () => { if (document.body.innerText.includes('organisation.crt')) done('organisation.crt') }
      new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true })
      look()
    })`)
    expect(name).toBe('organisation.crt')

    writeFileSync(join(base, 'huge.p12'), Buffer.alloc(2 * 1024 * 1024))
    await app.do('openFile', join(base, 'huge.p12'))
    expect((await app.answerDialog(() => undefined)).message).toContain('CRT-15')
  })

  it('asks once what closing means, keeps the answer, and comes back from the tray', async () => {
    const bus = await startBus()
    try {
      const folder = await freshFolder()
      const app = await start(folder, { env: { DBUS_SESSION_BUS_ADDRESS: bus.address } })
      await bus.own('org.kde.StatusNotifierWatcher')
      await app.do('closeWindow', null)
      const asked = await app.answerDialog(() => ({ response: 2, checkboxChecked: true }))
      expect(asked.buttons).toEqual(['Keep running', 'Quit', 'Cancel'])
      expect(await windowOf(app)).toMatchObject({ isVisible: true, isMinimized: false })

      await app.do('closeWindow', null)
      await app.answerDialog(() => ({ response: 0, checkboxChecked: true }))
      await app.until('the window is hidden', async () => (await windowOf(app))?.isVisible === false)
      expect((await app.overview()).node.settings.closing).toBe('tray')
      // The engine goes on behind it.
      expect((await app.call('createMission', { name: 'meanwhile' })).ok).toBe(true)
      await app.do('clickTray', 'Open Muster')
      expect(await windowOf(app)).toMatchObject({ isVisible: true, isFocused: true })

      await app.do('closeWindow', null)
      await app.until('it hides without asking', async () => (await windowOf(app))?.isVisible === false)
      expect(app.dialogsOpen).toBe(0)
      app.do('clickTray', 'Quit Muster').catch(() => undefined)
      expect(await app.ended).toBe(0)
      expect(existsSync(join(folder, 'lock'))).toBe(false)
    } finally {
      bus.stop()
    }
  })

  it('minimises instead of hiding where no tray is shown', async () => {
    for (const env of [{}, { MUSTER_HOST_NO_TRAY: '1' }] as Record<string, string>[]) {
      const app = await start(await freshFolder({ closing: 'tray' }), { env })
      await app.do('closeWindow', null)
      await app.until('the window is minimised', async () => (await windowOf(app))?.isMinimized)
      expect(await windowOf(app)).toMatchObject({ isVisible: true })
    }
  })

  it('quits when closing means that, and leaves the folder to the next', async () => {
    const folder = await freshFolder()
    const app = await start(folder)
    const nodeId = (await app.overview()).node.nodeId
    await app.call('createMission', { name: 'kept' })
    await app.do('closeWindow', null)
    await app.answerDialog(() => ({ response: 1, checkboxChecked: true }))
    expect(await app.ended).toBe(0)
    expect(existsSync(join(folder, 'lock'))).toBe(false)
    expect(app.logLines.filter((line) => line.includes('"error"'))).toEqual([])

    const again = await start(folder)
    const overview = await again.overview()
    expect(overview.node.nodeId).toBe(nodeId)
    expect(overview.missions.map(({ name }) => name)).toEqual(['kept'])
    expect(overview.node.settings.closing).toBe('quit')
    again.do('closeWindow', null).catch(() => undefined)
    expect(await again.ended).toBe(0)
  })

  it('opens where it was, or where there is a screen', async () => {
    const folder = await freshFolder()
    const first = await start(folder)
    await first.do('moveWindow', { x: 120, y: 40, width: 1100, height: 700 })
    expect(await first.quit()).toBe(0)
    const second = await start(folder)
    expect((await windowOf(second))?.bounds).toEqual({ x: 120, y: 40, width: 1100, height: 700 })
    await second.do('maximizeWindow', null)
    expect(await second.quit()).toBe(0)

    // At 200 % this is all there is of a screen of 1366 by 768.
    const small = { MUSTER_HOST_SCREENS: JSON.stringify([{ x: 0, y: 0, width: 683, height: 364 }]) }
    const third = await start(folder, { env: small })
    expect(await windowOf(third)).toMatchObject({
      isMaximized: true,
      options: { x: 0, y: 0, width: 683, height: 364, minWidth: 683, minHeight: 364 }
    })
    third.kill()
    await third.ended

    writeFileSync(join(folder, 'window', 'window.json'), '{"width":"wide"')
    const fourth = await start(folder)
    expect((await windowOf(fourth))?.bounds).toMatchObject({ width: 1366, height: 768 })
    await fourth.untilLogged('window-state-damaged')
  })

  it('opens and closes the local API with its setting', async () => {
    const folder = await freshFolder()
    const app = await start(folder)
    expect(existsSync(join(folder, 'api-token'))).toBe(false)
    await app.touch()
    expect((await app.call('changeSettings', { hasLocalApi: true })).ok).toBe(true)
    const port = await app.until('the API', () => {
      const { apiPort } = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as { apiPort?: number }
      return apiPort
    })
    const ask = () =>
      fetch(`http://127.0.0.1:${String(port)}/api/v1/node`, {
        headers: { Authorization: `Bearer ${readFileSync(join(folder, 'api-token'), 'utf8')}` }
      })
    expect(await (await ask()).json()).toMatchObject({ callsign: 'OSC Sežana' })
    expect((await fetch(`http://127.0.0.1:${String(port)}/api/v1/node`)).status).toBe(401)
    expect((await app.call('changeSettings', { hasLocalApi: false })).ok).toBe(true)
    await app.until('the API is gone', () => !existsSync(join(folder, 'api-token')))
    await expect(fetch(`http://127.0.0.1:${String(port)}/healthz`)).rejects.toThrow()
  })

  it('opens the map that a person chooses, and shows its tiles', async () => {
    const app = await start(await freshFolder())
    const path = join(base, 'kras.pmtiles')
    writeFileSync(path, pmtiles([{ z: 1, x: 1, y: 0, bytes: smallPng }]))
    const changed = app.evaluate(`window.muster.openMap()`)
    await app.answerDialog(() => ({ canceled: true, filePaths: [] }))
    expect(await changed).toEqual({ ok: true, value: null })
    const opened = app.evaluate(`window.muster.openMap()`)
    expect((await app.answerDialog(() => ({ canceled: false, filePaths: [path] }))).kind).toBe('open')
    const { value } = (await opened) as { readonly value: { readonly id: string } }
    expect(value).toMatchObject({ path, kind: 'pmtiles', name: 'Kras' })
    const fetched = (place: string) =>
      app.evaluate(
        `fetch('/maps/${value.id}/${place}').then(async (answer) => [answer.status, answer.headers.get('content-type'), (await answer.arrayBuffer()).byteLength])`
      )
    expect(await fetched('1/1/0')).toEqual([200, 'image/png', smallPng.length])
    expect(await fetched('1/0/0')).toEqual([204, null, 0])
    expect(await fetched('1/2/0')).toEqual([422, expect.anything(), expect.anything()])
  })

  it('saves a file where a person says, under a plain name', async () => {
    const app = await start(await freshFolder())
    const save = app.evaluate(`window.muster.saveFile('../own\\u202e.crt', btoa('certificate'))`)
    const path = join(base, 'chosen.crt')
    const shown = await app.answerDialog(() => ({ canceled: false, filePath: path }))
    expect(shown.defaultPath?.endsWith('/Documents/_own_.crt')).toBe(true)
    expect(await save).toEqual({ ok: true, value: { path } })
    expect(readFileSync(path, 'utf8')).toBe('certificate')

    const given = app.evaluate(`window.muster.saveFile('x.crt', '')`)
    await app.until('the dialog', () => app.dialogsOpen === 1)
    expect(await app.evaluate(`window.muster.saveFile('y.crt', '')`)).toMatchObject({
      ok: false,
      problem: { code: 'bad-request' }
    })
    await app.answerDialog(() => ({ canceled: true, filePath: '' }))
    expect(await given).toEqual({ ok: true, value: null })

    const nowhere = app.evaluate(`window.muster.saveFile('z.crt', '')`)
    await app.answerDialog(() => ({ canceled: false, filePath: join(base, 'absent', 'z.crt') }))
    expect(await nowhere).toMatchObject({ ok: false, problem: { code: 'disk-failed' } })

    expect(await app.evaluate(`window.muster.showDataFolder()`)).toEqual({ ok: true, value: null })
    expect((await app.do('told', null))['opened']).toBe((await app.overview()).node.dataFolder)
  })

  it('adds files that a person picks, and saves a copy where a person says', async () => {
    const app = await start(await freshFolder())
    const made = (await app.call('createMission', { name: 'Karst Ridge Fire' })) as { value: { id: MissionId } }
    const { id } = made.value
    const picked = join(base, 'map\u202e.txt')
    writeFileSync(picked, 'Line B')
    const adding = app.evaluate(`window.muster.pickFiles('${id}')`)
    expect(await app.answerDialog(() => ({ canceled: false, filePaths: [picked] }))).toMatchObject({ kind: 'open' })
    expect(await adding).toEqual({ ok: true, value: { added: 1 } })
    const listed = await app.call('listContents', { missionId: id, offset: 0, limit: 10, order: 'newest' })
    const file = createHash('sha256').update('Line B').digest('hex')
    expect(listed).toMatchObject({ value: { items: [{ file, state: 'here', size: 6 }] } })

    const saving = app.evaluate(`window.muster.saveContent('${id}', '${file}')`)
    const path = join(base, 'copy.txt')
    const shown = await app.answerDialog(() => ({ canceled: false, filePath: path }))
    expect(shown.defaultPath?.endsWith('/Documents/map_.txt')).toBe(true)
    expect(await saving).toEqual({ ok: true, value: { path } })
    expect(readFileSync(path, 'utf8')).toBe('Line B')

    const none = app.evaluate(`window.muster.pickFiles('${id}')`)
    await app.answerDialog(() => ({ canceled: true, filePaths: [] }))
    expect(await none).toEqual({ ok: true, value: null })
    const folder = app.evaluate(`window.muster.pickFiles('${id}')`)
    await app.answerDialog(() => ({ canceled: false, filePaths: [base] }))
    expect(await folder).toMatchObject({ ok: false, problem: { code: 'not-found' } })
    const absent = `window.muster.saveContent('${id}', '${'0'.repeat(64)}')`
    expect(await app.evaluate(absent)).toMatchObject({ ok: false, problem: { code: 'content-not-here' } })
    // What a script makes has no place on this machine, and a place that a script names does not get through.
    const forged = `window.muster.addFiles('${id}', [{ path: '/etc/passwd' }])`
    expect(await app.evaluate(forged)).toMatchObject({ ok: false, problem: { code: 'bad-request' } })
    expect(app.dialogsOpen).toBe(0)
  })

  it('wraps the keys with a keyring, and says the truth where there is none', async () => {
    const folder = await freshFolder()
    const bare = await start(folder)
    await bare.touch()
    expect(await bare.call('lockKeys', { lock: true })).toMatchObject({ ok: false, problem: { code: 'no-key-store' } })
    expect(await bare.quit()).toBe(0)

    const env = { MUSTER_HOST_KEYRING: '1' }
    const app = await start(folder, { env })
    const { nodeId } = (await app.overview()).node
    // Not before it is used: a locked keyring would open a prompt at every start.
    expect(await app.do('told', null)).not.toHaveProperty('touchedKeyring')
    await app.touch()
    expect(await app.call('lockKeys', { lock: true })).toEqual({ ok: true, value: null })
    expect(await app.quit()).toBe(0)
    const again = await start(folder, { env })
    expect((await again.overview()).node).toMatchObject({ nodeId, keys: { state: 'locked' } })
    expect(await again.do('told', null)).toHaveProperty('touchedKeyring')
    expect(await again.quit()).toBe(0)

    // Another keyring does not open them: nothing is made anew, and it says so.
    writeFileSync(join(folder, 'window', 'keyring'), Buffer.alloc(32))
    const other = DesktopApp.launch({ host, dataFolder: folder, env })
    running.push(other)
    expect((await other.answerDialog(() => undefined)).message).toContain('DSK-08')
    expect(await other.ended).toBe(1)
  })

  it('asks by itself where a screen reader presses the buttons', async () => {
    const app = await start(await freshFolder(), { env: { MUSTER_HOST_ACCESSIBILITY: '1' } })
    const change = () => app.call('changeSettings', { federation: 'ours' })
    const refused = change()
    const shown = await app.answerDialog(() => ({ response: 1, checkboxChecked: false }))
    expect(shown).toMatchObject({ buttons: ['Yes', 'No'] })
    expect(await refused).toMatchObject({ ok: false, problem: { code: 'no-hand' } })
    const allowed = change()
    await app.answerDialog(() => ({ response: 0, checkboxChecked: false }))
    expect((await allowed).ok).toBe(true)
  })

  it('goes on while its window’s process is gone, and does not spin', async () => {
    const app = await start(await freshFolder())
    const { nodeId, startedAt } = (await app.overview()).node
    for (let gone = 1; gone <= 4; gone++) {
      app.cdp('Page.crash').catch(() => undefined) // It does not live to answer.
      await app.until(
        `gone ${String(gone)} times`,
        () => app.logLines.filter((line) => line.includes('window-gone')).length === gone
      )
      if (gone === 4) expect((await app.answerDialog(() => ({ response: 0 }))).message).toContain('again and again')
      await app.untilShown()
    }
    expect((await app.overview()).node).toMatchObject({ nodeId, startedAt })
  })

  it('tries again at once when the laptop wakes up', async () => {
    const app = await start(await freshFolder())
    // Somebody who takes the call and hangs up.
    let calls = 0
    const server = createServer((socket) => {
      calls++
      socket.on('error', () => undefined).destroy()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await app.touch()
    await app.call('addPeer', { address: '127.0.0.1', port })
    // Back-off grows: wait for a pause in which nothing would happen by itself.
    const nextTryAt = await app.until('a long pause', async () => {
      const [target] = (await app.overview()).targets
      return target?.state === 'waiting' && (target.nextTryAt ?? 0) - Date.now() > 1_500 ? target.nextTryAt : undefined
    })
    const before = calls
    await app.do('power', 'resume')
    await app.until('another call', () => calls > before)
    expect(Date.now()).toBeLessThan(nextTryAt)
    server.close()
  })

  it('ends in order when the system does', async () => {
    const folder = await freshFolder()
    const app = await start(folder)
    app.do('power', 'shutdown').catch(() => undefined)
    expect(await app.ended).toBe(0)
    expect(existsSync(join(folder, 'lock'))).toBe(false)
    const asked = await start(folder)
    asked.process.kill('SIGTERM')
    expect(await asked.ended).toBe(0)
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })

  it('is the built entry, as it would be started by Electron', () => {
    expect(readFileSync(join(outFolder, 'main/index.js'), 'utf8')).toMatch(/from ?["']electron["']/)
  })
})
