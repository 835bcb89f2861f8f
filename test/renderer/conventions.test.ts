/** Habits of the window that a reviewer would otherwise have to watch for. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'vue/compiler-sfc'
import { problems } from '@shared/problems'
import { messages } from '@/locales/en'

const root = fileURLToPath(new URL('../../src/renderer', import.meta.url))
const files = (readdirSync(root, { recursive: true }) as string[]).map((path) => path.replaceAll('\\', '/'))
const vueFiles = files.filter((path) => path.endsWith('.vue'))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface TemplateNode {
  readonly type: number
  readonly content?: string | TemplateNode
  readonly children?: readonly TemplateNode[]
  readonly props?: readonly {
    readonly type: number
    readonly name: string
    readonly value?: { readonly content: string }
  }[]
}

const textNode = 2
const staticAttribute = 6
const spokenAttributes = [
  'aria-label',
  'title',
  'placeholder',
  'alt',
  'label',
  'sentence',
  'note',
  'hint',
  'term',
  'word'
]
const letter = /\p{L}/u

function literalsIn(node: TemplateNode): readonly string[] {
  const own =
    node.type === textNode && typeof node.content === 'string' && letter.test(node.content) ? [node.content.trim()] : []
  const spoken = (node.props ?? [])
    .filter((prop) => prop.type === staticAttribute && spokenAttributes.includes(prop.name))
    .flatMap((prop) => (prop.value !== undefined && letter.test(prop.value.content) ? [prop.value.content] : []))
  return [...own, ...spoken, ...(node.children ?? []).flatMap(literalsIn)]
}

/** The files that break a rule, by what they broke it with. */
function offenders(find: (source: string) => readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found = vueFiles.map((path) => [path, find(read(path))] as const)
  return Object.fromEntries(found.filter(([, list]) => list.length > 0))
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map(([found]) => found)
}

const templateOf = (source: string): string => parse(source).descriptor.template?.content ?? ''
const stylesOf = (source: string): string =>
  parse(source)
    .descriptor.styles.map((style) => style.content)
    .join('\n')

it('no component has a text of its own', () => {
  expect(vueFiles.length).toBeGreaterThan(40)
  const literals = offenders((source) => {
    const tree = parse(source).descriptor.template?.ast as unknown as TemplateNode | undefined
    return tree === undefined ? [] : literalsIn(tree)
  })
  expect(literals).toEqual({})
})

it('components name roles, not colours', () => {
  const value = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch|oklab|lab|lch|color|color-mix)a?\(/gi
  const name = /:\s*[^;]*\b(?:white|black|red|green|blue|gr[ae]y|orange|yellow)\b/gi
  const drawn = /(?:fill|stroke|color)="(?:#|rgb|white|black)/gi
  expect(offenders((source) => [...matches(stylesOf(source), value), ...matches(stylesOf(source), name)])).toEqual({})
  expect(offenders((source) => matches(templateOf(source), drawn))).toEqual({})
})

it('components set nothing that the security policy would refuse', () => {
  expect(
    offenders((source) => [...matches(templateOf(source), /\sstyle="/g), ...matches(source, /v-html|innerHTML/g)])
  ).toEqual({})
})

it('components stay small', () => {
  expect(offenders((source) => (source.split('\n').length > 250 ? ['too long'] : []))).toEqual({})
})

it('half of the components are short', () => {
  const lengths = vueFiles.map((path) => read(path).split('\n').length).sort((a, b) => a - b)
  expect(lengths[lengths.length >> 1]).toBeLessThan(100)
})

it('only the engine client opens connections or looks at window', () => {
  const sources = files.filter((path) => /\.(ts|vue)$/.test(path) && path !== 'engine-client.ts')
  for (const path of sources) {
    expect(read(path), path).not.toMatch(/\bWebSocket\b|\bfetch\(|XMLHttpRequest|window\.\w|\bwindow\[/)
  }
})

it('the page has a policy without eval and without inline code', () => {
  const page = read('index.html')
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/unsafe-(eval|inline)/)
  expect(page).not.toMatch(/<script(?![^>]*src=)/)
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/)
})

it('styles name colours in the tokens only', () => {
  expect(read('styles/base.css')).not.toMatch(/#[0-9a-f]{3,8}\b|rgb\(/i)
})

describe('texts', () => {
  const all: string[] = []
  const collect = (tree: object): void => {
    for (const value of Object.values(tree)) {
      if (typeof value === 'string') all.push(value)
      else collect(value as object)
    }
  }
  collect(messages)

  it('speak plainly', () => {
    for (const text of all) expect(text).not.toMatch(/\b(oops|successfully|invalid|please|are you sure)\b/i)
  })

  it('leave the words of problems to their one list', () => {
    const known = Object.values(problems).map((item) => item.message as string)
    for (const text of all) expect(known).not.toContain(text)
  })

  it('are all used', () => {
    const sources = files
      .filter((path) => /\.(ts|vue)$/.test(path) && !path.startsWith('locales/'))
      .map(read)
      .join('\n')
    // Themes are named by their settings; templates are written by walking through them.
    const walked = ['theme.', 'template.']
    const unused: string[] = []
    const walk = (tree: object, prefix: string): void => {
      for (const [key, value] of Object.entries(tree)) {
        const path = prefix === '' ? key : `${prefix}.${key}`
        if (typeof value !== 'string') walk(value as object, path)
        else if (!sources.includes(`'${path}'`) && !walked.some((part) => path.startsWith(part))) unused.push(path)
      }
    }
    walk(messages, '')
    expect(unused).toEqual([])
  })
})
