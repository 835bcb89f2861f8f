/** What the packages promise, checked on the files that make them: no Electron and no builder is needed. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { service } from '../src/main/engine/discovery/voice.js'
import { bundleEnding, receiptEnding } from '../src/shared/bundle-names.js'
import { filesIn } from '../src/main/shell/arguments.js'
import { certificateExtensions, fuses, ownFiles, readFuses, wrongFuses } from '../packaging/facts.mjs'

const Config = v.looseObject({
  appId: v.string(),
  productName: v.string(),
  files: v.array(v.string()),
  electronFuses: v.record(v.string(), v.boolean()),
  publish: v.null(),
  fileAssociations: v.array(
    v.strictObject({
      ext: v.string(),
      name: v.string(),
      description: v.string(),
      mimeType: v.string(),
      role: v.string(),
      rank: v.string()
    })
  ),
  linux: v.looseObject({ target: v.array(v.string()), executableName: v.string(), icon: v.string() }),
  extraMetadata: v.object({ homepage: v.string(), desktopName: v.string() }),
  deb: v.looseObject({ executableArgs: v.array(v.string()), afterInstall: v.string(), appArmorProfile: v.string() }),
  win: v.looseObject({ target: v.array(v.string()), icon: v.string() }),
  nsis: v.looseObject({ perMachine: v.boolean(), oneClick: v.boolean(), include: v.string() }),
  mac: v.looseObject({
    target: v.array(v.string()),
    icon: v.string(),
    hardenedRuntime: v.boolean(),
    entitlements: v.string(),
    entitlementsInherit: v.string(),
    fileAssociations: v.array(v.looseObject({ ext: v.array(v.string()), rank: v.string(), role: v.string() })),
    extendInfo: v.record(v.string(), v.union([v.string(), v.array(v.string()), v.null()]))
  })
})

const loaded = (await import(pathToFileURL('electron-builder.config.mjs').href)) as { readonly default: unknown }
const config = v.parse(Config, loaded.default)
const text = (path: string) => readFileSync(path, 'utf8')

describe('the builder settings', () => {
  it('name the program as package.json does', () => {
    const { name, main } = v.parse(
      v.looseObject({ name: v.string(), main: v.string() }),
      JSON.parse(text('package.json'))
    )
    expect(config.productName.toLowerCase()).toBe(name)
    expect(config.linux.executableName).toBe(name)
    expect(config.extraMetadata.desktopName).toBe(`${name}.desktop`)
    expect(config.files).toContain(`${main.split('/').slice(0, 2).join('/')}/**`)
    // One source for the version: package.json.
    expect(loaded.default).not.toHaveProperty('buildVersion')
    expect(config.extraMetadata).not.toHaveProperty('version')
  })

  it('pack what the build made and no node_modules', () => {
    expect(config.files).toContain('!**/node_modules/**')
    expect(loaded.default).toMatchObject({ asar: true, disableAsarIntegrity: false })
  })

  it('set every fuse', () => {
    expect(config.electronFuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false
    })
  })

  it('open bundles and receipts, which no other program makes, by a double click', () => {
    expect(config.fileAssociations).toEqual(ownFiles)
    expect(ownFiles.map(({ ext }) => `.${ext}`)).toEqual([bundleEnding, receiptEnding])
    expect(new Set(ownFiles.map(({ rank, role }) => `${rank} ${role}`))).toEqual(new Set(['Owner Viewer']))
    for (const { ext, mimeType } of ownFiles) expect(mimeType).toBe(`application/x-${ext}`)
    // Where a type is opened is what the first start takes, too.
    for (const { ext } of ownFiles) expect(filesIn([`/media/stick/fire.${ext}`], '/')).toHaveLength(1)
  })

  it('know no server for updates', () => {
    expect(config.publish).toBeNull()
    for (const part of ['linux', 'deb', 'win', 'nsis', 'mac', 'dmg'])
      expect(loaded.default).not.toHaveProperty([part, 'publish'])
  })

  it('mention only files that are there', () => {
    const mentioned = stringsIn(loaded.default).filter((path) =>
      /^(packaging|resources|scripts)\/|^LICENSE$/.test(path)
    )
    expect(mentioned.length).toBeGreaterThan(6)
    expect(mentioned.filter((path) => !existsSync(path))).toEqual([])
  })
})

describe('the fuses of a binary', () => {
  const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
  const binary = (states: string, schema = 1) =>
    Buffer.from(`\0ELF${sentinel}${String.fromCharCode(schema, states.length)}${states}\0`, 'latin1')

  it('are read back', () => {
    expect(readFuses(binary('010011001'))).toEqual(fuses)
    expect(wrongFuses(binary('010011001'))).toEqual([])
  })

  it('are wrong as Electron ships them, where one was removed, and where there are none', () => {
    expect(wrongFuses(binary('101100001'))).toContain('runAsNode')
    expect(wrongFuses(binary('r10011001'))).toEqual(['runAsNode'])
    expect(wrongFuses(binary('0100110'))).toEqual(['grantFileProtocolExtraPrivileges'])
    expect(wrongFuses(binary('010011001', 2))).toHaveLength(8)
    expect(wrongFuses(Buffer.from('no sentinel'))).toHaveLength(8)
  })
})

describe('Linux', () => {
  const script = text(config.deb.afterInstall)
  const filled = script.replaceAll('${executable}', 'muster').replaceAll('${sanitizedProductName}', 'Muster')

  it('never starts without the sandbox', () => {
    // What an AppImage adds by itself, the program refuses: test/desktop.
    expect(config.linux.target[0]).toBe('deb')
    expect(stringsIn(loaded.default).filter((value) => value.includes('no-sandbox'))).toEqual([])
    expect(filled).toContain("chmod 4755 '/opt/Muster/chrome-sandbox' || exit 1")
  })

  it('asks Ubuntu for user namespaces for this program only', () => {
    const profile = text(config.deb.appArmorProfile)
    expect(profile).toMatch(/^profile "\$\{executable\}" "\/opt\/\$\{sanitizedProductName\}\/\$\{executable\}"/m)
    expect(profile).toMatch(/^ {2}userns,$/m)
  })

  it('installs by a script that the builder can fill in and bash can read', () => {
    expect(filled).not.toContain('${')
    const { status, error } = spawnSync('bash', ['-n'], { input: filled })
    if (error === undefined) expect(status).toBe(0)
    else expect(process.platform).toBe('win32')
  })

  it('tells the desktop about its own types', () => expect(filled).toContain('update-mime-database /usr/share/mime'))

  it('gets opened files as paths', () => expect(config.deb.executableArgs).toEqual(['%F']))
})

describe('Windows', () => {
  const installer = text(config.nsis.include)
  const netsh = [...installer.matchAll(/musterNetsh '([^']+)'/g)].map(([, rule]) => rule ?? '')
  const added = netsh.filter((rule) => rule.startsWith('add rule'))

  it('lets people choose for whom to install', () => {
    expect(config.nsis).toMatchObject({ perMachine: false, oneClick: false, selectPerMachineByDefault: true })
    expect(config.nsis).toMatchObject({ createStartMenuShortcut: true })
  })

  it('opens the firewall for this program on private and domain networks, and no other', () => {
    expect(added).toHaveLength(2)
    for (const rule of added) {
      expect(rule).toContain('dir=in action=allow profile=private,domain ')
      expect(rule).toContain('program="$INSTDIR\\${APP_EXECUTABLE_FILENAME}"')
    }
    expect(added[0]).toContain('protocol=TCP')
    expect(added[1]).toContain('protocol=UDP localport=5353 remoteip=localsubnet')
  })

  it('takes away every rule and class that it added', () => {
    const [install = '', uninstall = ''] = installer.split('!macro customUnInstall')
    expect(install).toContain('!macro customInstall')
    for (const rule of added) {
      const name = /name="[^"]+"/.exec(rule)?.[0] ?? 'no name'
      expect(uninstall).toContain(`delete rule ${name}`)
    }
    expect(uninstall).toContain('DeleteRegKey SHELL_CONTEXT "Software\\Classes\\Muster.Certificate"')
    expect(uninstall).toContain('musterEachExtension musterNoOpenWith')
    for (const { ext } of ownFiles)
      expect(uninstall).toContain(`DeleteRegKey SHELL_CONTEXT "Software\\Classes\\.${ext}"`)
  })

  it('is offered for certificates and takes them from nobody', () => {
    const offered = [...installer.matchAll(/insertmacro \$\{DO\} "(\w+)"/g)].map(([, extension]) => extension)
    expect(offered).toEqual(certificateExtensions)
    expect(installer).not.toMatch(/WriteRegStr \w+ "Software\\Classes\\\./)
    // What the builder associates becomes the default.
    for (const { ext } of config.fileAssociations) expect(certificateExtensions).not.toContain(ext)
    expect(config.win).not.toHaveProperty('fileAssociations')
  })
})

describe('macOS', () => {
  it('says why it wants the local network, and which service it looks for', () => {
    expect(config.mac.extendInfo.NSLocalNetworkUsageDescription).toMatch(/laptops/)
    expect(config.mac.extendInfo.NSBonjourServices).toEqual([service.replace(/\.local$/, '')])
  })

  it('asks for no camera, microphone or Bluetooth', () => {
    const reasons = Object.entries(config.mac.extendInfo).filter(([key]) =>
      /Camera|Microphone|Audio|Bluetooth/.test(key)
    )
    expect(reasons).toHaveLength(5)
    expect(reasons.filter(([, reason]) => reason !== null)).toEqual([])
  })

  it('runs hardened, with one entitlement', () => {
    expect(config.mac.hardenedRuntime).toBe(true)
    expect(config.mac.entitlementsInherit).toBe(config.mac.entitlements)
    const keys = [...text(config.mac.entitlements).matchAll(/<key>([^<]+)<\/key>/g)].map(([, key]) => key)
    expect(keys).toEqual(['com.apple.security.cs.allow-jit'])
  })

  it('is offered for certificates and takes them from nobody', () => {
    expect(config.mac.fileAssociations).toMatchObject([
      { ext: certificateExtensions, role: 'Viewer', rank: 'Alternate' }
    ])
  })
})

describe('the icons', () => {
  it('are PNGs of every size that Linux asks for, under names that say it', () => {
    const names = readdirSync(config.linux.icon)
    const sizes = names.map((name) => Number(/^(\d+)x\1\.png$/.exec(name)?.[1])).sort((a, b) => a - b)
    expect(sizes).toEqual([16, 24, 32, 48, 64, 128, 256, 512, 1024])
    for (const size of sizes) expect(pngSize(readFileSync(join(config.linux.icon, `${size}x${size}.png`)))).toBe(size)
  })

  it('are in the Windows file from 16 to 256', () => {
    expect(icoSizes(readFileSync(config.win.icon))).toEqual([16, 20, 24, 32, 40, 48, 64, 256])
    expect(icoSizes(readFileSync('resources/tray.ico'))).toEqual([16, 20, 24, 32, 40, 48])
  })

  it('are in the macOS file from 32 to 1024', () => {
    const file = readFileSync(config.mac.icon)
    expect(file.readUInt32BE(4)).toBe(file.length)
    const images = icnsImages(file)
    expect(Object.fromEntries(images.map(({ type, png }) => [type, pngSize(png)]))).toEqual({
      ic11: 32,
      ic12: 64,
      ic07: 128,
      ic13: 256,
      ic08: 256,
      ic14: 512,
      ic09: 512,
      ic10: 1024
    })
  })

  it('have a tray image for each kind of tray', () => {
    const sizes = ['icon.png', 'tray.png', 'tray@2x.png', 'trayTemplate.png', 'trayTemplate@2x.png'].map((name) =>
      pngSize(readFileSync(join('resources', name)))
    )
    expect(sizes).toEqual([256, 24, 48, 16, 32])
  })

  it('show two bars of equal length, sharp at 16', () => {
    const bars = (rows: readonly Buffer[], isBar: (pixel: Buffer) => boolean) =>
      rows.map((row) => [...Array(row.length / 4).keys()].filter((x) => isBar(row.subarray(4 * x, 4 * x + 4))).length)
    const light = (pixel: Buffer) => pixel.equals(Buffer.from([0xfa, 0xfb, 0xf8, 255]))
    const icon = bars(pngRows(readFileSync('packaging/icons/linux/16x16.png')), light)
    expect(icon).toEqual([0, 0, 0, 0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 0, 0, 0])
    // A macOS template is black and transparent, nothing between: the system colours it.
    const rows = pngRows(readFileSync('resources/trayTemplate.png'))
    expect(bars(rows, (pixel) => pixel.equals(Buffer.from([0, 0, 0, 255])))).toEqual([
      0, 0, 0, 0, 14, 14, 14, 0, 0, 14, 14, 14, 0, 0, 0, 0
    ])
    expect(bars(rows, (pixel) => pixel[3] === 0).reduce((sum, count) => sum + count)).toBe(256 - 6 * 14)
  })
})

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}

/** Edge of a square PNG, from its IHDR (RFC 2083, 4.1.1). */
function pngSize(png: Buffer): number {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  expect(png.readUInt32BE(16)).toBe(png.readUInt32BE(20))
  return png.readUInt32BE(16)
}

/** Rows of a PNG of 8-bit RGBA. */
function pngRows(png: Buffer): readonly Buffer[] {
  const size = pngSize(png)
  expect([...png.subarray(24, 29)]).toEqual([8, 6, 0, 0, 0])
  const data: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const bytes = inflateSync(Buffer.concat(data))
  const rows: Buffer[] = []
  for (let y = 0; y < size; y++) {
    const start = y * (size * 4 + 1)
    const row = Buffer.from(bytes.subarray(start + 1, start + 1 + size * 4))
    const above = rows[y - 1] ?? Buffer.alloc(row.length)
    for (let x = 0; x < row.length; x++)
      row[x] = (row[x] ?? 0) + predicted(bytes[start] ?? 0, row[x - 4] ?? 0, above[x] ?? 0, above[x - 4] ?? 0)
    rows.push(row)
  }
  return rows
}

/** What a PNG filter adds to a byte, from the bytes at left, above, and above left (RFC 2083, 6). */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter < 3) return [0, left, above][filter] ?? 0
  if (filter === 3) return (left + above) >> 1
  const distances = [left, above, corner].map((value) => Math.abs(left + above - corner - value))
  return [left, above, corner][distances.indexOf(Math.min(...distances))] ?? 0
}

/** Sizes of an .ico, each checked against the image that its directory points to. */
function icoSizes(ico: Buffer): readonly number[] {
  expect([ico.readUInt16LE(0), ico.readUInt16LE(2)]).toEqual([0, 1])
  return [...Array(ico.readUInt16LE(4)).keys()].map((i) => {
    const entry = ico.subarray(6 + 16 * i, 22 + 16 * i)
    const image = ico.subarray(entry.readUInt32LE(12), entry.readUInt32LE(12) + entry.readUInt32LE(8))
    expect(image.length).toBe(entry.readUInt32LE(8))
    const isPng = image[0] === 0x89
    const size = isPng ? pngSize(image) : image.readUInt32LE(4)
    expect(entry[0]).toBe(size % 256)
    return size
  })
}

function icnsImages(icns: Buffer): readonly { readonly type: string; readonly png: Buffer }[] {
  expect(icns.toString('latin1', 0, 4)).toBe('icns')
  const images: { type: string; png: Buffer }[] = []
  for (let at = 8; at < icns.length; at += icns.readUInt32BE(at + 4))
    images.push({
      type: icns.toString('latin1', at, at + 4),
      png: icns.subarray(at + 8, at + icns.readUInt32BE(at + 4))
    })
  return images
}
