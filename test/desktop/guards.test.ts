/**
 * What a page that was taken over could try, on the Chromium host: the built entry, preload and window run as they are,
 * and what stops each attempt is the shell. That each is stopped is seen outside the page: a server that nobody reaches,
 * a folder that stays empty, the shell's log.
 */
import { existsSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/headless.js'
import { chromiumPath } from '../window/browser.js'
import { bundleHost, DesktopApp, prepareFolder } from './desktop-app.js'
import type { Reply } from './host/chromium.js'

const undos: (() => Promise<void>)[] = []
const reached: string[] = []
let app: DesktopApp
let server: Server
let elsewhere = ''
let folder = ''

/** Names of what the shell refused since, as its log has them. */
function refusedSince(line: number): readonly string[] {
  return app.logLines.slice(line).flatMap((text) => {
    const { event, what } = JSON.parse(text) as { event: string; what?: string }
    return event === 'window-refused' && what !== undefined ? [what] : []
  })
}

async function refusal(what: string, attempt: string): Promise<unknown> {
  const before = app.logLines.length
  const answer = await app.evaluate(attempt)
  await app.until(`the shell refuses: ${what}`, () => refusedSince(before).includes(what))
  return answer
}

describe.runIf(chromiumPath !== undefined)('a page that was taken over (Chromium host)', () => {
  beforeAll(async () => {
    const base = await temporaryFolder((undo) => undos.push(undo))
    server = createServer((request, response) => {
      reached.push(request.url ?? '')
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end('reached')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    elsewhere = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    folder = join(base, 'data')
    await prepareFolder(folder)
    app = await DesktopApp.start({ host: await bundleHost(join(base, 'host')), dataFolder: folder })
  })
  afterAll(async () => {
    app.kill()
    await app.ended
    server.close()
    for (const undo of undos) await undo()
  })

  it('sees the functions of the contract, frozen, and nothing behind them', async () => {
    const seen = await app.evaluate<Record<string, unknown>>(`({
      names: Object.keys(window.muster),
      kinds: Object.values(window.muster).map((one) => typeof one),
      isFrozen: Object.isFrozen(window.muster),
      property: { ...Object.getOwnPropertyDescriptor(window, 'muster'), value: undefined },
      isOurs: Object.getPrototypeOf(window.muster) === Object.prototype && window.muster.call instanceof Function,
      others: ['require', 'module', 'process', 'Buffer', 'global', 'ipcRenderer', 'electron', 'hostPost', 'hostDeliver', 'bridge', 'listen'].filter((name) => name in window)
    })`)
    expect(seen).toEqual({
      names: [
        ...['call', 'subscribe', 'saveFile', 'openMap', 'pickFiles', 'addFiles', 'saveContent'],
        ...['showDataFolder', 'onOpenedFiles', 'writeBundle', 'chooseBundle', 'dropBundle', 'previewBundle'],
        ...['takeBundle', 'onOpenedBundle']
      ],
      kinds: Array.from({ length: 15 }, () => 'function'),
      isFrozen: true,
      property: { enumerable: true, writable: false, configurable: false },
      isOurs: true,
      others: []
    })
  })

  it('gets messages without the event they came in', async () => {
    expect(
      await app.evaluate(
        `new Promise((done) => window.muster.subscribe((...args) => done([args.length, Object.keys(args[0]).sort()])))`
      )
    ).toEqual([1, ['overview', 'revision', 'type']])
  })

  it('runs no text as code', async () => {
    const { result } = (await app.cdp('Runtime.evaluate', {
      expression: `(() => { try { return eval('1') } catch (error) { return error.name } })()`,
      allowUnsafeEvalBlockedByCSP: false
    })) as Reply
    expect(result.value).toBe('EvalError')
    expect(
      await app.evaluate(`(() => { const made = document.createElement('script'); made.textContent = 'window.inlined = 1'
        document.body.append(made); return 'inlined' in window })()`)
    ).toBe(false)
  })

  it('is served with a policy, and nothing but the files of the window', async () => {
    const got = await app.evaluate<{ status: number; headers: Record<string, string> }>(
      `fetch('/index.html').then(({ status, headers }) => ({ status, headers: Object.fromEntries(headers) }))`
    )
    expect(got.status).toBe(200)
    const policy = got.headers['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    for (const kind of ['script', 'style', 'img', 'font', 'connect', 'worker'])
      expect(policy).toContain(`${kind}-src 'self'`)
    // Pictures of missions, which the window was given as bytes; nothing else comes so.
    expect(policy.replace("img-src 'self' blob:", '')).not.toMatch(/unsafe|\*|data:|blob:/)
    expect(got.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    const outside = ['/%2e%2e/main/index.js', '/..%2fmain/index.js', '/../preload/index.cjs', '/absent']
    for (const path of outside)
      expect(await app.evaluate(`fetch(${JSON.stringify(path)}).then(({ status }) => status)`), path).toBe(404)
    expect(await app.evaluate(`fetch('/index.html', { method: 'POST' }).then(({ status }) => status)`)).toBe(404)
  })

  it('opens no window', async () => {
    for (const target of [JSON.stringify(elsewhere), "'/index.html', '_blank'", '']) {
      await refusal('window', `void (globalThis.opened = window.open(${target}))`)
      // In Electron it is not even made; here Chromium has made it before anybody could be asked.
      await app.until('it is closed', () => app.evaluate<boolean>(`globalThis.opened.closed`))
    }
    expect(reached).toEqual([])
  })

  it('goes nowhere', async () => {
    await refusal('navigation', `void (location.href = ${JSON.stringify(`${elsewhere}/there`)})`)
    await refusal('navigation', `void location.reload()`)
    await refusal(
      'navigation',
      `(() => { const link = document.createElement('a'); link.href = ${JSON.stringify(elsewhere)}; document.body.append(link); link.click() })()`
    )
    expect(reached).toEqual([])
    expect(await app.evaluate(`location.pathname + String(typeof window.muster.call)`)).toBe('/index.htmlfunction')
  })

  it('downloads nothing', async () => {
    await refusal(
      'download',
      `(() => { const link = document.createElement('a'); link.download = 'x.exe'
        link.href = URL.createObjectURL(new Blob(['x'.repeat(1e6)])); document.body.append(link); link.click() })()`
    )
    const what = await app.until('its end', async () => (await app.do('told', null))['downloads'])
    expect(what).toEqual({ name: 'x.exe', isKept: false })
    expect(readdirSync(join(folder, 'window', 'downloads'))).toEqual([])
  })

  it('gets no permission', async () => {
    expect(
      await app.evaluate(`Promise.all(['geolocation', 'notifications', 'clipboard-read', 'midi'].map((name) =>
        navigator.permissions.query({ name }).then(({ state }) => state)))`)
    ).toEqual(['denied', 'denied', 'denied', 'denied'])
    expect(
      await app.evaluate(
        `new Promise((done) => navigator.geolocation.getCurrentPosition(() => done('told'), ({ code }) => done(code)))`
      )
    ).toBe(1)
    expect(await app.evaluate(`Notification.requestPermission()`)).toBe('denied')
  })

  it('gets a refusal for what is not as the contract has it', async () => {
    const code = async (expression: string) =>
      app.evaluate(`${expression}.then((result) => (result.ok ? 'ok' : result.problem.code))`)
    expect(await code(`window.muster.call('format', {})`)).toBe('bad-request')
    expect(await code(`window.muster.call('__proto__', {})`)).toBe('bad-request')
    expect(await code(`window.muster.call({ toString: 1 }, {})`)).toBe('bad-request')
    expect(await code(`window.muster.call('listAudit', { offset: -1, limit: 1e9 })`)).toBe('bad-request')
    expect(await code(`window.muster.call('createMission', 'name')`)).toBe('bad-request')
    expect(await code(`window.muster.saveFile('x', 'no base64!')`)).toBe('bad-request')
    expect(await code(`window.muster.saveFile(7)`)).toBe('bad-request')
    expect(await code(`window.muster.call('write', { text: 'x'.repeat(9 * 1024 * 1024) })`)).toBe('too-large')
    expect(
      await code(
        `(() => { let deep = {}; for (let i = 0; i < 100; i++) deep = { deep }; return window.muster.call('write', deep) })()`
      )
    ).toBe('bad-request')
  })

  it('has no voice from a frame inside it, or from another page', async () => {
    await app.evaluate(`void document.body.append(document.createElement('iframe'))`)
    const { frameTree } = (await app.cdp('Page.getFrameTree')) as Reply
    const inner = String(frameTree.childFrames[0].frame.id)
    // The world that the host takes for a preload's: as if that frame's own process spoke.
    const { executionContextId } = (await app.cdp('Page.createIsolatedWorld', {
      frameId: inner,
      worldName: 'preload'
    })) as Reply
    const say = (args: string) =>
      app.evaluate<Reply>(
        `new Promise((done) => { globalThis.hostDeliver = done
          hostPost(JSON.stringify({ invoke: 1, channel: 'muster:call', args: ${args} })) })`,
        Number(executionContextId)
      )
    const { value } = await say(`['createMission', { name: 'from a frame' }]`)
    expect(value).toMatchObject({ ok: false, problem: { code: 'unauthorized' } })
    expect((await app.overview()).missions).toEqual([])
  })

  it('cannot grant trust, or open this node, without a hand in the window', async () => {
    const code = async (name: string, argument: unknown) =>
      app.evaluate(
        `window.muster.call(${JSON.stringify(name)}, ${JSON.stringify(argument)}).then((result) => (result.ok ? 'ok' : result.problem.code))`
      )
    const nodeId = 'ab'.repeat(32)
    const granting: readonly [string, unknown][] = [
      ['decide', { nodeId, level: 'trusted' }],
      ['importCertificates', { files: [btoa('x')], as: 'anchor' }],
      ['changeSettings', { federation: 'theirs' }],
      ['changeSettings', { hasLocalApi: true }],
      ['forgetPeer', { nodeId }],
      ['confirmJournal', null]
    ]
    for (const [name, argument] of granting) expect(await code(name, argument), name).toBe('no-hand')
    // What a script can make is no hand, and neither is passing over the window.
    await app.evaluate(`(() => { for (const type of ['mousedown', 'mouseup', 'keydown', 'click', 'touchstart'])
      document.body.dispatchEvent(new Event(type, { bubbles: true })); document.querySelector('button').click() })()`)
    await app.cdp('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 5, y: 5 })
    for (const [name, argument] of granting) expect(await code(name, argument), name).toBe('no-hand')
    expect((await app.overview()).node.settings).toMatchObject({ federation: 'field', hasLocalApi: false })
    // What does not widen anything needs no hand.
    expect(await code('changeSettings', { theme: 'dark' })).toBe('ok')

    await app.touch()
    expect(await code('changeSettings', { federation: 'ours' })).toBe('ok')
    expect(['no-hand', 'ok']).not.toContain(await code('importCertificates', { files: [btoa('x')], as: 'anchor' }))
    expect((await app.overview()).node.federation).toBe('ours')
  })

  it('asks nobody on any network, even where its own policy would let it', async () => {
    // Without the policy of the page, the shell’s own guard is all there is; a new process takes it up.
    await app.cdp('Page.setBypassCSP', { enabled: true })
    app.cdp('Page.crash').catch(() => undefined) // It does not live to answer.
    await app.untilLogged('window-gone')
    await app.untilShown()
    const attempt = `fetch(${JSON.stringify(elsewhere)}).then(() => 'reached', () => 'refused')`
    expect(await refusal('request', attempt)).toBe('refused')
    await refusal('request', `void (new Image().src = ${JSON.stringify(`${elsewhere}/image`)})`)
    await refusal(
      'request',
      `(() => { const made = document.createElement('script'); made.src = ${JSON.stringify(`${elsewhere}/script`)}; document.body.append(made) })()`
    )
    expect(reached).toEqual([])
    // The server can be reached at all.
    expect(await (await fetch(elsewhere)).text()).toBe('reached')
    expect(existsSync(join(folder, 'lock'))).toBe(true)
  })
})
