/** Conventions of this project, checked on its files: who may import what, and what must not be pulled in. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '@shared/version.js'

interface Import {
  readonly from: string
  /** A path from the project's root for files of ours, else the name of the package. */
  readonly to: string
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|(?:^|[^.\w])import\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s+'([^']+)'/g

function importsOf(file: string, text: string): readonly Import[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? ''
    if (name.startsWith('.')) return { from: file, to: normalize(join(dirname(file), name)).replaceAll('\\', '/') }
    if (name.startsWith('@shared/')) return { from: file, to: `src/shared/${name.slice(8)}` }
    if (name.startsWith('@/')) return { from: file, to: `src/renderer/${name.slice(2)}` }
    const parts = name.split('/')
    return { from: file, to: name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name) }
  })
}

function filesBelow(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => relative('.', join(folder, name)).replaceAll('\\', '/'))
    .filter((name) => /\.(ts|vue)$/.test(name) && !name.endsWith('.d.ts'))
}

const files = filesBelow('src')
const imports = files.flatMap((file) => importsOf(file, readFileSync(file, 'utf8')))

const inEngine = (path: string) => path.startsWith('src/main/engine/')
const isOurs = (path: string) => path.startsWith('src/')
const moduleOf = (path: string) => path.split('/')[3] ?? ''

/** Modules of the engine: each may import those before it in its line, and itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  runtime: [],
  storage: ['bytes'],
  snapshots: ['bytes', 'runtime', 'storage'],
  identity: ['bytes', 'runtime', 'storage'],
  discovery: ['runtime'],
  catalogue: ['bytes', 'storage'],
  logs: ['bytes', 'identity', 'runtime', 'storage'],
  missions: ['bytes', 'identity', 'logs', 'runtime', 'storage'],
  maps: ['bytes', 'storage'],
  certificates: ['bytes', 'identity', 'runtime'],
  trust: ['bytes', 'certificates', 'identity', 'logs', 'runtime', 'storage'],
  links: ['bytes', 'identity', 'logs', 'runtime', 'storage', 'trust'],
  pairing: ['bytes', 'identity', 'links', 'runtime', 'trust'],
  datagrams: ['bytes', 'links', 'runtime'],
  presence: ['bytes', 'datagrams', 'identity', 'links', 'missions', 'runtime', 'storage', 'trust'],
  content: ['bytes', 'links', 'missions', 'runtime', 'storage', 'trust'],
  receipts: ['bytes', 'identity', 'logs', 'missions', 'runtime', 'storage'],
  replication: ['links', 'logs', 'missions', 'receipts', 'runtime', 'trust'],
  bundles: ['bytes', 'identity', 'links', 'logs', 'missions', 'replication', 'runtime', 'storage', 'trust']
}

/** What one import breaks; undefined when it may stand. */
export function broken({ from, to }: Import): string | undefined {
  if (from.startsWith('src/shared/') && !to.startsWith('src/shared/')) return 'shared imports nothing'
  if (/^src\/(preload|renderer)\//.test(from) && isOurs(to)) {
    const own = from.split('/').slice(0, 2).join('/')
    if (!to.startsWith(`${own}/`) && !to.startsWith('src/shared/')) return 'window and preload import shared only'
  }
  if (to === 'electron' && !/^src\/(main\/index\.ts|main\/shell\/|preload\/)/.test(from))
    return 'electron outside the shell'
  if (!inEngine(from))
    return inEngine(to) && to !== 'src/main/engine/index.js' ? 'past the face of the engine' : undefined
  if (isOurs(to) && !inEngine(to) && !to.startsWith('src/shared/')) return 'the engine knows its hosts'
  const [module, other] = [moduleOf(from), moduleOf(to)]
  if (!inEngine(to) || module === other || module.endsWith('.ts') || other === 'limits.js') return undefined
  return mayImport[module]?.includes(other) === true ? undefined : `${module} may not import ${other}`
}

describe('the import graph', () => {
  it('is read at all', () => {
    expect(imports.length).toBeGreaterThan(200)
    expect(imports).toContainEqual({ from: 'src/main/engine/identity/certificate.ts', to: '@peculiar/x509' })
  })

  it('keeps the layers', () => {
    const found = imports.flatMap((one) => {
      const reason = broken(one)
      return reason === undefined ? [] : [`${one.from} imports ${one.to}: ${reason}`]
    })
    expect(found).toEqual([])
  })

  it.each([
    ['src/shared/model.ts', 'node:fs', 'shared imports nothing'],
    ['src/renderer/App.vue', 'src/main/engine/index.js', 'window and preload import shared only'],
    ['src/main/engine/engine.ts', 'electron', 'electron outside the shell'],
    ['src/main/headless.ts', 'src/main/engine/engine.js', 'past the face of the engine'],
    ['src/main/engine/engine.ts', 'src/main/api/server.js', 'the engine knows its hosts'],
    ['src/main/engine/links/link.ts', 'src/main/engine/missions/fold.js', 'links may not import missions'],
    ['src/main/engine/storage/disk.ts', 'src/main/engine/trust/policy.js', 'storage may not import trust'],
    ['src/main/engine/links/link.ts', 'src/main/engine/certificates/read-files.js', 'links may not import certificates']
  ])('would refuse that %s imports %s', (from, to, reason) => {
    expect(broken({ from, to })).toBe(reason)
  })

  it('has no cycles', () => {
    const graph = new Map<string, string[]>()
    for (const { from, to } of imports) {
      const target = to.replace(/\.js$/, '.ts')
      // Types only tie files together for the compiler; a cycle of them runs nothing in a wrong order.
      if (isOurs(target)) graph.set(from, [...(graph.get(from) ?? []), target])
    }
    const state = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
        return
      }
      state.set(file, 'open')
      for (const next of graph.get(file) ?? []) visit(next, [...path, file])
      state.set(file, 'done')
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })

  it('names each library of the engine in one file', () => {
    const engineImports = imports.filter(
      ({ from, to }) => inEngine(from) && !isOurs(to) && !to.startsWith('node:') && to !== 'valibot'
    )
    const byLibrary = new Map<string, Set<string>>()
    for (const { from, to } of engineImports) byLibrary.set(to, (byLibrary.get(to) ?? new Set()).add(from))
    for (const [library, users] of byLibrary) expect([...users], library).toHaveLength(1)
  })
})

describe('the project', () => {
  it('says one version', () => {
    const { version: packaged } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(version).toBe(packaged)
  })

  it('has no folder of odds and ends', () => {
    expect(files.filter((file) => /\/(utils?|helpers?|common|misc|services?|managers?)(\/|\.ts)/.test(file))).toEqual(
      []
    )
  })

  it('talks to nobody on the internet', () => {
    const allowed = /https?:\/\/(127\.0\.0\.1|localhost|\$\{|www\.w3\.org)/
    const found = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/https?:\/\/[^\s'"`)]+/g)]
        .filter(([url]) => !allowed.test(url))
        .map(([url]) => `${file}: ${url}`)
    )
    expect(found).toEqual([])
  })
})
