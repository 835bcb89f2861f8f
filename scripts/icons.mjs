// Makes every icon from resources/icon.svg: node scripts/icons.mjs
// Needs rsvg-convert and ImageMagick (Debian: librsvg2-bin, imagemagick). What it makes is committed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const source = readFileSync('resources/icon.svg', 'utf8')
const [tile, ...bars] = [...source.matchAll(/<rect ([^>]*)\/>/g)].map(([, text]) =>
  Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]))
)
if (bars.length !== 2 || tile?.width !== '32') throw new Error('resources/icon.svg is not a tile of 32 with two bars')

const made = mkdtempSync(join(tmpdir(), 'muster-icons-'))
try {
  makeAll()
} finally {
  rmSync(made, { recursive: true, force: true })
}

function makeAll() {
  mkdirSync('packaging/icons/linux', { recursive: true })
  for (const size of [16, 24, 32, 48, 64, 128, 256, 512, 1024])
    writeFileSync(`packaging/icons/linux/${size}x${size}.png`, png(drawing(size), size))
  writeFileSync('packaging/icons/icon.ico', ico([16, 20, 24, 32, 40, 48, 64, 256]))
  writeFileSync('packaging/icons/icon.icns', icns())
  // At runtime: the window's icon on Linux and the tray's. They lie beside the window's files.
  writeFileSync('resources/icon.png', png(drawing(256), 256))
  writeFileSync('resources/tray.png', png(drawing(24), 24))
  writeFileSync('resources/tray@2x.png', png(drawing(48), 48))
  writeFileSync('resources/tray.ico', ico([16, 20, 24, 32, 40, 48]))
  writeFileSync('resources/trayTemplate.png', png(template(), 16))
  writeFileSync('resources/trayTemplate@2x.png', png(template(), 32))
}

/** The icon with its bars on whole pixels of this size: below 64 a blurred edge is most of a bar. */
function drawing(size) {
  const unit = size / 32
  const height = Math.max(2, Math.round(bars[0].height * unit))
  const gap = Math.max(2, Math.round((bars[1].y - bars[0].y - bars[0].height) * unit))
  const margin = Math.round(bars[0].x * unit)
  const top = Math.round((size - 2 * height - gap) / 2)
  const bar = (y) =>
    `<rect x="${margin}" y="${y}" width="${size - 2 * margin}" height="${height}" fill="${bars[0].fill}"/>`
  return svg(
    `0 0 ${size} ${size}`,
    `<rect width="${size}" height="${size}" rx="${tile.rx * unit}" fill="${tile.fill}"/>` +
      bar(top) +
      bar(top + height + gap)
  )
}

/** macOS draws menu bar images itself from their alpha (NSImage template): black, nothing else, bars on whole points. */
function template() {
  const bar = (y) => `<rect x="1" y="${y}" width="14" height="3" fill="#000"/>`
  return svg('0 0 16 16', bar(4) + bar(9))
}

/** Apple's grid for icons: a tile of 824 in 1024 with corners of 185 (Human Interface Guidelines, app icons). */
function macDrawing() {
  const edge = (32 * 1024) / 824
  const shapes = bars.map((bar) => `<rect x="${bar.x}" y="${bar.y}" width="20" height="4" fill="${bar.fill}"/>`)
  return svg(
    `${(32 - edge) / 2} ${(32 - edge) / 2} ${edge} ${edge}`,
    `<rect width="32" height="32" rx="${(185 * 32) / 824}" fill="${tile.fill}"/>${shapes.join('')}`
  )
}

function svg(viewBox, content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}">${content}</svg>`
}

function png(text, size) {
  return output('rsvg-convert', ['--width', `${size}`, '--height', `${size}`, '--format', 'png'], text)
}

/** Small images as bitmaps and 256 as PNG, the mix that every reader of .ico takes. */
function ico(sizes) {
  const files = sizes.map((size) => {
    const file = join(made, `${size}.png`)
    writeFileSync(file, png(drawing(size), size))
    return file
  })
  return output('convert', [...files, 'ico:-'])
}

/**
 * An .icns is 'icns', its length, and per image a type, a length and a PNG. The types for 16 and 32 points at scale 1
 * want another coding and are left out: macOS scales those from the next larger image.
 */
function icns() {
  const types = { ic11: 32, ic12: 64, ic07: 128, ic13: 256, ic08: 256, ic14: 512, ic09: 512, ic10: 1024 }
  const images = Object.entries(types).map(([type, size]) => block(type, png(macDrawing(), size)))
  return block('icns', Buffer.concat(images))
}

function block(type, content) {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32BE(content.length + 8, 4)
  return Buffer.concat([head, content])
}

function output(command, args, input) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, maxBuffer: 64 * 1024 * 1024 })
  if (error) throw error
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
  return stdout
}
