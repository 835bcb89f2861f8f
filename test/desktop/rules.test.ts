/** The decisions of the desktop shell, alone: who may ask what, where the window goes, what closing does. */
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { OpenedFiles } from '@shared/contract.js'
import type { Overview } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import { filesIn, readArguments } from '../../src/main/shell/arguments.js'
import { closeAction } from '../../src/main/shell/closing.js'
import { handWithinMs, isForHost, isHandEvent, isHandHere, needsPerson } from '../../src/main/shell/confirm.js'
import { keyStoreProblem } from '../../src/main/shell/key-store.js'
import { LocalApi } from '../../src/main/shell/local-api.js'
import { grounds, groundOf, nativeThemeOf } from '../../src/main/shell/look.js'
import { menuTemplate } from '../../src/main/shell/menu.js'
import { createFileInbox, readOpenedFiles } from '../../src/main/shell/opened-files.js'
import { isOwnFrame, mayRequest } from '../../src/main/shell/origin.js'
import { plainSize } from '../../src/main/shell/plain-size.js'
import { stopOrAsk } from '../../src/main/shell/quitting.js'
import { mayReload } from '../../src/main/shell/reloads.js'
import { safeFileName, shownFileName } from '@shared/file-name.js'
import { statusLine } from '../../src/main/shell/tray.js'
import { clampState, leastSizeIn } from '../../src/main/shell/window-state.js'
import { temporaryFolder } from '../support/headless.js'

const showMessageBox = vi.hoisted(() => vi.fn())
// Its package throws where its binary is not there; what is tested here does not use it.
vi.mock('electron', () => ({ app: {}, dialog: { showMessageBox }, safeStorage: {}, Menu: {}, Tray: {} }))

const undos: (() => Promise<void>)[] = []
let folder = ''
beforeAll(async () => {
  folder = await temporaryFolder((undo) => undos.push(undo))
})
afterAll(async () => {
  for (const undo of undos) await undo()
})

describe('the command line', () => {
  it('takes a folder and certificate files, and passes over the rest', () => {
    const args = ['--allow-file-access', 'team.P12', '--data', 'field', '/etc/passwd', '.', '-x.pem', 'a/b.crt']
    expect(readArguments(args, '/home/osc')).toEqual({
      data: '/home/osc/field',
      files: ['/home/osc/team.P12', '/home/osc/a/b.crt']
    })
    expect(readArguments(['--data=/srv/x'], '/')).toEqual({ data: '/srv/x', files: [] })
    expect(readArguments(['--data'], '/')).toEqual({ files: [] })
    expect(readArguments(['--data', 'x.pem', 'y.pem'], '/')).toEqual({ data: '/x.pem', files: ['/y.pem'] })
    expect(filesIn(['--data', '--allow-file-access', 'team.p12', '/srv/x', '.'], '/home')).toEqual(['/home/team.p12'])
    expect(readArguments(['bad\0.pem', 'https://example.org/x.zip'], '/')).toEqual({ files: [] })
  })
})

describe('opened files', () => {
  const file = async (name: string, content: string | Buffer) => {
    const path = join(folder, name)
    await writeFile(path, content)
    return path
  }

  it('are read whole, with their names', async () => {
    const paths = [await file('a.pem', 'alpha'), await file('b.crt', Buffer.from([0, 255, 7]))]
    expect(await readOpenedFiles(paths)).toEqual({
      ok: true,
      value: { names: ['a.pem', 'b.crt'], files: [btoa('alpha'), Buffer.from([0, 255, 7]).toString('base64')] }
    })
  })

  it('are at most 1 MiB together, and 10', async () => {
    const whole = await file('whole.pem', Buffer.alloc(1024 * 1024))
    expect((await readOpenedFiles([whole])).ok).toBe(true)
    const refused = async (paths: readonly string[]) => {
      const read = await readOpenedFiles(paths)
      return read.ok ? 'read' : read.problem.code
    }
    expect(await refused([whole, await file('one.pem', 'x')])).toBe('certificate-file-too-large')
    expect(await refused([await file('more.pem', Buffer.alloc(1024 * 1024 + 1))])).toBe('certificate-file-too-large')
    expect(await refused(Array.from({ length: 11 }, () => join(folder, 'one.pem')))).toBe('certificate-file-too-large')
  })

  it('are files: no folder, no pipe, no endless device', async () => {
    await mkdir(join(folder, 'folder.pem'))
    execFileSync('mkfifo', [join(folder, 'pipe.pem')])
    await symlink('/dev/zero', join(folder, 'zero.pem'))
    for (const name of ['folder.pem', 'pipe.pem', 'zero.pem', 'absent.pem']) {
      const read = await readOpenedFiles([join(folder, name)])
      expect(read.ok ? 'read' : read.problem.code, name).toBe('not-found')
    }
  })

  it('wait until the window takes them, once', async () => {
    const given: OpenedFiles[] = []
    const inbox = createFileInbox(() => expect.unreachable())
    inbox.open([await file('early.pem', 'early')])
    await vi.waitFor(() => {
      inbox.receiver((opened) => given.push(opened))
      expect(given.map(({ names }) => names)).toEqual([['early.pem']])
    })
    inbox.receiver((opened) => given.push(opened))
    expect(given).toHaveLength(1)
  })
})

describe('what the window may ask for', () => {
  it('is its own scheme and host', () => {
    expect(mayRequest('app://muster/index.html', false)).toBe(true)
    const others = ['https://example.org/', 'http://127.0.0.1/', 'file:///etc/passwd', 'ws://127.0.0.1:1/', 'data:,x']
    const near = [
      'app://muster.evil/',
      'app://muster@evil/',
      'app://evil/muster/',
      'app:muster/',
      'blob:app://evil/1',
      'blob:https://muster/1'
    ]
    for (const url of [...others, ...near]) expect(mayRequest(url, false), url).toBe(false)
    expect(mayRequest('blob:app://muster/1', false)).toBe(true)
    expect(mayRequest('devtools://devtools/x.js', true)).toBe(true)
    expect(mayRequest('devtools://devtools/x.js', false)).toBe(false)
  })

  it('comes from its main frame with its own page in it', () => {
    const main = { origin: 'app://muster' }
    expect(isOwnFrame(main, main)).toBe(true)
    expect(isOwnFrame({ origin: 'app://muster' }, main)).toBe(false)
    expect(isOwnFrame(null, main)).toBe(false)
    const left = { origin: 'https://example.org' }
    expect(isOwnFrame(left, left)).toBe(false)
  })

  it('is plain data of a bounded size', () => {
    expect(plainSize(['write', { a: [1, 'ä', null, undefined, true] }], 1000)).toBeLessThan(100)
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const odd of [cyclic, () => 1, Symbol('x'), 1n, Number.NaN, new Date(), new Map(), new Uint8Array(1), /x/])
      expect(plainSize([odd], 1000)).toBeUndefined()
    expect(plainSize('x'.repeat(2000), 1000)).toBeGreaterThan(1000)
  })
})

describe('a hand in the window', () => {
  it('is wanted for what opens this node to others, and for what cannot be undone', () => {
    const wanted = [
      ['decide', { level: 'trusted' }],
      ['decide', { level: 'revoked' }],
      ['importCertificates', {}],
      ['confirmJournal', null],
      ['forgetPeer', {}],
      ['removeAnchor', {}],
      ['lockKeys', {}],
      ['changeSettings', { federation: 'other' }],
      ['changeSettings', { theme: 'dark', hasLocalApi: true }],
      ['changeSettings', { somethingNew: 1 }],
      ['changeSettings', null]
    ] as const
    for (const [name, argument] of wanted) expect(needsPerson(name, argument), name).toBe(true)
    const free = [
      ['write', {}],
      ['createMission', {}],
      ['listAudit', {}],
      ['previewCertificates', {}],
      ['changeSettings', { theme: 'night', language: 'en', closing: 'tray' }]
    ] as const
    for (const [name, argument] of free) expect(needsPerson(name, argument), name).toBe(false)
  })

  it('does not open what names a file of this machine', () => {
    expect((['writeBundle', 'previewBundle', 'takeBundle'] as const).every(isForHost)).toBe(true)
    expect((['write', 'takeReceipt', 'cancelBundle', 'importCertificates'] as const).some(isForHost)).toBe(false)
  })

  it('is a press, seen by main within ten seconds', () => {
    expect(['mouseDown', 'keyUp', 'rawKeyDown', 'touchEnd'].map(isHandEvent)).toEqual([true, true, true, true])
    expect(['mouseMove', 'mouseEnter', 'mouseWheel', 'undefined', ''].map(isHandEvent)).not.toContain(true)
    expect(isHandHere(undefined, 5)).toBe(false)
    expect(isHandHere(1000, 1000 + handWithinMs)).toBe(true)
    expect(isHandHere(1000, 1001 + handWithinMs)).toBe(false)
    expect(isHandHere(1000, 999)).toBe(false)
  })
})

describe('the place of the window', () => {
  const wide = { x: 0, y: 0, width: 1920, height: 1040 }
  const beside = { x: 1920, y: 200, width: 1366, height: 728 }
  const usual = { width: 1366, height: 768, isMaximized: false }

  it('is kept where its screen still is', () => {
    const kept = { x: 2000, y: 210, width: 1100, height: 700, isMaximized: true }
    expect(clampState(kept, [wide, beside])).toEqual(kept)
  })

  it('is left to the system where its screen is gone', () => {
    expect(clampState({ ...usual, x: 2000, y: 210 }, [wide])).toEqual(usual)
    expect(clampState({ ...usual, x: -5000, y: 10 }, [wide])).toEqual(usual)
  })

  it('is always reachable and never larger than its screen', () => {
    const pixel = fc.integer({ min: -10_000, max: 10_000 })
    const screen = fc.record({
      x: fc.integer({ min: -4000, max: 4000 }),
      y: fc.integer({ min: -4000, max: 4000 }),
      width: fc.integer({ min: 640, max: 4000 }),
      height: fc.integer({ min: 360, max: 3000 })
    })
    const state = fc.record({ x: pixel, y: pixel, width: pixel, height: pixel, isMaximized: fc.boolean() })
    fc.assert(
      fc.property(state, fc.array(screen, { minLength: 1, maxLength: 3 }), (kept, areas) => {
        const at = clampState(kept, areas)
        const fits = areas.some(
          (area) =>
            at.width <= area.width &&
            at.height <= area.height &&
            (at.x === undefined ||
              at.y === undefined ||
              (at.x >= area.x &&
                at.y >= area.y &&
                at.x + at.width <= area.x + area.width &&
                at.y + at.height <= area.y + area.height))
        )
        expect(fits).toBe(true)
      })
    )
  })

  it('asks for no more than a small screen has', () => {
    expect(leastSizeIn({ width: 683, height: 364 })).toEqual({ width: 683, height: 364 })
    expect(leastSizeIn(wide)).toEqual({ width: 1024, height: 640 })
  })
})

describe('closing and quitting', () => {
  it('never hides the only way back', () => {
    expect(closeAction('tray', true)).toBe('hide')
    expect(closeAction('tray', false)).toBe('minimise')
    for (const hasWayBack of [true, false]) {
      expect(closeAction('ask', hasWayBack)).toBe('ask')
      expect(closeAction('quit', hasWayBack)).toBe('quit')
    }
  })

  it('waits for a slow disk as long as a person wants, and says what is unsaved', async () => {
    vi.useFakeTimers()
    const asked = vi.fn()
    const answer = { response: 0 }
    showMessageBox.mockImplementation((options: { detail: string }) => {
      asked(options.detail)
      return Promise.resolve(answer)
    })
    let isOver = false
    const never = new Promise<void>(() => undefined)
    const over = stopOrAsk(
      never,
      () => [problem('disk-full')],
      () => undefined
    ).then(() => (isOver = true))
    await vi.advanceTimersByTimeAsync(4_900)
    expect(asked).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(asked).toHaveBeenCalledTimes(1)
    expect(asked.mock.calls[0]?.[0]).toContain('DSK-01')
    expect(isOver).toBe(false)
    answer.response = 1
    await vi.advanceTimersByTimeAsync(5_100)
    expect(isOver).toBe(true)
    await over
    vi.useRealTimers()
  })

  it('ends at once when the engine stops, and withdraws the question', async () => {
    vi.useFakeTimers()
    let signal: AbortSignal | undefined
    showMessageBox.mockImplementation((options: { signal: AbortSignal }) => {
      signal = options.signal
      return new Promise(() => undefined)
    })
    let stopped: () => void = () => undefined
    const over = stopOrAsk(
      new Promise<void>((done) => (stopped = done)),
      () => [],
      () => undefined
    )
    await vi.advanceTimersByTimeAsync(5_100)
    expect(signal?.aborted).toBe(false)
    stopped()
    await over
    expect(signal?.aborted).toBe(true)
    vi.useRealTimers()
  })

  it('loads a window that stopped again three times a minute', () => {
    expect(mayReload([], 0)).toBe(true)
    expect(mayReload([1, 2], 3)).toBe(true)
    expect(mayReload([1, 2, 3], 4)).toBe(false)
    expect(mayReload([1, 2, 3], 60_002)).toBe(true)
  })
})

describe('the local API', () => {
  it('follows the newest wish, one start or stop at a time', async () => {
    const done: string[] = []
    let running = 0
    const api = new LocalApi(
      () => {
        expect(++running).toBe(1)
        done.push('start')
        return Promise.resolve({
          ok: true as const,
          value: {
            port: 7,
            close: () => {
              running--
              done.push('close')
              return Promise.resolve()
            }
          }
        })
      },
      ({ apiPort }) => {
        done.push(`publish ${String(apiPort)}`)
        return Promise.resolve()
      },
      () => undefined
    )
    api.want(true)
    await vi.waitFor(() => expect(done).toEqual(['start', 'publish 7']))
    for (const wish of [false, true, true, false, true, false]) api.want(wish)
    await api.close()
    expect(running).toBe(0)
    expect(done).toEqual(['start', 'publish 7', 'close', 'publish undefined'])
  })
})

describe('the key store', () => {
  it('is none where it only looks like one, and is not touched to tell', () => {
    expect(keyStoreProblem('linux', () => 'basic_text')?.code).toBe('no-key-store')
    expect(keyStoreProblem('linux', () => 'unknown')?.detail).toContain('unknown')
    expect(keyStoreProblem('linux', () => 'kwallet6')).toBeUndefined()
    // Elsewhere there is always one, and the name means nothing.
    expect(keyStoreProblem('darwin', () => 'unknown')).toBeUndefined()
  })
})

describe('words and colours', () => {
  it('has the ground of each theme under the page', () => {
    const tokens = readFileSync('src/renderer/styles/tokens.css', 'utf8')
    const ground = (theme: string) =>
      new RegExp(`${theme === 'light' ? '\\.light' : `\\.${theme}`}[^{]*\\{[^}]*--ground: (#[0-9a-f]{6})`).exec(
        tokens
      )?.[1]
    expect(Object.keys(grounds).map((theme) => [theme, ground(theme)])).toEqual(Object.entries(grounds))
    expect(groundOf('system', true)).toBe(grounds.dark)
    expect(groundOf('system', false)).toBe(grounds.light)
    expect(['system', 'light', 'dark', 'sunlight', 'night'].map((theme) => nativeThemeOf(theme as 'system'))).toEqual([
      'system',
      'light',
      'dark',
      'light',
      'dark'
    ])
  })

  it('says in the tray how it is, without names', () => {
    const overview = (problems: readonly Problem[]): Overview =>
      ({
        health: { problems },
        peers: [{ link: { state: 'linked' } }, { link: { state: 'down' } }],
        missions: [{ name: 'Karst Ridge' }]
      }) as unknown as Overview
    expect(statusLine(overview([]))).toBe('1 linked, 1 mission')
    expect(statusLine(overview([problem('disk-full')]))).toContain('DSK-01')
  })

  it('has a menu of roles, and tools for developers in development only', () => {
    const text = (platform: NodeJS.Platform, hasDevTools: boolean) =>
      JSON.stringify(menuTemplate(platform, hasDevTools))
    expect(text('linux', false)).not.toContain('toggleDevTools')
    expect(text('linux', true)).toContain('toggleDevTools')
    expect(text('darwin', false)).toContain('appMenu')
    for (const role of ['fileMenu', 'editMenu', 'windowMenu', 'about']) expect(text('win32', false)).toContain(role)
  })

  it('saves under a plain name', () => {
    expect(safeFileName('OSC Sežana.crt')).toBe('OSC Sežana.crt')
    expect(safeFileName('../../.bashrc')).toBe('_.._.bashrc')
    expect(safeFileName('a\u202Egpj.exe\0')).toBe('a_gpj.exe_')
    expect(safeFileName('C:\\x')).toBe('C__x')
    expect(safeFileName(' .. ')).toBe('file')
    expect(safeFileName('con.txt')).toBe('_con.txt')
    expect(safeFileName('LPT1')).toBe('_LPT1')
    expect(safeFileName('console.txt')).toBe('console.txt')
    expect(safeFileName(`${'x'.repeat(300)}.tar.gz`).endsWith('x.gz')).toBe(true)
    expect(safeFileName('a\ud800b\u2028c')).toBe('a\ufffdb_c')
    expect(shownFileName('a\u202Egpj.exe')).toBe('a\u2423gpj.exe')
    expect(safeFileName('x'.repeat(500))).toHaveLength(128)
  })

  it('leaves Chromium’s judgement of certificates alone', () => {
    for (const name of readdirSync('src/main/shell')) {
      const text = readFileSync(join('src/main/shell', name), 'utf8')
      expect(text, name).not.toMatch(/certificate-error|setCertificateVerifyProc|ignore-certificate|openExternal/)
    }
  })
})
