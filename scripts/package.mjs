// Packs Muster for people: npm run package -- [--dir] [--linux deb] [--win] [--mac] (options of electron-builder).
// electron-builder is fetched for the occasion, in one fixed version: as a dependency it would double every install.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { wrongFuses } from '../packaging/facts.mjs'
import { run, tool } from './run.mjs'

const builder = 'electron-builder@26.17.0'

export function packAll(args) {
  const npm = process.env.npm_execpath
  if (npm === undefined) throw new Error('run it as: npm run package -- …')
  tool('electron-vite', 'build', '--logLevel', 'warn')
  mkdirSync('dist', { recursive: true })
  writeFileSync('dist/third-party-licences.txt', licences())
  const builderArgs = ['--config', 'electron-builder.config.mjs', '--publish', 'never', ...args]
  run(process.execPath, npm, 'exec', '--yes', '--', builder, ...builderArgs)
  checkFuses()
}

/** The licence texts of everything that may be bundled: all packages that are not only for development. */
export function licences() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  return Object.entries(packages)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev && existsSync(path))
    .map(([path, { version, license }]) => {
      const names = readdirSync(path).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
      const texts = names.map((name) => readFileSync(join(path, name), 'utf8').trim())
      const name = path.slice(path.lastIndexOf('node_modules/') + 13)
      return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n')
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`)
}

/** A package whose fuses are not as wanted looks like any other: read them back from what was made. */
function checkFuses() {
  const binaries = readdirSync('dist').flatMap((name) =>
    [
      join('dist', name, 'muster'),
      join('dist', name, 'Muster.exe'),
      join('dist', name, 'Muster.app/Contents/Frameworks/Electron Framework.framework/Electron Framework')
    ].filter((path) => existsSync(path))
  )
  if (binaries.length === 0) throw new Error('electron-builder left no unpacked program in dist')
  for (const path of binaries) {
    const wrong = wrongFuses(readFileSync(path))
    if (wrong.length > 0) throw new Error(`${path}: fuses are not as wanted: ${wrong.join(', ')}`)
    console.log(`${path}: all fuses as wanted`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) packAll(process.argv.slice(2))
